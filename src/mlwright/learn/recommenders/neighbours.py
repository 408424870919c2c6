"""Item nearest neighbours: what the people who took this took as well.

Sarwar et al., "Item-based collaborative filtering", WWW 2001; shrinkage as in Bell and Koren, "Improved
neighborhood-based collaborative filtering", KDD Cup 2007; Robertson and Zaragoza, "The probabilistic relevance
framework: BM25 and beyond", 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.linked import LinkedItems
from mlwright.learn.recommenders.memory import Memory, entry_weights
from mlwright.learn.recommenders.sparse import Rows, Seen, joined, spread, strongest_others
from mlwright.learn.recommenders.trend import trend

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_CELLS = 1 << 24
"""Pairs of items that are looked at together."""
_SATURATION, _LENGTH = 1.2, 0.75
"""BM25's usual constants."""


class Neighbours:
    """Learns how alike two items are by who took them: the cosine, less where few took both."""

    name: ClassVar[str] = "neighbours"
    label: ClassVar[str] = "Item nearest neighbours"
    simple: ClassVar[bool] = True
    package: ClassVar[str | None] = "scipy"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "weighting shrinkage kept half_life trend",
        ("tfidf", 0.0, 50, None, None),
        ("tfidf", 0.0, 50, None, 7.0),
        ("bm25", 0.0, 200, None, None),
        ("cosine", 10.0, 200, 30.0, 30.0),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where at least two items were taken, else why not."""
        return None if len(np.unique(taught.log.item)) > 1 else "It learns from pairs of items, and the log has none."

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        items, entries = len(taught.log.items), len(taught.log)
        return 0.1 + 3e-8 * items**2 + 2e-6 * entries, 24.0 * min(items**2, _CELLS) + 100.0 * entries

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> LinkedItems:
        """Learn; each item keeps the `kept` that are most like it."""
        seen = Seen.of(taught.log)
        X = seen.matrix(entry_weights(taught, configuration))
        weighted = WEIGHTINGS[configuration["weighting"]](X)
        both, columns, shrinkage = X.astype(bool).astype(np.float64), weighted.T.tocsr(), configuration["shrinkage"]
        taken = both.T.tocsr()
        step = max(1, _CELLS // max(X.shape[1], 1))
        parts: list[Rows] = []
        for begin in range(0, X.shape[1], step):
            alike = columns[begin : begin + step] @ weighted
            if shrinkage:
                alike = alike * _share(taken[begin : begin + step] @ both, shrinkage)
            parts.append(strongest_others(alike, begin, configuration["kept"]))
            if effort.stop():
                parts.append(_empty(X.shape[1] - begin - alike.shape[0], X.shape[1]))
                break
        rows = spread(joined(parts, X.shape[1]), seen.items, seen.all_items)
        return LinkedItems(
            rows.scaled(trend(taught, configuration.get("trend"))),
            Memory.of(configuration),
            known=seen.known,
            positive=True,
        )


def _empty(rows: int, width: int) -> Rows:
    return Rows(np.zeros(rows + 1, dtype=np.intp), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32), width)


def _share(shared: csr_array, shrinkage: float) -> csr_array:
    """Return by pair of items how much of their likeness is believed, by how many people took both."""
    shared.data = shared.data / (shared.data + shrinkage)
    return shared


def _cosine(X: csr_array) -> csr_array:
    """Return the entries with every item at length 1."""
    length = np.sqrt(np.asarray((X * X).sum(axis=0)))
    return _by_item(X, 1.0 / np.where(length > 0, length, 1.0))


def _tfidf(X: csr_array) -> csr_array:
    """Return the same with people who took a lot as weaker: they say less of each item."""
    return _cosine(_by_person(X))


def _bm25(X: csr_array) -> csr_array:
    """Return the entries as BM25 weighs them: items are the texts, and who took them are the words."""
    took = np.bincount(X.indices, minlength=X.shape[1])
    weighted = _by_person(X)
    scale = 1 - _LENGTH + _LENGTH * took / max(took.mean(), 1.0)
    weighted.data = X.data / (X.data + _SATURATION * scale[X.indices]) * (weighted.data / X.data)
    return weighted


def _lengths(X: csr_array) -> NDArray[np.intp]:
    return np.diff(X.indptr).astype(np.intp)


def _by_person(X: csr_array) -> csr_array:
    """Return the entries times the rarity of who took them: the logarithm of items by those that they took."""
    scaled = X.copy()
    lengths = _lengths(X)
    scaled.data = X.data * np.repeat(np.log1p(X.shape[1] / np.maximum(lengths, 1)), lengths)
    return scaled


def _by_item(X: csr_array, factor: NDArray[np.float64]) -> csr_array:
    scaled = X.copy()
    scaled.data = X.data * factor[X.indices]
    return scaled


WEIGHTINGS: Mapping[str, Callable[[csr_array], csr_array]] = {"cosine": _cosine, "tfidf": _tfidf, "bm25": _bm25}
