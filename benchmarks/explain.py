"""Reasons: how fast they are found, beside shap's TreeExplainer; how exactly they add up; what they are worth.

    pip install shap                 # without it only our own numbers are printed
    python benchmarks/explain.py DATA [--budget 20] [--rows 1000] [--only NAME ...] [--learners NAME ...]
                                 [--models FOLDER] [--out FILE]

DATA is a folder of tables with a MANIFEST.json. Of each, a model is built at its defaults (or taken from FOLDER, where
an earlier run left it); --learners keeps it to some of the learners, so that shap has something to read. Told are

- the milliseconds of the reasons of one row, from a dict to contributions, and to a sentence: the median of 50 rows;
- the seconds of 1,000 rows, and by how much base + contributions miss the answer that `predict` gives, at most;
- of each booster in the model, on the numbers that its Recipe makes: seconds for the same rows by shap's TreeExplainer
  with the same 128 background rows (the same game), by its default without a background (another game, that of paths),
  and by ours; how far both are from adding up, and how far apart they are where the game is the same;
- where a model is nothing but such boosters, the whole of `explain` beside the sum of shap's seconds for its members;
- fidelity: how well contributions tell which columns matter. The columns of a row are set to those of a background row
  one after the other, the most important first; the sooner the answer moves to the background's, the better (the area
  under the curve of what is left, from 0 to 1; at random and by size of contribution).

Bars: one row in 5 ms; the sum right to 1e-6; 1,000 rows five times faster than shap's TreeExplainer.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
from tables_common import entries, question, read

import mlwright as mw
from mlwright.columns import Coded, Columns, read_frame
from mlwright.explain.contributions.explainer import Explainer
from mlwright.explain.contributions.trees import TreeMargins
from mlwright.learn.trees import FlatTrees
from mlwright.model.rows import as_frame

SINGLE = 50
FIDELITY_ROWS = 200


def timed(call: Callable[[], Any], *, most: int = 3) -> tuple[float, Any]:
    """Return the least seconds of some calls, and what the last one gave."""
    seconds, found = [], None
    for _ in range(most):
        start = time.perf_counter()
        found = call()
        seconds.append(time.perf_counter() - start)
        if seconds[-1] > 5.0:
            break
    return min(seconds), found


def one_row(model: mw.Model, rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median milliseconds of one row, with and without its sentence, and of a prediction beside."""
    spent: dict[str, list[float]] = {"contributions": [], "sentence": [], "prediction": []}
    model.explain(rows[0]).text  # noqa: B018  what is made once
    for row in rows[:SINGLE]:
        start = time.perf_counter()
        found = model.explain(row)
        between = time.perf_counter()
        found.text  # noqa: B018
        end = time.perf_counter()
        model.predict_proba(row) if len(model.classes_) else model.predict(row)
        spent["prediction"].append(time.perf_counter() - end)
        spent["contributions"].append(between - start)
        spent["sentence"].append(end - start)
    return {name: round(1_000 * statistics.median(each), 3) for name, each in spent.items()}


def missed(model: mw.Model, frame: pd.DataFrame) -> tuple[float, float]:
    """Return the seconds of all rows, and by how much their contributions miss the answers, at most."""
    seconds, found = timed(lambda: model.explain(frame))
    total = found.bases + found.values.sum(axis=1)
    if not len(model.classes_):
        return seconds, float(np.abs(total - model.predict(frame)).max() / max(1.0, np.abs(found.prediction).max()))
    P = model.predict_proba(frame)
    place = P.argmax(axis=1) if P.shape[1] > 2 else np.ones(len(P), dtype=int)
    p = P[np.arange(len(P)), place]
    return seconds, float(np.abs(total - np.log(p / (1.0 - p))).max())


def boosters(explainer: Explainer) -> Iterator[tuple[str, FlatTrees, int, Any]]:
    """Yield the members whose own library can read them: name, forest, block, the library's model."""
    for block, (_, members) in enumerate(explainer.ensemble.plan):
        for member in members:
            if not isinstance(member.predictor, FlatTrees) or member.learner not in {"lightgbm", "xgboost"}:
                continue
            name, data = next(iter(member.native.items()))
            data = gzip.decompress(data) if name.endswith(".gz") else data
            if member.learner == "lightgbm":
                import lightgbm

                yield member.learner, member.predictor, block, lightgbm.Booster(model_str=data.decode())
            else:
                import xgboost

                booster = xgboost.Booster()
                booster.load_model(bytearray(data))
                yield member.learner, member.predictor, block, booster


