"""What the other columns say that a number should be: the evidence that tells 154 pounds from 154 kilograms.

A robust line through the other numbers, and shallow trees on what it leaves, both deaf to a few percent of wrong
values. It is learned from a sample of rows, and can be asked about all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Rows
from mlwright.columns import Coded, Floats

SAMPLE = 8_000
"""Rows that are learned from."""
ENOUGH_ROWS = 60
MOST_ASKED = 40
"""Columns that are predicted at most in one table: those with the closest relatives come first."""
MOST_FEATURES = 25
MOST_NUMBERS = 120
"""Numbers that are looked at as relatives of others; a table with more is looked at in part."""
MOST_GROUPS = 8
LEVELS = 60
"""A category with more levels says little for its cost."""
SMALL_GROUP = 5
FENCE = 4.0
"""Values of a feature more spreads than this from its median count as if they were there: a wild one moves little."""
MOSTLY_ABOVE = 0.97
CHUNK = 100_000
MANY_ROWS_FOR_TREES = 200
TREES = {
    "objective": "l1", "num_leaves": 15, "learning_rate": 0.15, "verbosity": -1, "num_threads": 1, "seed": 0,
    "deterministic": True, "force_row_wise": True, "max_bin": 63,
}  # fmt: skip
ROUNDS = 60
HUBER = 1.5
NORMAL = 1.349
"""The quartiles of a normal distribution are so many standard deviations apart."""
DAY = 86_400.0


def spread_of(values: Floats) -> float:
    """Return a standard deviation that a fifth of wild values on one side does not move: from the middle half.

    >>> round(spread_of(np.array([*range(101), 1e9])))
    37
    """
    if not len(values):
        return 0.0
    tenth, first, third, ninth = np.quantile(values, [0.1, 0.25, 0.75, 0.9])
    return float((third - first) / NORMAL if third > first else (ninth - tenth) / 2.563)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the other columns expect of one column, on the scale on which its values are best compared."""

    name: str
    logged: bool
    """The scale is the logarithm of the value; values of 0 and below are as good as missing."""
    rows: Rows
    """The rows that it was learned from."""
    residual: Floats
    """Value minus expectation there."""
    spread: float
    """The spread of the residual."""
    alone: float
    """The spread of the values themselves, by which a residual is judged where nothing else is known."""
    ask: Callable[[Rows], Floats]
    """What is expected in any rows."""

    @property
    def helps(self) -> bool:
        """Whether the other columns say much about this one."""
        return self.spread < 0.6 * self.alone

    def scaled(self, values: Floats) -> Floats:
        """Return values on the scale of the residuals."""
        return on_scale(values, logged=self.logged)


def on_scale(values: Floats, *, logged: bool) -> Floats:
    """Return values, or their logarithms where they have one."""
    if not logged:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log(values), np.nan)


def expected_of(
    context: Context, name: str, *, without: tuple[str, ...] = (), logged: bool | None = None, alone: bool = False
) -> Expected | None:
    """Return what the others say of a column of numbers, or None where it cannot be said. It is found out once.

    `without` names columns that are not believed; `logged` forces the scale, which is the logarithm for amounts;
    `alone` asks no other column: then the median is expected everywhere.
    """
    key = f"expected {without} {logged} {alone}"
    return context.keep(key, name, lambda: _expected(context, name, without=without, logged=logged, alone=alone))


def askable(context: Context) -> tuple[str, ...]:
    """Return the columns of numbers worth asking about, those with the closest relatives first."""
    relatives = _relatives(context)
    closest = dict(zip(relatives.names, relatives.closeness.max(axis=1, initial=0.0).tolist(), strict=True))
    return tuple(sorted(closest, key=lambda name: -closest[name])[:MOST_ASKED])


@dataclass(frozen=True, slots=True)
class _Relatives:
    """The columns of a table that can tell something of others."""

    rows: Rows
    names: tuple[str, ...]
    closeness: Floats
    """(n, n) how close two columns of numbers are: the absolute correlation of their ranks, 0 for one and itself."""
    groups: tuple[str, ...]
    """Columns of categories."""
    times: tuple[str, ...]


