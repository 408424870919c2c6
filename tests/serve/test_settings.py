"""Settings: what a file may say, and the place of what it may not; what is said of each in the reference holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlwright.errors import OptionError, SourceError
from mlwright.serve.policy import Humility, ModelPolicy, Policy, Treatments
from mlwright.serve.settings import (
    Limits,
    Logs,
    Network,
    RecordSettings,
    Settings,
    _File,
    checked,
    from_json,
    read_settings,
    shown,
    to_json,
)

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "service.md"
[EXAMPLE] = re.findall(r"^```toml\n(.*?)^```$", REFERENCE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def written(tmp_path: Path, text: str, name: str = "serve.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_reference_names_every_setting() -> None:
    told = tomllib.loads(re.sub(r"^# (?=\w+ = )", "", EXAMPLE, flags=re.MULTILINE))
    sections: list[tuple[type[msgspec.Struct], Any]] = [
        (_File, told), (Limits, told["limits"]), (RecordSettings, told["record"]), (Logs, told["logs"]),
        (Network, told["network"]), (Policy, told["policy"]), (Treatments, told["policy"]["columns"]["plan"]),
        (ModelPolicy, told["models"]["churn"] | told["models"]["films"]),
        (Humility, told["models"]["churn"]["humility"]),
    ]  # fmt: skip
    for kind, section in sections:
        assert set(section) == set(kind.__struct_fields__), kind.__name__


def test_the_reference_says_what_holds_without_a_word(tmp_path: Path) -> None:
    alone, _, _ = EXAMPLE.partition("[policy.columns")
    assert read_settings(written(tmp_path, alone), Settings()) == Settings()


def test_the_whole_example_is_read(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, EXAMPLE), Settings())
    assert settings.policy.of("plan", "missing") == "default"
    assert settings.policy.of("age", "missing") == "flag"
    churn = settings.policy_of("churn")
    assert (churn.subject, churn.private, churn.humility.unlike) == (
        "customer",
        {"name": "omit", "mail": "hash"},
        "flag",
    )
    assert churn.policy == Policy(unknown_category="refuse")
    assert settings.policy_of("other").policy == settings.policy


def test_json_and_yaml_are_read_too(tmp_path: Path) -> None:
    for name, text in (("a.json", '{"limits": {"rows": 7}}'), ("a.yaml", "limits:\n  rows: 7\n")):
        assert read_settings(written(tmp_path, text, name), Settings()).limits.rows == 7


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("[limits]\nrows = 3\nrow = 5\n", "There is no setting 'row' here", 3),
        ("[limit]\nrows = 5\n", "There is no setting 'limit' here", 1),
        ('[limits]\nrows = "many"\n', "limits.rows has to be a whole number, and not a text", 2),
        ("[limits]\n\nrows = 0\n", "limits.rows cannot be 0", 3),
        ("[limits]\nseconds = -1\n", "limits.seconds cannot be -1", 2),
        ("[record]\nkeep_days = 0\n", "record.keep_days cannot be 0", 2),
        ("[limits]\nbody_mb = nan\n", "limits.body_mb cannot be nan", 2),
        ('[policy]\nmissing = "ignore"\n', "policy.missing cannot be 'ignore'", 2),
        ('[record]\ndurability = "always"\n', "record.durability cannot be 'always'", 2),
        ('[network]\norigins = ["*"]\n', "network.origins cannot be '*'", 2),
        ('[models.churn.humility]\nthen = "guess"\n', "models.churn.humility.then cannot be 'guess'", 2),
        ('[models.a.humility]\nthen = "flag"\n[models.b.humility]\nthen = "guess"\n', "'guess'", 4),
        ('[models.a.private]\nx = "omit"\ny = "forget"\n', "'forget'", 3),
        ('[policy.columns.plan]\nmising = "flag"\n', "There is no setting 'mising' here", 2),
    ],
)
def test_what_a_file_may_not_say_is_told_with_its_line(tmp_path: Path, text: str, said: str, line: int) -> None:
    with pytest.raises(OptionError, match=re.escape(said)) as caught:
        read_settings(written(tmp_path, text), Settings())
    assert f"line {line}" in (caught.value.where or "")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[limits]\nrowz = 5\n", "did you mean 'rows'? Known here: body_mb, file_mb, rows, explained, seconds, "),
        ("[limit]\nrows = 5\n", "did you mean 'limits'? Known here: limits, record, logs, traces, "),
        ('[policy.columns.plan]\nmising = "flag"\n', "did you mean 'missing'? Known here: unknown_category, missing, "),
        ("[models.a]\nzzz = 1\n", "Known here: policy, humility, subject, private, recommend, histories."),
        ("[models.a.policy]\nmising = 1\n", "did you mean 'missing'? Known here: unknown_category, missing, "),
        ('[policy]\nmissing = "flagg"\n', "did you mean 'flag'? Allowed: default, flag, refuse."),
        ('[models.a.private]\nx = "forget"\n', "Allowed: hash, omit."),
        ('[models.a.humility]\nunlike = "no"\n', "Allowed: default, flag, refer, refuse."),
        ('[policy.columns.plan]\nmissing = "drop"\n', "Allowed: default, flag, refuse."),
        ('[limits]\nrows = "many"\n', "a text stands in quotes; a number, true and false do not."),
    ],
)
def test_the_hint_is_about_what_is_wrong(tmp_path: Path, text: str, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        read_settings(written(tmp_path, text), Settings())
    assert (caught.value.hint or "").startswith(hint)


def test_a_file_that_is_not_there_or_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        read_settings(tmp_path / "none.toml", Settings())
    with pytest.raises(OptionError, match=r"\.toml, \.json or \.yaml"):
        read_settings(written(tmp_path, "", "serve.ini"), Settings())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(port=65536), "--port cannot be 65536"),
        (Settings(port=-1), "--port cannot be -1"),
        (Settings(workers=0), "--workers cannot be 0"),
        (Settings(drain_s=-0.1), "drain_s cannot be -0.1"),
        (Settings(refresh_s=0.0), "refresh_s cannot be 0"),
        (Settings(certificate="a.pem"), "TLS needs both"),
        (Settings(private_key="a.pem"), "TLS needs both"),
    ],
)
def test_what_cannot_be_is_refused(settings: Settings, said: str) -> None:
    with pytest.raises(OptionError, match=re.escape(said)):
        checked(settings)


def test_they_travel_to_workers_whole(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, EXAMPLE), Settings(models=("a", "b@2"), port=0))
    assert from_json(to_json(settings)) == settings


def test_what_is_shown_holds_no_address() -> None:
    settings = Settings(workspace="/home/ann/ws", record=RecordSettings(place="postgresql://ann:secret@db/x"))
    told = repr(shown(settings))
    assert "secret" not in told
    assert "/home" not in told
