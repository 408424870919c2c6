"""Whether probabilities, intervals and sets can be taken at their word: on tables, or on made-up rows.

    python benchmarks/calibration.py DATA [--trials 4 | --budget 60] [--rows N] [--only NAME ...] [--seed 0]
    python benchmarks/calibration.py            no folder: rows made up, of which the truth is known

With DATA (a folder with a MANIFEST.json) a model is built on three quarters of each table and answers the others, which
it never saw. Printed for each: the expected calibration error (ECE, 15 bins of equally many rows; for several classes
of the likeliest one) beside that of perfect probabilities for as many rows, which is chance alone; log loss with and
without the calibration; how often 90 % intervals and sets hold the truth, and how wide they are. Bars: median ECE at
most 0.03; log loss never more than 1 % worse than uncalibrated; intervals hold 88 to 92 %.

Without, it prints how often a calibration is taken where none is needed, what one gains where it is, what it takes for
one row, and how often intervals and sets hold over many samples.
"""

from __future__ import annotations

import argparse
import math
import os
import timeit
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from tables_common import entries, question, read, split

import mlwright as mw
from mlwright.learn import calibrated
from mlwright.learn.calibrated import Rows, choose_calibration
from mlwright.learn.calibration import Powers
from mlwright.learn.splits import Order
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs, Target
from mlwright.tasks.metrics import LOG_LOSS
from mlwright.tasks.scores import log_loss, roc_auc

BINS = 15
ECE_BAR, LOSS_BAR, COVERAGE_BAR = 0.03, 0.01, (0.88, 0.92)
ENOUGH, ENOUGH_OF_CLASS = 400, 200
"""Fresh rows from which coverage is compared with its bar: of fewer, chance alone leaves it too often."""


# --- scores ----------------------------------------------------------------------------------------------------------


def calibration_error(P: np.ndarray, y: np.ndarray) -> float:
    """Return the mean distance of stated from observed shares, in bins of equally many rows."""
    likeliest = np.ones(len(y), dtype=int) if P.shape[1] == 2 else P.argmax(axis=1)
    stated, happened = P[np.arange(len(y)), likeliest], likeliest == y
    parts = np.array_split(np.argsort(stated, kind="stable"), BINS)
    return sum(len(part) * abs(stated[part].mean() - happened[part].mean()) for part in parts if len(part)) / len(y)


def by_chance(P: np.ndarray, draws: int = 20) -> float:
    """Return the error that perfect probabilities would have on as many rows."""
    random = np.random.default_rng(0)
    drawn = [(random.random(len(P))[:, None] > np.cumsum(P, axis=1)[:, :-1]).sum(axis=1) for _ in range(draws)]
    return float(np.mean([calibration_error(P, y) for y in drawn]))


# --- tables ----------------------------------------------------------------------------------------------------------


