"""Claim: on few rows the model is never worse than the regularised linear one by more than noise.

    python benchmarks/small.py DATA [--rows 200 500] [--seeds 3] [--budget 10] [--only NAME ...] --out results.jsonl

From each table of DATA some rows are drawn to learn from, anew for each seed; up to 5,000 others are fresh. Two models
learn from the same rows: the default one, and the linear floor alone (a single trial). Both are scored on the fresh
rows. For each table and number of rows the logarithm of the ratio of their losses is averaged over seeds; over all of
them, a t-test tells whether the default is worse, and each cell that is worse by more than two standard errors of the
ratio, as it scatters within cells, is printed. Results are appended as they come; what is in the file is not run again.
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
from scipy.stats import ttest_1samp
from sklearn.model_selection import train_test_split
from tables_common import MOST_LABELS, entries, loss, question, read

import mlwright as mw

FRESH = 5_000
NOISE = 2.0
"""Standard errors by which a cell has to be worse to be printed."""


def drawn(frame: pd.DataFrame, target: str, rows: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows to learn from and fresh rows, balanced over classes where there are few."""
    labels = frame[target]
    few = labels.nunique() <= MOST_LABELS and labels.value_counts().min() >= 2
    learned, others = train_test_split(frame, train_size=rows, random_state=seed, stratify=labels if few else None)
    return learned, others.head(FRESH)


def one(frame: pd.DataFrame, entry: dict[str, Any], rows: int, budget: float, seed: int) -> dict[str, Any]:
    """Return what the default and the linear model lose on the same fresh rows."""
    target = question(entry)
    learned, fresh = drawn(frame, target, rows, seed)
    told: dict[str, Any] = {"table": entry["name"], "rows": rows, "seed": seed, "budget": budget}
    efforts: dict[str, dict[str, Any]] = {"default": {"budget": budget}, "linear": {"trials": 1}}
    for name, effort in efforts.items():
        start = time.perf_counter()
        model = mw.build(learned, target, seed=seed, **effort)
        told[f"{name}_seconds"] = time.perf_counter() - start
        labels = [str(label) for label in model.classes_]
        inputs, task = fresh.drop(columns=[target]), model.task.name
        predicted = pd.DataFrame(model.predict_proba(inputs), columns=labels) if labels else model.predict(inputs)
        told[name] = loss(task, fresh[target].reset_index(drop=True), predicted, labels)
    return told


def summary(results: list[dict[str, Any]]) -> None:
    """Print the ratio of losses by cell, and what the t-test over cells says."""
    frame = pd.DataFrame(results)
    frame["ratio"] = np.log(np.maximum(frame["default"], 1e-9) / np.maximum(frame["linear"], 1e-9))
    cells = frame.groupby(["rows", "table"])["ratio"].agg(["mean", "var", "count"]).reset_index()
    for rows, part in cells.groupby("rows"):
        pooled = float(np.average(part["var"].fillna(0.0), weights=np.maximum(part["count"] - 1, 0) + 1e-9))
        worse = part[part["mean"] > NOISE * np.sqrt(pooled / part["count"])]
        test = ttest_1samp(part["mean"], 0.0, alternative="greater")
        change = (
            f"median {100 * np.expm1(part['mean'].median()):+.1f} %, mean {100 * np.expm1(part['mean'].mean()):+.1f} %"
        )
        print(f"{rows} rows: {len(part)} tables; loss against linear: {change}; p of being worse {test.pvalue:.3f}")
        for _, cell in part.sort_values("mean").iterrows():
            mark = "  worse by more than noise" if cell["table"] in set(worse["table"]) else ""
            print(f"    {cell['table']:24} {100 * np.expm1(cell['mean']):+7.1f} %{mark}")


def main() -> None:
    """Run what has not run, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[200, 500])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=10.0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    results = [json.loads(line) for line in lines]
    done = {(r["table"], r["rows"], r["seed"], r["budget"]) for r in results}
    for entry in entries(options.data, options.only):
        frame = read(entry, options.data)
        frame = frame[frame[question(entry)].notna()]
        for rows in options.rows:
            for seed in range(options.seeds):
                if len(frame) < 2 * rows or (entry["name"], rows, seed, options.budget) in done:
                    continue
                results.append(one(frame, entry, rows, options.budget, seed))
                with options.out.open("a") as file:
                    file.write(json.dumps(results[-1]) + "\n")
    summary(results)


if __name__ == "__main__":
    main()
