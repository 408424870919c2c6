"""Claim: similar past cases end as a row itself does, more often than those that Gower's distance finds.

    python benchmarks/similar.py DATA --models FOLDER [--rows 300] [--k 5] [--budget 15] [--only NAME ...] [--out FILE]

DATA is a folder of tables with a MANIFEST.json. Of each, a model is built on at most 10,000 of three quarters of the
rows and kept in FOLDER; the rows are of the other quarter. Of each row the k most similar of the model's cases tell how
it ends: yes or no by the share of them (AUC, and errors of their majority), classes by their majority (errors), numbers
by their mean (mean absolute error, beside that of the cases' median). The same is asked of the same cases by

- Gower's distance (1971): every column counts the same, numbers by their range, categories the same or not;
- the same with ranks in place of ranges and words of texts compared, which is what our looks are without weights;
- the answer alone: the cases whose prediction is nearest, whatever their reasons;
- chance: any k cases.

Beside stands what the model itself answers, and the milliseconds of one row (a dict) and of one of many.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
from kept_models import arguments, kept_models, raw_rows
from scipy.stats import wilcoxon
from sklearn.metrics import roc_auc_score

import mlwright as mw
from mlwright.columns import Coded, Columns, read_frame
from mlwright.explain.space import Space
from mlwright.learn.base import Floats
from mlwright.model.rows import as_frame
from mlwright.tasks import ROW_TASKS

WAYS = ("ours", "Gower", "ranks", "answer", "chance")
SINGLE = 20


def distances(model: mw.Model, rows: Columns) -> dict[str, Floats]:
    """Return (rows, cases) how far the cases are, for each way to tell."""
    described, cases = model.parts.columns, model.parts.cases
    known = cases.read(described)
    space = Space(known, described)
    P, own = model.parts.ensemble.predict(rows), model.parts.ensemble.predict(known)
    return {
        "ours": model._beside._likeness.distances(rows),  # noqa: SLF001
        "Gower": gower(rows, known),
        "ranks": space.distances(space.place(rows), np.ones(len(space.columns))),
        "answer": np.abs(P[:, None, :] - own[None, :, :]).sum(axis=2),
        "chance": np.random.default_rng(0).random((rows.rows, len(cases))),
    }


def gower(rows: Columns, cases: Columns) -> Floats:
    """Return Gower's distance: the mean over the columns that both rows have of differences from 0 to 1."""
    total, counted = np.zeros((rows.rows, cases.rows)), np.zeros((rows.rows, cases.rows))
    for name, values in cases.items():
        if isinstance(values, Coded):
            codes = {text: code for code, text in enumerate(values.values)}
            mine = np.array([*(codes.get(text, -2) for text in rows[name].values), -1])[rows[name].codes]
            apart = (mine[:, None] != values.codes[None, :]).astype(float)
            both = (mine != -1)[:, None] & (values.codes != -1)[None, :]
        else:
            both = ~np.isnan(rows[name])[:, None] & ~np.isnan(values)[None, :]
            spread = np.nanmax(values) - np.nanmin(values) if np.isfinite(values).any() else 0.0
            apart = np.minimum(np.abs(rows[name][:, None] - values[None, :]) / (spread or 1.0), 1.0)
        total += np.where(both, apart, 0.0)
        counted += both
    return np.where(counted > 0, total / np.maximum(counted, 1), 1.0)


def losses(task: str, y: Floats, ended: Floats, known: Floats) -> dict[str, float]:
    """Return how far the outcomes (n, k) of similar cases are from a row's own: always less is better."""
    if task == "regression":
        spread = float(np.abs(y - np.median(known)).mean())
        return {"absolute error": float(np.abs(ended.mean(axis=1) - y).mean()) / max(spread, 1e-300)}
    many = int(known.max()) + 1
    votes = np.stack([(ended == label).sum(axis=1) for label in range(many)], axis=1)
    found = {"other outcomes": float((ended != y[:, None]).mean()), "errors": float((votes.argmax(axis=1) != y).mean())}
    if task == "binary" and 0 < y.mean() < 1:
        found["1 - AUC"] = 1 - float(roc_auc_score(y, ended.mean(axis=1)))
    return found


