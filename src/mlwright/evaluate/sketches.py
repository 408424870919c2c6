"""Sketches: how values fall into a few bins, and how many rows of a reference lie in each; no row is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Values
from mlwright.errors import ModelError
from mlwright.schema import MOST_ROWS, STRING_KINDS, Column
from mlwright.tasks.base import Floats

Bins = NDArray[np.intp]
Counts = NDArray[np.int64]

ABSENT = -1
"""The bin of a value that is not there to be compared."""
MOST_BINS = 32
MOST_LOSS_BINS = 64
LONGEST = 200
"""A level of more letters is one of all others."""
MISSING, OTHER = "(missing)", "(all others)"
_WORDS = (2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 20.0, 31.0, 51.0, 101.0, 201.0, 501.0, 1001.0)
"""Where numbers of words are cut."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """Numbers as bins: bin i holds those from `edges[i - 1]` to below `edges[i]`."""

    name: str
    edges: Floats
    """(b - 1,), rising."""
    counts: Counts
    """(b,): rows of the reference."""

    @classmethod
    def of(cls, name: str, values: Floats, *, most: int = MOST_BINS) -> Sketch:
        """Return the sketch of numbers (n,), NaN left out: each value its own bin, or about as many rows in each."""
        known = values[np.isfinite(values)]
        edges = cut(known, most)
        return cls(name, edges, _counted(_placed(edges, known), len(edges) + 1))

    def bins(self, values: Floats) -> Bins:
        """Return (n,) the bins of numbers; ABSENT where one is NaN.

        >>> Sketch("x", np.array([1.0, 2.0]), np.array([5, 5, 5])).bins(np.array([0.5, 2.0, np.nan])).tolist()
        [0, 2, -1]
        """
        return np.where(np.isnan(values), ABSENT, _placed(self.edges, values))

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"name": self.name, "edges": self.edges.tolist(), "counts": self.counts.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, most: int = MOST_BINS) -> Sketch:
        """Return the sketch that `to_dict` wrote. Raises ModelError where it wrote no such thing."""
        edges = read_edges(data["edges"], most - 1)
        return cls(read_text(data["name"]), edges, read_counts(data["counts"], len(edges) + 1))


@dataclass(frozen=True, slots=True)
class ColumnSketch:
    """A raw column as bins: bin 0 is missing, then come ranges of numbers, or levels with one bin for all others.

    Of texts and ids the number of their words is what falls into ranges.
    """

    column: str
    kind: str
    edges: Floats
    """(b - 2,), rising: where numbers (epoch seconds, words) are cut; of categories there are none."""
    levels: tuple[str, ...]
    """(b - 2,): the most frequent values of a category, the most frequent first."""
    counts: Counts
    """(b,): rows of the reference."""
    _place: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the levels."""
        object.__setattr__(self, "_place", {level: place + 1 for place, level in enumerate(self.levels)})

    @classmethod
    def of(cls, column: Column, values: Values, *, most: int = MOST_BINS) -> ColumnSketch:
        """Return the sketch of a typed column in at most so many bins."""
        edges: Floats = np.empty(0)
        levels: tuple[str, ...] = ()
        if not isinstance(values, Coded):
            edges = np.array([1.0]) if column.kind == "boolean" else cut(values[np.isfinite(values)], most - 1)
        elif column.kind == "category":
            levels = _frequent(values, most - 2)
        else:
            edges = np.array(_WORDS[: most - 2])
        empty = cls(column.name, column.kind, edges, levels, np.empty(0, dtype=np.int64))
        bins = empty.bins(values)
        return cls(column.name, column.kind, edges, levels, _counted(bins, empty.size))

    @property
    def size(self) -> int:
        """The number of bins."""
        return 2 + (len(self.levels) if self.kind == "category" else len(self.edges))

    def bins(self, values: Values) -> Bins:
        """Return (n,) the bins of a typed column; all are ABSENT where it is not of the sketch's kind."""
        if isinstance(values, Coded) != (self.kind in STRING_KINDS):
            return np.full(len(values), ABSENT, dtype=np.intp)
        if not isinstance(values, Coded):
            return np.where(np.isnan(values), 0, 1 + _placed(self.edges, values))
        if self.kind == "category":
            other = len(self.levels) + 1
            of_each = [self._place.get(value, other) for value in values.values]
        else:
            words = np.array([len(value.split()) for value in values.values], dtype=np.float64)
            of_each = (1 + _placed(self.edges, words)).tolist()
        return np.array([*of_each, 0], dtype=np.intp)[values.codes]  # a code of -1 takes the last, which is missing

    def names(self) -> tuple[str, ...]:
        """Return what each bin is called."""
        if self.kind == "category":
            return (MISSING, *self.levels, OTHER)
        if self.kind == "boolean":
            return (MISSING, "no", "yes")
        told = [self._told(edge) for edge in self.edges.tolist()]
        if not told:
            return (MISSING, "(all)")
        between = [f"{low} to below {high}" for low, high in pairwise(told)]
        return (MISSING, f"below {told[0]}", *between, f"{told[-1]} and more")

    def _told(self, edge: float) -> str:
        if self.kind == "datetime" and abs(edge) < 2e11:  # the year 8300
            return str(np.datetime64(int(edge), "s").astype("datetime64[D]"))
        words = " words" if self.kind in STRING_KINDS else ""
        return f"{edge:.6g}{words}"

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        cuts = {"levels": list(self.levels)} if self.kind == "category" else {"edges": self.edges.tolist()}
        return {"column": self.column, "kind": self.kind, **cuts, "counts": self.counts.tolist()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], column: Column, *, most: int = MOST_BINS) -> ColumnSketch:
        """Return the sketch that `to_dict` wrote. Raises ModelError where it wrote no such thing of this column."""
        if data["column"] != column.name or data["kind"] != column.kind:
            raise ModelError(f"The model's reference has {column.name!r:.200} as what its schema does not know.")
        edges: Floats = np.empty(0)
        levels: tuple[str, ...] = ()
        if column.kind == "category":
            levels = tuple(read_text(level) for level in _listed(data["levels"], most - 2))
            if len(set(levels)) != len(levels):
                raise ModelError("The model's reference has a level twice.")
        else:
            edges = read_edges(data["edges"], most - 2)
        empty = cls(column.name, column.kind, edges, levels, np.empty(0, dtype=np.int64))
        return cls(column.name, column.kind, edges, levels, read_counts(data["counts"], empty.size))


