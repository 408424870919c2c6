"""How often the interval of the reported score holds the score on fresh rows: many builds on parts of large tables.

    python benchmarks/coverage.py DATA [--builds 200] [--budget 8 | --trials 3] [--rows 400 1500 4000] [--out FILE]

Each build learns from a part of a table, drawn anew, and reports a score with its 95 % interval; the model it returns
is then scored on up to 20,000 rows of the same table that the build never saw. Bar: the interval holds that score in
93 % of builds. With a budget a build makes as many trials as it can, as a user's does; with --trials it repeats. The
score of fresh rows has an error of its own, which counts against the interval here.
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
from scipy.stats import binomtest
from tables_common import entries, question, read

import mlwright as mw

LARGE = 10_000
FRESH = 20_000
BAR = 0.93


def one(frame: Any, entry: dict[str, Any], rows: int, effort: dict[str, float], seed: int) -> dict[str, Any]:
    """Build on a part, and score the model on others."""
    target = question(entry)
    places = np.random.default_rng(seed).permutation(len(frame))
    learned, fresh = frame.iloc[places[:rows]], frame.iloc[places[rows : rows + FRESH]]
    start = time.perf_counter()
    model = mw.build(learned, target, seed=seed, split="random", **effort)
    score = model.evaluation["score"]
    told = model.evaluate(fresh)["metrics"][score["metric"]]
    low, high = score["interval"]
    return {
        "table": entry["name"], "rows": rows, "seed": seed, "metric": score["metric"], "score": score["value"],
        "interval": [low, high], "fresh": told["score"], "covered": low <= told["score"] <= high,
        "below": told["score"] < low, "seconds": time.perf_counter() - start,
    }  # fmt: skip


def told(results: list[dict[str, Any]]) -> str:
    """Return coverage with its own 95 % interval (Wilson)."""
    hits = sum(result["covered"] for result in results)
    low, high = binomtest(hits, len(results)).proportion_ci(method="wilson")
    below = sum(result["below"] for result in results)
    share = f"{hits / len(results):.1%} ({low:.1%} to {high:.1%})"
    return f"{hits:4} of {len(results):4} = {share}; {below} fresh scores below"


def main() -> None:
    """Build, and print coverage by table, by rows, and of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--budget", type=float, default=8.0)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--rows", type=int, nargs="+", default=[400, 1_500, 4_000])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tables = [
        (entry, frame)
        for entry in entries(options.data, options.only)
        if len(frame := read(entry, options.data)) >= LARGE
    ]
    effort = {"trials": options.trials} if options.trials else {"budget": options.budget}
    results = []
    for build in range(options.builds):
        entry, frame = tables[build % len(tables)]
        rows = options.rows[build // len(tables) % len(options.rows)]
        results.append(one(frame, entry, rows, effort, build))
        if options.out:
            options.out.write_text(json.dumps(results, indent=1))
        if (build + 1) % 20 == 0:
            print(f"{build + 1} builds: {told(results)}", flush=True)
    for key in ("table", "rows"):
        for value in dict.fromkeys(result[key] for result in results):
            print(f"{value!s:24} {told([result for result in results if result[key] == value])}")
    print(f"all                      {told(results)} (bar: {BAR:.0%})")


if __name__ == "__main__":
    main()
