"""What benchmarks/profiles.py measures with, and its verdicts."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from tests.benchmarks.scripts import loaded

profiles = loaded("profiles")


def test_the_table_has_every_kind_and_gaps_and_is_always_the_same() -> None:
    frame = profiles.made_up(500, 20)
    assert frame.shape == (500, 20)
    assert frame.equals(profiles.made_up(500, 20))
    assert {pl.Float64, pl.Int64, pl.String, pl.Date} <= set(frame.dtypes)
    assert sum(frame.null_count().row(0)) > 0


def test_a_system_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    profiles.made_up(300, 10).write_parquet(path)
    result = profiles.measured("mlwright", sys.executable, path, 200.0)
    assert {"seconds", "cpu_seconds", "gigabytes", "page_mb"} == result.keys()
    assert "done after" in profiles.measured("mlwright", sys.executable, path, 0.01)["failed"]
    assert "failed" in profiles.measured("mlwright", sys.executable, tmp_path / "none.parquet", 200.0)


def result(system: str, seconds: float, rows: int = 1_000_000, gigabytes: float = 2.0) -> dict[str, object]:
    took = {"seconds": seconds, "cpu_seconds": seconds, "gigabytes": gigabytes, "page_mb": 1.0}
    return {"system": system, "rows": rows, **took}


def test_each_bar_has_its_verdict() -> None:
    told = profiles.verdict([result("mlwright", 30), result("ydata", 400), result("ydata-minimal", 200)])
    assert [line.split()[0] for line in told] == ["holds", "holds", "holds", "MISSED"]
    late = {"system": "ydata", "rows": 1_000_000, "failed": "not done after 3 s"}
    told = profiles.verdict([result("mlwright", 90, gigabytes=5.0), late])
    assert [line.split()[0] for line in told] == ["MISSED", "MISSED"]
    assert profiles.verdict([result("mlwright", 1, rows=1_000)]) == []
    assert "not done" in profiles.line(late)
    assert "30.0 s" in profiles.line(result("mlwright", 30))
