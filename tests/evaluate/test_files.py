"""Files that people write: the same in three languages, and every mistake with its line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import MissingExtraError, OptionError, SourceError
from mlwright.evaluate.files import Written, read_written

TOML = """\
# A comment
name = "x"

[gates.score]
statistic = "score"
at_least = 0.8

[gates."first name"]
statistic = "rows"
"""


def read(path: Path) -> Written:
    return read_written(path, what="gates", example="write [gates.x]")


def test_lines_are_known_in_each_language(tmp_path: Path) -> None:
    toml, js, yml = (tmp_path / f"g{ending}" for ending in (".toml", ".json", ".yaml"))
    toml.write_text(TOML)
    found = read(toml)
    js.write_text(json.dumps(found.data, indent=2))
    yml.write_text(yaml.safe_dump(dict(found.data), sort_keys=False))
    assert found.data == read(js).data == read(yml).data
    assert found.place("gates", "score", "at_least") == f"{toml}, line 6"
    assert found.place("gates", "first name", "statistic") == f"{toml}, line 9"
    for path in (toml, js, yml):
        place = read(path).place("gates", "first name", "statistic")
        assert place is not None
        line = path.read_text().splitlines()[int(place.rsplit(" ", 1)[1]) - 1]
        assert "statistic" in line
        assert "rows" in line


def test_what_is_not_there_is_placed_at_what_is_around_it(tmp_path: Path) -> None:
    path = tmp_path / "g.toml"
    path.write_text(TOML)
    assert read(path).place("gates", "score", "nothing") == f"{path}, line 4"
    assert read(path).place("other") == str(path)
    assert Written({}).place("gates") is None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("g.toml", "[gates.x]\nat_least = \n", r"not TOML: .*line 2"),
        ("g.toml", "a = 1\na = 2\n", "not TOML: .*overwrite"),
        ("g.json", '{"a": 1,}', r"not JSON: .*line 1"),
        ("g.json", '{"a": 1, "a": 2}', "'a' stands twice"),
        ("g.json", "[1]", "holds no fields with names"),
        ("g.yaml", "a: 1\nb: [\n", "not YAML: .*line"),
        ("g.yaml", "a: 1\na: 2\n", "'a' stands twice, the second time in line 2"),
        ("g.yaml", "a: &x [1]\nb: *x\n", "aliases"),
        ("g.yaml", "", "holds no fields with names"),
        ("g.yaml", "!!python/object/apply:os.system ['true']\n", "not YAML: could not determine a constructor"),
        ("g.yaml", 'a: 1\nb: !!timestamp "x"\n', "a value in line 2 cannot be read as timestamp"),
        ("g.yaml", '{a: !!bool "maybe"}', "a value in line 1 cannot be read as bool"),
        ("g.yaml", 'a: [!!float ""]', "a value in line 1 cannot be read as float"),
        ("g.yaml", "a: 2026-13-45\n", "a value in line 1 cannot be read as timestamp"),
        ("g.yaml", f"a: 1\nb: {'9' * 5000}\n", "a value in line 2 cannot be read as int[.] Hint"),
        ("g.toml", f"a = {'9' * 5000}\n", "not TOML: it has a number of thousands of digits[.] Hint"),
        ("g.json", f'{{"a": {"9" * 5000}}}', "not JSON: it has a number of thousands of digits[.] Hint"),
        ("g.txt", "a", "ends in .toml, .json or .yaml"),
        ("g.toml", b"a = '\xff'", "not written in UTF-8"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(
    tmp_path: Path, name: str, text: str | bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(OptionError, match=message) as caught:
        read(path)
    assert caught.value.where == str(path)
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read(tmp_path / "g.toml")


def test_yaml_without_pyyaml_names_the_line_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "g.yaml"
    path.write_text("a: 1\n")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mlwright\[yaml\]'"):
        read(path)


@pytest.mark.parametrize("ending", [".toml", ".json", ".yaml"])
@given(text=st.text(max_size=300))
def test_no_text_ends_in_anything_but_an_answer_or_a_sentence(ending: str, text: str) -> None:
    from mlwright.evaluate import files

    language = {".toml": files._toml, ".json": files._json, ".yaml": files._yaml}[ending]
    with suppress(OptionError):
        language(text, "g", "gates")
