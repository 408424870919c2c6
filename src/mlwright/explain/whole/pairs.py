"""Pairs: which columns work together, so that what the one does to the answer depends on the other.

Any flexible model has some interactions, learned from noise if from nothing else. So a pair is told of only where the
truth shows it. Pairs are chosen by the model's mixed differences on rows that taught: f(x_a, x_b) - f(x_a, z_b) -
f(z_a, x_b) + f(z_a, z_b), the rest of the row alike, which is 0 where the two add up (Liu and Owen 2006, "Estimating
mean dimensionality of analysis of variance decompositions", JASA 101). What the model says of a pair beyond its two
columns is then tested on rows that judge: whether it explains what a sum of curves of single columns, fitted to these
rows, leaves over (a score test, in the manner of Tukey 1949, "One degree of freedom for non-additivity", Biometrics 5),
with Holm's correction for the pairs that were tested. Choosing sees no row that tests, so it needs no correction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.evaluate import wording
from mlwright.evaluate.held_out import HeldOut, mean_one
from mlwright.explain.effects import Grid, grid_of
from mlwright.explain.whole.curves import residuals
from mlwright.learn.base import Stop, never
from mlwright.schema import Column

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Predict = Callable[[Columns], Floats]

COLUMNS = 8
"""Pairs are looked for among so many columns, those that move the answers most."""
TESTED, TOLD = 5, 3
PROBES = 150
"""Pairs of rows that mixed differences are taken of."""
CELLS = 8
"""Values of each column at which the model is asked about a pair."""
BEHIND = 40
"""Rows whose other columns stand behind each of these values."""
JUDGED = 4_000
FEWEST = 200
LEVEL = 0.05
LEAST = 0.05
"""Standard deviation of what a pair adds, over that of all answers, below which it is not worth a sentence."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """What the model says of two columns: at places of the one (rows) and the other (columns of the tables)."""

    names: tuple[str, str]
    grids: tuple[Grid, Grid]
    beyond: Floats
    """What it adds beyond what each column adds by itself, on the scale on which effects add up."""
    answers: Floats
    """The average answer, as people read it."""


def interactions(
    predict: Predict,
    columns: tuple[Columns, Columns],
    judging: HeldOut,
    described: Sequence[Column],
    *,
    shown: int = 0,
    y_label: str = "answer",
    seed: int = 0,
    stop: Stop = never,
) -> dict[str, Any] | None:
    """Return the "interactions" of the evidence, or None where there was no time, or where too few rows judge.

    `columns` are typed rows that taught and rows that judge, `described` the columns that move answers most, in that
    order: pairs are looked for among the first eight that can be drawn. Probabilities are those of the class at the
    position `shown`, and effects add up in its log-odds; numbers add up as they are. {"looked", "tested", "pairs"}:
    each pair has its two columns, a p-value corrected for those tested, the average "answers" where the first is low,
    middle or high (or a frequent category, "x") and the second likewise ("x2"), and a sentence. `y_label` names the
    answer in it.
    """
    kept = [column for column in described if _grid(columns[0], column) is not None][:COLUMNS]
    if len(judging) < FEWEST or len(kept) < 2:
        return None
    readout = _Readout(predict, shown, odds=bool(judging.target.classes))
    random = np.random.default_rng(seed)
    chosen = _chosen(readout, columns[0], kept, random, stop)
    if chosen is None:
        return None
    asked = []
    for names in chosen[:TESTED]:
        if stop():
            return None
        asked.append(_asked(readout, columns[0], [_of(kept, name) for name in names], random))
    rows = np.sort(random.permutation(len(judging))[:JUDGED]).astype(np.intp)
    told = _tested(asked, columns[1].take(rows), judging.take(rows), described, shown)
    spread = float(np.std(readout(columns[1].take(rows[:: max(1, len(rows) // 500)]))))
    return {
        "looked": len(kept) * (len(kept) - 1) // 2,
        "tested": len(asked),
        "percent": readout.odds,
        "y_label": y_label,
        "pairs": [
            _entry(pair, p, kept, y_label, percent=readout.odds)
            for pair, p, size in told
            if p <= LEVEL and size >= LEAST * spread
        ][:TOLD],
    }


class _Readout:
    """The model's answer on the scale on which effects add up."""

    def __init__(self, predict: Predict, shown: int, *, odds: bool) -> None:
        self._predict, self._shown, self.odds = predict, shown, odds

    def plain(self, columns: Columns) -> Floats:
        """Return (n,): the answer as people read it."""
        return self._predict(columns)[:, self._shown if self.odds else 0]

    def __call__(self, columns: Columns) -> Floats:
        return self.added_up(self.plain(columns))

    def added_up(self, answers: Floats) -> Floats:
        """Return answers on the scale on which effects add up."""
        if not self.odds:
            return answers
        share = np.clip(answers, 1e-6, 1.0 - 1e-6)
        odds: Floats = np.log(share) - np.log1p(-share)
        return odds


