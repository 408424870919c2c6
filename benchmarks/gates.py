"""Claim: a gate passes a model that is at its limit in at most 2.5 % of samples, and a clearly better one in most.

    python benchmarks/gates.py [DATA] [--runs 500] [--rows 200 1000] [--only NAME ...] [--out FILE]

Everything is drawn at random from processes whose truth is known: DATA is not read, and no model is built. The parts of
an evaluation are made from what is drawn by the code that makes them for a real one, and the gates are judged on it.
Of each kind of statistic, and each number of labelled rows, are told

- at its limit: how often a gate passes and how often it fails where the truth is exactly its limit. An interval of 95 %
  allows for 2.5 % each; "!" stands where more is beyond the chance of so many runs;
- clear: how often it passes where the truth is better than the limit by twice the distance to that end of the interval,
  as it is at the limit on average (so that 97.5 % would pass were all normal);
- near: where the truth is better by 0.75 of that distance. How often nobody can tell; how often the gate then says
  about how many more rows would settle it (else it says that nothing would); and of those, once exactly so many
  rows are drawn in addition, how often it is settled, and how often wrongly (bar: at least half are settled).

"worst slice" is no such claim: it fails for what a search finds, and passes where that finds nothing. It is shown for
what the search misses. Speed, counts of rows, behaviour tests and breaches of contract have no interval, and nothing
to simulate.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from gates_processes import PROCESSES, Process, Sample
from scipy.stats import binomtest

from mlwright.evaluate.gates import Gate, judge

CLEAR, NEAR = 2.0, 0.75
FEWER = 0.4
"""The share of the runs that are made away from the limit."""
MOST_ROWS = 40_000
"""A run that asks for more rows than these in addition is counted as one that names a number, and not drawn."""


@dataclass
class Counted:
    """What came of the runs of one process at one number of rows."""

    runs: int = 0
    verdicts: dict[str, int] = field(default_factory=lambda: {"pass": 0, "fail": 0, "unknown": 0})
    reach: list[float] = field(default_factory=list)
    """How far the end of the interval is that the verdict hangs on."""
    named: int = 0
    drawn: int = 0
    settled: int = 0
    wrongly: int = 0

    def share(self, verdict: str) -> float:
        """Return the share of runs with a verdict."""
        return self.verdicts[verdict] / self.runs


def judged(process: Process, sample: Sample, then: Any, threshold: float) -> Mapping[str, Any]:
    """Return the gate of a process as it is judged on what was drawn."""
    gate = Gate(
        name=process.name,
        statistic=process.statistic,
        threshold=threshold,
        side=process.side,
        options=process.options,
    )
    return judge([gate], process.result(sample, then))[0]


def counted(process: Process, rows: int, runs: int, threshold: float, *, settle: bool = False) -> Counted:
    """Return what comes of a gate with this threshold in so many samples of so many rows."""
    found = Counted(runs)
    for run in range(runs):
        random = np.random.default_rng([run, rows, int(settle)])
        then = process.then(random, rows) if process.then else None
        sample = process.draw(random, rows)
        gate = judged(process, sample, then, threshold)
        found.verdicts[gate["verdict"]] += 1
        low, high = gate["interval"]
        if low is not None and high is not None:
            found.reach.append(gate["statistic"] - low if process.side == "at_least" else high - gate["statistic"])
        if settle and gate["verdict"] == "unknown" and (more := gate["more_rows"]) is not None:
            found.named += 1
            if more > MOST_ROWS:
                continue
            added = process.draw(random, more)
            whole = {name: np.concatenate([values, added[name]]) for name, values in sample.items()}
            later = judged(process, whole, then, threshold)["verdict"]
            found.drawn += 1
            found.settled += later != "unknown"
            found.wrongly += later == "fail"
    return found


def measured(process: Process, rows: int, runs: int) -> dict[str, Any]:
    """Return all that is told of one process at one number of rows."""
    limit, fewer = process.truth, max(20, round(FEWER * runs))
    at = counted(process, rows, runs, limit)
    reach = float(np.mean(at.reach)) if at.reach else math.nan
    told: dict[str, Any] = {
        "gate": process.name,
        "rows": rows,
        "runs": runs,
        "passes at limit": at.share("pass"),
        "fails at limit": at.share("fail"),
        "too often": too_often(at.verdicts["pass"], runs),
        "fails too often": too_often(at.verdicts["fail"], runs),
    }
    if not math.isfinite(reach) or process.only_limit:
        return told
    better = -1.0 if process.side == "at_least" else 1.0
    clear = counted(process, rows, fewer, limit + better * CLEAR * reach)
    near = counted(process, rows, fewer, limit + better * NEAR * reach, settle=True)
    unknown = near.verdicts["unknown"]
    return {
        **told,
        "passes clear": clear.share("pass"),
        "unknown near": near.share("unknown"),
        "names rows": near.named / unknown if unknown else math.nan,
        "settled": near.settled / near.drawn if near.drawn else math.nan,
        "wrongly": near.wrongly / near.drawn if near.drawn else math.nan,
        "drawn": near.drawn,
    }


def too_often(many: int, runs: int) -> bool:
    """Tell whether so many of the runs are more than chance makes of 2.5 %, at one in a hundred."""
    return bool(binomtest(many, runs, 0.025, alternative="greater").pvalue < 0.01)


HEADS = ("passes clear", "unknown near", "names rows", "settled", "wrongly")


def line(told: Mapping[str, Any]) -> str:
    """Return one line of the table."""
    passes = f"{told['passes at limit']:8.1%}{'!' if told['too often'] else ' '}"
    fails = f"{told['fails at limit']:8.1%}{'!' if told['fails too often'] else ' '}"
    others = "".join(f"{told[head]:>13.0%}" if head in told else f"{'':13}" for head in HEADS)
    return f"{told['gate']:34}{told['rows']:6,}{passes}{fails}{others}"


def main() -> None:
    """Simulate gate by gate, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--rows", type=int, nargs="*", default=[200, 1_000])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(f"{'gate':34}{'rows':>6}{'passes':>9}{'fails':>9}" + "".join(f"{head:>13}" for head in HEADS))
    print(f"{'':40}{'at its limit':>18}")
    every = []
    for process in PROCESSES:
        if options.only and process.name not in options.only:
            continue
        for rows in process.rows or options.rows:
            every.append(measured(process, rows, max(40, round(options.runs * process.share))))
            print(line(every[-1]), flush=True)
            if options.out:
                with options.out.open("a") as file:
                    file.write(json.dumps(every[-1]) + "\n")
    summary(every)


def summary(every: list[dict[str, Any]]) -> None:
    """Print how many gates keep what is promised."""
    over = [each for each in every if each["too often"]]
    print(f"\nat its limit passes: mean {np.mean([each['passes at limit'] for each in every]):.1%} (bar 2.5 %), "
          f"beyond chance in {len(over)} of {len(every)}: {sorted({each['gate'] for each in over})}")  # fmt: skip
    known = [each for each in every if "passes clear" in each]
    low = min(known, key=lambda each: each["passes clear"])
    print(f"clear passes: mean {np.mean([each['passes clear'] for each in known]):.1%}, "
          f"least {low['passes clear']:.1%} ({low['gate']}, {low['rows']:,} rows)")  # fmt: skip
    few = [(each["gate"], each["rows"]) for each in known if each["drawn"] >= 20 and each["settled"] < 0.5]
    drawn = sum(each["drawn"] for each in known)
    settled = sum(each["settled"] * each["drawn"] for each in known if each["drawn"])
    print(
        f"with as many more rows as it says: {settled / max(drawn, 1):.1%} of {drawn} are settled; below half in {few}"
    )


if __name__ == "__main__":
    main()
