"""Attending: the ranker that reads a history in its order, entry by entry, by self-attention; NumPy alone.

Vaswani et al., "Attention is all you need", NIPS 2017, with the norms before the layers (Xiong et al., "On layer
normalization in the transformer architecture", ICML 2020), as Kang and McAuley, "Self-attentive sequential
recommendation", ICDM 2018, use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import reading, require_fit
from mlwright.learn.recommenders.base import Scores
from mlwright.learn.recommenders.memory import strongest_entry
from mlwright.learn.recommenders.sparse import Places, Singles, known_items
from mlwright.tasks.recommend.interactions import Codes, Histories

EPSILON = 1e-6
"""Added to a variance before its root."""
_LARGEST = 1e4
"""No number that was learned is as large; with larger ones a file could ask for sums beyond a float."""
_MOST = {"factors": 512, "blocks": 8, "heads": 16, "length": 1_000}


class Attending:
    """Scores an item by its point times what the layers make of the last entry of a history, plus the item's own bias.

    Each block lets every entry look at itself and those before it, then passes it through two layers. Of a history the
    last `length` entries that are known are read; without one there is no score.

    Parameters
    ----------
    known
        (items,) what was taken.
    weights
        Arrays by name; `shapes` says which.
    heads
        Into how many parts a point is cut, each looking by itself.
    """

    kind: ClassVar[str] = "attention"

    def __init__(self, known: NDArray[np.bool_], weights: Mapping[str, Singles], *, heads: int) -> None:
        self._known, self._weights, self._heads = known, dict(weights), heads
        self._unknown = np.flatnonzero(~known)
        self._items, self._bias, self._positions = (weights[name] for name in ("items", "bias", "positions"))
        self._root = np.float32(np.sqrt(self._items.shape[1]))

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items)."""
        answer = np.empty((len(histories), len(self._known)), dtype=np.float32)
        for asked, (begin, end) in enumerate(pairwise(histories.starts)):
            read = histories.item[begin:end]
            read = read[self._known[read]][-len(self._positions) :]
            # One at a time: a product of matrices may differ in its last bit by how many ask.
            answer[asked] = self._items @ self._person(read) + self._bias if len(read) else -np.inf
        answer[:, self._unknown] = -np.inf
        return answer

    def _person(self, read: Codes) -> Singles:
        """Return (factors,) what the last entry has become after all blocks."""
        weights = self._weights
        state = self._items[read] * self._root + self._positions[: len(read)]
        blocks = len(weights["inward"])
        for block in range(blocks):
            # Of the last block only the last entry is wanted.
            first = len(read) - 1 if block == blocks - 1 else 0
            looked = self._looked(_normed(state, weights["norms"][2 * block]), block, first)
            state = state[first:] + looked @ weights["outward"][block] + weights["outward_bias"][block]
            inner = _normed(state, weights["norms"][2 * block + 1]) @ weights["wide"][block]
            inner = np.maximum(inner + weights["wide_bias"][block], np.float32(0.0))
            state = state + inner @ weights["narrow"][block] + weights["narrow_bias"][block]
        last: Singles = _normed(state[-1:], weights["norms"][-1])[0]
        return last

    def _looked(self, state: Singles, block: int, first: int) -> Singles:
        """Return (m - first, factors) what each entry from `first` on sees among itself and those before it."""
        size, factors = state.shape
        inward = state @ self._weights["inward"][block] + self._weights["inward_bias"][block]
        query, key, value = (
            part.reshape(size, self._heads, -1).transpose(1, 0, 2) for part in np.split(inward, 3, axis=1)
        )
        said = query[:, first:] @ key.transpose(0, 2, 1) / np.sqrt(np.float32(factors // self._heads))
        later = np.arange(size) > np.arange(first, size)[:, None]
        said = np.where(later, np.float32(-np.inf), said)
        share = np.exp(said - said.max(axis=2, keepdims=True))
        share /= share.sum(axis=2, keepdims=True)
        seen: Singles = (share @ value).transpose(1, 0, 2).reshape(size - first, factors)
        return seen

    def because(self, histories: Histories, item: Codes) -> Places:
        """Return (q, k) the entry read whose point lies most in each item's direction, -1 where none does.

        Entries do not add up here: it is what the item is most like, not what would be missed most.
        """

        def speak(part: slice, wanted: Places) -> NDArray[np.float64]:
            entries = histories.item[part]
            said = (self._items[entries] @ self._items[wanted].T).astype(np.float64)
            read = np.flatnonzero(self._known[entries])[-len(self._positions) :]
            unread = np.ones(len(entries), dtype=np.bool_)
            unread[read] = False
            said[unread] = 0.0
            return said

        return strongest_entry(histories, item, speak)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {"heads": self._heads}, {**self._weights, "known": self._known}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            known, heads = known_items(arrays), plain["heads"]
            require_fit(isinstance(heads, int) and not isinstance(heads, bool), "heads")
            items, positions, wide = arrays["items"], arrays["positions"], arrays["wide"]
            require_fit(items.ndim == 2 and positions.ndim == 2 and wide.ndim == 3, "points")
            factors, blocks = items.shape[1], len(wide)
            numbers = {"factors": factors, "blocks": blocks, "heads": heads, "length": len(positions)}
            for name, most in _MOST.items():
                require_fit(1 <= numbers[name] <= most, name)
            require_fit(factors % heads == 0, "heads")
            wanted = shapes(len(known), factors, blocks, len(positions), inner=wide.shape[2])
            for name, shape in wanted.items():
                require_fit(arrays[name].shape == shape and arrays[name].dtype == np.float32, name)
                require_fit(bool((np.abs(arrays[name]) <= _LARGEST).all()), name)
            return cls(known, {name: arrays[name] for name in wanted}, heads=heads)


def shapes(items: int, factors: int, blocks: int, length: int, *, inner: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is learned, by name; norms are (which, gain and shift, factors)."""
    return {
        "items": (items, factors),
        "bias": (items,),
        "positions": (length, factors),
        "norms": (2 * blocks + 1, 2, factors),
        "inward": (blocks, factors, 3 * factors),
        "inward_bias": (blocks, 3 * factors),
        "outward": (blocks, factors, factors),
        "outward_bias": (blocks, factors),
        "wide": (blocks, factors, inner),
        "wide_bias": (blocks, inner),
        "narrow": (blocks, inner, factors),
        "narrow_bias": (blocks, factors),
    }


def _normed(state: Singles, norm: Singles) -> Singles:
    """Return each row with mean 0 and variance 1, times a gain, plus a shift."""
    mean = state.mean(axis=1, keepdims=True)
    variance = ((state - mean) ** 2).mean(axis=1, keepdims=True)
    normed: Singles = (state - mean) / np.sqrt(variance + np.float32(EPSILON)) * norm[0] + norm[1]
    return normed