def _relatives(context: Context) -> _Relatives:
    return context.keep("relatives", "", lambda: _find_relatives(context))


def _find_relatives(context: Context) -> _Relatives:
    total = context.table.rows
    rows = np.arange(total, dtype=np.intp)
    if total > SAMPLE:
        rows = np.sort(np.random.default_rng(context.seed).choice(total, SAMPLE, replace=False)).astype(np.intp)
    numbers = [c.name for c in context.of_kind("number", "integer") if c.distinct > 2 and c.missing_share < 0.9]
    names = tuple(numbers[:MOST_NUMBERS])
    groups = sorted(
        (c for c in context.of_kind("category", "boolean") if 2 <= c.distinct <= LEVELS), key=lambda c: -c.distinct
    )
    times = tuple(c.name for c in context.of_kind("datetime"))
    ranks = np.column_stack([_ranks(context.numbers(name)[rows]) for name in names]) if names else np.empty((0, 0))
    closeness = np.abs(ranks.T @ ranks) / max(len(rows), 1) if names else np.empty((0, 0))
    np.fill_diagonal(closeness, 0.0)
    return _Relatives(rows, names, closeness, tuple(c.name for c in groups[:MOST_GROUPS]), times[:3])


def _ranks(values: Floats) -> Floats:
    """Return ranks with mean 0 and variance 1; missing ones are 0."""
    known = ~np.isnan(values)
    ranks = np.zeros(len(values))
    distinct, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        return ranks
    middle = np.cumsum(counts) - 0.5 * counts
    held = middle[place]
    ranks[known] = (held - held.mean()) / held.std()
    return ranks


def is_amount(values: Floats) -> bool:
    """Tell whether values are best compared by their ratios: hardly any are below 0, and enough above."""
    known = values[~np.isnan(values)]
    return bool(len(known)) and float((known < 0).mean()) <= 0.03 and float((known > 0).mean()) >= 0.1