def measured(model: mw.Model, fresh: pd.DataFrame, k: int) -> dict[str, Any]:
    """Return, for each way and the model itself, how far the outcomes are from the rows' own, and the time it takes."""
    frame, cases = as_frame(fresh), model.parts.cases
    column, task = model.schema[model.target], ROW_TASKS[model.parts.task]
    y = task.encode_known(frame[model.target].to_list(), column, model.parts.classes)
    kept = np.flatnonzero(np.isfinite(y)).astype(np.intp)
    y, rows = y[kept], read_frame(frame, model.parts.columns).take(kept)
    told = {}
    for way, distance in distances(model, rows).items():
        places = np.argsort(distance, axis=1, kind="stable")[:, :k]
        told[way] = losses(task.name, y, cases.y[places], cases.y)
    P = model.parts.ensemble.predict(rows)
    said = P if task.name == "regression" else P.argmax(axis=1)[:, None].astype(float)
    told["model"] = losses(task.name, y, said, cases.y)
    if "1 - AUC" in told["model"]:
        told["model"]["1 - AUC"] = 1 - float(roc_auc_score(y, P[:, 1]))
    raw = raw_rows(fresh.drop(columns=[model.target]))
    one = [timed(lambda: model.similar(row, k).text) for row in raw[: SINGLE + 1]][1:]  # noqa: B023
    return {
        "rows": len(y),
        "cases": len(cases),
        "task": task.name,
        "ways": told,
        "ms": float(np.median(one)),
        "95 % ms": float(np.quantile(one, 0.95)),
        "ms of many": timed(lambda: model.similar(fresh, k)) / len(fresh),
    }


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1_000 * (time.perf_counter() - start)


def main() -> None:
    """Measure table by table, and print what came out."""
    parser = arguments(__doc__, rows=300)
    parser.add_argument("--k", type=int, default=5)
    options = parser.parse_args()
    every = []
    print(f"{'table':22}{'':18}" + "".join(f"{way:>9}" for way in (*WAYS, "model")) + "       ms  of many")
    for name, model, fresh in kept_models(options):
        result = {"table": name, **measured(model, fresh, options.k)}
        every.append(result)
        for place, kind in enumerate(result["ways"]["ours"]):
            shown = "".join(f"{result['ways'][way][kind]:9.3f}" for way in (*WAYS, "model"))
            took = f"{result['ms']:9.1f}{result['ms of many']:9.2f}" if not place else ""
            print(f"{name if not place else '':22}{kind:18}{shown}{took}", flush=True)
        if options.out:
            with options.out.open("a") as file:
                file.write(json.dumps(result) + "\n")
    summary(every)


def summary(every: list[dict[str, Any]]) -> None:
    """Print means over the tables, and how often ours is better than Gower's distance and the others."""
    print()
    for kind in ("other outcomes", "errors", "1 - AUC", "absolute error"):
        known = [each["ways"] for each in every if kind in each["ways"]["ours"]]
        if not known:
            continue
        means = "  ".join(f"{way} {np.mean([each[way][kind] for each in known]):.3f}" for way in (*WAYS, "model"))
        print(f"{kind}, mean of {len(known)} tables: {means}")
    first = [{way: next(iter(found.values())) for way, found in each["ways"].items()} for each in every]
    for way in WAYS[1:]:
        ours, other = (np.array([each[name] for each in first]) for name in ("ours", way))
        p = wilcoxon(ours, other).pvalue if len(every) > 5 else float("nan")
        better, worse = (ours < other).sum(), (ours > other).sum()
        print(f"ours before {way}: better on {better} of {len(every)} tables, worse on {worse} (Wilcoxon p = {p:.2g})")
    print(f"one row: median over tables {np.median([each['ms'] for each in every]):.1f} ms, "
          f"slowest {max(each['ms'] for each in every):.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
