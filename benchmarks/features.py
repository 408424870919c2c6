"""Measure what features made of several columns are worth: plain and rich variants of one learner on the same folds.

    python benchmarks/features.py DATA [DATA ...] [--only NAME ...] [--learners lightgbm catboost] [--rows 10000]
                                  [--folds 3] [--seed 0] [--out results.json]

DATA is a folder with a MANIFEST.json (see tables_common.py). Each learner runs with its first configuration, with the
variant it wants and with the rich one, out of fold. The loss is log loss or RMSE; the seconds are those of a processor,
for the learner and for the recipe (the second learner of a table finds ready what the first one's recipe has chosen).
Prints one line per table and learner, and a summary; nothing is chosen by a table's name.
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
from tables_common import entries, question

from mlwright.building.ask import Asked, ask
from mlwright.building.options import Options
from mlwright.collect import collect
from mlwright.learn.base import never
from mlwright.learn.learners import LEARNERS
from mlwright.learn.material import Folds
from mlwright.learn.portfolio import Entry
from mlwright.learn.splits import folds
from mlwright.learn.trials import Trial, run_fold

EVEN = 0.1
"""Per cent within which two losses count as the same."""
PARTS = {"fit": "fit_s", "recipe": "recipe_s"}
FAR = 10.0
"""Per cent at which a table's gain is cut in the mean, so that no table decides alone."""


def prepared(asked: Asked, rows: int, count: int, seed: int) -> Folds:
    """Return folds over at most so many of the table's rows."""
    material, order = asked.material, asked.order
    if material.rows > rows:
        index = np.sort(np.random.default_rng(seed).permutation(material.rows)[:rows])
        material, order = material.take(index), order.take(index)
    return Folds(material, folds(order, count, 1, seed), seed)


def measure(made: Folds, learner: str, variant: str, seed: int) -> dict[str, Any]:
    """Return the out-of-fold loss of a learner's first configuration on a variant, and what it cost."""
    material, known = made.material, LEARNERS[learner]
    trial = Trial(0, Entry(known, known.configurations[material.task.objective][0], variant))
    losses, recipes, fits, features = [], 0.0, 0.0, 0
    for fold, (_, judge) in enumerate(made.folds):
        begun = time.process_time()
        features = len(made.prepare(fold, variant).recipe.features)
        fitting = time.process_time()
        result = run_fold(trial, fold, made, seed=seed + fold, stop=never)
        recipes, fits = recipes + fitting - begun, fits + time.process_time() - fitting
        losses.append(row_losses(material.target.y[judge], result.predictions, len(material.target.classes)))
    loss = float(np.concatenate(losses).mean())
    value = loss if material.target.classes else float(np.sqrt(loss))
    return {"loss": value, "recipe_s": recipes, "fit_s": fits, "features": features}


def row_losses(y: np.ndarray, P: np.ndarray, classes: int) -> np.ndarray:
    """Return minus the log of the true class's probability, or the squared error, of each row."""
    if not classes:
        return (y - P[:, 0]) ** 2
    return -np.log(np.clip(P[np.arange(len(y)), y.astype(np.intp)], 1e-6, 1.0))


def compare(entry: dict[str, Any], data: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row of results for each learner on one table."""
    excluded = tuple(entry["leak_columns"])
    asked = ask(collect(data / entry["file"]), Options(target=question(entry), exclude=excluded, trials=1))
    made = prepared(asked, options.rows, options.folds, options.seed)
    found = []
    for learner in options.learners:
        plain = LEARNERS[learner].variant
        both = {name: measure(made, learner, name, options.seed) for name in (plain, f"rich_{plain}")}
        gain = 100 * (1 - both[f"rich_{plain}"]["loss"] / both[plain]["loss"])
        row = {"name": entry["name"], "learner": learner, "rows": made.material.rows, "gain": gain}
        found.append(row | {"plain": both[plain], "rich": both[f"rich_{plain}"]})
        print(line(found[-1]), flush=True)
    return found


def line(row: dict[str, Any]) -> str:
    plain, rich = row["plain"], row["rich"]
    seconds = ", ".join(f"{part} {plain[key]:.1f} -> {rich[key]:.1f} s" for part, key in PARTS.items())
    return (
        f"{row['name']:24} {row['learner']:10} {row['rows']:6,} rows  {plain['features']:3} -> {rich['features']:3}"
        f" features  loss {plain['loss']:.5g} -> {rich['loss']:.5g}  gain {row['gain']:+.2f} %"
        f"  {seconds}"
    )


def summary(rows: list[dict[str, Any]], learners: list[str]) -> None:
    for learner in learners:
        own = [row for row in rows if row["learner"] == learner]
        if not own:
            continue
        gains = np.array([row["gain"] for row in own])
        cost = [sum(row[kind][part] for row in own) for kind in ("plain", "rich") for part in ("fit_s", "recipe_s")]
        print(
            f"\n{learner}: {len(own)} tables; mean gain {np.clip(gains, -FAR, FAR).mean():+.2f} % (each cut at"
            f" {FAR:g}), median {np.median(gains):+.2f} %; better on {(gains > EVEN).sum()}, worse on"
            f" {(gains < -EVEN).sum()}"
        )
        print(
            f"  seconds: fits {cost[0]:.0f} -> {cost[2]:.0f}, recipes {cost[1]:.0f} -> {cost[3]:.0f}; all together"
            f" {(cost[2] + cost[3]) / max(cost[0] + cost[1], 1e-9):.2f} times as long"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--learners", nargs="+", default=["lightgbm", "catboost"])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for data in options.data:
        for entry in entries(data, options.only):
            try:
                results += compare(entry, data, options)
            except Exception as error:
                print(f"{entry['name']:24} FAILED: {type(error).__name__}: {error}", flush=True)
            if options.out:
                options.out.write_text(json.dumps(results, indent=1))
    summary(results, options.learners)


if __name__ == "__main__":
    main()
