"""Claim: thresholds by group cut the equalised-odds gap by 80 % at 1 point of accuracy, by 50 % without the group.

    python benchmarks/fairness_frontier.py DATA [--only NAME ...] [--seeds 5] [--tolerance 0.01] [--peers PYTHON]
                                           [--out results.jsonl]

DATA is a folder with adult.csv.gz and german_credit.csv.gz. Each table is cut at random into rows to build on (40 %),
to find thresholds on (30 %) and to measure on (30 %). The gap is the larger of the two differences between groups: in
the share of true cases found, and in the share of others wrongly answered yes; groups with fewer than 30 cases or
others among the rows to find thresholds on are left out of it, for everybody. Two models are built, one that sees the
sensitive columns and one that does not: thresholds by group are set on the first, those without the group on the
second. A third one is built with --fair on all rows but those to measure on, and keeps none back for thresholds.

A gap is never measured as 0: on few rows, groups treated exactly alike differ by chance. That "floor" is what the rows
to measure on would show of the same answers if the groups were dealt out at random among rows of the same label. So two
gaps are printed: the mean of the gaps measured with each seed, and the gap of the rates averaged over all seeds, in
which most of the chance has cancelled. Of both it is said by how much they were cut, against the same model without
thresholds.

--peers names a Python that has fairlearn, error-parity and OxonFair (see fairness_peers.py): they get the same scores,
and OxonFair without the group the same second head.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl

import mlwright as mw
from mlwright.columns import read_frame
from mlwright.fairness.mitigation.criteria import CRITERIA, counts
from mlwright.model import Model, RowModel

ODDS = CRITERIA["equalized_odds"]
LEAST = 30
CASES: dict[str, tuple[str, str, list[str], dict[str, list[float]]]] = {
    "adult by sex": ("adult.csv.gz", "income >50K", ["sex"], {}),
    "adult by race": ("adult.csv.gz", "income >50K", ["race"], {}),
    "german_credit by sex": ("german_credit.csv.gz", "risk", ["sex"], {}),
    "german_credit by age (25)": ("german_credit.csv.gz", "risk", ["age"], {"age": [25.0]}),
}
BASES = {
    "without": "the model that does not see the group",
    "not see": "the model that does not see the group",
    "in the build": "the model, of all but the rows to measure on",
    "of all but": "the model, of all but the rows to measure on",
}
"""Which model an entry is set against, by words in its name; the first one otherwise."""
Array = np.ndarray[Any, np.dtype[Any]]


class Split:
    """The rows of one seed, and the groups that are large enough to be measured."""

    def __init__(self, frame: pl.DataFrame, target: str, column: str, cuts: list[float], seed: int) -> None:
        mixed = frame.sample(fraction=1.0, shuffle=True, seed=seed)
        first, second = round(0.4 * mixed.height), round(0.7 * mixed.height)
        self.build, self.fit, self.test = mixed[:first], mixed[first:second], mixed[second:]
        labels = sorted(frame[column].unique().to_list()) if not cuts else [0, 1]
        self.target, self.column, self.cuts = target, column, cuts

        def code(rows: pl.DataFrame) -> Array:
            if cuts:
                return (rows[column].to_numpy() > cuts[0]).astype(np.intp)
            return np.array([labels.index(value) for value in rows[column].to_list()], dtype=np.intp)

        sizes = counts(code(self.fit), self.y(self.fit), np.ones(self.fit.height), len(labels))
        large = np.flatnonzero(sizes.min(axis=1) >= LEAST)
        renamed = np.full(len(labels), -1, dtype=np.intp)
        renamed[large] = np.arange(len(large))
        self.groups = len(large)
        self.group = {"fit": renamed[code(self.fit)], "test": renamed[code(self.test)]}

    def y(self, rows: pl.DataFrame) -> Array:
        """Return 1 for cases."""
        return (rows[self.target] == max(self.build[self.target].unique().to_list())).to_numpy().astype(np.float64)

    def rates(self, yes: Array) -> Array:
        """Return (groups, 2) false alarms and true cases found among the rows to measure on."""
        y, one = self.y(self.test), np.ones(self.test.height)
        known = counts(self.group["test"], y, one, self.groups)
        return counts(self.group["test"], y, one, self.groups, yes) / known

    def floor(self, yes: Array) -> float:
        """Return the mean gap of these answers where groups are dealt out at random within each label."""
        y, group, random = self.y(self.test), self.group["test"].copy(), np.random.default_rng(0)
        found = []
        for _ in range(100):
            for side in (0.0, 1.0):
                rows = np.flatnonzero((y == side) & (group >= 0))
                group[rows] = random.permutation(group[rows])
            found.append(
                gap(
                    counts(group, y, np.ones(len(y)), self.groups, yes) / counts(group, y, np.ones(len(y)), self.groups)
                )
            )
        return float(np.mean(found))


def gap(rates: Array) -> float:
    """Return the equalised-odds gap of (groups, 2) rates."""
    return float(np.ptp(rates, axis=0).max())


def answers(model: Model, rows: pl.DataFrame) -> Array:
    """Return which rows are answered with the case."""
    return np.asarray(model.predict(rows) == model.classes_[1])


def measured(split: Split, columns: list[str], tolerance: float, seed: int, python: str | None) -> dict[str, Any]:
    """Return the rates and the accuracy of every way on the rows to measure on."""
    seen = mw.build(split.build, target=split.target, trials=3, seed=seed)
    blind = mw.build(split.build, target=split.target, trials=3, seed=seed, exclude=columns)
    cuts = {columns[0]: split.cuts} if split.cuts else {}
    begun = time.perf_counter()
    fair = seen.mitigate(split.fit, columns, tolerance=tolerance, cuts=cuts, seed=seed)
    middle = time.perf_counter()
    without = blind.mitigate(split.fit, columns, tolerance=tolerance, cuts=cuts, seed=seed, without_group=True)
    took = {"ours": middle - begun, "ours, without the group": time.perf_counter() - middle}
    said: dict[str, Any] = {
        "the model": answers(seen, split.test),
        "ours": answers(fair, split.test),
        "the model that does not see the group": answers(blind, split.test),
        "ours, without the group": answers(without, split.test),
    }
    if not cuts:
        rows = pl.concat([split.build, split.fit])
        whole = mw.build(rows, target=split.target, trials=3, seed=seed, fair=columns, tolerance=tolerance)
        said["the model, of all but the rows to measure on"] = answers(
            RowModel(replace(whole.parts, policy=None)), split.test
        )
        said["ours, in the build"] = answers(whole, split.test)
    told = {
        name: model.evaluation["mitigation"] for name, model in (("ours", fair), ("ours, without the group", without))
    }
    if python:
        said |= peers(split, seen, blind, without, tolerance, python)
    y = split.y(split.test)
    found: dict[str, Any] = {}
    for name, yes in said.items():
        if isinstance(yes, str):
            found[name] = {"failed": yes}
            continue
        rates, evidence = split.rates(np.asarray(yes)), told.get(name)
        found[name] = {"rates": rates.tolist(), "gap": gap(rates), "accuracy": float((yes == y).mean()),
                       "floor": split.floor(np.asarray(yes)), "seconds": took.get(name)}  # fmt: skip
        if evidence:
            found[name] |= {"promised": evidence["after"]["gap"], "interval": evidence["after"]["gap_interval"],
                            "drawn": evidence["draw"]["share"]}  # fmt: skip
    return found


def peers(split: Split, seen: Model, blind: Model, without: Model, tolerance: float, python: str) -> dict[str, Any]:
    """Return what the peers answer, or the sentence in which they failed; rows of small groups get the model's."""
    policy = without.parts.policy
    if policy is None or policy.head is None:
        raise RuntimeError("no second head was found")
    case: dict[str, Array] = {}
    kept = {part: np.flatnonzero(split.group[part] >= 0) for part in ("fit", "test")}
    for part, rows in (("fit", split.fit), ("test", split.test)):
        typed = read_frame(rows, without.parts.columns)
        case |= {
            f"score_{part}": seen.predict_proba(rows)[:, 1], f"blind_{part}": blind.predict_proba(rows)[:, 1],
            f"y_{part}": split.y(rows).astype(int), f"group_{part}": split.group[part],
            f"likely_{part}": policy.head.ensemble.predict(typed),
        }  # fmt: skip
    case = {name: values[kept[name.rpartition("_")[2]]] for name, values in case.items()}
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "case.npz", **case)
        script = str(Path(__file__).with_name("fairness_peers.py"))
        done = subprocess.run(
            [python, script, str(Path(folder) / "case.npz"), str(tolerance)], capture_output=True, text=True, check=True
        )
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    for name, yes in found.items():
        if not isinstance(yes, str):
            full = answers(blind if "without" in name else seen, split.test)
            full[kept["test"]] = yes
            found[name] = full
    return found


