"""Values that belong together: what the other columns of a row say should stand in a cell.

Where one column nearly decides another (a postcode its town), every group of rows that share its value votes on the
other. A cell is judged by the votes of the other rows only, never by its own. Which of two columns that contradict each
other is wrong is told by the rest of the row: a column that contradicts all that depends on it is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.cell_errors.written import Codes, Mask, Written
from mlwright.columns import Floats

SMALLEST_AGREEMENT = 0.55
"""A column is asked about another where at least so many rows agree with the others of their group."""
SMALLEST_GAIN = 0.5
"""And where it leaves at most half of the doubt that guessing the most frequent value leaves."""
COINCIDENCE, WEAK_GAIN, WEAK = 0.1, 0.35, 0.6
"""Where hardly two rows would agree by chance, a third that agrees says that one column decides the other and that
many cells are wrong; a label then tells which. Until then such a column says little."""
FEWEST_ROWS = 20
"""Rows that must stand in groups of two or more."""
FEWEST_SHARE = 0.05
SCREENED = 4_000
"""Rows on which a pair of columns is looked at first, in whole groups."""
MOST_ASKED = 8
"""At most so many columns are asked about one."""
MOST_COLUMNS = 150
"""Wider tables are looked at in these of their columns, the most repetitive first."""
SURE = 0.995
"""No column is believed more than that, so that one column alone never decides against all the others."""
ECHO = 0.4
"""What further columns add that say the same: they are often copies of each other."""

ONE_WAY, MUTUAL = 0.75, 0.5
"""How far a column is believed that decides one other only: which of the two is wrong, nobody else can tell."""
EXPLAINED = 0.6
"""Exceptions are the rule, not errors, where so many of the rows with some value of a third column are exceptions."""
FEWEST_EXPLAINED = 3

Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dependency:
    """One column that nearly decides another: the value that most rows of each group have, and how each row votes."""

    determinant: int
    agreement: float
    top: Codes
    """For each code of the determinant, the code that most of its rows have; -1 where none has more than the others."""
    weight: Weights
    """For each row how much is said against what stands there (> 0) or for it (< 0), in log-odds."""
    novel: Mask
    """Rows in which nothing stands, or what stands nowhere else: the other column cannot be the wrong one."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What the other columns say of one column's cells."""

    weight: Weights
    """Log-odds that the cell is wrong, by all of them together; 0 where none says anything."""
    against: NDArray[np.int16]
    """How many speak against it."""
    dependencies: tuple[Dependency, ...]

    def proposals(self, rows: NDArray[np.intp], determinants: Sequence[Written]) -> list[dict[int, float]]:
        """Return for each of these rows the codes that are voted for, each with its weight."""
        found: list[dict[int, float]] = [{} for _ in range(len(rows))]
        for dependency in self.dependencies:
            codes = dependency.top[determinants[dependency.determinant].codes[rows]].tolist()
            weights = dependency.weight[rows].tolist()
            for place, (code, weight) in enumerate(zip(codes, weights, strict=True)):
                if code >= 0 and weight > 0:
                    held = found[place].get(code, 0.0)
                    found[place][code] = max(held, weight) + ECHO * min(held, weight)
        return found


def votes(columns: Sequence[Written]) -> list[Votes]:
    """Return for each column what all the others say of its cells."""
    asked = _pairs(columns)
    doubted = _doubts(columns, asked)
    decides = [{each.determinant for each in dependencies} for dependencies in asked]
    return [
        _together(asked[place], doubted, {each for each in range(len(columns)) if place in decides[each]}, column.rows)
        for place, column in enumerate(columns)
    ]


def _pairs(columns: Sequence[Written]) -> list[list[Dependency]]:
    """Return for each column the dependencies that decide it, the strictest first."""
    found: list[list[Dependency]] = [[] for _ in columns]
    for place, column in enumerate(columns):
        if not _can_decide(column):
            continue
        some = _whole_groups(column)
        for other, dependent in enumerate(columns):
            if other == place or dependent.varied < 2:
                continue
            if some is not None and not _holds(*_agreement(column, dependent, some)):
                continue
            made = _dependency(place, column, dependent)
            if made is not None:
                found[other].append(_without_explained(made, columns, {place, other}))
                found[other].sort(key=lambda each: -each.agreement)
                del found[other][MOST_ASKED:]
    return found


