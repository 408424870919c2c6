"""What benchmarks/latency.py measures with: tables of 25 columns, rows that differ, and a verdict for each bar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.benchmarks.scripts import loaded

latency = loaded("latency")


@pytest.mark.parametrize("task", latency.TASKS)
def test_made_up_tables_have_25_columns_with_gaps_and_categories(task: str) -> None:
    frame = pl.DataFrame(latency.made_up(task, 500))
    assert frame.shape == (500, 26)
    assert frame.equals(pl.DataFrame(latency.made_up(task, 500)))
    assert frame["y"].n_unique() == {"binary": 2, "multiclass": 5}.get(task, frame["y"].n_unique())
    assert sum(frame.null_count().row(0)) > 0
    assert sum(dtype == pl.String for dtype in frame.drop("y").dtypes) == 9


def test_mixed_rows_differ_from_one_another_and_from_the_test_rows() -> None:
    table = pl.DataFrame(latency.made_up("binary", 32)).drop("y")
    rows = latency.mixed(table.to_dicts(), table.columns, 2_000)
    assert len({json.dumps(row) for row in rows} | {json.dumps(row) for row in table.to_dicts()}) == 2_032
    assert any(row["category3"] is None for row in rows)
    assert any(str(row["category3"]).endswith("new") for row in rows)


def test_no_test_rows_give_rows_of_gaps() -> None:
    assert latency.mixed([], ["a", "b"], 2) == [{"a": None, "b": None}] * 2


FACTS: dict[str, Any] = {"row_ms_median": 0.05, "row_ms_p99": 0.5, "load_s": 0.1, "imported": ["polars", "wasmtime"]}


def test_each_bar_has_its_verdict() -> None:
    good = latency.verdict([{**FACTS, "rows_per_second_50000_frame": 200_000}])
    assert [line.split()[0] for line in good] == ["holds"] * 5
    bad = latency.verdict(
        [
            {
                "row_ms_median": 0.2,
                "row_ms_p99": 2.0,
                "load_s": 0.6,
                "imported": ["sklearn"],
                "rows_per_second_50000_frame": 9,
            }
        ]
    )
    assert [line.split()[0] for line in bad] == ["MISSED"] * 5
    assert "['sklearn']" in bad[-1]
    assert len(latency.verdict([FACTS])) == 4


def test_a_model_is_measured(built: Path) -> None:
    facts = latency.measure(built, None)
    assert facts["columns"] > 0
    assert 0 < facts["row_ms_median"] <= facts["row_ms_p99"]
    assert facts["rows_per_second_3_dicts"] > 0
    assert facts["batches_by"] in {"sandbox", "numpy"}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model, and small measurements."""
    import mlwright

    monkeypatch.setattr(latency, "ONE_ROW", 5)
    monkeypatch.setattr(latency, "WARM", 1)
    monkeypatch.setattr(latency, "BATCHES", (1, 3))
    return mlwright.build(latency.made_up("binary", 200), target="y", trials=1).save(tmp_path / "model")