def summary(case: str, runs: list[dict[str, Any]]) -> None:
    """Print one table."""
    print(f"\n{case}, {len(runs)} seeds")
    print(f"{'':46} {'gap':>7} {'cut':>6} {'of mean rates':>14} {'cut':>6} {'floor':>7} {'accuracy':>9} {'lost':>7}")
    for name in runs[0]:
        done = [run[name] for run in runs if "rates" in run[name]]
        if not done:
            print(f"{name:46} failed: {runs[0][name]['failed']}")
            continue
        base = next((base for words, base in BASES.items() if words in name), "the model")
        was = [run[base] for run in runs if "rates" in run[name]]
        mean, mean_was = (np.mean([each["gap"] for each in part]) for part in (done, was))
        pooled, pooled_was = (gap(np.mean([each["rates"] for each in part], axis=0)) for part in (done, was))
        accuracy, accuracy_was = (np.mean([each["accuracy"] for each in part]) for part in (done, was))
        floor = np.mean([each["floor"] for each in done])
        print(
            f"{name:46} {mean:7.4f} {100 * (1 - mean / mean_was):5.0f}% {pooled:14.4f} "
            f"{100 * (1 - pooled / pooled_was):5.0f}% {floor:7.4f} {accuracy:9.4f}"
            f" {100 * (accuracy_was - accuracy):+7.2f}"
        )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tolerance", type=float, default=0.01)
    parser.add_argument("--peers", help="a Python with fairlearn, error-parity and OxonFair")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case, (file, target, columns, cuts) in CASES.items():
        if asked.only and not any(word in case for word in asked.only):
            continue
        frame = pl.read_csv(asked.data / file)
        for seed in range(asked.seeds):
            split = Split(frame, target, columns[0], cuts.get(columns[0], []), seed)
            if split.groups < 2:
                print(f"{case}, seed {seed}: too few rows in all but one group", file=sys.stderr)
                continue
            try:
                found = measured(split, columns, asked.tolerance, seed, asked.peers)
            except mw.MlwrightError as error:
                print(f"{case}, seed {seed}: {error}", file=sys.stderr)
                continue
            runs[case].append(found)
            if asked.out:
                with asked.out.open("a") as lines:
                    lines.write(json.dumps({"case": case, "seed": seed, "tolerance": asked.tolerance, **found}) + "\n")
        if runs[case]:
            summary(case, runs[case])


if __name__ == "__main__":
    main()
