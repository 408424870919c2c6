"""The file of channels is read strictly, with the line of what is wrong; secrets come from the environment alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlwright.errors import OptionError
from mlwright.monitor.deliver import CHANNELS, DeliverySettings, read_delivery
from mlwright.monitor.deliver.mail import Mail
from mlwright.monitor.deliver.slack import Slack
from mlwright.monitor.deliver.webhook import Webhook

GOOD = """
dashboard = "https://models.example.org/"

[channels.ops]
kind = "webhook"
url = "https://ops.example.org/hook"
secret_env = "OPS_SECRET"
level = "page"
models = ["churn"]

[channels.chat]
kind = "slack"
url_env = "CHAT"
timeout_s = 3

[channels.team]
kind = "email"
host = "mail.example.org"
sender = "mlwright@example.org"
to = ["ann@example.org"]
user = "me"
password_env = "MAIL_PASSWORD"
"""
ENVIRONMENT = {"OPS_SECRET": "s" * 32, "CHAT": "https://chat.example.org/SECRET", "MAIL_PASSWORD": "hunter2hunter2"}


def read(tmp_path: Path, text: str) -> DeliverySettings:
    file = tmp_path / "watch.toml"
    file.write_text(text)
    return read_delivery(file, environment=ENVIRONMENT)


def test_all_kinds_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    ops, chat, team = found.places
    assert ops.channel == Webhook(url="https://ops.example.org/hook", secret="s" * 32)
    assert (ops.level, ops.models) == ("page", ("churn",))
    assert chat.channel == Slack(url="https://chat.example.org/SECRET", timeout_s=3)
    assert isinstance(team.channel, Mail)
    assert (team.channel.password, team.channel.security, team.channel.port) == ("hunter2hunter2", "starttls", 587)
    assert {type(each.channel) for each in found.places} == {*CHANNELS.values()}


def test_which_alarms_go_where(tmp_path: Path) -> None:
    ops, chat, _ = read(tmp_path, GOOD).places
    assert ops.wants("page", "churn")
    assert not ops.wants("notice", "churn")
    assert not ops.wants("page", "price")
    assert chat.wants("notice", "price")


def test_links_lead_to_the_model(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).link("a b/c") == "https://models.example.org/monitor/a%20b%2Fc"
    assert DeliverySettings().link("churn") is None


def test_no_secret_is_shown(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, GOOD))
    assert not any(secret in shown for secret in ENVIRONMENT.values())


HOOK = '[channels.ops]\nkind = "webhook"\nurl = "https://a.org"\n'


@pytest.mark.parametrize(
    ("text", "match", "line"),
    [
        ('[channels.ops]\nkind = "webhok"\n', "no kind that is known.*did you mean 'webhook'", 2),
        ('[channels.ops]\nkind = "webhook"\n', "has no url", 1),
        ('[channels.ops]\nkind = "slack"\n', "has no url_env", 1),
        ('[channels.ops]\nkind = "slack"\nurl = "https://a.org"\n', "is a secret", 3),
        (HOOK + 'secret = "123"\n', "is a secret", 4),
        (HOOK + 'secret_env = "NOT_SET"\n', "'NOT_SET' is not set", 4),
        (HOOK + "timout_s = 3\n", "no setting 'timout_s'.*did you mean 'timeout_s'", 4),
        (HOOK + "timeout_s = 0\n", "timeout_s cannot be 0", 4),
        (HOOK + "timeout_s = nan\n", "timeout_s cannot be nan", 4),
        (HOOK + "timeout_s = true\n", "has to be a number", 4),
        (HOOK + 'timeout_s_env = "X"\n', "no setting 'timeout_s_env'", 4),
        (HOOK + 'url_env = "CHAT"\n', "said twice", 4),
        (HOOK + 'level = "all"\n', "level cannot be 'all'", 4),
        (HOOK + "models = [1]\n", "a list of texts", 4),
        (HOOK.replace("https", "http"), "without encryption", 1),
        ('[channels."a b"]\nkind = "slack"\n', "cannot be called", 1),
        ("channels = 3\n", "a section with a name", 1),
        ("[channels]\nops = 3\n", "a section with a name", 1),
        ("dashboard = 3\n", "has to be a text", 1),
        ('dashboard = "javascript:alert(1)"\n', "cannot be called", 1),
        ("[chanels]\n", "no setting 'chanels'.*did you mean 'channels'", 1),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, match: str, line: int) -> None:
    with pytest.raises(OptionError, match=match) as told:
        read(tmp_path, text)
    assert told.value.where is not None
    assert told.value.where.endswith(f"line {line}")


@pytest.mark.parametrize("kind", CHANNELS.values())
def test_a_channel_keeps_its_secrets_out_of_files_and_logs(kind: Any) -> None:
    import dataclasses

    for field in dataclasses.fields(kind):
        if field.metadata.get("secret"):
            assert not field.repr
