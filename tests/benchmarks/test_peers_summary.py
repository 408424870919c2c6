"""The arithmetic of benchmarks/peers.py: ranks, win-rates and their intervals, and what is said of failures."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest
from tests.benchmarks.scripts import loaded

peers = loaded("peers_summary")
process = loaded("peers_process")


def result(system: str, loss: float | None, table: str = "t", seed: int = 0, **facts: Any) -> dict[str, Any]:
    some = {"system": system, "table": table, "seed": seed, "budget": 60.0, "limit_rows": None, "threads": 2}
    return {**some, "task": "binary", "loss": loss, "over": False, "failed": None, "fit_s": 50.0, **facts}


def cell(**losses: float | None) -> dict[str, dict[str, Any]]:
    return {system: result(system, loss) for system, loss in losses.items()}


def test_equals_share_the_mean_of_their_places() -> None:
    assert peers.ranks(cell(a=0.1, b=0.2, c=0.2, d=0.3)) == {"a": 1, "b": 2.5, "c": 2.5, "d": 4}


def test_who_failed_is_last_and_two_that_failed_are_equal() -> None:
    assert peers.ranks(cell(a=None, b=0.2, c=None)) == {"a": 2.5, "b": 1, "c": 2.5}


def test_places_add_up_whatever_the_ties() -> None:
    for losses in ({"a": 0.1, "b": 0.1, "c": 0.1}, {"a": 0.3, "b": None, "c": 0.3}, {"a": 3, "b": 2, "c": 1}):
        assert sum(peers.ranks(cell(**losses)).values()) == 6


@pytest.mark.parametrize(("wins", "number"), [(0, 10), (7, 10), (75, 75), (45, 75), (1, 1)])
def test_the_interval_is_wilsons(wins: int, number: int) -> None:
    expected = binomtest(wins, number).proportion_ci(method="wilson")
    assert peers.wilson(wins, number) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_nothing_seen_says_nothing() -> None:
    assert peers.wilson(0, 0) == (0, 1)
    assert math.isnan(peers.win_rate([], "flaml").share)


def test_ties_count_half_and_only_what_both_ran_counts() -> None:
    found = [
        cell(mlwright=0.1, flaml=0.2),
        cell(mlwright=0.2, flaml=0.1),
        cell(mlwright=0.3, flaml=0.3 * (1 + 1e-12)),
        cell(mlwright=0.3, flaml=None),
        cell(mlwright=None, flaml=None),
        cell(mlwright=0.3),
    ]
    rate = peers.win_rate(found, "flaml")
    assert (rate.share, rate.number) == (0.6, 5)
    assert (rate.low, rate.high) == peers.wilson(3, 5)


def test_ratios_are_medians_over_what_both_did() -> None:
    def pair(ours: float, theirs: float | None) -> dict[str, dict[str, Any]]:
        return {"mlwright": result("mlwright", 0.1, row_ms=ours), "flaml": result("flaml", 0.1, row_ms=theirs)}

    assert peers.ratio([pair(1, 10), pair(2, 60), pair(1, 20), pair(1, None)], "flaml", "row_ms") == 20


def test_a_later_result_replaces_an_earlier_one() -> None:
    found = peers.cells([result("a", 0.1), result("a", 0.2), result("a", 0.3, seed=1)])
    assert {key: each["a"]["loss"] for key, each in found.items()} == {("t", 0): 0.2, ("t", 1): 0.3}


def test_the_summary_tells_scores_failures_and_overruns() -> None:
    said = "\n".join(
        peers.summary(
            [
                result("mlwright", 0.125, row_ms=0.1, rows_per_s=1e5, size_mb=1.0, ship_mb=1.0, memory_mb=300.0),
                result("slow", 0.25, row_ms=50.0, over=True, fit_s=90.0, ship_mb=20.0),
                result("broken", None, failed="no idea"),
            ]
        )
    )
    lines = {line.split()[0]: line.split() for line in said.splitlines() if line}
    assert lines["t"] == ["t", "binary", "0.875*", "0.75", "x"]
    assert lines["mlwright"][1:3] == ["1.00", "0"]
    assert lines["broken"][1:3] == ["3.00", "1"]
    assert lines["slow"][1:10] == ["2.00", "0", "100%", "of", "1", "(21%-100%)", "90.0", "1", "90.0"]
    assert lines["slow"][10:12] == ["50", "500"]


def test_a_process_ends_by_itself_or_is_ended_with_what_it_started(tmp_path: Path) -> None:
    def run(code: str, limit: float) -> Any:
        return process.watched([sys.executable, "-c", code], environment={}, folder=tmp_path, limit=limit)

    well = run("print('fine')", 60)
    assert (well.code, well.killed) == (0, None)
    assert (tmp_path / "log.txt").read_text() == "fine\n"
    child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(999)'])"
    late = run(f"{child}; time.sleep(999)", 1.5)
    assert late.killed == "fitting"
    assert late.seconds < 30
    assert not [each for each in process.descendants(1) if b"time.sleep(999)" in command_line(each)]


def command_line(number: int) -> bytes:
    try:
        return (process.PROC / str(number) / "cmdline").read_bytes()
    except OSError:
        return b""