def beside_shap(model: mw.Model, typed: Columns) -> list[dict[str, Any]]:
    """Return the seconds and errors of ours and shap's, for each booster in the model."""
    try:
        import shap
    except ImportError:
        return []
    explainer = Explainer(model.parts.ensemble, model.parts.background)
    blocks = explainer.ensemble.together.transform(typed)
    background = explainer.ensemble.together.transform(explainer.background)
    told = []
    for name, forest, block, booster in boosters(explainer):
        X, B = blocks[block], background[block]
        owner = np.arange(X.shape[1], dtype=np.intp)
        prepared, ours = timed(lambda: TreeMargins(forest, owner, X.shape[1], B), most=1)  # noqa: B023
        seconds, said = timed(lambda: ours.contributions(X))  # noqa: B023
        raw = forest.scale * forest.sums(X)
        one: dict[str, Any] = {
            "learner": name,
            "trees": forest.trees,
            "leaves": int((forest.left == np.arange(len(forest.left))).sum()),
            "prepare": round(prepared, 3),
            "ours": round(seconds, 4),
            "ours_error": float(np.abs(ours.base + said.sum(axis=1) - raw).max()),
        }
        try:
            # Left to itself it draws 100 rows of the background: another game, and less work.
            all_rows = shap.maskers.Independent(B, max_samples=len(B))
            same = shap.TreeExplainer(booster, all_rows, feature_perturbation="interventional")
            start = time.perf_counter()
            theirs = np.asarray(same.shap_values(X, check_additivity=False))
            one["shap"] = round(time.perf_counter() - start, 4)
            theirs = theirs.reshape(len(X), X.shape[1], -1)[:, :, -1:]
            total = np.ravel(same.expected_value)[-1] + theirs.sum(axis=(1, 2))
            one["shap_error"] = float(np.abs(total - raw[:, -1]).max())
            one["apart"] = float(np.abs(theirs[:, :, 0] - said[:, :, -1]).max())
        except Exception as error:  # it cannot read every model: categories, for one
            one["shap"] = None
            one["shap_failed"] = f"{type(error).__name__}: {error}"[:200]
        try:
            paths = shap.TreeExplainer(booster)
            start = time.perf_counter()
            paths.shap_values(X, check_additivity=False)
            one["shap_paths"] = round(time.perf_counter() - start, 4)
        except Exception as error:
            one["shap_paths"], one["shap_paths_failed"] = None, f"{type(error).__name__}: {error}"[:200]
        told.append(one)
    return told


def fidelity(model: mw.Model, typed: Columns, *, seed: int = 0) -> dict[str, float]:
    """Return what is left of the way to a background row's answer, on average, as columns are exchanged in order."""
    explainer = Explainer(model.parts.ensemble, model.parts.background)
    rows = typed.take(np.arange(min(FIDELITY_ROWS, typed.rows), dtype=np.intp))
    random = np.random.default_rng(seed)
    others = explainer.background.take(random.integers(0, explainer.background.rows, rows.rows).astype(np.intp))
    found = explainer.explain(rows)
    size = np.abs(found.values)
    orders = {"by_size": np.argsort(-size, axis=1), "random": np.argsort(random.random(size.shape), axis=1)}
    target = _answers(explainer, others, found.of)
    whole = np.abs(found.prediction - target)
    far = whole > np.median(whole)
    areas = {}
    for name, order in orders.items():
        left = []
        for many in range(size.shape[1] + 1):
            mixed = _exchanged(rows, others, explainer.columns, order[:, :many])
            left.append(np.abs(_answers(explainer, mixed, found.of) - target))
        areas[name] = round(float(np.mean(np.mean(left, axis=0)[far] / whole[far])), 4)
    return areas


def _answers(explainer: Explainer, rows: Columns, of: np.ndarray) -> np.ndarray:
    P = explainer.ensemble.predict(rows)
    if not explainer.ensemble.classes:
        return P[:, 0]
    p = np.clip(P[np.arange(len(P)), of], 1e-15, 1 - 1e-15)
    return np.log(p / (1 - p))


