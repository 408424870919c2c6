"""Claim: answers keep the directions that were asked for, and what that costs in score.

    python benchmarks/monotone.py DATA [--only NAME ...] [--trials 6] [--columns 3] [--rows 4000] [--seeds 0]
                                       --out results.jsonl

On each yes/no or number table of DATA up to `--columns` columns of numbers get a direction: those that go together most
with the target among the rows that teach (Spearman's correlation of 0.1 or more), in its sign. Two models learn from
the same rows by the same number of trials, with and without the directions; both are scored on the same fresh rows. The
difference of their losses comes with a 95 % interval from a paired bootstrap over those rows. Then 10,000 random pairs
of fresh rows that differ in one of the columns are asked about: how many are answered against the direction, and by how
much at most. Results are appended as they come; what is in the file is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
import polars as pl
from tables_common import entries, question, read, split, task_of

import mlwright as mw
from mlwright.columns import Columns, read_frame
from mlwright.model import Model

LEAST_CORRELATED = 0.1
PAIRS, RESAMPLES = 10_000, 1_000
TOLERANCE = 1e-9
"""In the unit of the probability, or of the target's standard deviation."""
FEWEST_VALUES = 3


def directions(frame: pd.DataFrame, target: str, y: np.ndarray, most: int) -> dict[str, int]:
    """Return the columns that go together most with the target, and in which sense."""
    found: dict[str, float] = {}
    for name in frame.columns:
        column = frame[name]
        if name == target or not pd.api.types.is_numeric_dtype(column) or column.nunique() < FEWEST_VALUES:
            continue
        found[name] = float(column.corr(pd.Series(y, index=frame.index), method="spearman"))
    best = sorted((name for name in found if abs(found[name]) >= LEAST_CORRELATED), key=lambda name: -abs(found[name]))
    return {name: int(np.sign(found[name])) for name in best[:most]}


def losses(model: Model, P: np.ndarray, fresh: pd.DataFrame, target: str) -> np.ndarray:
    """Return each row's loss: log loss, or the square of the error in standard deviations of the target."""
    if model.parts.classes:
        place = {str(label): at for at, label in enumerate(model.parts.classes)}
        own = P[np.arange(len(P)), [place[str(label)] for label in fresh[target]]]
        return -np.log(np.maximum(own, 1e-6))
    y = fresh[target].to_numpy(float)
    return ((P[:, 0] - y) / y.std()) ** 2


def against(model: Model, fresh: pl.DataFrame, asked: dict[str, int], seed: int) -> tuple[int, int, float]:
    """Return pairs tried, those answered against a direction, and by how much at most."""
    rng = np.random.default_rng(seed)
    read = read_frame(fresh, model.parts.columns)
    tried = broken = 0
    worst = 0.0
    scale = 1.0 if model.parts.classes else model.parts.ensemble.scale
    names = [name for name in asked if name in read]
    for name in names:
        each = PAIRS // len(names)
        values = np.asarray(read[name])
        known = values[~np.isnan(values)]
        rows = read.take(rng.integers(0, read.rows, each))
        ends = np.sort(rng.choice(known, (each, 2)) + rng.normal(scale=known.std() / 20, size=(each, 2)), axis=1)
        low, high = (model.parts.ensemble.predict(Columns({**rows, name: end}, each))[:, -1] for end in ends.T)
        falls = -asked[name] * (high - low) / scale
        tried, broken, worst = tried + each, broken + int((falls > TOLERANCE).sum()), max(worst, float(falls.max()))
    return tried, broken, max(worst, 0.0)


def compare(
    frame: pd.DataFrame, target: str, task: str, options: argparse.Namespace, seed: int
) -> dict[str, Any] | None:
    """Return what directions cost on a table; None where no column deserves one."""
    learn, fresh = split(frame, target, seed)
    learn, fresh = learn.head(options.rows), fresh.head(options.rows)
    y = pd.factorize(learn[target], sort=True)[0] if task == "binary" else learn[target].to_numpy(float)
    asked = directions(learn, target, y, options.columns)
    if not asked:
        return None
    given: dict[str, dict[str, Any]] = {
        "directed": {
            "increasing": [name for name, sign in asked.items() if sign > 0],
            "decreasing": [name for name, sign in asked.items() if sign < 0],
        },
        "free": {},
    }
    told: dict[str, Any] = {"rows": len(learn), "fresh": len(fresh), "directions": asked}
    lost: dict[str, np.ndarray] = {}
    rows = pl.from_pandas(fresh)
    for name, directed in given.items():
        begun = time.perf_counter()
        model = mw.build(learn, target, task=task, trials=options.trials, seed=seed, **directed)
        seconds = time.perf_counter() - begun
        P = model.parts.ensemble.predict(read_frame(rows, model.parts.columns))
        lost[name] = losses(model, P, fresh, target)
        pairs, broken, worst = against(model, rows, asked, seed)
        members = sorted({member.learner for member in model.parts.ensemble.members})
        told[name] = {"loss": float(lost[name].mean()), "pairs": pairs, "broken": broken, "worst": worst,
                      "seconds": round(seconds, 1), "members": members}  # fmt: skip
    difference = lost["directed"] - lost["free"]
    rng = np.random.default_rng(seed)
    drawn = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(RESAMPLES)]
    told["cost"] = float(difference.mean())
    told["interval"] = [float(end) for end in np.quantile(drawn, [0.025, 0.975])]
    return told


def summary(results: list[dict[str, Any]]) -> str:
    """Return a line for each table, and what holds of all."""
    lines = []
    for one in results:
        ends = " to ".join(f"{end:+.4f}" for end in one["interval"])
        loss = f"{one['free']['loss']:.4f} -> {one['directed']['loss']:.4f}"
        share = one["free"]["broken"] / max(one["free"]["pairs"], 1)
        lines.append(
            f"{one['table']:<22} {loss:<18} cost {one['cost']:+.4f} ({ends})  against: {one['directed']['broken']} of"
            f" {one['directed']['pairs']:,} (free {share:.1%}, worst {one['free']['worst']:.3f})"
        )
    cost = [100 * one["cost"] / one["free"]["loss"] for one in results]
    worse = sum(one["interval"][0] > 0 for one in results)
    better = sum(one["interval"][1] < 0 for one in results)
    broken = sum(one["directed"]["broken"] for one in results)
    pairs = sum(one["directed"]["pairs"] for one in results)
    lines.append(
        f"{len(results)} tables: loss {np.mean(cost):+.1f} % on average (median {np.median(cost):+.1f} %), clearly"
        f" worse on {worse}, clearly better on {better}; {broken} of {pairs:,} pairs against a direction"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    results = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    done = {(one["table"], one["seed"]) for one in results}
    for entry in entries(options.data, options.only):
        frame, target = read(entry, options.data), question(entry)
        task = task_of(entry["kind"], frame[target])
        if task == "multiclass":
            continue
        for seed in options.seeds:
            if (entry["name"], seed) in done or (found := compare(frame, target, task, options, seed)) is None:
                continue
            results.append({"table": entry["name"], "seed": seed, **found})
            with options.out.open("a") as file:
                file.write(json.dumps(results[-1]) + "\n")
            print(summary(results[-1:]).splitlines()[0], flush=True)
    if results:
        print(summary(results))


if __name__ == "__main__":
    main()
