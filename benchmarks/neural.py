"""What the neural network is worth: alone, and in the ensemble beside boosting.

    python benchmarks/neural.py DATA [DATA ...] [--rows 10000] [--only NAME ...] [--out results.json]

DATA is a folder with a MANIFEST.json (see tables_common.py). Of each table 30 % are kept away. On the others three
folds score LightGBM, CatBoost, XGBoost and the network, each with its first configuration; greedy weights on the
out-of-fold predictions make the ensembles and members learn again from all the others, as in the main job; the rows
kept away judge. Prints a line for each table (losses in percent of LightGBM's) and, in percent, what
LightGBM and CatBoost together lose less when the network joins them, beside what they lose less when XGBoost does.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from tables_common import entries, question, read

from mlwright.building.ask import ask
from mlwright.building.options import Options
from mlwright.collect import collect
from mlwright.errors import InputError
from mlwright.learn.base import never
from mlwright.learn.ensemble import greedy_weights
from mlwright.learn.learners import LEARNERS
from mlwright.learn.learners.neural import Neural
from mlwright.learn.material import Folds, Material
from mlwright.learn.portfolio import Entry
from mlwright.learn.refit import Chosen, refit
from mlwright.learn.splits import folds
from mlwright.learn.trials import Trial, run_fold
from mlwright.tasks import ROW_TASKS

BOOSTERS = ("lightgbm", "catboost")
OTHER = "xgboost"
NEURAL = "neural"
KEPT_AWAY = 0.3
FOLDS = 3
ROUNDS, PATIENCE = 30, 5
TIE = 1e-3
MOST = 0.2
"""No table counts for more than this change (as a logarithm): some losses are nearly nothing."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one learner predicts: out of fold, and for the rows kept away."""

    out_of_fold: np.ndarray
    fresh: np.ndarray
    seconds: float
    """Of an average fit."""
    rounds: int


def attempt(name: str, made: Folds, fresh: Material) -> Tried:
    """Fit a learner's first configuration on all folds."""
    learner = Neural() if name == NEURAL else LEARNERS[name]
    configuration = learner.configurations[made.material.task.objective][0]
    trial = Trial(0, Entry(learner, configuration, learner.variant))
    start = time.thread_time()
    for fold in range(len(made.folds)):
        trial.results[fold] = run_fold(trial, fold, made, seed=fold, stop=never)
    trial.finish(made)
    if trial.predictions is None or trial.learned is None:
        raise RuntimeError(f"{name} was not scored on all folds")
    seconds = (time.thread_time() - start) / len(made.folds)
    taught = made.material
    again = refit(taught, [Chosen(trial, 1.0)], seed=0, threads=1, stop=never)
    return Tried(trial.predictions, again.ensemble.predict(fresh.columns), seconds, trial.learned.rounds)


def ensemble(members: Sequence[Tried], taught: Material, fresh: Material) -> tuple[float, np.ndarray]:
    """Return the loss on fresh rows of the members' average, and their weights."""
    weights = greedy_weights(
        taught.target.y, [one.out_of_fold for one in members], taught.metric.loss, rounds=ROUNDS, patience=PATIENCE
    )
    mixed = sum(share * one.fresh for share, one in zip(weights, members, strict=True))
    return loss(fresh, np.asarray(mixed)), weights


def loss(fresh: Material, P: np.ndarray) -> float:
    """Return what is lost on fresh rows: 1 - ROC AUC, log loss, RMSE."""
    metric = fresh.metric
    value = metric.score(fresh.target.y, P, fresh.weight)
    return 1 - value if metric.greater_is_better else value


