"""What benchmarks/never_hurts.py measures with: dirt in several columns, paired differences, what is said of them."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.benchmarks.scripts import BENCHMARKS

sys.path.append(str(BENCHMARKS))  # scripts in one folder import each other

import exam_tables
import never_hurts


def table(rows: int = 240) -> Any:
    rng = np.random.default_rng(2)
    X = rng.normal(50, 5, (rows, 3))
    frame = pl.DataFrame({f"x{place}": [f"{x:.2f}" for x in X[:, place]] for place in range(3)})
    labels = np.where(X[:, 0] + rng.normal(0, 2, rows) > 50, "yes", "no")
    return exam_tables.Clean(frame.with_columns(pl.Series("y", labels)), "y", "made")


def test_dirt_goes_into_several_columns_and_never_into_the_target() -> None:
    clean = table()
    dirty, columns = never_hurts.dirtied(clean, "scale", 2, 0)
    changed = [name for name in clean.frame.columns if not dirty.frame[name].equals(clean.frame[name])]
    assert sorted(changed) == sorted(columns)
    assert len(columns) == 2
    assert "y" not in columns
    assert never_hurts.dirtied(clean, "as it is", 4, 0)[0].frame.equals(clean.frame)


def test_columns_run_out() -> None:
    assert len(never_hurts.dirtied(table(), "scale", 9, 0)[1]) == 3


def test_rows_that_teach_and_fresh_ones_are_apart() -> None:
    learned, fresh = never_hurts.parts(table(), 0)
    assert sorted([*learned, *fresh]) == list(range(240))
    assert len(fresh) == 80


def test_a_paired_difference_has_the_sign_of_the_smaller_loss() -> None:
    losses = np.random.default_rng(0).gamma(2, 1, 500)

    def scorer(factor: float) -> Callable[[np.ndarray], float]:
        return lambda rows: float(factor * losses[rows].mean())

    better = never_hurts.difference(scorer(0.9), scorer(1.0), 500, 0)
    assert better["gain"] == pytest.approx(0.1)
    assert 0 < better["low"] < better["gain"] < better["high"]
    worse = never_hurts.difference(scorer(1.1), scorer(1.0), 500, 0)
    assert worse["high"] < 0


def cell(low: float, high: float, dirt: str = "scale") -> dict[str, Any]:
    same = low == high == 0
    return {"table": "t", "dirt": dirt, "seed": 0, "gain": (low + high) / 2, "low": low, "high": high, "same": same,
            "kept": 1, "matters": {"gain": 0.1}}  # fmt: skip


def test_what_hurts_is_counted_and_weighed_against_chance(capsys: pytest.CaptureFixture[str]) -> None:
    never_hurts.summary([cell(-0.3, -0.1), cell(0.1, 0.2), cell(0, 0), cell(-0.1, 0.1)])
    told = capsys.readouterr().out
    assert "hurts in 1 of 3 cells" in told
    assert "probability 0.07" in told
    assert never_hurts.line(cell(-0.3, -0.1)).endswith("HURTS")
    assert never_hurts.line(cell(0.1, 0.2)).endswith("helps")


def test_a_cell_is_measured() -> None:
    options = Namespace(columns=1, trials=1, budget=None)
    told = never_hurts.one_cell(table(), "scale", options, 0)
    assert told is not None
    assert told["low"] <= told["gain"] <= told["high"]
    assert told["columns"]
    assert told["kept"] >= 0
    assert "matters" in told