def one(entry: dict[str, Any], data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Build on three quarters of a table and look at the answers to the others."""
    target = question(entry)
    train, fresh = split(read(entry, data), target, options.seed)
    train = train.iloc[np.sort(np.random.default_rng(options.seed).permutation(len(train))[: options.rows])]
    spent = {"budget": options.budget} if options.budget else {"trials": options.trials}
    model = mw.build(train, target, seed=options.seed, **spent)
    y = model.task.encode_known(fresh[target].tolist(), model.schema[target], model.parts.classes)
    fresh, y = fresh.iloc[np.flatnonzero(np.isfinite(y))], y[np.isfinite(y)]
    answered = model.answer(fresh)
    found = {"name": entry["name"], "learned": len(train), "fresh": len(y)}
    if answered.lower is not None and answered.upper is not None:
        held = (answered.lower <= y) & (y <= answered.upper)
        width = float(np.mean(answered.upper - answered.lower))
        return {**found, "coverage": float(held.mean()), "width": width / float(np.ptp(np.quantile(y, [0.05, 0.95])))}
    P = answered.probabilities
    plain = replace(model.parts, ensemble=replace(model.parts.ensemble, calibration=None))
    bare = type(model)(plain).predict_proba(fresh)
    found |= {
        "method": (model.evaluation["calibration"] or {})["method"],
        "ece": calibration_error(P, y), "bare_ece": calibration_error(bare, y), "chance": by_chance(P),
        "loss": log_loss(y, P), "bare_loss": log_loss(y, bare),
        "auc": roc_auc(y, P) - roc_auc(y, bare) if P.shape[1] == 2 else 0.0,
    }  # fmt: skip
    if (included := answered.included) is not None:
        held = included[np.arange(len(y)), y.astype(int)]
        each = [held[y == label].mean() for label in range(P.shape[1]) if (y == label).sum() >= ENOUGH_OF_CLASS]
        right = float(np.mean(P.argmax(axis=1) == y))
        found |= {"set_coverage": float(held.mean()), "size": float(included.sum(axis=1).mean())}
        found |= {"worst_class": float(min(each, default=math.nan)), "right": right}
    return found


def told(found: dict[str, Any]) -> str:
    """Return one table's line."""
    start = f"{found['name']:22} {found['learned']:7,} {found['fresh']:7,}"
    if "coverage" in found:
        return f"{start}  intervals hold {found['coverage']:.3f}, {found['width']:.2f} of the middle 90 % wide"
    text = (
        f"{start}  ECE {found['bare_ece']:.4f} -> {found['ece']:.4f} (chance {found['chance']:.4f})  "
        f"log loss {found['bare_loss']:.4f} -> {found['loss']:.4f} ({found['method']})  AUC {found['auc']:+.5f}"
    )
    if "size" in found:
        text += (
            f"  sets hold {found['set_coverage']:.3f} (worst class {found['worst_class']:.3f},"
            f" likeliest right {found['right']:.3f}), size {found['size']:.2f}"
        )
    return text


def summary(results: list[dict[str, Any]]) -> None:
    """Print the medians against the bars."""

    def bar(name: str, value: str, *, kept: bool) -> None:
        print(f"{name:76} {value:>16}  {'kept' if kept else 'MISSED'}")

    asked = [found for found in results if "ece" in found]
    numbers = [found for found in results if "coverage" in found]
    print()
    if asked:
        ece, bare = (float(np.median([found[key] for found in asked])) for key in ("ece", "bare_ece"))
        bar(
            f"median ECE of {len(asked)} tables, at most {ECE_BAR} (uncalibrated {bare:.4f})",
            f"{ece:.4f}",
            kept=ece <= ECE_BAR,
        )
        worse = max(found["loss"] / found["bare_loss"] - 1 for found in asked)
        bar("log loss worse than uncalibrated by at most 1 %: the worst", f"{worse:+.2%}", kept=worse <= LOSS_BAR)
        gains = [1 - found["loss"] / found["bare_loss"] for found in asked if found["method"] != "none"]
        print(
            f"  calibrated {len(gains)} of {len(asked)}; median fall of log loss there {np.median(gains or [0.0]):.2%}"
        )
        sets = [found for found in asked if "size" in found and math.isfinite(found["worst_class"])]
        good = sum(found["worst_class"] >= COVERAGE_BAR[0] for found in sets)
        title = f"sets hold at least 88 % of each class ({ENOUGH_OF_CLASS} fresh rows of it or more)"
        bar(title, f"{good} of {len(sets)}", kept=good == len(sets))
        held = float(np.median([found["set_coverage"] for found in sets] or [math.nan]))
        print(f"  median coverage of sets, of all rows: {held:.3f}")
    if numbers:
        many = [found["coverage"] for found in numbers if found["fresh"] >= ENOUGH]
        inside = sum(COVERAGE_BAR[0] <= value <= COVERAGE_BAR[1] for value in many)
        bar(
            f"intervals hold 88 to 92 % ({ENOUGH} fresh rows or more)",
            f"{inside} of {len(many)}",
            kept=inside == len(many),
        )
        middle = float(np.median([found["coverage"] for found in numbers]))
        bar("median coverage of intervals", f"{middle:.3f}", kept=COVERAGE_BAR[0] <= middle <= COVERAGE_BAR[1])


# --- made-up rows ----------------------------------------------------------------------------------------------------


def made_up(rows: int, classes: int, seed: int, sureness: float = 1.0, shift: float = 0.0) -> tuple[np.ndarray, ...]:
    """Return stated and true probabilities and classes; both are the same at sureness 1 and shift 0."""
    random = np.random.default_rng([seed, rows, classes])
    raw = 1.5 * random.normal(size=(rows, classes))
    true = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    stated = np.exp(sureness * raw + shift * np.arange(classes))
    y = (random.random(rows)[:, None] > np.cumsum(true, axis=1)[:, :-1]).sum(axis=1).astype(float)
    return stated / stated.sum(axis=1, keepdims=True), true, y


def choices(samples: int, margins: tuple[float, ...] = (1.0, calibrated.CLEARLY)) -> None:
    """Print how often a calibration is taken, and what it gains on fresh rows, by how clearly better it has to be."""
    print(f"Calibrations taken, of {samples} samples each, and the mean gain in log loss on fresh rows\n")
    print(
        f"{'what is wrong':34} {'classes':>7} {'rows':>6} {'possible':>9}", *(f"{f'{m} errors':>22}" for m in margins)
    )
    cases = (("nothing", 1.0, 0.0), ("a little too sure", 1.25, 0.0), ("too sure", 1.6, 0.0), ("shifted", 1.0, 0.3))
    for title, sureness, shift in cases:
        for classes, rows in ((2, 600), (2, 1_000), (2, 4_000), (4, 1_000)):
            stated, true, _ = made_up(20_000, classes, 10**6, sureness, shift)
            entropy = [-float(np.sum(true * np.log(each), axis=1).mean()) for each in (stated, true)]
            columns = []
            for margin in margins:
                calibrated.CLEARLY = margin
                taken = []
                for seed in range(samples):
                    P, _, y = made_up(rows, classes, seed, sureness, shift)
                    known = Rows.of(P, y, None, Order(y.astype(np.intp)), seed=0)
                    if (found := choose_calibration(known, LOG_LOSS).calibration) is not None:
                        loss = -float(np.sum(true * np.log(found.apply(stated)), axis=1).mean())
                        taken.append(1 - loss / entropy[0])
                columns.append(f"{len(taken) / samples:8.1%} {sum(taken) / samples:+8.3%}".rjust(22))
            print(f"{title:34} {classes:7} {rows:6,} {1 - entropy[1] / entropy[0]:9.2%}", *columns, flush=True)


def one_row() -> None:
    """Print what a calibration takes for one row."""
    print("\nMicroseconds of one calibrated row")
    for classes in (2, 5, 20, 200):
        P = np.full((1, classes), 1 / classes)
        made = Powers(np.full(classes, 1.3), np.linspace(0.5, 1.0, classes))
        least = min(timeit.repeat(lambda made=made, P=P: made.apply(P), number=100, repeat=500)) / 100
        print(f"{classes:4} classes {1e6 * least:6.2f}")


def intervals(samples: int) -> None:
    """Print how often 90 % intervals and sets hold, over many samples of known and of new rows."""
    print(f"\nHow often 90 % intervals and sets hold in {samples} samples of known and of 2,000 new rows each\n")
    number, several = ROW_TASKS["regression"], ROW_TASKS["multiclass"]
    print(f"{'rows':>6} {'intervals':>10} {'width':>8} {'ideal width':>12} {'sets':>8} {'worst class':>12} {'size':>6}")
    for rows in (100, 150, 400, 1_000, 4_000):
        seen = []
        for seed in range(samples):
            random = np.random.default_rng([seed, rows])
            predicted = [random.gamma(2.0, 10.0, many) for many in (rows, 2_000)]
            error = [0.2 + 0.3 * each for each in predicted]
            y = [p + random.normal(0, e) for p, e in zip(predicted, error, strict=True)]
            decision = number.decide(Target(y[0]), predicted[0][:, None], Costs())
            answered = number.answer(predicted[1][:, None], decision, ())
            held = (answered.lower <= y[1]) & (y[1] <= answered.upper)
            P, _, labels = made_up(rows, 3, seed)
            new_P, _, new = made_up(2_000, 3, seed + 10**6)
            sets = several.answer(new_P, several.decide(Target(labels, (0, 1, 2)), P, Costs()), (0, 1, 2)).included
            inside = sets[np.arange(2_000), new.astype(int)]
            width, ideal = np.mean(answered.upper - answered.lower), 2 * 1.645 * np.mean(error[1])
            each = [inside[new == label].mean() for label in range(3)]
            seen.append([held.mean(), width, ideal, inside.mean(), *each, sets.sum(axis=1).mean()])
        a, b, c, d, *each, e = np.mean(seen, axis=0)
        print(f"{rows:6,} {a:10.4f} {b:8.2f} {c:12.2f} {d:8.4f} {min(each):12.4f} {e:6.2f}", flush=True)


def main() -> None:
    """Look at tables, or at made-up rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--budget")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=200)
    options = parser.parse_args()
    if options.data is None:
        choices(options.samples)
        one_row()
        intervals(options.samples)
        return
    results = []
    for entry in entries(options.data, options.only):
        try:
            results.append(one(entry, options.data, options))
            print(told(results[-1]), flush=True)
        except mw.InputError as error:
            print(f"{entry['name']:22} not built: {error}", flush=True)
    summary(results)


if __name__ == "__main__":
    main()
