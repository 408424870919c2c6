"""Patterns: whom the background fails at each leaf, each set of players once, with the share of its rows.

So the cost of a leaf does not grow with the background, only with the variety of it (in the manner of Nadel and
Wettenstein 2025, "From decision trees to Boolean logic: a fast and unified SHAP algorithm").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlwright.explain.contributions.games import gains
from mlwright.explain.contributions.paths import MOST_ROWS, packed

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Masks = NDArray[np.int64]
Bits = NDArray[np.uint8]

_ROW = 7
"""Bits that tell one row of a background."""


@dataclass(frozen=True)
class Patterns:
    """The background's masks, leaf by leaf."""

    first: Index
    """Where each leaf's patterns begin, with the end behind the last."""
    mask: Masks
    count: Masks
    """How many rows of the background have each."""
    firsts: Bits
    """(leaves, 16): the first row with each pattern of a leaf, as bits; patterns stand in their order."""
    places: Index
    """Where each leaf's players begin among those of all, with the end behind the last."""
    rows: int
    """How many rows the background has."""

    @classmethod
    def of(cls, masks: Masks, places: Index) -> Patterns:
        """Count the background's masks (leaves, rows)."""
        # A sort of plain numbers is much faster than one that also tells where they stood.
        keys = np.sort(masks << _ROW | np.arange(masks.shape[1]), axis=1)
        ordered = keys >> _ROW
        begins = np.ones(masks.shape, dtype=np.bool_)
        begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
        at = np.flatnonzero(begins)
        counts = np.zeros(masks.shape, dtype=np.int64)
        counts[at // masks.shape[1], keys.ravel()[at] & MOST_ROWS - 1] = np.diff(np.append(at, masks.size))
        found = counts > 0
        first = np.cumsum([0, *found.sum(axis=1).tolist()])
        return cls(first, masks[found], counts[found], packed(found), places, masks.shape[1])

    @cached_property
    def share(self) -> Floats:
        """The share of the background that has each pattern."""
        share: Floats = self.count / self.rows
        return share

    @cached_property
    def leaf(self) -> Index:
        """The leaf of each pattern."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def got(self, own: Masks) -> Floats:
        """Return (players of all leaves, n): what each gets of a leaf worth 1, by the rows' masks (leaves, n)."""
        mine, other = own[self.leaf], self.mask[:, None]
        p, q = np.bitwise_count(other).astype(np.intp), np.bitwise_count(mine).astype(np.intp)
        share = np.where(mine & other, 0.0, self.share[:, None])
        lost = np.add.reduceat(share * gains()[q, p], self.first[:-1], axis=0)
        leaf = np.repeat(np.arange(len(own)), np.diff(self.places))
        bit = np.arange(len(leaf)) - self.places[leaf]
        got: Floats = np.where(own[leaf] >> bit[:, None] & 1, -lost[leaf], 0.0)
        who, pattern = self._comes_in
        if len(who):
            begins = np.flatnonzero(np.diff(who, prepend=-1))
            got[who[begins]] += np.add.reduceat((share * gains()[p, q])[pattern], begins, axis=0)
        return got

    @cached_property
    def _comes_in(self) -> tuple[Index, Index]:
        """Return every player (among those of all leaves, in order) whom a pattern fails, and the pattern."""
        bits = np.arange(int(np.diff(self.places).max(initial=0)))
        pattern, bit = np.nonzero(self.mask[:, None] >> bits & 1)
        who = self.places[self.leaf[pattern]] + bit
        order = np.argsort(who, kind="stable")
        return who[order], pattern[order]
