"""Which calibrators and sets earn their place, on out-of-fold predictions of real tables.

    python benchmarks/calibrators.py DATA [--rows 2000 8000] [--seed 0]

DATA is a folder with a MANIFEST.json. On a part of each larger yes/no table, LightGBM (as usual and with far too many
leaves), ExtraTrees and an average are cross-validated; each calibrator learns from the out-of-fold predictions and is
scored with the models fitted on all of the part, on up to 30,000 other rows. Printed is by how much log loss falls, the
calibration error, and what becomes of ROC AUC; "chosen" is what the build would take. Then: how often 90 % sets of
classes hold the true one, in all rows and in those of the class that fares worst, and how large they are.

Platt: Platt 1999, "Probabilistic outputs for support vector machines". Isotonic regression: Zadrozny and Elkan 2002.
Venn-Abers: Vovk and Petej 2014, "Venn-Abers predictors", inductive; scores are put into 200 bins, and ties are settled
by a thousandth of the score itself, so that the ranking stays. Adaptive sets: Romano, Sesia and Candes 2020,
"Classification with valid and adaptive coverage", without their randomisation, which gives one row two answers.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm
import numpy as np
import pandas as pd
from calibration import calibration_error
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.isotonic import IsotonicRegression, isotonic_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from tables_common import entries, question, read, task_of

from mlwright.learn.calibrated import Rows, choose_calibration
from mlwright.learn.calibrators import CALIBRATORS
from mlwright.learn.splits import Order
from mlwright.tasks.base import Target
from mlwright.tasks.decide import Known, sets
from mlwright.tasks.metrics import BINARY
from mlwright.tasks.scores import log_loss, roc_auc

FRESH = 30_000
LARGE = 3_000
SMALLEST = 1e-6
VENN_BINS, VENN_OWN = 200, 1e-3
Map = Callable[[np.ndarray], np.ndarray]


def both(p: np.ndarray) -> np.ndarray:
    """Return the probabilities of both classes."""
    p = np.clip(p, SMALLEST, 1 - SMALLEST)
    return np.column_stack([1 - p, p])


def platt(P: np.ndarray, y: np.ndarray) -> Map:
    """Fit a logistic regression on the probability itself."""
    model = LogisticRegression(C=1e6).fit(P[:, 1:], y)
    return lambda Q: model.predict_proba(Q[:, 1:])


def isotonic(P: np.ndarray, y: np.ndarray) -> Map:
    """Fit the rising step function that is closest."""
    model = IsotonicRegression(out_of_bounds="clip").fit(P[:, 1], y)
    return lambda Q: both(model.predict(Q[:, 1]))


def venn_abers(P: np.ndarray, y: np.ndarray) -> Map:
    """Fit isotonic regression with a new row in each bin of scores, as a case and as none, and join the two."""
    edges = np.unique(np.quantile(P[:, 1], np.linspace(0, 1, VENN_BINS + 1)[1:-1]))
    place = np.unique(np.searchsorted(edges, P[:, 1], side="right"), return_inverse=True)[1]
    rows = np.bincount(place).astype(float)
    at, share = (np.bincount(place, weights=values) / rows for values in (P[:, 1], y))
    joined = np.empty(len(rows))
    for bin_ in range(len(rows)):
        ends = []
        for label in (0.0, 1.0):
            with_it, weight = share.copy(), rows.copy()
            with_it[bin_] = (share[bin_] * rows[bin_] + label) / (rows[bin_] + 1)
            weight[bin_] += 1
            ends.append(isotonic_regression(with_it, sample_weight=weight)[bin_])
        joined[bin_] = ends[1] / (1 - ends[0] + ends[1])
    joined = np.maximum.accumulate(joined)
    return lambda Q: both((1 - VENN_OWN) * np.interp(Q[:, 1], at, joined) + VENN_OWN * Q[:, 1])


def chosen(P: np.ndarray, y: np.ndarray) -> Map:
    """Return what a build would take."""
    rows = Rows.of(P, y, None, Order(y.astype(np.intp)), seed=0)
    found = choose_calibration(rows, BINARY["roc_auc"]).calibration
    return (lambda Q: Q) if found is None else found.apply


def ours(name: str) -> Callable[[np.ndarray, np.ndarray], Map]:
    """Return one of our calibrators as a function."""
    return lambda P, y: CALIBRATORS[name].fit(P, y, np.ones(len(y))).apply


TRIED: dict[str, Callable[[np.ndarray, np.ndarray], Map]] = {
    **{name: ours(name) for name in CALIBRATORS},
    "Platt": platt,
    "isotonic": isotonic,
    "Venn-Abers": venn_abers,
    "chosen": chosen,
}


def ours_by_class(P: np.ndarray, y: np.ndarray) -> Map:
    """Return sets with a limit for each class."""
    cutoffs = np.array(sets(Known.of(Target(y, (0, 1)), P, None), 2)["cutoffs"])
    return lambda Q: cutoffs <= Q


def one_limit(P: np.ndarray, y: np.ndarray) -> Map:
    """Return sets with one limit for all classes."""
    given = np.sort(P[np.arange(len(y)), y.astype(int)])
    limit = given[int(0.1 * (len(y) + 1)) - 1]
    return lambda Q: limit <= Q


def adaptive(P: np.ndarray, y: np.ndarray) -> Map:
    """Return sets of the likeliest classes until their probabilities sum up to enough."""

    def sums(Q: np.ndarray) -> np.ndarray:
        order = np.argsort(-Q, axis=1, kind="stable")
        found = np.empty_like(Q)
        np.put_along_axis(found, order, np.cumsum(np.take_along_axis(Q, order, 1), axis=1), 1)
        return found

    known = np.sort(sums(P)[np.arange(len(y)), y.astype(int)])
    enough = known[min(int(np.ceil(0.9 * (len(y) + 1))), len(y)) - 1]
    return lambda Q: sums(Q) <= enough


SETS: dict[str, Callable[[np.ndarray, np.ndarray], Map]] = {
    "a limit for each class": ours_by_class,
    "one limit for all": one_limit,
    "adaptive": adaptive,
}


def sets_of(out: np.ndarray, y: np.ndarray, P: np.ndarray, fresh_y: np.ndarray) -> dict[str, list[float]]:
    """Return for each kind of sets its coverage, that of the worst class, and its size; the likeliest is always in."""
    found = {}
    for name, fit in SETS.items():
        inside = fit(out, y)(P)
        inside[np.arange(len(P)), P.argmax(axis=1)] = True
        held = inside[np.arange(len(P)), fresh_y.astype(int)]
        worst = min(held[fresh_y == label].mean() for label in (0, 1))
        found[name] = [held.mean(), worst, inside.sum(axis=1).mean()]
    return found


def numbers(frame: pd.DataFrame, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a table as numbers, categories as codes, and the rarer class as 1."""
    frame = frame[frame[target].notna()]
    y = frame[target].astype(str).astype("category").cat.codes.to_numpy().astype(float)
    X = frame.drop(columns=target)
    for name in X.columns:
        if not pd.api.types.is_numeric_dtype(X[name]):
            X[name] = X[name].astype(str).astype("category").cat.codes
    return np.nan_to_num(X.to_numpy(dtype=float), nan=-999.0), y if y.mean() <= 0.5 else 1 - y


