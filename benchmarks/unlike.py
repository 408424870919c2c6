"""Unlike the training data: how often fresh rows of the same table are called so, and how many of another kind are.

    python benchmarks/unlike.py DATA [--splits 5] [--level 0.01] [--only NAME ...] [--out FILE]

DATA is a folder of tables with a MANIFEST.json; no model is built. Of each table, for each split: 70 % of the rows give
the schema and 512 cases, as a build does; of the others up to 2,000 are fresh. Told are

- false alarms: the share of fresh rows that are called unlike, beside the level (1 %);
- power: the same share once rows are made of another kind: one number times 1,000 (each column in turn); one category
  that nobody knows (each in turn); every second column taken from another row; every column from a row of its own;
- milliseconds to prepare, of one row, and of one of many.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl
from tables_common import entries, question

from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.columns import Coded, Columns, Values, read_frame
from mlwright.explain.cases import Cases
from mlwright.explain.usual import Usual
from mlwright.schema import Column
from mlwright.tasks.base import Target

FRESH = 2_000


def taken(values: Values, rows: np.ndarray) -> Values:
    return values.take(rows) if isinstance(values, Coded) else values[rows]


def mixed(columns: Columns, names: list[str], seed: int, *, together: bool) -> Columns:
    """Return rows in which these columns are those of other rows: of one other row, or each of its own."""
    random = np.random.default_rng(seed)
    order = random.permutation(columns.rows)
    data = dict(columns)
    for name in names:
        data[name] = taken(columns[name], order if together else random.permutation(columns.rows))
    return Columns(data, columns.rows)


def power(usual: Usual, fresh: Columns, described: tuple[Column, ...]) -> dict[str, float]:
    """Return the share that is called unlike, for each way of making rows another kind."""

    def share(columns: Columns) -> float:
        return float(usual.is_unlike(usual.judge(columns)).mean())

    numbers, novel = [], []
    stranger = Coded(np.zeros(fresh.rows, dtype=np.int32), ("\u2603 nobody",))
    for column in described:
        values = fresh[column.name]
        if isinstance(values, Coded):
            novel += [share(Columns({**fresh, column.name: stranger}, fresh.rows))] if column.kind != "text" else []
        elif column.kind in {"number", "integer"} and np.nanmax(np.abs(values), initial=0.0) > 0:
            numbers.append(share(Columns({**fresh, column.name: 1_000.0 * values}, fresh.rows)))
    names = [column.name for column in described]
    return {
        "a number x 1,000": float(np.mean(numbers)) if numbers else np.nan,
        "an unknown category": float(np.mean(novel)) if novel else np.nan,
        "half of another row": share(mixed(fresh, names[::2], 1, together=True)),
        "columns of any row": share(mixed(fresh, names, 2, together=False)),
    }


def timed(call: Callable[[], object], many: int) -> float:
    start = time.perf_counter()
    for _ in range(many):
        call()
    return 1_000 * (time.perf_counter() - start) / many


def measured(frame: pl.DataFrame, target: str, seed: int, level: float) -> dict[str, float]:
    """Return all that is told of one split of a table."""
    order = np.random.default_rng(seed).permutation(frame.height)
    cut = int(0.7 * frame.height)
    train, rest = frame[order[:cut]], frame[order[cut : cut + FRESH]]
    schema, _ = infer_schema(collect(train), Question(target=target))
    described = schema.features
    typed = read_frame(train, described)
    labels = train[target].cast(pl.String).fill_null("").to_list()
    known = {label: place for place, label in enumerate(sorted(set(labels)))}
    few = len(known) <= 100
    y = np.array([float(known[label]) if few else 0.0 for label in labels])
    cases = Cases.drawn(typed, list(typed), Target(y, tuple(known) if few else ()), seed=seed)
    assert cases is not None
    fresh = read_frame(rest, described)
    start = time.perf_counter()
    usual = Usual(cases.columns, described, level)
    prepared = 1_000 * (time.perf_counter() - start)
    judged = usual.judge(fresh)
    one = fresh.take(np.zeros(1, dtype=np.intp))
    return {
        "rows": fresh.rows,
        "columns": len(described),
        "cases": len(cases),
        "level": usual.level,
        "false alarms": float(usual.is_unlike(judged).mean()),
        **power(usual, fresh, described),
        "ms to prepare": prepared,
        "ms of one row": timed(lambda: usual.judge(one), 20),
        "ms of one of many": timed(lambda: usual.judge(fresh), 1) / fresh.rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--level", type=float, default=0.01)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    every = []
    for entry in entries(args.data, args.only):
        table = collect(args.data / entry["file"]).frame.drop(entry["leak_columns"], strict=False)
        runs = [measured(table, question(entry), seed, args.level) for seed in range(args.splits)]
        mean = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
        every.append({"table": entry["name"], **mean})
        print(entry["name"], " ".join(f"{name}: {value:.3g}" for name, value in mean.items()), flush=True)
        if args.out:
            args.out.write_text(json.dumps(every, indent=1))
    for name in every[0]:
        values = [each[name] for each in every if name != "table" and not np.isnan(each[name])]
        if values:
            print(f"{name:20} mean {np.mean(values):.4f}  median {np.median(values):.4f}  largest {np.max(values):.4f}")


if __name__ == "__main__":
    main()
