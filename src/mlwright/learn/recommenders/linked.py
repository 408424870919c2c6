"""LinkedItems: the ranker of every learner whose knowledge is how strongly one item speaks for another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import reading, require_fit
from mlwright.learn.recommenders.base import Scores
from mlwright.learn.recommenders.memory import Memory, strongest_entry
from mlwright.learn.recommenders.sparse import Places, Rows, known_items
from mlwright.tasks.recommend.interactions import Codes, Histories

_FEW = 20_000
"""So few entries are read as they stand: to turn the matrix takes memory, and its time once."""


class LinkedItems:
    """Scores an item by the sum of what each entry of the history says for it.

    An item that nothing ever speaks for or against has no score; where `positive`, neither has one that no entry of
    this history speaks for.
    """

    kind: ClassVar[str] = "linked_items"

    def __init__(self, rows: Rows, memory: Memory, *, known: NDArray[np.bool_], positive: bool) -> None:
        self._rows, self._memory, self._known, self._positive = rows, memory, known, positive
        self._unknown = np.flatnonzero(~known)

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items)."""
        sums = self._rows.product(histories.starts, histories.item, self._memory.weights(histories))
        silent = ~sums.any(axis=1)
        if self._positive:
            sums[sums <= 0] = -np.inf
        sums[:, self._unknown] = -np.inf
        sums[silent] = -np.inf
        return sums

    def because(self, histories: Histories, item: Codes) -> Places:
        """Return (q, k) the entry of the history that speaks most for each item, -1 where none does."""
        weights = self._memory.weights(histories)
        return strongest_entry(
            histories, item, lambda part, wanted: self._said(histories.item[part], wanted) * weights[part, None]
        )

    def _said(self, entries: Codes, wanted: Places) -> NDArray[np.float64]:
        """Return (entries, wanted): what each entry says for each item, read from whichever side is the shorter."""
        rows = self._rows.count(entries)
        if rows <= _FEW or rows <= self._turned.count(wanted):
            return self._rows.cells(entries, wanted)
        return self._turned.cells(wanted, entries).T

    @cached_property
    def _turned(self) -> Rows:
        return self._rows.turned()

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"memory": self._memory.plain, "positive": self._positive}, {**self._rows.arrays(), "known": self._known}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            known, positive = known_items(arrays), plain["positive"]
            require_fit(isinstance(positive, bool), "positive")
            rows = Rows.read(arrays, len(known), len(known))
            return cls(rows, Memory.of(plain["memory"]), known=known, positive=positive)