def _expected(
    context: Context, name: str, *, without: tuple[str, ...], logged: bool | None, alone: bool
) -> Expected | None:
    relatives = _relatives(context)
    if not context.schema[name].is_float:
        return None
    values, rows = context.numbers(name), relatives.rows
    logged = is_amount(values[rows]) if logged is None else logged
    y = on_scale(values[rows], logged=logged)
    learned = rows[np.isfinite(y)]
    y = y[np.isfinite(y)]
    spread = spread_of(y)
    if len(y) < ENOUGH_ROWS or spread == 0.0:
        return None
    features = _Features(context, logged, learned, y)
    if not alone and name in relatives.names:
        features.add_all(relatives, name, without)
    predict = _fitted(features.of(learned), y)
    residual = y - predict(features.of(learned))

    def ask(asked: Rows) -> Floats:
        parts = np.array_split(asked, max(1, len(asked) // CHUNK))
        return np.concatenate([predict(features.of(part)) for part in parts])

    return Expected(
        name=name, logged=logged, rows=learned, residual=residual, spread=spread_of(residual), alone=spread, ask=ask
    )


class _Features:
    """Turns rows into numbers: clipped values of other columns, and the median of the target in each group."""

    def __init__(self, context: Context, logged: bool, learned: Rows, y: Floats) -> None:  # noqa: FBT001
        self.context, self.logged, self.learned, self.y = context, logged, learned, y
        self.parts: list[Callable[[Rows], Floats]] = []

    def add_all(self, relatives: _Relatives, name: str, without: tuple[str, ...]) -> None:
        """Add the closest relatives of a column, the groups and the times."""
        place = relatives.names.index(name)
        order = np.argsort(-relatives.closeness[place], kind="stable")[: min(MOST_FEATURES, len(self.y) // 12)]
        for other in (relatives.names[at] for at in order if at != place):
            if other not in without:
                self._add_number(self.context.numbers(other), logged=self.logged)
        for other in relatives.times:
            seconds = self.context.numbers(other)
            for part in (seconds, np.floor(seconds / DAY) % 365.25, seconds % DAY):
                self._add_number(part, logged=False)
        for other in relatives.groups:
            values = self.context.values(other)
            codes = values.codes if isinstance(values, Coded) else np.where(np.isnan(values), -1, values).astype(int)
            self._add_group(np.asarray(codes, dtype=np.intp))

    def of(self, rows: Rows) -> Floats:
        """Return the features of these rows, centred and scaled; what is missing is 0."""
        return np.column_stack([part(rows) for part in self.parts]) if self.parts else np.empty((len(rows), 0))

    def _add_number(self, values: Floats, *, logged: bool) -> None:
        known = values[self.learned]
        known = known[np.isfinite(known)]
        logarithm = logged and bool(len(known)) and bool((known > 0).mean() >= MOSTLY_ABOVE)
        seen = on_scale(known, logged=logarithm)
        seen = seen[np.isfinite(seen)]
        if not len(seen):
            return
        centre, reach = float(np.median(seen)), FENCE * spread_of(seen)
        low, high = max(float(seen.min()), centre - reach), min(float(seen.max()), centre + reach)
        if low == high:  # nearly all values are one: what differs is all that it can tell
            low, high = float(seen.min()), float(seen.max())
        if low < high:
            part = lambda rows: np.clip(on_scale(values[rows], logged=logarithm), low, high)  # noqa: E731
            self.parts.append(_standardised(part, self.learned))

    def _add_group(self, codes: NDArray[np.intp]) -> None:
        held = codes[self.learned]
        medians = np.full(int(codes.max(initial=-1)) + 2, float(np.median(self.y)))
        for code in np.unique(held[held >= 0]):
            inside = self.y[held == code]
            if len(inside) >= SMALL_GROUP:
                medians[code] = np.median(inside)
        if len(np.unique(medians)) > 1:  # the last is for what is missing: code -1
            self.parts.append(_standardised(lambda rows: medians[codes[rows]], self.learned))


def _standardised(part: Callable[[Rows], Floats], learned: Rows) -> Callable[[Rows], Floats]:
    seen = part(learned)
    mean, deviation = float(np.nanmean(seen)), float(np.nanstd(seen)) or 1.0

    def standard(rows: Rows) -> Floats:
        found = (part(rows) - mean) / deviation
        return np.where(np.isfinite(found), found, 0.0)

    return standard


def _fitted(X: Floats, y: Floats) -> Callable[[Floats], Floats]:
    """Fit a robust line, then shallow trees to what it leaves."""
    centre = float(np.median(y))
    line = _line(X, y - centre)
    left = y - centre - X @ line
    if len(y) < MANY_ROWS_FOR_TREES or not X.shape[1]:
        return lambda rows: centre + rows @ line
    import lightgbm

    settings = {**TREES, "min_data_in_leaf": max(15, len(y) // 150)}
    trees = lightgbm.train(settings, lightgbm.Dataset(X, left, params=settings), ROUNDS)
    return lambda rows: centre + rows @ line + np.asarray(trees.predict(rows, num_threads=1), dtype=np.float64)


def _line(X: Floats, y: Floats) -> Floats:
    """Return the coefficients of a line that wild values do not move: Huber's, by reweighting, with a small ridge."""
    coefficients: Floats = np.zeros(X.shape[1])
    if not X.shape[1]:
        return coefficients
    ridge = 1e-3 * len(y) * np.eye(X.shape[1])
    for _ in range(8):
        left = y - X @ coefficients
        spread = spread_of(left) or 1.0
        weight = 1.0 / np.maximum(np.abs(left) / (HUBER * spread), 1.0)
        solved = np.linalg.solve(X.T @ (X * weight[:, None]) + ridge, X.T @ (weight * y))
        coefficients = np.asarray(solved, dtype=np.float64)
    return coefficients
