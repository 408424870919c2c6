"""What an ONNX export of a model costs and how exactly it answers, beside the model itself.

    python benchmarks/export_onnx.py MODEL [MODEL ...] [--rows 2000] [--json]

Of each model: bytes of the file, seconds to write and load it, the largest difference of an answer on rows mixed from
its own cases (numbers also moved to the doubles beside them), and microseconds a row, one by one and as a batch,
of processor time (neighbours take their share of the clock) of ONNX Runtime on one thread, and of mlwright on typed
rows. Reading raw values is in neither.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import mlwright as mw
from mlwright.columns import Coded, Columns
from mlwright.model.exports.to_onnx import to_onnx
from mlwright.model.exports.to_onnx.check import Session, feeds
from mlwright.model.exports.to_onnx.file import input_doors

ONE_ROW = 300
MISSING = 0.05


def mixed(columns: Columns, rows: int, seed: int = 0) -> Columns:
    """Return rows whose every value is drawn from its own column; of numbers a third is moved by one bit."""
    random = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for name, values in columns.items():
        place, gone = random.integers(0, columns.rows, rows), random.random(rows) < MISSING
        if isinstance(values, Coded):
            made[name] = Coded(np.where(gone, -1, values.codes[place]).astype(np.int32), values.values)
            continue
        numbers = values[place]
        beside = np.nextafter(numbers, np.where(random.random(rows) < 0.5, np.inf, -np.inf))
        is_flag = np.isin(values[~np.isnan(values)], (0.0, 1.0)).all()
        moved = np.where(random.random(rows) < 1 / 3, beside, numbers)
        made[name] = np.where(gone, np.nan, numbers if is_flag else moved)
    return Columns(made, rows)


def microseconds(call: Callable[[int], object], times: int) -> float:
    taken = []
    for at in range(times):
        start = time.process_time()
        call(at)
        taken.append(time.process_time() - start)
    return 1e6 * statistics.median(taken)


def measured(path: str, rows: int) -> dict[str, Any]:
    parts = mw.load(path).parts
    start = time.perf_counter()
    data = to_onnx(parts)
    written = time.perf_counter()
    asked = Session(data, parts)
    loaded = time.perf_counter()
    batch = mixed(parts.background, rows)
    doors = input_doors(parts.columns)
    singles = [batch.take(np.array([at])) for at in range(ONE_ROW)]
    given = [feeds(each, doors) for each in singles]
    typed = [[each.row(0)] for each in singles]
    whole = feeds(batch, doors)
    session = asked.session
    return {
        "model": parts.name,
        "members": sorted({member.learner for member in parts.ensemble.members}),
        "columns": len(parts.columns),
        "megabytes": round(len(data) / 1e6, 2),
        "write_s": round(written - start, 2),
        "load_s": round(loaded - written, 2),
        "difference": asked.difference(batch),
        "row_us": round(microseconds(lambda at: session.run(None, given[at]), ONE_ROW)),
        "row_us_mlwright": round(microseconds(lambda at: parts.ensemble.predict_rows(typed[at]), ONE_ROW)),
        "batch_us": round(microseconds(lambda _: session.run(None, whole), 3) / rows, 1),
        "batch_us_mlwright": round(microseconds(lambda _: parts.ensemble.predict(batch), 3) / rows, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for path in options.models:
        found = measured(path, options.rows)
        print(json.dumps(found) if options.json else "  ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
