"""Claim: wrong labels are ranked at least as well as by cleanlab on the same probabilities, and cost less in the end.

    pip install cleanlab            # without it only our own numbers are printed
    python benchmarks/label_noise.py DATA [DATA ...] [--rates 0.05 0.1 0.2] [--seeds 1] [--rows 4000] [--only NAME ...]
                                     [--out results.jsonl]

DATA is a folder of tables with a MANIFEST.json. A quarter of each table is kept away as fresh, clean rows. In the
others some targets are made wrong: of classes either any other class (uniform), or one certain class for every second
class (conditional); of numbers either exchanged among rows (swapped), or multiplied by 10, 2, 1/2 or 1/10 (scaled).
LightGBM at its defaults predicts all of them in five folds. On the same predictions, the average precision of our
ranking is set beside the ranking of cleanlab's own API: `get_label_quality_scores` (self_confidence, which is its
default, and normalized_margin) and for numbers `cleanlab.regression.rank.get_label_quality_scores` (outre, its default,
and residual).

Then a model learns again: from all rows; with the doubtful ones weighing less (ours) or left out (ours; cleanlab's
`find_label_issues`, or for numbers as many rows as were doubted by ours, by its ranking). Printed is the accuracy, or
R², on the fresh rows. What is said of the same tables without added noise is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from tables_common import entries, question, read, task_of

from mlwright.clean.measures.label_quality import class_quality, class_weights, number_doubt, number_weights

FEWEST_ROWS, FEWEST_OF_A_CLASS, MOST_CLASSES = 300, 20, 30
Array = np.ndarray[Any, np.dtype[Any]]


def columns(frame: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the features as LightGBM takes them: words as categories, the rarest of very many as missing."""
    X = frame.drop(columns=[target]).copy()
    for name in X.columns:
        if not pd.api.types.is_numeric_dtype(X[name]):
            texts = X[name].astype(str)
            X[name] = pd.Categorical(texts, categories=texts.value_counts().index[:200])
    return X.set_axis([f"c{place}" for place in range(X.shape[1])], axis=1)


def fitted(X: pd.DataFrame, y: Array, *, numbers: bool, weight: Array | None = None) -> Any:
    """Return LightGBM at its defaults."""
    kind = lightgbm.LGBMRegressor if numbers else lightgbm.LGBMClassifier
    return kind(verbosity=-1, n_jobs=2, random_state=0).fit(X, y, sample_weight=weight)


def out_of_fold(X: pd.DataFrame, y: Array, *, numbers: bool) -> Array:
    """Return what five models say of the rows that they have not learned from."""
    P = np.zeros(len(y)) if numbers else np.zeros((len(y), int(y.max()) + 1))
    folds = KFold(5, shuffle=True, random_state=0) if numbers else StratifiedKFold(5, shuffle=True, random_state=0)
    for learned, scored in folds.split(X, y):
        model = fitted(X.iloc[learned], y[learned], numbers=numbers)
        if numbers:
            P[scored] = model.predict(X.iloc[scored])
        else:
            P[np.ix_(scored, model.classes_)] = model.predict_proba(X.iloc[scored])
    return P


def noisy(y: Array, rate: float, form: str, random: np.random.Generator) -> Array:
    """Return the targets, some of them wrong."""
    wrong, new = random.random(len(y)) < rate, y.copy()
    if form == "swapped":
        rows = np.flatnonzero(wrong)
        new[rows] = random.permutation(y[rows])
    elif form == "scaled":
        new[wrong] = y[wrong] * random.choice([0.1, 10.0, 2.0, 0.5], wrong.sum())
    elif form == "uniform":
        many = int(y.max()) + 1
        new[wrong] = (y[wrong] + random.integers(1, many, wrong.sum())) % many
    else:
        leaks = y % 2 == 0
        wrong = (random.random(len(y)) < min(rate / max(leaks.mean(), 0.05), 0.45)) & leaks
        new[wrong] = (y[wrong] + 1) % (int(y.max()) + 1)
    return new


def ranked(y: Array, P: Array, *, numbers: bool) -> dict[str, Array]:
    """Return how doubtful each row is by each way to rank: more is more doubtful."""
    found = {"ours": number_doubt(y, P) if numbers else 1.0 - class_quality(y, P)}
    try:
        if numbers:
            from cleanlab.regression.rank import get_label_quality_scores

            methods = ("outre", "residual")
        else:
            from cleanlab.rank import get_label_quality_scores

            methods = ("self_confidence", "normalized_margin")
    except ImportError:
        return found
    return found | {f"cleanlab {m}": -np.asarray(get_label_quality_scores(y, P, method=m)) for m in methods}


