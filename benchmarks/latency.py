"""How long a model takes to load, to answer one row, and to answer many.

    python benchmarks/latency.py MODEL [MODEL ...] [--json]

Rows are the model's own test rows, which it keeps; nothing but NumPy is needed. Bars: one row in 2 ms (median),
loading in 0.5 s after import.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import mlwright

ONE_ROW = 1_000
BATCHES = (32, 1_000, 50_000)


def seconds(work: Callable[[], object], times: int) -> list[float]:
    """Return what each call took."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return taken


def measure(path: Path, batches: tuple[int, ...]) -> dict[str, object]:
    """Return the facts of one model."""
    model = mlwright.load(path)
    load = statistics.median(seconds(lambda: mlwright.load(path), 5))
    rows = [dict(row) for row in model.parts.golden] or [dict.fromkeys(model.parts.ensemble.sources)]
    each = iter(range(10**9))
    model.answer(rows[0])
    one = seconds(lambda: model.answer(rows[next(each) % len(rows)]), ONE_ROW)
    facts: dict[str, object] = {
        "model": str(path),
        "members": [member.learner for member in model.parts.ensemble.members],
        "load_ms": round(1e3 * load, 2),
        "row_ms_median": round(1e3 * statistics.median(one), 3),
        "row_ms_p99": round(1e3 * float(np.quantile(one, 0.99)), 3),
    }
    for size in batches:
        many = [rows[place % len(rows)] for place in range(size)]
        taken = statistics.median(seconds(lambda many=many: model.answer(many), 3 if size <= 1_000 else 1))  # type: ignore[misc]
        facts[f"rows_per_second_{size}"] = round(size / taken)
    return facts


def main() -> None:
    """Measure the models that are named."""
    parser = argparse.ArgumentParser(description="Time to load a model and to answer rows.")
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = [measure(path, BATCHES) for path in given.models]
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for facts in found:
        print(*(f"{name}: {value}" for name, value in facts.items()), sep="\n", end="\n\n")
    medians = [float(str(facts["row_ms_median"])) for facts in found]
    print(f"one row, median over {len(found)} models: {statistics.median(medians):.3f} ms (bar: 2 ms)")


if __name__ == "__main__":
    main()
