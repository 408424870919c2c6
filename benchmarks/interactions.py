"""Claim: of columns that only add up, no pair is said to work together in 95 % of runs; planted pairs are found.

    python benchmarks/interactions.py [--runs 200] [--rows 3000]

Tables of ten columns are simulated, some of them alike (a correlation of 0.7, and one that is the square of another),
with one column of categories. The truth is a sum of curves of single columns, then the same with a product of two
columns planted in it, in numbers and in log-odds; half of the rows teach LightGBM, which is free to learn whatever
interactions it likes, and half judge. Beside stands what a look at the model alone would say: the strongest of the
mixed differences against a tenth of the spread of the answers, as one would read Friedman's H.
"""

from __future__ import annotations

import argparse

import lightgbm
import numpy as np
from scipy.stats import binomtest

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.explain.whole import pairs as module
from mlwright.explain.whole.pairs import interactions
from mlwright.schema import Column
from mlwright.tasks.base import Target

NAMES = tuple("abcdefgh")
KINDS = ("colour", "area")
DESCRIBED = [Column(name=name, kind="number") for name in NAMES] + [
    Column(name="area", kind="number"),
    Column(name="colour", kind="category"),
]


def main() -> None:
    """Simulate, and print how often a pair was told of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=3_000)
    options = parser.parse_args()
    for odds in (False, True):
        false = naive = found = first = 0
        for run in range(options.runs):
            told, looked = one(run, options.rows, odds=odds, planted=0.0)
            false += bool(told)
            naive += looked
            told, _ = one(run, options.rows, odds=odds, planted=1.0)
            found += ["a", "b"] in told
            first += any(set(pair) != {"a", "b"} for pair in told)
        share = binomtest(false, options.runs).proportion_ci(method="wilson")
        print(
            f"{'yes or no' if odds else 'numbers':10} told {false}/{options.runs} = {false / options.runs:.1%}"
            f" ({share.low:.1%} to {share.high:.1%}; bar 5 %) where columns only add up,"
            f" {naive / options.runs:.1%} by the model alone;"
            f" planted product: found {found}/{options.runs}, another pair beside it {first}/{options.runs}",
            flush=True,
        )


def one(seed: int, rows: int, *, odds: bool, planted: float) -> tuple[list[list[str]], bool]:
    """Return the pairs that are told of in one simulated table, and whether the model alone would tell of one."""
    random = np.random.default_rng(seed)
    columns, X, truth = drawn(random, rows, planted)
    y = (random.random(rows) < 1 / (1 + np.exp(-truth))).astype(float) if odds else truth + random.normal(0, 1.5, rows)
    teach, judge = np.arange(rows // 2), np.arange(rows // 2, rows)
    kind = lightgbm.LGBMClassifier if odds else lightgbm.LGBMRegressor
    fitted = kind(n_estimators=120, learning_rate=0.06, num_leaves=15, n_jobs=1, verbose=-1, random_state=seed)
    fitted.fit(X[teach], y[teach])
    booster = fitted.booster_

    def predict(given: Columns) -> np.ndarray:
        said = booster.predict(matrix(given), num_threads=1)
        return np.column_stack([1 - said, said]) if odds else said[:, None]

    held = HeldOut(Target(y[judge], ("no", "yes") if odds else ()))
    shown = int(odds)
    sides = columns.take(teach), columns.take(judge)
    told = interactions(predict, sides, held, DESCRIBED, shown=shown, seed=seed)
    readout = module._Readout(predict, shown, odds=odds)  # noqa: SLF001
    chosen = module._chosen(readout, sides[0], DESCRIBED[: module.COLUMNS], np.random.default_rng(seed), lambda: False)  # noqa: SLF001
    pair = module._asked(readout, sides[0], [c for c in DESCRIBED if c.name in chosen[0]], np.random.default_rng(seed))  # noqa: SLF001
    looked = bool(pair.beyond.std() > 0.1 * readout(sides[1]).std())
    return [each["columns"] for each in told["pairs"]], looked


def drawn(random: np.random.Generator, rows: int, planted: float) -> tuple[Columns, np.ndarray, np.ndarray]:
    """Return columns, the matrix that is learned from, and the truth."""
    base = random.normal(size=(rows, len(NAMES)))
    base[:, 1] = 0.7 * base[:, 0] + np.sqrt(1 - 0.49) * base[:, 1]
    base[:, 3] = 0.7 * base[:, 2] + np.sqrt(1 - 0.49) * base[:, 3]
    colour = random.integers(0, 4, rows).astype(np.int32)
    area = base[:, 0] ** 2 + 0.1 * random.normal(size=rows)
    data = {name: base[:, place] for place, name in enumerate(NAMES)}
    columns = Columns({**data, "area": area, "colour": Coded(colour, ("red", "green", "blue", "grey"))}, rows)
    truth = (
        np.sin(2 * base[:, 0]) + 0.8 * base[:, 1] ** 2 / 2 + base[:, 2] + np.abs(base[:, 3]) + 0.5 * base[:, 4]
        + np.array([0.0, 0.5, 1.0, -0.5])[colour] - 1.0 + planted * base[:, 0] * base[:, 1]
    )  # fmt: skip
    return columns, matrix(columns), truth


def matrix(columns: Columns) -> np.ndarray:
    """Return (n, d)."""
    return np.column_stack([*(columns[name] for name in (*NAMES, "area")), columns["colour"].codes])


if __name__ == "__main__":
    main()