def treated(y: Array, P: Array, ranks: dict[str, Array], *, numbers: bool) -> dict[str, Array | None]:
    """Return the weight of each row by each way to learn again."""
    weights = number_weights(y, P) if numbers else class_weights(y, P)
    kept: dict[str, Array | None] = {
        "all rows": None,
        "ours, weighed": weights,
        "ours, left out": (weights >= 0.5) * 1.0,
    }
    if "cleanlab outre" in ranks:
        doubted = int((weights < 0.5).sum())
        order = np.argsort(-ranks["cleanlab outre"], kind="stable")
        kept["cleanlab, left out"] = np.where(np.isin(np.arange(len(y)), order[:doubted]), 0.0, 1.0)
    elif len(ranks) > 1:
        from cleanlab.filter import find_label_issues

        kept["cleanlab, left out"] = 1.0 - np.asarray(find_label_issues(y, P, n_jobs=1), dtype=float)
    return kept


def one(frame: pd.DataFrame, target: str, form: str, rate: float, seed: int, *, numbers: bool) -> dict[str, float]:
    """Return average precisions, and scores on fresh rows."""
    y = frame[target].to_numpy(float) if numbers else pd.factorize(frame[target], sort=True)[0]
    X = columns(frame, target)
    learned, fresh = train_test_split(
        np.arange(len(y)), test_size=0.25, random_state=seed, stratify=None if numbers else y
    )
    truth, new = y[learned], noisy(y[learned], rate, form, np.random.default_rng([seed, len(y)]))
    P, bad = out_of_fold(X.iloc[learned], new, numbers=numbers), new != truth
    told: dict[str, float] = {}
    ranks = ranked(new, P, numbers=numbers)
    if bad.any():
        told |= {f"AP {name}": float(average_precision_score(bad, doubt)) for name, doubt in ranks.items()}
    score: Callable[[Any, Any], float] = r2_score if numbers else lambda t, p: float((t == p).mean())
    for name, weight in treated(new, P, ranks, numbers=numbers).items():
        kept = np.ones(len(new), dtype=bool) if weight is None else weight > 0
        if not numbers:  # a class that would vanish keeps its rows
            kept |= ~np.isin(new, new[kept])
        model = fitted(
            X.iloc[learned[kept]],
            new[kept],
            numbers=numbers,
            weight=None if weight is None else np.maximum(weight[kept], 1e-6),
        )
        told[f"fresh {name}"] = float(score(y[fresh], model.predict(X.iloc[fresh])))
        told[f"doubted {name}"] = float(np.mean(weight < 0.5)) if weight is not None else 0.0
    return told


def table(entry: dict[str, Any], data: Path, most: int) -> tuple[pd.DataFrame, str, bool] | None:
    """Return a table with its target and whether that is a number; None where it has too few rows."""
    target = question(entry)
    frame = read(entry, data)
    frame = frame[frame[target].notna()]
    if len(frame) > most:
        frame = frame.sample(most, random_state=0)
    numbers = task_of(entry["kind"], frame[target]) == "regression"
    if not numbers:
        counts = frame[target].value_counts()
        frame = frame[frame[target].isin(counts.index[counts >= FEWEST_OF_A_CLASS])]
    if len(frame) < FEWEST_ROWS or (not numbers and not 2 <= frame[target].nunique() <= MOST_CLASSES):
        return None
    return frame.reset_index(drop=True), target, numbers


def summary(results: pd.DataFrame) -> None:
    """Print means over tables by form and rate, and how often ours is at least level with cleanlab's default."""
    pd.set_option("display.width", 200, "display.max_columns", 30)
    for start in ("AP ", "fresh ", "doubted "):
        names = [name for name in results.columns if name.startswith(start)]
        for kind, part in results.groupby("numbers"):
            there = [name for name in names if part[name].notna().any()]
            print(f"\n{start.strip()}: {'numbers' if kind else 'classes'}")
            print(part.groupby(["form", "rate"])[there].mean().round(3).to_string())
            noise = part[part["rate"] > 0]
            print("mean with noise:", noise[there].mean().round(4).to_dict())
            for default in ("AP cleanlab self_confidence", "AP cleanlab outre"):
                if default in there:
                    level = (noise["AP ours"] >= noise[default] - 0.005).mean()
                    print(
                        f"ours is level (within 0.005) or better in {level:.0%} of {len(noise)} cases against {default}"
                    )


def main() -> None:
    """Make noise in every table, rank, learn again, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--rates", type=float, nargs="+", default=[0.05, 0.1, 0.2])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    results: list[dict[str, Any]] = []
    for data in options.data:
        for entry in entries(data, options.only):
            found = table(entry, data, options.rows)
            if found is None:
                continue
            frame, target, numbers = found
            forms = ("swapped", "scaled") if numbers else ("uniform", "conditional")
            cases = [("none", 0.0), *((form, rate) for form in forms for rate in options.rates)]
            for seed in range(options.seeds):
                for form, rate in cases:
                    told = one(frame, target, form if rate else forms[0], rate, seed, numbers=numbers)
                    told_of = {"table": entry["name"], "numbers": numbers, "form": form, "rate": rate, "seed": seed}
                    results.append(told_of | told)
                    if options.out is not None:
                        with options.out.open("a") as file:
                            file.write(json.dumps(results[-1]) + "\n")
            print(entry["name"], flush=True)
    summary(pd.DataFrame(results))


if __name__ == "__main__":
    main()