def _of(kept: Sequence[Column], name: str) -> Column:
    return next(column for column in kept if column.name == name)


def _chosen(
    readout: _Readout, columns: Columns, kept: Sequence[Column], random: np.random.Generator, stop: Stop
) -> list[tuple[str, str]] | None:
    """Return the pairs with the largest mean squared mixed differences, largest first; None where time was up."""
    one, other = (random.permutation(columns.rows)[: min(PROBES, columns.rows)].astype(np.intp) for _ in range(2))
    here, there = columns.take(one), columns.take(other)
    base = readout(there)
    single: dict[str, Floats] = {}
    for column in kept:
        if stop():
            return None
        single[column.name] = readout(Columns({**there, column.name: here[column.name]}, there.rows))
    strength = {}
    for first, second in combinations([column.name for column in kept], 2):
        if stop():
            return None
        both = readout(Columns({**there, first: here[first], second: here[second]}, there.rows))
        strength[first, second] = float(np.mean((both - single[first] - single[second] + base) ** 2))
    ranked = sorted(strength, key=lambda pair: -strength[pair])
    return [pair for pair in ranked if strength[pair] > 0.0]


def _asked(readout: _Readout, columns: Columns, pair: Sequence[Column], random: np.random.Generator) -> _Pair:
    """Ask the model about two columns: at every pair of their values, before the same rows."""
    grids = [_grid(columns, column) for column in pair]
    first, second = (grid for grid in grids if grid is not None)
    behind = columns.take(random.permutation(columns.rows)[: min(BEHIND, columns.rows)].astype(np.intp))
    down, across, many = len(first.values), len(second.values), behind.rows
    cells = behind.take(np.tile(np.arange(many), down * across))
    at = np.repeat(np.arange(down * across), many)
    values = {pair[0].name: _set(first, at // across), pair[1].name: _set(second, at % across)}
    answers = readout.plain(Columns({**cells, **values}, len(at)))
    sums = readout.added_up(answers).reshape(down, across, many).mean(axis=2)
    plain = answers.reshape(down, across, many).mean(axis=2)
    rows, columns_ = (np.array(grid.count, dtype=np.float64) + 1.0 for grid in (first, second))
    upright = np.average(sums, axis=0, weights=rows)
    flat = np.average(sums, axis=1, weights=columns_)
    beyond = sums - upright[None] - flat[:, None] + float(np.average(flat, weights=rows))
    return _Pair((pair[0].name, pair[1].name), (first, second), beyond, plain)


def _grid(columns: Columns, column: Column) -> Grid | None:
    """Return the values of a column at which a pair is asked, None where nearly all rows have the same one."""
    return grid_of(columns[column.name], column, 1, points=CELLS, levels=CELLS)


def _set(grid: Grid, places: Index) -> Values:
    """Return (n,) typed values: that of a place of the grid for each row."""
    first = grid.values[0]
    if isinstance(first, Coded):
        codes = np.array([each.codes[0] for each in grid.values if isinstance(each, Coded)], dtype=np.int32)
        return Coded(codes[places], first.values)
    return np.array([float(each[0]) for each in grid.values if not isinstance(each, Coded)])[places]


def _places(grid: Grid, values: Values) -> Index:
    """Return (n,): the place of the grid nearest to each row's value; -1 where it has none."""
    if isinstance(values, Coded):
        place = {}
        for at, each in enumerate(grid.values):
            if isinstance(each, Coded):
                code = int(each.codes[0])
                place[each.values[code] if code >= 0 else None] = at
        table = np.array([*(place.get(each, -1) for each in values.values), place.get(None, -1)], dtype=np.intp)
        return table[values.codes]
    points = np.array([float(each[0]) for each in grid.values if not isinstance(each, Coded)])
    known = points[np.isfinite(points)]
    nearest = np.searchsorted((known[1:] + known[:-1]) / 2.0, np.where(np.isfinite(values), values, known[0]))
    lost = int(np.flatnonzero(~np.isfinite(points))[0]) if len(known) < len(points) else -1
    return np.where(np.isfinite(values), nearest, lost).astype(np.intp)


def _tested(
    asked: Sequence[_Pair], columns: Columns, judging: HeldOut, described: Sequence[Column], shown: int
) -> list[tuple[_Pair, float, float]]:
    """Return each pair with its corrected p-value and the standard deviation of what it adds, the surest first."""
    y = (judging.y == shown).astype(np.float64) if judging.target.classes else judging.y
    weight = np.ones(len(y)) if judging.weight is None or not judging.weight.any() else mean_one(judging.weight)
    left = residuals(columns, described, y, weight, odds=bool(judging.target.classes))
    found = []
    for pair in asked:
        first, second = (_places(grid, columns[name]) for grid, name in zip(pair.grids, pair.names, strict=True))
        added = np.where((first >= 0) & (second >= 0), pair.beyond[first, second], 0.0)
        found.append(
            (pair, left.chance(added, judging.units if judging.groups is not None else None), float(np.std(added)))
        )
    found.sort(key=lambda each: each[1])
    # Holm (1979): the surest times all, the next times one less, and none surer than the one before it.
    corrected, least = [], 0.0
    for place, (pair, p, size) in enumerate(found):
        least = max(least, min(1.0, p * (len(found) - place)))
        corrected.append((pair, least, size))
    return corrected


def _entry(pair: _Pair, p: float, kept: Sequence[Column], y_label: str, *, percent: bool) -> dict[str, Any]:
    """Return a pair as JSON: the average answer at low, middle and high values, or the most frequent categories."""
    down, across = (_three(grid) for grid in pair.grids)
    answers = pair.answers[np.ix_(down, across)]
    x, x2 = ([grid.shown[at] for at in places] for grid, places in zip(pair.grids, (down, across), strict=True))
    tell = wording.percent if percent else wording.number

    def named(value: float | str) -> str:
        return value if isinstance(value, str) else wording.amount(value)

    def sentence() -> str:
        low, high, one, other = _most_unlike(answers, [pair.grids[0].ordered, pair.grids[1].ordered])
        first, second = pair.names
        return (
            f"From {first!r} {named(x[low])} to {named(x[high])} the {y_label} goes from"
            f" {tell(answers[low, one])} to {tell(answers[high, one])} where {second!r} is {named(x2[one])}, but"
            f" from {tell(answers[low, other])} to {tell(answers[high, other])} where it is {named(x2[other])}."
        )

    kinds = [_of(kept, name).kind for name in pair.names]
    return {
        "columns": list(pair.names),
        "kinds": kinds,
        "p": p,
        "x": x,
        "x2": x2,
        "answers": answers.tolist(),
        "sentence": sentence(),
    }


def _most_unlike(answers: Floats, ordered: Sequence[bool]) -> tuple[int, int, int, int]:
    """Return two rows and two columns of the answers between which the change differs most; ordered ones: the ends."""
    ways = [
        [(0, many - 1)] if straight else list(combinations(range(many), 2))
        for many, straight in zip(answers.shape, ordered, strict=True)
    ]

    def unlike(way: tuple[tuple[int, int], tuple[int, int]]) -> float:
        (low, high), (one, other) = way
        return abs(float(answers[high, one] - answers[low, one] - answers[high, other] + answers[low, other]))

    (low, high), (one, other) = max(product(ways[0], ways[1]), key=unlike)
    return low, high, one, other


def _three(grid: Grid) -> list[int]:
    """Return a low, a middle and a high place of an ordered grid, or the three most frequent categories."""
    if not grid.ordered:
        return list(range(min(3, len(grid.values))))
    last = len(grid.values) - 1
    return sorted({round(0.15 * last), round(0.5 * last), round(0.85 * last)}) if last > 2 else list(range(last + 1))
