"""A chat is told in plain words, and no name of a column can call anybody."""

from __future__ import annotations

import json

import pytest
from tests.monitor.deliver.conftest import Received, alarm

from mlwright.monitor.deliver.base import UndeliveredError
from mlwright.monitor.deliver.slack import Slack


def test_the_text_says_what_since_when_and_what_to_do(web: Received) -> None:
    Slack(url=web.address).send(alarm(), link="https://m.example.org/monitor/churn")
    ((_, headers, body),) = web.requests
    told = json.loads(body)
    assert [*told] == ["text"]
    lines = told["text"].splitlines()
    assert lines[0] == "Alarm for churn, version 3"
    assert lines[1].startswith("The model is wrong more often")
    assert any(line.startswith("Since: 2026-11-01") for line in lines)
    assert "What to do: Teach the model again: mlwright adapt churn." in lines
    assert lines[-1] == "More: https://m.example.org/monitor/churn"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("hostile", ["<!channel>", "<https://evil.example|here>", "@channel", "&lt;!here&gt;", "a\nb"])
def test_nobody_is_called(web: Received, hostile: str) -> None:
    Slack(url=web.address).send(alarm(columns=(hostile,), message=hostile), link=None)
    text = json.loads(web.requests[0][2])["text"]
    assert "<" not in text
    assert "@channel" not in text
    assert len(text.splitlines()) == 10


def test_the_secret_address_is_not_told() -> None:
    with pytest.raises(UndeliveredError) as told:
        Slack(url="http://127.0.0.1:9/services/T000/SECRET").send(alarm(), link=None)
    assert "SECRET" not in str(told.value)
    assert "SECRET" not in repr(Slack(url="https://hooks.example.org/SECRET"))