def repetitive(columns: Sequence[Written]) -> list[int]:
    """Return the places of the columns that are looked at together, in order."""
    order = sorted(range(len(columns)), key=lambda place: -min(columns[place].repeats, 1e6))
    return sorted(order[:MOST_COLUMNS])


def _can_decide(column: Written) -> bool:
    several = column.counts >= 2
    several &= ~column.missing
    covered = int(column.counts[several].sum())
    return column.varied >= 2 and covered >= max(FEWEST_ROWS, FEWEST_SHARE * column.rows)


def _whole_groups(column: Written) -> NDArray[np.intp] | None:
    """Return rows of some groups, all of each; None where the table is small enough to be looked at whole."""
    if column.rows <= 2 * SCREENED:
        return None
    order = np.random.default_rng(0).permutation(len(column.texts))
    order = order[~column.missing[order] & (column.counts[order] >= 2)]
    upto = int(np.searchsorted(np.cumsum(np.minimum(column.counts[order], SCREENED // 4)), SCREENED)) + 1
    chosen = np.zeros(len(column.texts), dtype=np.bool_)
    chosen[order[:upto]] = True
    rows = np.flatnonzero(chosen[column.codes])
    return rows if len(rows) <= 4 * SCREENED else rows[:: len(rows) // (2 * SCREENED)]


def _holds(agreement: float, base: float) -> bool:
    gain = (agreement - base) / (1.0 - base) if base < 1.0 else 0.0
    if base <= COINCIDENCE:
        return gain >= WEAK_GAIN
    return agreement >= SMALLEST_AGREEMENT and gain >= SMALLEST_GAIN


def _agreement(column: Written, dependent: Written, rows: NDArray[np.intp]) -> tuple[float, float]:
    b, a = column.codes[rows], dependent.codes[rows]
    known = ~column.missing[b] & ~dependent.missing[a]
    counted = _Counted.of(b[known], a[known], len(column.texts), len(dependent.texts))
    return counted.agreement if counted is not None else (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Counted:
    """How often each pair of values occurs, and what is most frequent beside each value of the first column."""

    pair: NDArray[np.int64]
    """For each row, which pair it is."""
    count: NDArray[np.int64]
    b: NDArray[np.int64]
    size: NDArray[np.int64]
    """For each code of the first column, its rows."""
    most: NDArray[np.int64]
    top: Codes
    base: float

    @classmethod
    def of(cls, b: Codes, a: Codes, kinds_b: int, kinds_a: int) -> _Counted | None:
        if not len(b):
            return None
        key, pair, count = np.unique(b.astype(np.int64) * kinds_a + a, return_inverse=True, return_counts=True)
        first, second = key // kinds_a, key % kinds_a
        size = np.bincount(b, minlength=kinds_b)
        order = np.lexsort((-count, first))
        starts = order[np.concatenate(([True], first[order][1:] != first[order][:-1]))]
        most, top = np.zeros(kinds_b, dtype=np.int64), np.full(kinds_b, -1, dtype=np.int32)
        most[first[starts]], top[first[starts]] = count[starts], second[starts]
        tied = np.bincount(first[count == most[first]], minlength=kinds_b) > 1
        top[tied] = -1
        base = float(np.bincount(a, minlength=kinds_a).max()) / len(a)
        return cls(pair.ravel(), count, first, size, most, top, base)

    @property
    def agreement(self) -> tuple[float, float]:
        """The share of rows that have what most others of their group have, and what guessing would give."""
        several = self.size[self.b] >= 2
        rows = int(self.count[several].sum())
        total = int(self.count.sum())
        if rows < max(FEWEST_ROWS, FEWEST_SHARE * total):
            return 0.0, 1.0
        agreeing = several & (self.count == self.most[self.b]) & (self.count >= 2) & (self.top[self.b] >= 0)
        return (float(self.count[agreeing].sum()) + 1.0) / (rows + 2.0), self.base


def _dependency(place: int, column: Written, dependent: Written) -> Dependency | None:
    b, a = column.codes, dependent.codes
    decides, known = ~column.missing[b], ~dependent.missing[a]
    rows = np.flatnonzero(decides & known)
    counted = _Counted.of(b[rows], a[rows], len(column.texts), len(dependent.texts))
    if counted is None or not _holds(*counted.agreement):
        return None
    agreement, base = counted.agreement
    # Not how many rows agree, but how much doubt goes: that most people are healthy decides nothing.
    gain = min((agreement - base) / (1.0 - base), SURE)
    trust = max(WEAK if base <= COINCIDENCE else 0.0, float(np.log(gain / (1.0 - gain))))
    most, top = counted.most[b], counted.top[b]
    with_it = np.zeros(len(b), dtype=np.int64)
    with_it[rows] = counted.count[counted.pair]
    gone = decides & ~known
    with_it[gone] = np.bincount(b[gone], minlength=len(column.texts))[b[gone]]
    against = decides & (top >= 0) & (top != a) & (most >= 2) & (most > with_it)
    fits = decides & (top >= 0) & (top == a) & (most >= 2)
    weight = np.zeros(len(b), dtype=np.float32)
    weight[against] = np.minimum(trust, np.log(1.5 * most[against] / np.maximum(with_it[against], 1)))
    weight[fits] = -np.minimum(trust, np.log(1.5 * (most[fits] - 1) + 0.5))
    return Dependency(place, agreement, counted.top, weight, gone | (dependent.counts[a] == 1))


def _without_explained(made: Dependency, columns: Sequence[Written], apart: set[int]) -> Dependency:
    """Leave out exceptions that a third column explains: where most rows of one of its values are exceptions."""
    rows = np.flatnonzero(made.weight > 0)
    if not len(rows):
        return made
    explained = np.zeros(len(rows), dtype=np.bool_)
    for place, column in enumerate(columns):
        if place in apart or column.repeats < FEWEST_EXPLAINED:
            continue
        held = column.codes[rows]
        odd = np.bincount(held, minlength=len(column.texts))
        rule = (odd >= FEWEST_EXPLAINED) & (odd >= EXPLAINED * column.counts) & ~column.missing
        explained |= rule[held]
    if explained.any():
        made.weight[rows[explained]] = 0.0
    return made


def _doubts(columns: Sequence[Written], asked: Sequence[Sequence[Dependency]]) -> list[tuple[NDArray[np.int16], int]]:
    """Return for each column how many columns contradict it in each row, of how many that it decides."""
    rows = columns[0].rows if columns else 0
    doubts = [np.zeros(rows, dtype=np.int16) for _ in columns]
    decided = [0] * len(columns)
    for dependencies in asked:
        for each in dependencies:
            doubts[each.determinant] += each.weight > 0
            decided[each.determinant] += 1
    return list(zip(doubts, decided, strict=True))


def _together(
    asked: Sequence[Dependency], doubted: Sequence[tuple[NDArray[np.int16], int]], decided_by_it: set[int], rows: int
) -> Votes:
    """Add up what the columns say: the strongest voice whole, each further one in part."""
    strongest, total = (np.zeros((2, rows), dtype=np.float32) for _ in range(2))
    against = np.zeros(rows, dtype=np.int16)
    for each in asked:
        doubts, decided = doubted[each.determinant]
        alone = MUTUAL if each.determinant in decided_by_it else ONE_WAY
        believed = np.where(each.novel, 1.0, _belief(each.weight > 0, doubts, decided, alone))
        for side, part in enumerate((np.maximum(each.weight, 0), np.maximum(-each.weight, 0))):
            said = (part * believed).astype(np.float32)
            strongest[side] = np.maximum(strongest[side], said)
            total[side] += said
        against += (each.weight > 0) & (believed > 0.3)
    wrong, right = strongest + np.float32(ECHO) * (total - strongest)
    return Votes((wrong - right).astype(np.float32), against, tuple(asked))


def _belief(speaks: Mask, doubts: NDArray[np.int16], decided: int, alone: float) -> Floats:
    """Return how far a column is believed in each row: less, the more of the others that it decides contradict it."""
    if decided <= 1:
        return np.where(speaks, alone, 1.0)
    others = (doubts - speaks) / (decided - 1)
    return np.asarray(1.0 - others, dtype=np.float64)
