"""AdditivePredictor: a sum of curves over single columns and of tables over pairs of them, with NumPy alone.

Every number is looked up in its column's edges once, and a term says what it adds for the bin found: whoever wants to
know why a row got its answer reads it from the same tables.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import check_outputs, reading, require_fit
from mlwright.learn.links import LINKS, SINGLE

Floats = NDArray[np.float64]
Bins = NDArray[np.intp]

MISSING = 0
"""The bin of what is missing."""
LARGEST = 1e12
"""No score that was learned is as large; with larger ones a file could ask for sums beyond a double."""

_NAMES = ("intercept", "edges", "counts", "coarse", "score")
_ROW_BY_ROW = 16
"""So many rows are looked up one by one; more are looked up together column by column."""
_BLOCK = 1 << 20
"""Bins looked up in one block of rows."""


class AdditivePredictor:
    """Adds to `intercept` (k,) what each term says, and turns the sum into a prediction by the link.

    Column f has `counts[f]` of the sorted `edges`. Its bin is 0 where it is missing, else 1 + how many of them are not
    above it. `terms` are [f] or [f, g]. A single column's table has a row of `score` (cells, k) for each bin; a pair's
    has one for each pair of coarse bins, which `coarse` gives for each bin of each column.
    """

    kind: ClassVar[str] = "additive"

    def __init__(self, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._plain, self._arrays = dict(plain), {name: arrays[name] for name in _NAMES}
        self.link = str(plain["link"])
        self.terms = [tuple(term) for term in plain["terms"]]
        counts = arrays["counts"].astype(np.intp)
        self.features = len(counts)
        self._edges = np.split(arrays["edges"].astype(np.float64), np.cumsum(counts)[:-1]) if self.features else []
        self._coarse = np.split(arrays["coarse"].astype(np.intp), np.cumsum(counts + 2)[:-1]) if self.features else []
        self._score = np.ascontiguousarray(arrays["score"], dtype=np.float64)
        self.intercept = arrays["intercept"].astype(np.float64)
        self._used = sorted({feature for term in self.terms for feature in term})
        sizes = table_sizes(self.terms, self._coarse)
        self._starts = np.cumsum([0, *sizes])[:-1].tolist()
        self._wide = [int(self._coarse[term[-1]].max()) + 1 if len(term) == 2 else 1 for term in self.terms]
        self._lists = {feature: self._edges[feature].tolist() for feature in self._used}
        paired = {feature for term in self.terms if len(term) == 2 for feature in term}
        self._coarse_lists = {feature: self._coarse[feature].tolist() for feature in paired}

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        return LINKS[self.link](self.sums(X))

    def sums(self, X: Floats) -> Floats:
        """Return (n, outputs): the intercept and what all terms add to it."""
        if X.ndim != 2 or X.shape[1] != self.features:
            raise ValueError(f"The terms read {self.features} features; X has shape {X.shape}.")
        sums = np.empty((len(X), len(self.intercept)))
        if len(X) <= _ROW_BY_ROW:
            for row, numbers in enumerate(X.tolist()):
                sums[row] = self._sum_row(numbers)
            return sums
        step = max(_ROW_BY_ROW, _BLOCK // max(1, len(self._used)))
        for start in range(0, len(X), step):
            sums[start : start + step] = self._sum_rows(X[start : start + step])
        return sums

    def _sum_row(self, numbers: list[float]) -> Floats:
        bins = {
            feature: MISSING if math.isnan(x := numbers[feature]) else 1 + bisect_right(edges, x)
            for feature, edges in self._lists.items()
        }
        coarse = {feature: table[bins[feature]] for feature, table in self._coarse_lists.items()}
        cells = [
            start + (bins[term[0]] if len(term) == 1 else coarse[term[0]] * wide + coarse[term[1]])
            for term, start, wide in zip(self.terms, self._starts, self._wide, strict=True)
        ]
        said = np.concatenate([self.intercept[None], self._score.take(np.array(cells, dtype=np.intp), axis=0)])
        # In the order of the terms, as `_sum_rows` adds: the same to the last bit.
        total: Floats = np.add.accumulate(said, axis=0)[-1]
        return total

    def _sum_rows(self, X: Floats) -> Floats:
        bins = self.bins(X)
        total = np.repeat(self.intercept[None], len(X), axis=0)
        for place, term in enumerate(self.terms):
            total += self.said(place, *(bins[feature] for feature in term))
        return total

    def bins(self, X: Floats) -> dict[int, Bins]:
        """Return the bins (n,) of each column that a term reads."""
        return {feature: find_bins(X[:, feature], self._edges[feature]) for feature in self._used}

    def said(self, place: int, *bins: Bins) -> Floats:
        """Return (..., k): what the term at a place adds where its columns are in these bins, shaped alike."""
        term = self.terms[place]
        cells = bins[0] if len(term) == 1 else self._coarse[term[0]][bins[0]] * self._wide[place]
        if len(term) == 2:
            cells = cells + self._coarse[term[1]][bins[1]]
        said: Floats = self._score.take(self._starts[place] + cells, axis=0)
        return said

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return dict(self._plain), dict(self._arrays)

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the predictor of that state; raises ModelError where an index or a shape cannot be."""
        with reading("terms"):
            _check(plain, arrays)
            return cls(plain, arrays)


