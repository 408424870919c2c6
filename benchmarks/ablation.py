"""What each part of mlwright is worth: builds without it beside builds with everything, on fresh rows.

    python benchmarks/ablation.py DATA [--budget 30] [--seeds 0] [--only NAME ...] [--parts PART ...] --out FILE

Each build runs in a process of its own, which takes one part away before it builds; all builds of a table follow one
another, so that the noise of the machine hits all alike. Results are appended as JSON lines, and what is there is not
run again. Prints for each part: on how many tables everything is better than all but this part, and by how much the
loss grows without it (median and mean over tables, in percent).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
from tables_common import entries, loss, question, read, split

import mlwright as mw
from mlwright.learn import portfolio, preferences, search
from mlwright.learn.portfolio import FLOOR, Entry

Keep = Callable[[Entry], bool]


def only(keep: Keep) -> None:
    """Let the search see these entries of the portfolio only; the floor always stays."""
    everything = portfolio.portfolio

    def fewer(*arguments: Any) -> Iterator[Entry]:
        return (entry for entry in everything(*arguments) if entry.learner.name == FLOOR or keep(entry))

    search.portfolio = fewer  # type: ignore[attr-defined]


def one_model() -> None:
    """Take the best trial alone."""
    preferences.PREFERENCES["balanced"] = replace(preferences.PREFERENCES["balanced"], candidates=1)


def own_order() -> None:
    """Try each learner's own configurations in turn instead of the learned order."""
    portfolio.learned_order = lambda: {"considered": [], "orders": []}  # type: ignore[assignment]


def no_giving_up() -> None:
    """Score every trial on all folds."""
    search.FOLDS_SEEN = 10**9


def no_calibration() -> None:
    """Leave probabilities as they come."""
    from mlwright.learn import calibrated

    calibrated.FEWEST_ROWS = 10**12


PARTS: dict[str, Callable[[], None]] = {
    "nothing": lambda: None,
    "the ensemble": one_model,
    "engineered features": lambda: only(lambda entry: not entry.variant.startswith("rich")),
    "yes/no columns for categories": lambda: only(lambda entry: entry.variant != "indicators"),
    "the network": lambda: only(lambda entry: entry.learner.name != "neural"),
    "CatBoost": lambda: only(lambda entry: entry.learner.name != "catboost"),
    "XGBoost": lambda: only(lambda entry: entry.learner.name != "xgboost"),
    "all learners but LightGBM": lambda: only(lambda entry: entry.learner.name == "lightgbm"),
    "the learned order": own_order,
    "giving up on trials": no_giving_up,
    "calibration": no_calibration,
}
"""What is taken away, and how."""


def worker(job: Path) -> None:
    """Build without a part, and write the predictions of the fresh rows."""
    told = json.loads(job.read_text())
    PARTS[told["part"]]()
    start = time.perf_counter()
    model = mw.build(told["train"], told["target"], budget=told["budget"], seed=told["seed"])
    seconds = time.perf_counter() - start
    classes = [str(label) for label in model.classes_]
    P = model.predict_proba(told["test"]) if classes else model.predict(told["test"])
    np.save(told["out"], np.asarray(P, dtype=float))
    size = model.evaluation["size"]
    Path(told["out"] + ".json").write_text(
        json.dumps({"task": model.task.name, "classes": classes, "seconds": seconds, "row_ms": size["row_ms"]})
    )


def build(entry: dict[str, Any], frame: pd.DataFrame, part: str, seed: int, budget: float) -> dict[str, Any]:
    """Run one worker, and score what it predicted."""
    target = question(entry)
    train, test = split(frame, target, seed)
    with tempfile.TemporaryDirectory() as folder:
        train_path, test_path, out = (str(Path(folder, name)) for name in ("train.csv", "test.csv", "P.npy"))
        train.to_csv(train_path, index=False)
        test.drop(columns=[target]).to_csv(test_path, index=False)
        job = Path(folder, "job.json")
        told = {"part": part, "target": target, "budget": budget, "seed": seed}
        job.write_text(json.dumps({**told, "train": train_path, "test": test_path, "out": out}))
        done = subprocess.run(
            [sys.executable, __file__, "--job", str(job)], capture_output=True, text=True, check=False
        )
        facts: dict[str, Any] = {"table": entry["name"], "part": part, "seed": seed, "budget": budget}
        if done.returncode != 0:
            return {**facts, "error": done.stderr.strip().splitlines()[-1:]}
        about, P = json.loads(Path(out + ".json").read_text()), np.load(out)
    predicted = pd.DataFrame(P, columns=about["classes"]) if about["classes"] else P
    value = loss(about["task"], test[target].reset_index(drop=True), predicted, about["classes"])
    return {**facts, "loss": value, "seconds": about["seconds"], "row_ms": about["row_ms"]}


def summary(results: list[dict[str, Any]]) -> None:
    """Print what each part is worth."""
    by = {(r["table"], r["seed"], r["part"]): r for r in results if "loss" in r}
    runs = sorted({(table, seed) for table, seed, _ in by})
    print(f"\n{'without':32} {'runs':>5} {'worse':>6} {'median':>8} {'mean':>8} {'one row':>9}")
    for part in PARTS:
        pairs = [
            (by[*run, "nothing"], by[*run, part]) for run in runs if {(*run, "nothing"), (*run, part)} <= by.keys()
        ]
        if pairs:
            growth = [100 * (less["loss"] / max(full["loss"], 1e-12) - 1) for full, less in pairs]
            worse = np.mean([value > 0 for value in growth])
            change = f"{np.median(growth):+7.2f}% {np.mean(growth):+7.2f}%"
            row = np.median([less["row_ms"] for _, less in pairs])
            print(f"{part:32} {len(pairs):5} {worse:6.0%} {change} {row:6.3f} ms")


def main() -> None:
    """Run what has not run, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--job", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--parts", nargs="*", default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("ablation.jsonl"))
    options = parser.parse_args()
    if options.job:
        worker(options.job)
        return
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    results = [json.loads(line) for line in lines]
    done = {(r["table"], r["seed"], r["part"], r["budget"]) for r in results}
    for entry in entries(options.data, options.only) if options.data else []:
        frame = read(entry, options.data)
        for seed in options.seeds:
            for part in options.parts:
                if (entry["name"], seed, part, options.budget) not in done:
                    results.append(build(entry, frame, part, seed, options.budget))
                    with options.out.open("a") as file:
                        file.write(json.dumps(results[-1]) + "\n")
                    print(results[-1], flush=True)
    summary(results)


if __name__ == "__main__":
    main()
