"""A shop recommends: from a log to lists over HTTP; taste changes, which is seen, learned, proven and promoted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.lists import Town
from tests.serve.conftest import Running

from mlwright.cli import main
from mlwright.registry import Workspace

NAME = "things"
TOGETHER, TAUGHT = 50, 1_200
Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line in a folder of its own; return its exit code and what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLWRIGHT_HOME", raising=False)
    # The loop leaves the last minute for later; here the last second has to do.
    monkeypatch.setattr("mlwright.adapt.step.MARGIN", 1_000_000)
    monkeypatch.setattr("mlwright.adapt.begin.MARGIN", 1_000_000)
    monkeypatch.setattr("mlwright.monitor.events.MARGIN_S", 1.0)

    def go(*words: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main([*words, "--workspace", "home"])
        told = capfd.readouterr()
        return code, told.out + told.err

    return go


class Shop:
    """Asks a service for lists, and tells it what people took."""

    def __init__(self, client: httpx.Client, town: Town) -> None:
        self._client, self._town = client, town
        self.versions: set[int] = set()

    def live(self, lists: int) -> float:
        """Let so many be asked for; return the share of lists with what was then taken."""
        hits = 0
        for _ in range(lists // TOGETHER):
            asked = [self._town.ask() for _ in range(TOGETHER)]
            said = self._told("recommend", {"requests": [each.row for each in asked]})
            self.versions.add(said["model"]["version"])
            told = []
            for answer, one in zip(said["recommendations"], asked, strict=True):
                hits += one.takes in [place["item"] for place in answer["items"]]
                told.append({"id": answer["id"], "outcome": one.takes})
            assert self._told("outcomes", {"outcomes": told})["accepted"] == TOGETHER
        time.sleep(1.5)  # what is recorded is written a moment later, and looked at a second after that
        return hits / lists

    def _told(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answered = self._client.post(f"/v1/models/{NAME}/{what}", json=body)
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()
        return found


def test_a_shop_recommends_and_stays_right_when_taste_changes(cli: Cli, tmp_path: Path) -> None:
    town = Town(5, slots=100, begun=datetime.now(UTC) - timedelta(days=90))
    town.log(TAUGHT).write_csv(tmp_path / "log.csv")
    words = ("--user", "person", "--item", "thing", "--time", "when", "--learners", "neighbours", "--trials", "1")
    code, said = cli("build", "log.csv", "--task", "recommend", "--name", NAME, *words)
    assert code == 0, said
    assert cli("models")[1].count(NAME) >= 1
    assert cli("report", NAME, "--out", "report.html")[0] == 0
    (tmp_path / "adapt.toml").write_text(
        '[adapt]\nleast_rows = 100\nstep = "0s"\nstep_rows = 10\ntrials = 1\nwindow = "last"\nlast = 400\n'
    )
    with Running([NAME], tmp_path / "home", settings="refresh_s = 0.1\n") as service:
        shop = Shop(service.client, town)
        before = shop.live(200)
        code, said = cli("monitor", NAME)
        assert code == 0, said
        assert "OK" in said
        town.change()
        worse = shop.live(400)
        assert worse < before - 0.3
        code, said = cli("monitor", NAME)
        assert code == 1, said
        assert "what was then taken" in said.casefold()
        assert "has risen from" in said
        acts: list[str] = []
        for _ in range(30):
            code, said = cli("adapt", NAME, "--settings", "adapt.toml", "--json")
            assert code == 0, said
            acts += [act["what"] for act in json.loads(said)["acts"] if act["what"] != "wait"]
            if "promote" in acts:
                break
            shop.live(100)
        assert acts == ["begin", "choose", "learn", "replay", "shadow", *["canary"] * 3, "promote"], acts
        shop.versions.clear()
        assert shop.live(200) > worse + 0.15
        assert shop.versions == {2}
        asked = {"rows": [town.ask().row]}
        predicted = service.client.post(f"/v1/models/{NAME}/predict", json=asked).json()
        assert len(predicted["predictions"][0]["prediction"]) == 10
        code, said = cli("monitor", NAME)
        assert (code, "@2" in said) == (0, True), said
    last = Workspace(tmp_path / "home").history(NAME)[0]
    assert (last.action, last.after) == ("promote", 2)