def find_bins(numbers: Floats, edges: Floats) -> Bins:
    """Return the bin of each number: 0 where it is missing, else 1 + how many edges are not above it.

    >>> find_bins(np.array([0.5, 1.0, np.nan, 9.0]), np.array([1.0, 2.0])).tolist()
    [1, 2, 0, 3]
    """
    bins: Bins = edges.searchsorted(numbers, side="right") + 1
    bins[np.isnan(numbers)] = MISSING
    return bins


def table_sizes(terms: list[tuple[int, ...]], coarse: list[Bins]) -> list[int]:
    """Return how many cells each term's table has."""
    return [
        len(coarse[term[0]]) if len(term) == 1 else (int(coarse[term[0]].max()) + 1) * (int(coarse[term[1]].max()) + 1)
        for term in terms
    ]


def _check(plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError where looking a row up would leave an array, or a number is none that was learned."""
    require_fit(arrays.keys() == set(_NAMES), "list of arrays")
    intercept, edges, counts, coarse, score = (arrays[name] for name in _NAMES)
    for name, array in arrays.items():
        require_fit(array.dtype.kind in ("iu" if name in {"counts", "coarse"} else "f"), f"type of {name}")
    require_fit(counts.ndim == 1 and bool((counts >= 0).all()) and edges.ndim == 1, "number of edges")
    # As Python's numbers, which cannot overflow.
    lengths = counts.tolist()
    require_fit(sum(lengths) == len(edges) and coarse.shape == (len(edges) + 2 * len(counts),), "edges")
    require_fit(bool(np.isfinite(edges).all()), "edge")
    owner = np.repeat(np.arange(len(counts)), counts.astype(np.intp))
    require_fit(bool(((edges[1:] > edges[:-1]) | (owner[1:] > owner[:-1])).all()), "order of edges")
    require_fit(bool(((coarse >= 0) & (coarse < max(1, coarse.size))).all()), "coarse bin")
    require_fit(intercept.ndim == 1 and intercept.size > 0 and score.ndim == 2, "intercept")
    check_outputs(intercept.size)
    require_fit(score.shape[1:] == intercept.shape, "scores")
    for numbers in (intercept, score):
        require_fit(bool((np.abs(numbers) <= LARGEST).all()), "size of a score")
    require_fit(plain["link"] in LINKS and (plain["link"] not in SINGLE or intercept.size == 1), "link")
    require_fit(isinstance(plain["terms"], list), "terms")
    for term in plain["terms"]:
        require_fit(isinstance(term, list) and len(term) in {1, 2} and len(set(term)) == len(term), "term")
        require_fit(all(type(feature) is int and 0 <= feature < len(counts) for feature in term), "column of a term")
    parts = np.split(coarse.astype(np.intp), np.cumsum(counts.astype(np.intp) + 2)[:-1]) if len(counts) else []
    require_fit(sum(table_sizes([tuple(term) for term in plain["terms"]], parts)) == len(score), "tables")
