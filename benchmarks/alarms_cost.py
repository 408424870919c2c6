"""What the monitor's evidence costs, for `alarms.py`: a million rows of fifty columns, and one record at a time."""

from __future__ import annotations

import cProfile
import io
import pstats
import time
from typing import Any

import numpy as np

from mlwright.monitor.bets import Anywhere, Rising, halved
from mlwright.monitor.betting import Evidence
from mlwright.monitor.verdict import shares

COLUMNS, BINS, PORTION = 50, 20, 50_000
RECORDS = 2_000
LINES = 10
"""Of the profile."""


def columns(random: Any) -> Evidence:
    """Return the evidence of fifty columns."""
    counts = random.multinomial(3_000, [1 / BINS] * BINS, COLUMNS)
    return Evidence(counts, Anywhere(COLUMNS), seed=1)


def outcomes(random: Any, streams: int) -> Evidence:
    """Return the evidence of some losses, errors at 10 %."""
    ones = random.binomial(2_000, 0.1, streams)
    bag, tails = halved(np.stack([2_000 - ones, ones], axis=1), seed=1)
    return Evidence(bag, Rising(tails), seed=1)


def of_many(rows: int) -> dict[str, float]:
    """Return the seconds of so many rows: of columns, of five streams of outcomes, and where they went."""
    random = np.random.default_rng(0)
    watched, wrong = columns(random), outcomes(random, 5)
    weights, spent = shares(5, first=True), {"columns": 0.0, "outcomes": 0.0}
    wall = 0.0
    for start in range(0, rows, PORTION):
        count = min(PORTION, rows - start)
        bins = random.integers(0, BINS, (count, COLUMNS))
        ones = (random.random((count, 5)) < 0.1).astype(np.intp)
        at = np.arange(start, start + count)
        begun, cpu = time.perf_counter(), time.process_time()
        watched.add(bins, at)
        spent["columns"] += time.process_time() - cpu
        cpu = time.process_time()
        wrong.add(ones, at, values=ones.astype(np.float64), shares=weights)
        spent["outcomes"] += time.process_time() - cpu
        wall += time.perf_counter() - begun
    return {f"{name}: processor s": round(each, 2) for name, each in spent.items()} | {"both: wall s": round(wall, 2)}


def one_by_one() -> dict[str, float]:
    """Return the processor time, in milliseconds, that one record takes alone: fifty columns and five losses."""
    random = np.random.default_rng(0)
    watched, wrong = columns(random), outcomes(random, 5)
    bins = random.integers(0, BINS, (RECORDS, COLUMNS))
    ones = (random.random((RECORDS, 5)) < 0.1).astype(np.intp)
    cpu = time.process_time()
    for row in range(RECORDS):
        part = slice(row, row + 1)
        watched.add(bins[part], np.array([row]))
        wrong.add(ones[part], np.array([row]), values=ones[part].astype(np.float64))
    return {"one record: processor ms": round(1_000 * (time.process_time() - cpu) / RECORDS, 3)}


def profile(rows: int) -> str:
    """Return where the time of fifty columns goes."""
    random = np.random.default_rng(0)
    watched, bins = columns(random), random.integers(0, BINS, (rows, COLUMNS))
    profiler, out = cProfile.Profile(), io.StringIO()
    profiler.runcall(watched.add, bins, np.arange(rows))
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(LINES)
    return out.getvalue()