def _exchanged(rows: Columns, others: Columns, names: tuple[str, ...], which: np.ndarray) -> Columns:
    """Return rows in which some columns, row by row, are those of other rows."""
    taken = np.zeros((rows.rows, len(names)), dtype=bool)
    np.put_along_axis(taken, which, values=True, axis=1)
    mixed: dict[str, Any] = {}
    for place, name in enumerate(names):
        own, other = rows[name], others[name]
        if isinstance(own, Coded) and isinstance(other, Coded):
            texts = [*own.values, *other.values]
            codes = np.where(taken[:, place], np.where(other.codes < 0, -1, other.codes + len(own.values)), own.codes)
            known = {text: at for at, text in reversed(list(enumerate(texts)))}
            same = np.array([known[text] for text in texts], dtype=np.int32)
            mixed[name] = Coded(np.where(codes < 0, -1, same[np.maximum(codes, 0)]).astype(np.int32), tuple(texts))
        else:
            mixed[name] = np.where(taken[:, place], other, own)
    return Columns(mixed, rows.rows)


def main() -> None:
    """Measure table by table, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--budget", type=float, default=20.0)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--learners", nargs="*")
    parser.add_argument("--models", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = []
    for entry in entries(options.data, options.only):
        asked = question(entry)
        place = options.models / entry["name"] if options.models else None
        frame = read(entry, options.data)
        if place is not None and place.exists():
            model = mw.load(place)
        else:
            model = mw.build(frame, target=asked, budget=options.budget, learners=options.learners, out=place)
        rows = frame.sample(min(options.rows, len(frame)), random_state=0)
        raw = rows.astype(object).where(rows.notna(), None).to_dict("records")
        typed = read_frame(as_frame(rows), model.parts.columns)
        seconds, error = missed(model, rows)
        result = {
            "table": entry["name"],
            "columns": len(model.parts.columns),
            "members": len(model.parts.ensemble.members),
            "exact": model.explain(raw[0]).exact,
            "one_row_ms": one_row(model, raw),
            "rows": len(rows),
            "seconds": round(seconds, 3),
            "error": error,
            "fidelity": fidelity(model, typed),
            "boosters": beside_shap(model, typed),
        }
        results.append(result)
        print(json.dumps(result), flush=True)
        if options.out:
            with options.out.open("a") as file:
                file.write(json.dumps(result) + "\n")
    _summary(results)


def _summary(results: list[dict[str, Any]]) -> None:
    one = [each["one_row_ms"]["contributions"] for each in results]
    print(f"\none row: median over tables {statistics.median(one):.2f} ms, worst {max(one):.2f} ms (bar: 5 ms)")
    print(f"sum misses the answer by at most {max(each['error'] for each in results):.1e} (bar: 1e-6)")
    pairs = [each for result in results for each in result["boosters"] if each.get("shap")]
    if pairs:
        ratios = [each["shap"] / each["ours"] for each in pairs]
        print(f"shap, same game: {statistics.median(ratios):.1f} times as long as ours (least {min(ratios):.1f})")
        print(f"  apart at most {max(each['apart'] for each in pairs):.1e}")
    whole = [
        sum(each["shap"] for each in result["boosters"]) / result["seconds"]
        for result in results
        if len(result["boosters"]) == result["members"] and all(each.get("shap") for each in result["boosters"])
    ]
    if whole:
        print(
            f"shap, same game: {statistics.median(whole):.1f} times as long as all of explain (least {min(whole):.1f})"
        )
    pairs = [each for result in results for each in result["boosters"] if each.get("shap_paths")]
    if pairs:
        ratios = [each["shap_paths"] / each["ours"] for each in pairs]
        print(f"shap, paths: {statistics.median(ratios):.2f} times as long as ours (least {min(ratios):.2f})")
    left = [each["fidelity"] for each in results]
    means = {name: float(np.mean([each[name] for each in left])) for name in ("by_size", "random")}
    print(f"left after exchanging: by size {means['by_size']:.3f}, at random {means['random']:.3f}")


if __name__ == "__main__":
    main()
