"""What the other columns say that a number should be: the evidence that tells 154 pounds from 154 kilograms.

A robust line through the other numbers, and shallow trees on what it leaves, both deaf to a few percent of wrong
values. It is learned from a sample of rows, and can be asked about all of them. The trees are grown on one half and
asked about the other: what they leave of rows that they have seen would look smaller than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mlwright.clean.base import Context, Rows
from mlwright.columns import Coded, Floats

SAMPLE = 8_000
"""Rows that are learned from."""
ENOUGH_ROWS = 60
MOST_ASKED = 40
"""Columns that are predicted at most in one table: those with the closest relatives come first."""
MOST_FEATURES, MOST_CLUES = 14, 6
"""Numbers, and groups and times, that a column is predicted from: those closest to it."""
MOST_NUMBERS = 120
"""Numbers that are looked at as relatives of others; a table with more is looked at in part."""
MOST_GROUPS = 8
LEVELS = 60
"""A category with more levels says little for its cost."""
SMALL_GROUP = 5
CLOSE, BY_LUCK = 0.08, 3.5
"""What tells something is at least so close, and so many times as close as what tells nothing comes by luck."""
TELLING = 0.12
"""Where the squares of all closenesses sum to less, a prediction would leave nearly all as it is: none is made."""
TIME_BINS = 16
FENCE = 4.0
"""Values of a feature more spreads than this from its median count as if they were there: a wild one moves little."""
MOSTLY_ABOVE = 0.97
CHUNK = 100_000
MANY_ROWS_FOR_TREES = 200
TREES = {
    "objective": "l1", "num_leaves": 15, "learning_rate": 0.25, "verbosity": -1, "num_threads": 1, "seed": 0,
    "deterministic": True, "force_row_wise": True, "max_bin": 63,
}  # fmt: skip
ROUNDS, HALVES = 25, 2
HUBER = 1.5
STEPS, SETTLED = 8, 1e-3
"""A line is weighted anew so often, or until its coefficients move by less than this part of the spread."""
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
    closest = np.maximum(relatives.closeness.max(axis=1, initial=0.0), relatives.told.max(axis=0, initial=0.0))
    order = np.argsort(-closest, kind="stable")[:MOST_ASKED]
    return tuple(relatives.names[at] for at in order)


@dataclass(frozen=True, slots=True)
class _Clue:
    """A column that is no number and tells something of numbers: a group, or one of three ways to read a time."""

    name: str
    values: Floats
    """Codes of groups, -1 for none; or numbers."""
    grouped: bool


@dataclass(frozen=True, slots=True)
class _Relatives:
    """The columns of a table that can tell something of others."""

    rows: Rows
    names: tuple[str, ...]
    closeness: Floats
    """(n, n) how close each column of numbers is to each, and what its distance from the middle tells of it."""
    clues: tuple[_Clue, ...]
    told: Floats
    """(clues, n) how much of the ranks of each column of numbers a clue tells: the root of its share."""

    def of(self, name: str, without: tuple[str, ...]) -> tuple[list[str], list[_Clue]]:
        """Return the numbers and the clues that tell most of a column; none where all of them tell little."""
        at = self.names.index(name)
        least = max(CLOSE, BY_LUCK / np.sqrt(max(len(self.rows), 1)))
        numbers = [(close, each) for each, close in zip(self.names, self.closeness[at].tolist(), strict=True)]
        clues = [(told, each) for each, told in zip(self.clues, self.told[:, at].tolist(), strict=True)]
        numbers = [pair for pair in numbers if pair[0] >= least and pair[1] not in without and pair[1] != name]
        clues = [pair for pair in clues if pair[0] >= least and pair[1].name not in without]
        if sum(close**2 for close, _ in (*numbers, *clues)) < TELLING:
            return [], []
        most = max(1, min(MOST_FEATURES, len(self.rows) // 12))
        numbers.sort(key=lambda pair: -pair[0])
        clues.sort(key=lambda pair: -pair[0])
        return [each for _, each in numbers[:most]], [each for _, each in clues[:MOST_CLUES]]


def _relatives(context: Context) -> _Relatives:
    return context.keep("relatives", "", lambda: _find_relatives(context))


def _find_relatives(context: Context) -> _Relatives:
    total = context.table.rows
    rows = np.arange(total, dtype=np.intp)
    if total > SAMPLE:
        rows = np.sort(np.random.default_rng(context.seed).choice(total, SAMPLE, replace=False)).astype(np.intp)
    numbers = [c.name for c in context.of_kind("number", "integer") if c.distinct > 2 and c.missing_share < 0.9]
    names = tuple(numbers[:MOST_NUMBERS])
    clues = tuple(_clues(context)) if names else ()
    if not names:
        return _Relatives(rows, names, np.empty((0, 0)), clues, np.empty((0, 0)))
    ranks = np.column_stack([_ranks(context.numbers(name)[rows]) for name in names])
    outward = np.abs(ranks)  # far from the middle on either side: what a curve with one bend is told by
    outward = (outward - outward.mean(axis=0)) / np.maximum(outward.std(axis=0), 1e-9)
    with one_thread():
        closeness = np.maximum(np.abs(ranks.T @ ranks), np.abs(ranks.T @ outward)) / max(len(rows), 1)
    np.fill_diagonal(closeness, 0.0)
    told = np.array([_told_by(clue, ranks, rows) for clue in clues]).reshape(len(clues), len(names))
    return _Relatives(rows, names, closeness, clues, told)


def _clues(context: Context) -> Iterator[_Clue]:
    groups = [c for c in context.of_kind("category", "boolean") if 2 <= c.distinct <= LEVELS]
    for column in sorted(groups, key=lambda c: -c.distinct)[:MOST_GROUPS]:
        values = context.values(column.name)
        codes = values.codes.astype(np.float64) if isinstance(values, Coded) else np.nan_to_num(values, nan=-1.0)
        yield _Clue(column.name, codes, grouped=True)
    for column in context.of_kind("datetime")[:3]:
        seconds = context.numbers(column.name)
        for part in (seconds, np.floor(seconds / DAY) % 365.25, seconds % DAY):
            yield _Clue(column.name, part, grouped=False)


def _told_by(clue: _Clue, ranks: Floats, rows: Rows) -> Floats:
    """Return how much of each column of ranks the clue tells: the root of the share of variance between its groups."""
    held = clue.values[rows]
    if not clue.grouped:
        place = _ranks(held)  # of mean 0 and variance 1, so evenly spread over the square root of 3 on either side
        held = np.where(np.isnan(held), -1.0, np.floor(place * TIME_BINS / (2.0 * np.sqrt(3.0))))
    _, codes, counts = np.unique(held, return_inverse=True, return_counts=True)
    if len(counts) < 2 or len(rows) <= len(counts):
        return np.zeros(ranks.shape[1])
    order = np.argsort(codes, kind="stable")
    sums = np.add.reduceat(ranks[order], np.concatenate([[0], np.cumsum(counts)[:-1]]), axis=0)
    share = (sums**2 / counts[:, None]).sum(axis=0) / len(rows)
    luck = (len(counts) - 1) / (len(rows) - 1)
    return np.asarray(np.sqrt(np.clip((share - luck) / (1.0 - luck), 0.0, 1.0)), dtype=np.float64)


@lru_cache(maxsize=1)
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Keep small products of matrices to one core: waiting for others would take longer than they save."""
    manager: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return manager


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
    numbers, clues = ([], []) if alone or name not in relatives.names else relatives.of(name, without)
    found = [_number_part(context, other, logged=logged) for other in numbers]
    found += [_clue_part(context, clue, learned, y) for clue in clues]
    parts = [part for part in found if part is not None]
    predict, held_out = _fitted(_features(parts, learned), y, context.seed)

    def ask(asked: Rows) -> Floats:
        place = np.minimum(np.searchsorted(learned, asked), len(learned) - 1)
        told = held_out[place]
        new = np.flatnonzero(learned[place] != asked)
        for chunk in np.array_split(new, len(new) // CHUNK + 1) if len(new) else ():
            told[chunk] = predict(_features(parts, asked[chunk]))
        return told

    residual = y - held_out
    return Expected(
        name=name, logged=logged, rows=learned, residual=residual, spread=spread_of(residual), alone=spread, ask=ask
    )


_Part = Callable[[Rows], Floats]
"""Gives a feature of any rows, centred and scaled; what is missing is 0."""


def _features(parts: list[_Part], rows: Rows) -> Floats:
    return np.column_stack([part(rows) for part in parts]) if parts else np.empty((len(rows), 0))


def _number_part(context: Context, name: str, *, logged: bool) -> _Part | None:
    """Return the clipped values of a column of numbers, made once for all columns that are predicted from it."""
    rows = _relatives(context).rows
    return context.keep(f"feature {logged}", name, lambda: _clipped(context.numbers(name), rows, logged=logged))


def _clue_part(context: Context, clue: _Clue, learned: Rows, y: Floats) -> _Part | None:
    """Return the median in each group, or the time."""
    if not clue.grouped:
        return _clipped(clue.values, _relatives(context).rows, logged=False)
    codes = clue.values.astype(np.intp)
    held = codes[learned]
    medians = np.full(int(codes.max(initial=-1)) + 2, float(np.median(y)))  # the last is for what is missing: code -1
    order = np.argsort(held, kind="stable")
    starts = np.searchsorted(held[order], np.arange(len(medians)))
    for code, inside in enumerate(np.split(y[order], starts)[1:]):
        if len(inside) >= SMALL_GROUP:
            medians[code] = np.median(inside)
    return _standardised(lambda rows: medians[codes[rows]], learned) if len(np.unique(medians)) > 1 else None


def _clipped(values: Floats, learned: Rows, *, logged: bool) -> _Part | None:
    known = values[learned]
    known = known[np.isfinite(known)]
    logarithm = logged and bool(len(known)) and bool((known > 0).mean() >= MOSTLY_ABOVE)
    seen = on_scale(known, logged=logarithm)
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        return None
    centre, reach = float(np.median(seen)), FENCE * spread_of(seen)
    low, high = max(float(seen.min()), centre - reach), min(float(seen.max()), centre + reach)
    if low == high:  # nearly all values are one: what differs is all that it can tell
        low, high = float(seen.min()), float(seen.max())
    if low == high:
        return None
    return _standardised(lambda rows: np.clip(on_scale(values[rows], logged=logarithm), low, high), learned)


def _standardised(part: _Part, learned: Rows) -> _Part:
    seen = part(learned)
    mean, deviation = float(np.nanmean(seen)), float(np.nanstd(seen)) or 1.0

    def standard(rows: Rows) -> Floats:
        found = (part(rows) - mean) / deviation
        return np.where(np.isfinite(found), found, 0.0)

    return standard


def _fitted(X: Floats, y: Floats, seed: int) -> tuple[Callable[[Floats], Floats], Floats]:
    """Fit a robust line and trees to what it leaves; return what they tell of any rows, and told of those held out."""
    centre = float(np.median(y))
    if not X.shape[1]:
        return lambda rows: np.full(len(rows), centre), np.full(len(y), centre)
    with one_thread():
        line = _line(X, y - centre)
    straight = centre + X @ line
    if len(y) < MANY_ROWS_FOR_TREES:
        return lambda rows: centre + rows @ line, straight
    half = np.random.default_rng(seed).permutation(len(y)) % HALVES
    trees = [_trees(X[half != each], (y - straight)[half != each]) for each in range(HALVES)]
    held_out = straight.copy()
    for each, grown in enumerate(trees):
        held_out[half == each] += grown(X[half == each])
    return lambda rows: centre + rows @ line + np.mean([grown(rows) for grown in trees], axis=0), held_out


def _trees(X: Floats, y: Floats) -> Callable[[Floats], Floats]:
    import lightgbm

    settings = {**TREES, "min_data_in_leaf": max(10, len(y) // 100)}
    grown = lightgbm.train(settings, lightgbm.Dataset(X, y, params=settings), ROUNDS, keep_training_booster=True)
    return lambda rows: np.asarray(grown.predict(rows, num_threads=1), dtype=np.float64)


def _line(X: Floats, y: Floats) -> Floats:
    """Return the coefficients of a line that wild values do not move: Huber's, by reweighting, with a small ridge."""
    coefficients: Floats = np.zeros(X.shape[1])
    ridge = 1e-3 * len(y) * np.eye(X.shape[1])
    for _ in range(STEPS):
        left = y - X @ coefficients
        spread = spread_of(left) or 1.0
        weight = 1.0 / np.maximum(np.abs(left) / (HUBER * spread), 1.0)
        solved = np.linalg.solve(X.T @ (X * weight[:, None]) + ridge, X.T @ (weight * y))
        moved = float(np.abs(solved - coefficients).max())
        coefficients = np.asarray(solved, dtype=np.float64)
        if moved <= SETTLED * spread:
            break
    return coefficients
