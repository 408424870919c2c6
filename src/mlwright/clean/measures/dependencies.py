"""Approximate functional dependencies between two columns: where one value is known, the other nearly always follows.

How well a column follows from a key is measured by mu+ (Piatetsky-Shapiro's and Matheus's pdep, corrected for what keys
of so many values would reach by chance), which tells a rule from a column that hardly varies and from keys so fine that
any column follows from them. See Parciak et al., "Measuring approximate functional dependencies" (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SCREENED = 3_000
MEASURED = 30_000
"""Dependencies are looked for in so many rows, and then judged on so many; violations are found in all rows."""
MOST_COLUMNS = 80
LEAST_AGREE = 0.94
"""So large a share of the rows must have the value that most rows with the same key have."""
LEAST_MU = 0.85
LEAST_MU_SKEWED, LEAST_UNUSUAL_AGREE = 0.6, 0.9
"""Where nearly all rows have one value, few errors weigh much: keys of other values must then agree by themselves."""
LEAST_SKEWED_AGREE = 0.97
LEAST_GROUPS = 5
"""So many keys must have three rows or more, and so many of their values must not be the column's usual one."""
LEAST_UNUSUAL = 3
CLEAR = 0.6
"""A key says what its value is where so large a share of its rows agree."""
LEAST_ROWS = 3

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """A column as whole numbers: the same number for the same value, -1 where it is missing."""

    name: str
    codes: Codes
    size: int
    """How many different values it has."""
    is_key: bool
    """Whether other columns may follow from it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How often each key occurs with each value: one entry for each pair that occurs, sorted by key."""

    keys: Codes
    values: Codes
    counts: Codes

    @classmethod
    def of(cls, keys: Codes, values: Codes, size: int) -> Counted:
        """Count the pairs of the rows in which both are known."""
        both = (keys >= 0) & (values >= 0)
        pairs, counts = np.unique(keys[both] * size + values[both], return_counts=True)
        return cls(pairs // max(size, 1), pairs % max(size, 1), counts.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Majority:
    """For each key that occurs: its rows, its most frequent value and the rows that have it."""

    keys: Codes
    rows: Codes
    value: Codes
    agree: Codes

    @classmethod
    def of(cls, counted: Counted) -> Majority:
        """Return the most frequent value of each key; where two are level, the one with the lower number."""
        order = np.lexsort((counted.values, -counted.counts, counted.keys))
        keys, first, place = np.unique(counted.keys[order], return_index=True, return_inverse=True)
        rows = np.bincount(place, weights=counted.counts[order], minlength=len(keys)).astype(np.int64)
        return cls(keys, rows, counted.values[order][first], counted.counts[order][first])

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Which keys have enough rows, and one value in most of them."""
        return (self.rows >= LEAST_ROWS) & (self.agree >= CLEAR * self.rows) & (self.agree >= 2)


@dataclass(frozen=True, slots=True)
class Dependency:
    """`value` follows from `key`, as places in the list of columns."""

    key: int
    value: int
    mu: float
    agree: float
    """The share of rows that follow, among those whose key occurs more than once."""


def mine(columns: Sequence[CodedColumn], seed: int = 0) -> list[Dependency]:
    """Return the dependencies that nearly hold between two columns, those that hold exactly among them."""
    rng = np.random.default_rng(seed)
    found: list[Dependency] = []
    for key, column in enumerate(columns):
        if not column.is_key:
            continue
        few, more = (_sample(column, most, rng) for most in (SCREENED, MEASURED))
        for value, other in enumerate(columns):
            if value == key or other.size < 2:
                continue
            if few is not None and not _holds(column, other, few, slack=0.08):
                continue
            measured = _measured(column, other, more)
            if measured is not None:
                found.append(Dependency(key, value, *measured))
    return found


def _sample(column: CodedColumn, most: int, rng: np.random.Generator) -> NDArray[np.intp] | None:
    """Return rows in which keys keep their groups together; None for all of them."""
    rows = len(column.codes)
    if rows <= most:
        return None
    if rows / max(column.size, 1) > most / 50:
        return np.sort(rng.choice(rows, most, replace=False))
    kept = rng.random(column.size) < most / rows
    return np.flatnonzero(kept[column.codes] & (column.codes >= 0))


def _holds(key: CodedColumn, value: CodedColumn, rows: NDArray[np.intp], slack: float) -> bool:
    """Tell whether some rows leave it open that a dependency holds."""
    found = measures(Counted.of(key.codes[rows], value.codes[rows], value.size))
    return found.agree >= LEAST_AGREE - slack and found.mu >= LEAST_MU_SKEWED - 2 * slack


def _measured(key: CodedColumn, value: CodedColumn, rows: NDArray[np.intp] | None) -> tuple[float, float] | None:
    """Return mu+ and the share that agrees where a dependency holds, else None."""
    keys, values = (key.codes, value.codes) if rows is None else (key.codes[rows], value.codes[rows])
    found = measures(Counted.of(keys, values, value.size))
    if not found.enough or found.agree < LEAST_AGREE:
        return None
    skewed = found.mu >= LEAST_MU_SKEWED and found.unusual >= LEAST_UNUSUAL_AGREE and found.agree >= LEAST_SKEWED_AGREE
    return (found.mu, found.agree) if found.mu >= LEAST_MU or skewed else None


class Measures(NamedTuple):
    """How well a column follows from another."""

    mu: float
    agree: float
    """The share of rows that have the value of most rows with their key."""
    unusual: float
    """The same of those keys that say another value than the most frequent one."""
    enough: bool
    """Whether there are groups enough to speak of a rule."""


def measures(counted: Counted) -> Measures:
    """Return mu+ and what else speaks for a rule, from keys that occur more than once."""
    majority = Majority.of(counted)
    repeated = majority.rows >= 2
    rows = int(majority.rows[repeated].sum())
    if rows < 10 or repeated.sum() < LEAST_GROUPS:
        return Measures(0.0, 0.0, 0.0, enough=False)
    place = np.searchsorted(majority.keys, counted.keys)
    inside = repeated[place]
    counts = counted.counts[inside].astype(np.float64)
    pdep = float((counts**2 / majority.rows[place[inside]]).sum()) / rows
    marginal = np.bincount(counted.values[inside], weights=counts)
    by_chance = float((marginal**2).sum()) / rows**2
    expected = by_chance + (int(repeated.sum()) - 1) / (rows - 1) * (1.0 - by_chance)
    mu = 1.0 - (1.0 - pdep) / (1.0 - expected) if expected < 1.0 else 0.0
    agree = float(majority.agree[repeated].sum()) / rows
    larger = majority.clear
    unusual = larger & (majority.value != int(np.argmax(marginal)))
    enough = int(larger.sum()) >= LEAST_GROUPS and int(unusual.sum()) >= LEAST_UNUSUAL
    own = repeated & (majority.value != int(np.argmax(marginal)))
    apart = float(majority.agree[own].sum()) / max(int(majority.rows[own].sum()), 1)
    return Measures(mu, agree, apart, enough)


@dataclass(frozen=True, slots=True)
class Broken:
    """Rows that do not follow a dependency, and the value that each should have by it."""

    dependency: Dependency
    rows: NDArray[np.intp]
    should: Codes
    support: Codes
    """How many rows with the same key have that value."""


def broken(columns: Sequence[CodedColumn], found: Sequence[Dependency]) -> list[Broken]:
    """Return what does not follow each dependency; nothing for one that holds exactly.

    A row in which both values follow from still other columns is no error but a true exception: a name that two have.
    """
    told = [_broken(columns, dependency) for dependency in found]
    each = [one for one in told if len(one.rows)]
    if not each:
        return []
    rows = np.unique(np.concatenate([one.rows for one in each]))
    sure = np.zeros((len(rows), len(columns)), dtype=np.bool_)
    for dependency in found:
        key, value = columns[dependency.key], columns[dependency.value]
        should, support = _rule(key, value)
        codes = key.codes[rows]
        sure[:, dependency.value] |= (should[codes] == value.codes[rows]) & (support[codes] >= 2) & (codes >= 0)
    kept = []
    for one in each:
        at = np.searchsorted(rows, one.rows)
        left = ~(sure[at, one.dependency.key] & sure[at, one.dependency.value])
        kept.append(Broken(one.dependency, one.rows[left], one.should[left], one.support[left]))
    return [one for one in kept if len(one.rows)]


def _rule(key: CodedColumn, value: CodedColumn) -> tuple[Codes, Codes]:
    """Return for each key, and for a missing one at the end, its value where it is clear, and how many rows say so."""
    majority = Majority.of(Counted.of(key.codes, value.codes, value.size))
    should = np.full(key.size + 1, -1, dtype=np.int64)
    support = np.zeros(key.size + 1, dtype=np.int64)
    clear = majority.clear
    should[majority.keys[clear]] = majority.value[clear]
    support[majority.keys[clear]] = majority.agree[clear]
    return should, support


def _broken(columns: Sequence[CodedColumn], dependency: Dependency) -> Broken:
    key, value = columns[dependency.key], columns[dependency.value]
    should, support = _rule(key, value)
    said = should[key.codes]
    rows = np.flatnonzero((said >= 0) & (value.codes >= 0) & (said != value.codes))
    return Broken(dependency, rows, said[rows], support[key.codes[rows]])