def run(entry: dict[str, Any], data: Path, rows: int) -> dict[str, Any]:
    """Measure one table."""
    target = question(entry)
    frame = read(entry, data)
    frame = frame[frame[target].notna()]
    if len(frame) > rows:
        frame = frame.sample(rows, random_state=0)
    task = entry["kind"] if entry["kind"] in ROW_TASKS else None
    asked = ask(collect(frame), Options(target=target, task=task, split="random"))
    metrics = asked.task.metrics
    material = replace(asked.material, metric=metrics.get("rmse", asked.metric))
    strata = asked.task.strata(material.target)
    order = np.random.default_rng(1).permutation(material.rows)
    order = order[np.argsort(strata[order], kind="stable")]
    away = np.arange(len(order)) % 10 < 10 * KEPT_AWAY
    taught, fresh = (material.take(np.sort(order[part])) for part in (~away, away))
    made = Folds(taught, folds(asked.order.take(np.sort(order[~away])), FOLDS, 1, 0), 0)
    tried = {name: attempt(name, made, fresh) for name in (*BOOSTERS, OTHER, NEURAL)}
    boosters = [tried[name] for name in BOOSTERS]
    without, _ = ensemble(boosters, taught, fresh)
    other, _ = ensemble([*boosters, tried[OTHER]], taught, fresh)
    joined, weights = ensemble([*boosters, tried[NEURAL]], taught, fresh)
    return {
        "name": entry["name"],
        "task": asked.task.name,
        "rows": taught.rows,
        "features": made.prepare(0, Neural.variant).train.X.shape[1],
        "loss": {name: loss(fresh, one.fresh) for name, one in tried.items()},
        "without": without,
        "other": other,
        "with": joined,
        "weight": float(weights[-1]),
        "epochs": tried[NEURAL].rounds,
        "seconds": {name: one.seconds for name, one in tried.items()},
    }


def line(r: dict[str, Any]) -> str:
    """Return one table's line: losses in percent of LightGBM's."""
    base = r["loss"]["lightgbm"]
    singles = "  ".join(f"{name} {100 * (value / base - 1):+6.1f} %" for name, value in r["loss"].items())
    return (
        f"{r['name']:38} {r['task']:10} {r['rows']:6,} x {r['features']:3}  {singles}"
        f"  | joined by {OTHER} {100 * (r['other'] / r['without'] - 1):+6.2f} %"
        f"  by the network {100 * (r['with'] / r['without'] - 1):+6.2f} % (weight {r['weight']:.2f})"
        f"  | seconds {r['seconds']['lightgbm']:.2f} {r['seconds']['catboost']:.2f} {r['seconds'][NEURAL]:.2f}"
        f" ({r['epochs']} epochs)"
    )


def summary(results: Sequence[dict[str, Any]]) -> None:
    """Print what holds over the tables, by task and for all."""
    for task in (*dict.fromkeys(r["task"] for r in results), "all"):
        part = [r for r in results if task in {"all", r["task"]}]
        network = np.array([np.log(r["with"] / r["without"]) for r in part])
        other = np.array([np.log(r["other"] / r["without"]) for r in part])
        best = np.mean([r["loss"][NEURAL] < min(r["loss"][name] for name in (*BOOSTERS, OTHER)) for r in part])
        told = ", ".join(f"by {name} {_change(change)}" for name, change in ((OTHER, other), (NEURAL, network)))
        print(f"{task:10} {len(part):3} tables: the network is the best single on {best:.0%}; boosters joined {told}")
    seconds = np.array([[r["seconds"][name] for name in (*BOOSTERS, OTHER, NEURAL)] for r in results])
    told = zip((*BOOSTERS, OTHER, NEURAL), np.median(seconds, axis=0), seconds.max(axis=0), strict=True)
    print("seconds of one thread for a fit, median and most: " + ", ".join(f"{n} {m:.2f} {x:.1f}" for n, m, x in told))


def _change(logs: np.ndarray) -> str:
    mean, median = 100 * np.expm1(np.clip(logs, -MOST, MOST).mean()), 100 * np.expm1(np.median(logs))
    return (
        f"{mean:+.2f} % (median {median:+.2f}; less on {np.mean(logs < -TIE):.0%}, more on {np.mean(logs > TIE):.0%})"
    )


def main() -> None:
    """Measure all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = json.loads(options.out.read_text()) if options.out and options.out.exists() else []
    known = {r["name"] for r in results}
    for data in options.data:
        for entry in entries(data, options.only):
            if entry["name"] in known:
                continue
            try:
                results.append(run(entry, data, options.rows))
            except InputError as error:
                print(f"{entry['name']:38} passed over: {error}")
                continue
            print(line(results[-1]), flush=True)
            if options.out:
                options.out.write_text(json.dumps(results, indent=1))
    summary(results)


if __name__ == "__main__":
    main()