def models() -> dict[str, Any]:
    """Return the models, unfitted."""
    plain = {"n_jobs": 1, "random_state": 0}
    return {
        "LightGBM": lightgbm.LGBMClassifier(n_estimators=150, learning_rate=0.05, verbosity=-1, **plain),
        "overfitted": lightgbm.LGBMClassifier(n_estimators=300, num_leaves=63, verbosity=-1, **plain),
        "ExtraTrees": ExtraTreesClassifier(200, min_samples_leaf=2, **plain),
    }


def predicted(
    X: np.ndarray, y: np.ndarray, fresh: np.ndarray, seed: int
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield for each model its out-of-fold predictions, and those of fresh rows by the model of all rows."""
    found = {}
    for name, model in models().items():
        out = np.empty((len(y), 2))
        for teach, other in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
            out[other] = model.fit(X[teach], y[teach]).predict_proba(X[other])
        found[name] = (out, model.fit(X, y).predict_proba(fresh))
        yield name, *found[name]
    parts = (found["LightGBM"], found["ExtraTrees"])
    yield "average", *(sum(part[side] for part in parts) / 2 for side in (0, 1))


def look(name: str, X: np.ndarray, y: np.ndarray, rows: int, seed: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return for each model and calibrator what it does on fresh rows, and what sets do."""
    places = np.random.default_rng(seed).permutation(len(y))
    learned, fresh = places[:rows], places[rows : rows + FRESH]
    results, sized = [], []
    for model, out, P in predicted(X[learned], y[learned], X[fresh], seed):
        loss, ranking = log_loss(y[fresh], P), roc_auc(y[fresh], P)
        gains = []
        sized.append(sets_of(out, y[learned], P, y[fresh]))
        for title, fit in TRIED.items():
            after = fit(out, y[learned])(P)
            gain = 1 - log_loss(y[fresh], after) / loss
            gains.append(f"{gain:9.2%}")
            results.append(
                {
                    "calibrator": title, "gain": gain, "auc": roc_auc(y[fresh], after) - ranking,
                    "ece": calibration_error(after, y[fresh]), "bare": calibration_error(P, y[fresh]),
                }
            )  # fmt: skip
        print(f"{name:18} {rows:6,} {model:11} {loss:8.4f}", *gains, flush=True)
    return results, sized


def main() -> None:
    """Look at every larger yes/no table, and sum up by calibrator."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 8_000])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{'table':18} {'rows':>6} {'model':11} {'log loss':>8}", *(f"{name:>9}" for name in TRIED))
    results: list[dict[str, Any]] = []
    sized: list[dict[str, list[float]]] = []
    for entry in entries(options.data, options.only):
        frame, target = read(entry, options.data), question(entry)
        if len(frame) < LARGE or task_of(entry["kind"], frame[target].dropna()) != "binary":
            continue
        X, y = numbers(frame, target)
        for rows in options.rows:
            if rows <= 0.8 * len(y) and y.mean() * rows >= 50:
                more, sets_seen = look(entry["name"], X, y, rows, options.seed)
                results, sized = results + more, sized + sets_seen
    print(f"\n{'calibrator':12} {'mean gain':>10} {'median':>8} {'worst':>8} {'AUC worst':>10} {'ECE':>18}")
    for name in TRIED:
        mine = [result for result in results if result["calibrator"] == name]
        gain, auc, bare, ece = (np.array([result[key] for result in mine]) for key in ("gain", "auc", "bare", "ece"))
        print(
            f"{name:12} {gain.mean():10.2%} {np.median(gain):8.2%} {gain.min():8.2%} {auc.min():10.5f} "
            f"{np.median(bare):8.4f} -> {np.median(ece):.4f}"
        )
    print(f"\n{'90 % sets':24} {'hold':>8} {'worst class':>12} {'size':>6}")
    for name in SETS:
        held, worst, size = np.mean([each[name] for each in sized], axis=0)
        print(f"{name:24} {held:8.3f} {worst:12.3f} {size:6.2f}")


if __name__ == "__main__":
    main()
