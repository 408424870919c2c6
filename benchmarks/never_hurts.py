"""Claim: cleaning never hurts. Builds with and without its optional steps, on dirty tables, scored on fresh rows.

    python benchmarks/never_hurts.py DATA [FOLDER ...] [--dirt KIND ...] [--columns 4] [--trials 6 | --budget 30]
                                     [--seeds 0] [--rows 4000] [--only NAME ...] --out results.jsonl

Each table of DATA gets dirt of one kind (by the injectors of exam.py) in up to `--columns` of its columns, in the rows
that teach and in the fresh ones alike, as dirt comes in practice; "as it is" adds none, so that the dirt a table has by
itself is judged too. Three models learn from the same rows: with cleaning, without it, and without it from the table
before the dirt (how much the dirt matters at all). All are scored on the same fresh rows, a third of the table; the
difference of two losses comes with a 95 % interval from a paired bootstrap over those rows. Cleaning hurts in a cell
where that whole interval lies on the wrong side; of cells in which it does nothing, one in forty will look so by
chance. Results are appended as they come; what is in the file is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
import polars as pl
from exam_errors import ERRORS
from exam_tables import Clean, tables
from scipy.stats import binomtest
from sklearn.model_selection import train_test_split
from tables_common import MOST_LABELS, loss

import mlwright as mw

DIRT = (
    "as it is",
    "scale",
    "unit",
    "outliers",
    "disguised_missing",
    "category_variants",
    "category_typos",
    "mixed_types",
)
BUILDS: dict[str, dict[str, Any]] = {"cleaned": {"clean": True}, "uncleaned": {"clean": False}}
"""What is compared: two names, and the options of `mlwright.build` that make each."""
RESAMPLES = 400
FRESH = 1 / 3
SMALLEST = 1e-3
"""A loss is compared with at least this: of a model without errors, the smallest one more is no thousandfold loss."""
Scorer = Callable[[np.ndarray], float]


def dirtied(clean: Clean, kind: str, columns: int, seed: int) -> tuple[Clean, list[str]]:
    """Return the table with this kind of error in up to so many of its columns, and which those are."""
    frame, used = clean.frame, list[str]()
    if kind != "as it is":
        rng = np.random.default_rng(seed)
        for _ in range(columns):
            part = Clean(frame.drop(used), clean.target, clean.name)
            done = ERRORS[kind].inject(part, rng)
            if done is None or done.before is not part.frame:
                break
            name = next(name for name in part.frame.columns if not done.frame[name].equals(part.frame[name]))
            frame, used = frame.with_columns(done.frame[name]), [*used, name]
    return Clean(frame, clean.target, clean.name), used


def parts(clean: Clean, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from and fresh rows with known targets, balanced over classes where there are few."""
    labels = clean.frame[clean.target]
    rows = labels.is_not_null().arg_true().to_numpy()
    known = labels.gather(rows)
    few = known.n_unique() <= MOST_LABELS and known.value_counts()["count"].min() >= 2
    learned, fresh = train_test_split(
        rows, test_size=FRESH, random_state=seed, stratify=known.to_list() if few else None
    )
    return np.sort(learned), np.sort(fresh)


def scorer(learned: pl.DataFrame, fresh: pl.DataFrame, target: str, **options: Any) -> tuple[Scorer, Any]:
    """Build on some rows, and return the loss on any of the fresh ones."""
    with tempfile.TemporaryDirectory() as folder:
        path, new = Path(folder) / "learned.csv", Path(folder) / "fresh.csv"
        learned.write_csv(path)
        fresh.drop(target).write_csv(new)
        model = mw.build(path, target, **options)
        classes = [str(label) for label in model.classes_]
        predicted = pd.DataFrame(model.predict_proba(new), columns=classes) if classes else model.predict(new)
    task = model.task.name
    y = fresh[target].to_pandas()
    if task == "regression":
        y = pd.to_numeric(y, errors="coerce")  # what is no number, such as "?", is a target that nobody knows
    known = y.notna().to_numpy()

    def score(rows: np.ndarray) -> float:
        rows = rows[known[rows]]
        part = predicted.iloc[rows].reset_index(drop=True) if classes else predicted[rows]
        return loss(task, y.iloc[rows].reset_index(drop=True), part, classes)

    return score, model


def difference(one: Scorer, other: Scorer, rows: int, seed: int) -> dict[str, float]:
    """Return how much smaller the first loss is than the second, relative to it, with a paired bootstrap's interval."""
    every = np.arange(rows)
    base = max(other(every), SMALLEST)
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, rows, rows) for _ in range(RESAMPLES))
    gains = []
    for sample in drawn:
        try:
            gains.append((other(sample) - one(sample)) / base)
        except ValueError:  # a sample without one of the classes has no AUC
            continue
    low, high = np.quantile(gains, [0.025, 0.975]) if gains else (np.nan, np.nan)
    return {"gain": (other(every) - one(every)) / base, "low": float(low), "high": float(high)}


