"""Measure every table at defaults: the budget, the baselines, and default LightGBM on fresh rows.

usage: python benchmarks/tables.py DATA [--budget 60] [--only NAME ...] [--seed 0] [--out results.json]

DATA is a folder with a MANIFEST.json (file, name, kind, target, leak_columns). A quarter of each table is kept away
from both; each learns from the same other rows. LightGBM runs as its users run it: scikit-learn wrapper, pandas
categories, 1,000 rounds with early stopping on a fifth. mlwright runs through its command line, so that wall time is
what a person waits. Prints one line per table and a summary.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from tables_common import entries, loss, question, read, split

import mlwright

MOST = 1.02
GRACE = 2.0


def default_lightgbm(train: pd.DataFrame, test: pd.DataFrame, target: str, task: str, seed: int) -> np.ndarray:
    """Return predictions of LightGBM as it comes, early stopped."""
    both = pd.concat([train, test]).drop(columns=[target])
    for name in both.columns:
        if not pd.api.types.is_numeric_dtype(both[name]):
            both[name] = both[name].astype("string").astype("category")
    both.columns = [f"c{place}" for place in range(both.shape[1])]
    X, X_test = both.iloc[: len(train)], both.iloc[len(train) :]
    y = train[target]
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    few = task != "regression" and y.value_counts().min() >= 2
    parts = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=y if few else None)
    model = kind(n_estimators=1000, n_jobs=1, verbosity=-1, random_state=seed)
    seen = parts[3].isin(set(parts[2]))
    model.fit(
        parts[0], parts[2], eval_set=[(parts[1][seen], parts[3][seen])],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )  # fmt: skip
    if task == "regression":
        return model.predict(X_test)
    P = model.predict_proba(X_test)
    return pd.DataFrame(P, columns=[str(c) for c in model.classes_])


def one_row(model: Any, rows: list[dict[str, Any]]) -> float:
    """Return the median milliseconds of one answer."""
    call = model.predict_proba if len(model.classes_) else model.predict
    times = []
    for place in range(100):
        start = time.perf_counter()
        call(rows[place % len(rows)])
        times.append(time.perf_counter() - start)
    return 1_000 * float(np.median(times))


def run(entry: dict[str, Any], data: Path, budget: float, seed: int, work: Path) -> dict[str, Any]:
    """Build on one table and compare."""
    target = question(entry)
    train, test = split(read(entry, data), target, seed)
    train.to_csv(work / "train.csv", index=False)
    test.to_csv(work / "test.csv", index=False)
    out = work / "model"
    command = [sys.executable, "-m", "mlwright.cli", "build", str(work / "train.csv"), "--target", target]
    command += ["--budget", f"{budget:g}s", "--out", str(out), "--json", "--seed", str(seed)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        return {"name": entry["name"], "error": done.stderr.strip().splitlines()[-3:], "wall": wall}
    told = json.loads(done.stdout)
    start = time.perf_counter()
    model = mlwright.load(out)
    loading = time.perf_counter() - start
    task = told["task"]
    rows = test.drop(columns=[target])
    text = pd.read_csv(work / "test.csv", dtype=str, keep_default_na=False).drop(columns=[target])
    classes = [str(label) for label in model.classes_]
    predicted = (
        model.predict(work / "test.csv")
        if task == "regression"
        else pd.DataFrame(model.predict_proba(work / "test.csv"), columns=classes)
    )
    peer = default_lightgbm(train, test, target, task, seed)
    ours, theirs = (loss(task, test[target].reset_index(drop=True), each, classes) for each in (predicted, peer))
    return {
        "name": entry["name"],
        "task": task,
        "rows": len(train),
        "columns": rows.shape[1],
        "wall": wall,
        "kept": wall <= budget * MOST + GRACE,
        "verdict": told["verdict"]["beats_baseline"] if isinstance(told["verdict"], dict) else told["verdict"],
        "score": told["score"],
        "interval": told["interval"],
        "loss": ours,
        "lightgbm": theirs,
        "better": ours < theirs,
        "row_ms": one_row(model, text.head(100).to_dict("records")),
        "megabytes": sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6,
        "load_s": loading,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = []
    for entry in entries(options.data, options.only):
        with tempfile.TemporaryDirectory() as work:
            result = run(entry, options.data, options.budget, options.seed, Path(work))
        results.append(result)
        print(_line(result), flush=True)
        if options.out:
            options.out.write_text(json.dumps(results, indent=1))
    _summary(results)


def _line(r: dict[str, Any]) -> str:
    if "error" in r:
        return f"{r['name']:22} FAILED after {r['wall']:.1f} s: {r['error']}"
    sign = "better" if r["better"] else "WORSE "
    over = "" if r["kept"] else "OVER "
    return (
        f"{r['name']:22} {r['task']:10} {r['rows']:7,} x {r['columns']:3}  {r['wall']:6.1f} s {over}"
        f" loss {r['loss']:.5g} lightgbm {r['lightgbm']:.5g} {sign} {100 * (r['loss'] / r['lightgbm'] - 1):+.1f} %"
        f"  row {r['row_ms']:.2f} ms  {r['megabytes']:.1f} MB  load {r['load_s']:.2f} s  beats baseline: {r['verdict']}"
    )


def _summary(results: list[dict[str, Any]]) -> None:
    fine = [r for r in results if "error" not in r]
    if not fine:
        return
    better = [r["better"] for r in fine]
    row_ms, size, load = (np.median([r[name] for r in fine]) for name in ("row_ms", "megabytes", "load_s"))
    print(f"\n{len(fine)} of {len(results)} built; budget kept in {sum(r['kept'] for r in fine)} of them")
    print(f"better than default LightGBM on {sum(better)} ({100 * np.mean(better):.0f} %)")
    print(f"median one row {row_ms:.2f} ms, folder {size:.1f} MB, load {load:.2f} s")
    print(f"longest wall time {max(r['wall'] for r in fine):.1f} s")


if __name__ == "__main__":
    main()
