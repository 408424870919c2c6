"""Content: what is like what the person took by what a table says of items. It knows items that nobody took yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.damage import reading, require_fit
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.base import Scores, Taught
from mlwright.learn.recommenders.ials import Factors, Ials, learned_points
from mlwright.learn.recommenders.memory import Memory, strongest_entry
from mlwright.learn.recommenders.sparse import Places, Rows, Singles
from mlwright.learn.recommenders.words import described
from mlwright.tasks.recommend.interactions import Codes, Histories

_ENOUGH = 10.0
"""Entries from which an item's point counts half."""
_RIDGE = 1.0
_STEPS = 40


class Described:
    """Scores an item by the cosine of its words with those of each entry of the history, summed."""

    kind: ClassVar[str] = "described"

    def __init__(self, words: Rows, memory: Memory) -> None:
        self._words, self._memory = words, memory
        self._items = words.turned()

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items); -inf where an item shares no word with the history."""
        said = self._words.product(histories.starts, histories.item, self._memory.weights(histories))
        asked, word = np.nonzero(said)
        starts = np.searchsorted(asked, np.arange(len(said) + 1))
        scores = self._items.product(starts, word.astype(np.int32), said[asked, word])
        scores[scores <= 0] = -np.inf
        return scores

    def because(self, histories: Histories, item: Codes) -> Places:
        """Return (q, k) the entry of the history that is most like each item, -1 where none is."""
        weights = self._memory.weights(histories)

        def speak(part: slice, wanted: Places) -> NDArray[np.float64]:
            own, words = (self._dense(rows) for rows in (histories.item[part], wanted))
            said: NDArray[np.float64] = own @ words.T
            return said * weights[part, None]

        return strongest_entry(histories, item, speak)

    def _dense(self, items: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n, words)."""
        one = np.arange(len(items) + 1)
        return self._words.product(one, items.astype(np.int32), np.ones(len(items))).astype(np.float64)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"memory": self._memory.plain, "words": self._words.width}, self._words.arrays()

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            width = plain["words"]
            require_fit(isinstance(width, int) and 1 <= width <= max(len(arrays["values"]), 1), "number of words")
            rows = Rows.read(arrays, len(arrays["starts"]) - 1, width)
            return cls(rows, Memory.of(plain["memory"]))


class Content:
    """Learns which words of the table of items say how much.

    Plainly, items are alike that share rare words. Where it is `learned`, words are given points of iALS's space so
    that an item's words say where it lies: what goes with what is then known from who took it, also for items that
    nobody took (Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations", ICDM 2010).
    """

    name: ClassVar[str] = "content"
    label: ClassVar[str] = "Content"
    simple: ClassVar[bool] = False
    package: ClassVar[str | None] = "scipy"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "learned half_life factors edge others power rounds",
        (True, None, 32, 0.6, 1.0, 0.0, 6),
        (False, None, None, None, None, None, None),
        (False, 30.0, None, None, None, None, None),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where a table of items says something, else why it is needed."""
        if taught.items is None or not taught.items.columns:
            return "It reads what a table says of the items, and none was given."
        return None

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        columns = 0 if taught.items is None else len(taught.items.columns)
        seconds, memory = Ials().cost(taught)
        items = len(taught.log.items)
        return seconds / 2 + 4e-5 * items * columns, memory + 4_000.0 * items * columns

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Described | Factors:
        """Read the table, and where it is to be learned, the log."""
        if taught.items is None:
            raise ValueError("content learns from a table of items")
        words, memory = described(taught.items, len(taught.log.items)), Memory.of(configuration)
        if not configuration.get("learned"):
            return Described(words, memory)
        points, settings = learned_points(taught, configuration, effort)
        told = _told(words, points, np.bincount(taught.log.item, minlength=len(points)))
        return Factors(told, (np.diff(words.starts) > 0).astype(np.float32), memory, **settings)


def _told(words: Rows, points: Singles, often: NDArray[np.intp]) -> Singles:
    """Return (items, d) where each item's words say that it lies, by ridge regression of the points on the words.

    An item that was taken more often counts more, to a limit: its point is better known.
    """
    from scipy.sparse import csr_array as sparse

    shape = (len(words), words.width)
    F = sparse((words.values.astype(np.float64), words.columns, words.starts), shape=shape)
    sure = often / (often + _ENOUGH)
    weighted = (F * sure[:, None]).T.tocsr()
    wanted = weighted @ points.astype(np.float64)
    M = np.zeros_like(wanted)
    # Conjugate gradients on all columns at once: (F'DF + ridge) M = F'DQ.
    rest = wanted.copy()
    step, length = rest.copy(), np.einsum("wd,wd->d", rest, rest)
    for _ in range(_STEPS):
        turned = weighted @ (F @ step) + _RIDGE * step
        share = length / np.maximum(np.einsum("wd,wd->d", step, turned), 1e-30)
        M += share * step
        rest -= share * turned
        fresh = np.einsum("wd,wd->d", rest, rest)
        step = rest + fresh / np.maximum(length, 1e-30) * step
        length = fresh
    return np.asarray(F @ M, dtype=np.float32)