def stacked(counts: Sequence[Counts], bins: int) -> Counts:
    """Return the counts of several sketches as (s, bins), with zeros behind those of fewer bins.

    >>> stacked([np.array([1, 2]), np.array([3])], 3).tolist()
    [[1, 2, 0], [3, 0, 0]]
    """
    found = np.zeros((len(counts), bins), dtype=np.int64)
    for row, each in zip(found, counts, strict=True):
        row[: len(each)] = each
    return found


def cut(known: Floats, most: int) -> Floats:
    """Return rising edges that cut numbers into at most so many bins, each begun by a number that occurs.

    >>> cut(np.array([3.0, 1.0, 1.0, 2.0]), 32).tolist()
    [2.0, 3.0]
    """
    distinct = np.unique(known)
    if len(distinct) <= most:
        return np.asarray(distinct[1:], dtype=np.float64)
    edges = np.unique(np.quantile(known, np.arange(1, most) / most, method="inverted_cdf"))
    return np.asarray(edges[edges > distinct[0]], dtype=np.float64)


def _placed(edges: Floats, values: Floats) -> Bins:
    return np.searchsorted(edges, values, side="right").astype(np.intp)


def _counted(bins: Bins, size: int) -> Counts:
    return np.bincount(bins[bins >= 0], minlength=size).astype(np.int64)


def _frequent(values: Coded, most: int) -> tuple[str, ...]:
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.values))
    # Equally frequent ones by name, so that the order of the rows decides nothing.
    there = [code for code in np.flatnonzero(counts).tolist() if len(values.values[code]) <= LONGEST]
    order = sorted(there, key=lambda code: (-int(counts[code]), values.values[code]))
    return tuple(values.values[code] for code in order[:most])


def read_text(value: object) -> str:
    """Return a text of a file. Raises ModelError where it is none."""
    if not isinstance(value, str):
        raise ModelError("The model's reference has a name that is no text.")
    return value


def read_counts(value: object, size: int) -> Counts:
    """Return (size,) counts of rows of a file. Raises ModelError where they cannot be."""
    found = _listed(value, size)
    if len(found) != size or not all(type(each) is int and 0 <= each <= MOST_ROWS for each in found):
        raise ModelError("The model's reference counts rows that cannot be.")
    return np.array(found, dtype=np.int64)


def read_floats(value: object, most: int) -> Floats:
    """Return at most so many finite numbers of a file. Raises ModelError where they are none."""
    found = _listed(value, most)
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in found):
        raise ModelError("The model's reference has numbers that cannot be.")
    return np.array(found, dtype=np.float64)


def read_edges(value: object, most: int) -> Floats:
    """Return at most so many rising numbers of a file. Raises ModelError where they do not rise."""
    found = read_floats(value, most)
    if not (np.diff(found) > 0).all():
        raise ModelError("The model's reference has bins that do not rise.")
    return found


def _listed(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ModelError("The model's reference holds lists that cannot be.")
    return value