def one_cell(clean: Clean, kind: str, options: argparse.Namespace, seed: int) -> dict[str, Any] | None:
    """Compare on one table with one kind of dirt; None where that cannot be made in it."""
    dirty, columns = dirtied(clean, kind, options.columns, seed)
    if kind != "as it is" and not columns:
        return None
    learned, fresh = parts(dirty, seed)
    effort: dict[str, Any] = {"budget": options.budget} if options.budget else {"trials": options.trials}
    start = time.perf_counter()
    scores = {}
    told: dict[str, Any] = {"table": clean.name, "dirt": kind, "seed": seed, "columns": columns}
    for name, switches in BUILDS.items():
        score, model = scorer(
            dirty.frame[learned], dirty.frame[fresh], clean.target, seed=seed, threads=2, **effort, **switches
        )
        scores[name] = score
        if name == "cleaned":
            told["kept"] = sum(
                bool(each.get("effect")) and each["applied"] for each in model.evaluation.get("findings", [])
            )
    told |= difference(scores["cleaned"], scores["uncleaned"], len(fresh), seed)
    told["same"] = told["gain"] == told["low"] == told["high"] == 0
    if kind != "as it is":
        before, _ = scorer(clean.frame[learned], clean.frame[fresh], clean.target, seed=seed, threads=2, **effort,
                           **BUILDS["uncleaned"])  # fmt: skip
        told["matters"] = difference(before, scores["uncleaned"], len(fresh), seed)
    return {**told, "seconds": time.perf_counter() - start}


def line(cell: dict[str, Any]) -> str:
    """Return what is printed of a cell."""
    verdict = "HURTS" if cell["high"] < 0 else "helps" if cell["low"] > 0 else "same" if cell["same"] else ""
    matters = f"  without the dirt {100 * cell['matters']['gain']:+.1f} %" if "matters" in cell else ""
    return (
        f"{cell['table']:24} {cell['dirt']:18} loss smaller by {100 * cell['gain']:+6.2f} % "
        f"[{100 * cell['low']:+.2f}, {100 * cell['high']:+.2f}]  {cell['kept']:2} repairs kept{matters}  {verdict}"
    )


def summary(cells: list[dict[str, Any]]) -> None:
    """Print by kind of dirt where cleaning helps and hurts, and over all whether it hurts more than by chance."""
    by: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        by[cell["dirt"]].append(cell)
    print(f"\n{'dirt':20} {'cells':>5} {'helps':>6} {'hurts':>6} {'same':>5} {'mean gain':>10} {'dirt costs':>12}")
    for kind, part in by.items():
        lost = [cell["matters"]["gain"] for cell in part if "matters" in cell]
        print(f"{kind:20} {len(part):5} {sum(c['low'] > 0 for c in part):6} {sum(c['high'] < 0 for c in part):6} "
              f"{sum(c['same'] for c in part):5} {100 * np.mean([c['gain'] for c in part]):+8.2f} % "
              f"{100 * np.mean(lost) if lost else 0:+10.2f} %")  # fmt: skip
    changed = [cell for cell in cells if not cell["same"]]
    hurts = sum(cell["high"] < 0 for cell in changed)
    if changed:
        p = binomtest(hurts, len(changed), 0.025, alternative="greater").pvalue
        print(f"hurts in {hurts} of {len(changed)} cells in which it changes anything; that many or more come by "
              f"chance with probability {p:.2f}")  # fmt: skip


def main() -> None:
    """Run what has not run, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--dirt", nargs="*", default=list(DIRT), choices=[*DIRT, *ERRORS])
    parser.add_argument("--columns", type=int, default=4)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--budget", type=float)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cells = [json.loads(text) for text in options.out.read_text().splitlines()] if options.out.exists() else []
    done = {(cell["table"], cell["dirt"], cell["seed"]) for cell in cells}
    listed = [e["name"] for folder in options.folders for e in json.loads((folder / "MANIFEST.json").read_text())]
    wanted = frozenset(name for name in listed if not options.only or name in options.only)
    for clean in tables(options.folders, wanted, options.rows):
        for kind, seed in ((kind, seed) for kind in options.dirt for seed in options.seeds):
            if clean.target is None or (clean.name, kind, seed) in done:
                continue
            if cell := one_cell(clean, kind, options, seed):
                cells.append(cell)
                print(line(cell), flush=True)
                with options.out.open("a") as file:
                    file.write(json.dumps(cell) + "\n")
    summary(cells)


if __name__ == "__main__":
    main()
