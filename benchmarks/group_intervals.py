"""Claim: what is told of a group of people holds in 95 of 100 samples, give or take 2, and differences are real.

    python benchmarks/group_intervals.py [--samples 500] [--sizes 30 50 100 200 500 1000 2000] [--out FILE]

Draws many samples of groups whose true numbers are known, asks the audit's own functions, and counts how often
the 95 % intervals hold the truth: for each number, for groups of 30 to 2,000 rows of which 2 to 50 % are cases,
with equal rows and with rows of unequal weight; for the difference of two groups; for groups by two columns, through
the whole audit. Then how often a difference is told where there is none, and from how many rows on a number can be
believed. A share of few rows takes few values, so no interval holds it in exactly 95 %: beside a coverage that misses
the bar stands the nearest one that any interval of neighbouring counts could have. Takes four to five minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, stats
from scipy.special import expit

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.limits import wilson
from mlwright.fairness.audit import audit
from mlwright.fairness.rates import FEWEST, difference, measures, rate
from mlwright.schema import Column
from mlwright.tasks.base import Prediction, Target

SIZES = (30, 50, 100, 200, 500, 1000, 2000)
SMALL = (10, 12, 15, 20, 25, 30, 40)
SHARES = (0.02, 0.05, 0.1, 0.2, 0.5)
PAIRS = ((30, 30), (30, 1000), (100, 100), (200, 2000))
BAR, SLACK = 0.95, 0.02
APART = 1.5
"""Standard deviations between the scores of cases and of others: an area under the ROC curve of 0.86."""
SPREAD = 0.7
"""Of the logarithm of weights: 100 rows tell as much as 61 of equal weight."""
CLASSES = ("no", "yes")
FEWEST_TOLD = 0.4
"""Share of samples that tell a number at all, below which its coverage is that of lucky samples and is left out."""
FIXED = frozenset({"selection_rate", "accuracy", "coverage"})
"""Shares of all rows of a group: how many there are is no matter of chance."""

Drawn = tuple[HeldOut, np.ndarray, Prediction, tuple[str, ...]]


class YesNo:
    """Cases and others whose scores are normal; `shift` makes stated probabilities too high on the log-odds scale."""

    def __init__(self, share: float, shift: float = 0.0) -> None:
        self.share, self.shift, self.name = share, shift, f"{share:.0%} cases"
        self.base = math.log(share / (1 - share))
        self.cut = optimize.brentq(lambda at: self._told(at)[2] - share, -9, 9)
        tpr, fpr, chosen = self._told(self.cut)
        x = np.linspace(-10, 10, 20_001)
        density = share * stats.norm.pdf(x - APART / 2) + (1 - share) * stats.norm.pdf(x + APART / 2)
        self.truth = {
            "selection_rate": chosen,
            "true_positive_rate": tpr,
            "false_positive_rate": fpr,
            "precision": share * tpr / chosen,
            "accuracy": share * tpr + (1 - share) * (1 - fpr),
            "calibration_gap": float(np.trapezoid(expit(self.base + APART * x + shift) * density, x)) - share,
        }

    def _told(self, at: float) -> tuple[float, float, float]:
        tpr, fpr = float(stats.norm.sf(at - APART / 2)), float(stats.norm.sf(at + APART / 2))
        return tpr, fpr, self.share * tpr + (1 - self.share) * fpr

    def draw(self, rows: int, random: np.random.Generator, *, weighted: bool) -> Drawn:
        """Return rows, the probabilities stated of them, and the answers given."""
        y = (random.random(rows) < self.share).astype(float)
        x = random.standard_normal(rows) + APART * (y - 0.5)
        p = expit(self.base + APART * x + self.shift)
        answers = Prediction(np.where(x > self.cut, *reversed(CLASSES)))
        return (
            HeldOut(Target(y, CLASSES), _weight(rows, random, weighted=weighted)),
            np.column_stack([1 - p, p]),
            answers,
            CLASSES,
        )


class Numbers:
    """Amounts with few large ones, predicted with errors of a known shape, and a range that holds `inside` of 100."""

    def __init__(self, name: str, inside: float) -> None:
        self.name, self.inside, self.share = name, inside, inside
        y, error = self._errors(2_000_000, np.random.default_rng(0))
        self.truth = {
            "mean_prediction": float(np.mean(y + error)),
            "mean_error": float(error.mean()),
            "absolute_error": float(np.abs(error).mean()),
            "coverage": inside,
        }

    def _errors(self, rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        y = np.exp(0.5 * random.standard_normal(rows))
        if self.name == "normal errors":
            return y, 0.1 + random.standard_normal(rows)
        if self.name == "far errors":
            return y, 0.1 + random.standard_t(4, rows)
        return y, np.exp(0.8 * random.standard_normal(rows)) - 1.0

    def draw(self, rows: int, random: np.random.Generator, *, weighted: bool) -> Drawn:
        """Return rows and what is predicted of them, with ranges."""
        y, error = self._errors(rows, random)
        reach = np.where(random.random(rows) < self.inside, np.inf, -1.0)
        answers = Prediction(y + error, lower=y - reach, upper=y + reach)
        return HeldOut(Target(y), _weight(rows, random, weighted=weighted)), (y + error)[:, None], answers, ()


def _weight(rows: int, random: np.random.Generator, *, weighted: bool) -> np.ndarray | None:
    return np.exp(SPREAD * random.standard_normal(rows)) if weighted else None


PROCESSES = (
    *(YesNo(share) for share in SHARES),
    *(YesNo(share, shift=0.7) for share in (0.05, 0.2)),
    *(Numbers(name, inside) for name, inside in (("normal errors", 0.9), ("far errors", 0.98), ("skewed errors", 0.8))),
)


def found(process: YesNo | Numbers, rows: int, seed: int, *, weighted: bool) -> dict[str, Any]:
    """Return what is told of one group drawn from a process, by the name of the number."""
    key = [seed, rows, weighted, *process.name.encode()]
    held, P, answered, classes = process.draw(rows, np.random.default_rng(key), weighted=weighted)
    every = np.ones(rows, dtype=bool)
    told = {each.name: rate(each, held, every) for each in measures(held, P, answered, classes)}
    return {name: each for name, each in told.items() if each is not None}


def of_groups(sizes: tuple[int, ...], samples: int) -> Iterator[dict[str, Any]]:
    """Yield how often the interval of each number holds, by process, rows and weights."""
    for process, rows, weighted in product(PROCESSES, sizes, (False, True)):
        counts: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0])
        for seed in range(samples):
            for name, told in found(process, rows, seed, weighted=weighted).items():
                low, high = told.interval
                count = counts[name]
                count[0] += 1
                count[1] += low <= process.truth[name] <= high
                count[2] += high - low
        for name, (told_of, held, width) in counts.items():
            if told_of >= FEWEST_TOLD * samples:
                nearest = _nearest(rows, process.truth[name]) if name in FIXED and not weighted else BAR
                yield {
                    "number": name, "process": process.name, "shift": getattr(process, "shift", 0.0), "rows": rows,
                    "weighted": weighted, "told": told_of, "covers": held / told_of, "width": width / told_of,
                    "nearest": nearest,
                }  # fmt: skip


def of_differences(samples: int) -> Iterator[dict[str, Any]]:
    """Yield how often the 95 % interval of the difference between two groups holds it."""
    couples = [
        *((YesNo(share), YesNo(share / 2)) for share in (0.1, 0.2, 0.5)),
        *((YesNo(share), YesNo(share)) for share in (0.05, 0.2)),
        (Numbers("normal errors", 0.9), Numbers("skewed errors", 0.8)),
    ]
    for (one, other), (rows, others), weighted in product(couples, PAIRS, (False, True)):
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for seed in range(samples):
            a = found(one, rows, seed, weighted=weighted)
            b = found(other, others, seed + samples, weighted=weighted)
            for name in (name for name in a if name in b):
                _, low, high = difference(a[name], b[name])
                counts[name][0] += 1
                counts[name][1] += low <= one.truth[name] - other.truth[name] <= high
        for name, (told_of, held) in counts.items():
            if told_of >= FEWEST_TOLD * samples:
                yield {
                    "number": name, "process": f"{one.name} against {other.name}", "rows": [rows, others],
                    "weighted": weighted, "told": told_of, "covers": held / told_of, "nearest": BAR,
                }  # fmt: skip


def of_audits(rows: int, samples: int, *, weighted: bool, worse: bool) -> dict[str, Any]:
    """Return of whole audits by two columns and both together: coverage, that of all gaps at once, and false gaps.

    Where `worse`, one in six rows comes from a process with twice as many cases: the groups of the first column.
    """
    described = [Column(name=name, kind="category", role="sensitive") for name in ("a", "b")]
    usual, other = YesNo(0.1), YesNo(0.2 if worse else 0.1)
    groups, gaps, said = [], [], []
    for seed in range(samples):
        random = np.random.default_rng([seed, rows, weighted, worse])
        first = np.sort((random.random(rows) < 1 / 6).astype(np.int32))
        second = random.integers(0, 3, rows).astype(np.int32)
        few = int(first.sum())
        parts = [usual.draw(rows - few, random, weighted=weighted), other.draw(few, random, weighted=weighted)]
        weight = np.concatenate([part[0].weight for part in parts]) if weighted else None
        held = HeldOut(Target(np.concatenate([part[0].y for part in parts]), CLASSES), weight)
        answered = Prediction(np.concatenate([part[2].values for part in parts]))
        columns = Columns({"a": Coded(first, ("0", "1")), "b": Coded(second, ("0", "1", "2"))}, rows)
        P = np.concatenate([part[1] for part in parts])
        told = audit(columns, described, held, P, answered=answered, classes=CLASSES, names=["a", "b"])
        for group in told["groups"]:
            if group["column"] != "b":
                truth = (other if group["group"].startswith("1") else usual).truth
                groups += [
                    each["interval"][0] <= truth[name] <= each["interval"][1]
                    for name, each in group["metrics"].items()
                    if each["value"] is not None
                ]
        by_column: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for gap in told["gaps"]:
            by_column[gap["column"]].append(gap)
        for column, own in by_column.items():
            if worse and column == "a":
                gaps.append(all(_holds(gap, other.truth, usual.truth) for gap in own if gap["value"] is not None))
            if not worse or column == "b":
                said.append(any(gap["verdict"] in {"worse", "differs"} for gap in own))
    return {
        "rows": rows, "weighted": weighted, "worse": worse, "groups": float(np.mean(groups)),
        "all gaps at once": float(np.mean(gaps)) if gaps else None,
        "false gaps": float(np.mean(said)), "columns": len(said),
    }  # fmt: skip


def _holds(gap: dict[str, Any], other: dict[str, float], usual: dict[str, float]) -> bool:
    """Tell whether the interval of a gap, the number that is larger as seen less the other one, holds the truth."""
    better = {"true_positive_rate": 1, "precision": 1, "accuracy": 1, "false_positive_rate": -1}.get(gap["metric"], 0)
    larger = gap["best"] if better > 0 else gap["worst"]
    truth = other[gap["metric"]] - usual[gap["metric"]]
    truth = truth if larger == "1" else -truth
    return bool(gap["interval"][0] <= truth <= gap["interval"][1])


def _nearest(rows: int, share: float) -> float:
    """Return the chance nearest to 95 % with which a count of `rows` falls between two bounds."""
    below = np.concatenate([[0.0], stats.binom.cdf(np.arange(rows + 1), rows, share)])
    chances = below[1:][None, :] - below[:-1][:, None]
    return float(chances.ravel()[np.argmin(np.abs(chances.ravel() - BAR))])


def _off(cell: dict[str, Any]) -> str:
    """Return "too sure" or "too careful" where a coverage is off the bar by more than the samples explain.

    Empty where it is not, or no further off than the nearest that any interval could have come.
    """
    low, high = wilson(cell["covers"], cell["told"])
    least, most = min(BAR - SLACK, cell["nearest"]), max(BAR + SLACK, cell["nearest"])
    return "too sure" if high < least else "too careful" if low > most else ""


def table(title: str, cells: list[dict[str, Any]]) -> None:
    """Print one line for each number: how many cells are within the bar, and the worst of them."""
    print(f"\n{title}")
    heads = f"{'cells':>6} {'within':>7} {'too sure':>9} {'too careful':>12} {'mean':>7} {'least':>7} {'most':>7}"
    print(f"{'number':22} {'weights':8} {heads}")
    for name, weighted in product(dict.fromkeys(cell["number"] for cell in cells), (False, True)):
        own = [cell for cell in cells if (cell["number"], cell["weighted"]) == (name, weighted)]
        covers, off = np.array([cell["covers"] for cell in own]), [_off(cell) for cell in own]
        within = int((np.abs(covers - BAR) <= SLACK + 1e-9).sum())
        print(
            f"{name:22} {'unequal' if weighted else 'equal':8} {len(own):6} {within:7} {off.count('too sure'):9} "
            f"{off.count('too careful'):12} {covers.mean():7.3f} {covers.min():7.3f} {covers.max():7.3f}",
            flush=True,
        )
    for cell in cells:
        if off := _off(cell):
            kind = "unequal" if cell["weighted"] else "equal"
            print(f"  {off}: {cell['number']}, {cell['process']}, {cell['rows']} rows, {kind}: {cell['covers']:.3f}")


def smallest(samples: int) -> list[dict[str, Any]]:
    """Print and return how often intervals of very small groups hold, by rows: what `FEWEST` rests on."""
    cells = list(of_groups(SMALL, samples))
    print(f"\nVery small groups (a number is told from {FEWEST} rows of its kind on): mean and least coverage")
    for rows in SMALL:
        own = np.array([cell["covers"] for cell in cells if cell["rows"] == rows])
        print(f"{rows:6} rows {own.mean():7.3f} {own.min():7.3f}", flush=True)
    return cells


def main() -> None:
    """Measure, print, and keep what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    begun = time.perf_counter()
    groups = list(of_groups(tuple(options.sizes), options.samples))
    table(f"Numbers of a group of {min(options.sizes)} to {max(options.sizes):,} rows", groups)
    differences = list(of_differences(options.samples))
    table("Differences of two groups", differences)
    print("\nWhole audits by two columns and both together (false gaps: at most 0.05 of the columns)")
    audits = []
    for rows, weighted, worse in product((300, 2_000), (False, True), (False, True)):
        audits.append(of_audits(rows, options.samples, weighted=weighted, worse=worse))
        print("  ", {key: round(value, 3) if isinstance(value, float) else value for key, value in audits[-1].items()})
    few = smallest(options.samples)
    seconds = time.perf_counter() - begun
    print(f"\n{seconds:.0f} s")
    if options.out:
        told = {"samples": options.samples, "seconds": seconds, "groups": groups, "differences": differences}
        options.out.write_text(json.dumps(told | {"audits": audits, "small": few}, indent=1) + "\n")


if __name__ == "__main__":
    main()
