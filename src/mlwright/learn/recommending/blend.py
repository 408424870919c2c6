"""Blend: several rankers and the log's signals in one, each with a weight that depends on how long the history is.

A weighted sum of standardised scores: the weights are those of a choice between all items (see `weighing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import reading, require_fit
from mlwright.learn.recommenders.base import Ranker, Scores
from mlwright.learn.recommending.packing import pack_rankers, unpack_rankers
from mlwright.learn.recommending.signals import Singles
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes, Histories

LARGEST = 1e6
"""No weight that was learned is as large."""
MOST_SEGMENTS = 16


class Blend:
    """Scores an item by the weighted sum of its signals and of what each member says, standardised over what is known.

    `signals` (items, f); `weights` (segments, f + members), the signals' first; a history belongs to the segment of as
    many `bounds` as its length reaches.
    """

    kind: ClassVar[str] = "blend"

    def __init__(
        self,
        members: Sequence[Ranker],
        signals: Singles,
        known: NDArray[np.bool_],
        bounds: NDArray[np.int64],
        weights: Floats,
    ) -> None:
        self.members = tuple(members)
        self.signals, self.known, self.bounds, self.weights = signals, known, bounds, weights
        self._places = None if known.all() else np.flatnonzero(known)
        width = signals.shape[1]
        self._same = (signals.astype(np.float64) @ weights[:, :width].T).T.astype(np.float32)
        if known.any() and not known.all():
            # Signals tell of what is taken. Of what nobody took they say nothing, so it gains by them over no item:
            # only a member that knows what it is like can lift it.
            least = self._same[:, known].min(axis=1, keepdims=True)
            self._same = np.where(known, self._same, least).astype(np.float32)
        self._own = weights[:, width:].astype(np.float32)
        self._heard: dict[int, tuple[Histories, Scores, Scores]] = {}

    def segments(self, histories: Histories) -> NDArray[np.intp]:
        """Return (q,) the segment of each history."""
        return np.searchsorted(self.bounds, histories.lengths, side="right")

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items); -inf for items that nobody took and no member that counts speaks of."""
        answer = np.empty((len(histories), len(self.known)), dtype=np.float32)
        segments = self.segments(histories)
        for segment in np.unique(segments).tolist():
            rows = np.flatnonzero(segments == segment)
            part = histories if len(rows) == len(histories) else histories.take(rows)
            answer[rows] = self._scores(part, segment)
        return answer

    def _scores(self, histories: Histories, segment: int) -> Scores:
        heard = {place: self.heard(place, histories) for place in np.flatnonzero(self._own[segment]).tolist()}
        said = {place: one for place, (one, _) in heard.items()}
        return self.weighed(said, {place: one for place, (_, one) in heard.items()}, segment, len(histories))

    def heard(self, place: int, histories: Histories) -> tuple[Scores, Scores]:
        """Return what a member says, raw and standardised; neither may be changed.

        Who asks for one person's scores then asks why: what was said last to one person is kept.
        """
        kept = self._heard.get(place)
        if kept is not None and kept[0] is histories:
            return kept[1], kept[2]
        said = self.members[place].scores(histories)
        standard = self.standard(said)
        if len(histories) == 1:
            self._heard[place] = (histories, said, standard)
        return said, standard

    def weighed(self, said: Mapping[int, Scores], standard: Mapping[int, Scores], segment: int, count: int) -> Scores:
        """Return (q, items), given what each member that counts in this segment says, raw and standardised."""
        total = np.tile(self._same[segment], (count, 1))
        for place in np.flatnonzero(self._own[segment]).tolist():
            total += self._own[segment, place] * standard[place]
        if self._places is not None:
            unknown = np.tile(~self.known, (count, 1))
            for place in np.flatnonzero(self._own[segment]).tolist():
                unknown &= ~np.isfinite(said[place])
            total[unknown] = -np.inf
        return total

    def standard(self, said: Scores) -> Scores:
        """Return scores (q, items) with mean 0 and deviation 1 over what is known, by row.

        Where nothing is said, it is the least that is said; a row that says nothing, or the same of all, is 0.
        """
        return standard_rows(said, self._places)

    def because(self, histories: Histories, item: Codes) -> NDArray[np.intp]:
        """Return (q, k) the entry that speaks most for each item, by the member that adds most to its score."""
        segments = self.segments(histories)
        most = np.zeros(item.shape, dtype=np.float32)
        entry = np.full(item.shape, -1, dtype=np.intp)
        for position, member in enumerate(self.members):
            weight = self._own[segments, position][:, None]
            if weight.any():
                added = weight * np.take_along_axis(self.heard(position, histories)[1], item, axis=1)
                said = member.because(histories, item)
                better = (added > most) & (said >= 0)
                most, entry = np.where(better, added, most), np.where(better, said, entry)
        return entry

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        plain, arrays = pack_rankers(self.members)
        own = {"signals": self.signals, "known": self.known, "bounds": self.bounds, "weights": self.weights}
        return {"members": plain}, {**arrays, **own}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            members = unpack_rankers(plain["members"], arrays)
            signals, known, bounds, weights = (arrays[name] for name in ("signals", "known", "bounds", "weights"))
            require_fit(known.ndim == 1 and known.dtype == np.bool_, "known items")
            require_fit(signals.ndim == 2 and signals.dtype == np.float32 and len(signals) == len(known), "signals")
            require_fit(bool((np.abs(signals) <= LARGEST).all()), "a signal")
            require_fit(bounds.ndim == 1 and bounds.dtype == np.int64 and len(bounds) < MOST_SEGMENTS, "bounds")
            require_fit(bool((np.diff(bounds) > 0).all()), "order of bounds")
            require_fit(weights.shape == (len(bounds) + 1, signals.shape[1] + len(members)), "weights")
            require_fit(weights.dtype == np.float64 and bool((np.abs(weights) <= LARGEST).all()), "a weight")
            return cls(members, signals, known, bounds, weights)


def standard_rows(said: Scores, places: NDArray[np.intp] | None) -> Scores:
    """Return scores (q, items) with mean 0 and deviation 1 by row over the items at these places, over all for None."""
    finite = np.isfinite(said)
    if not finite.all():
        # Nothing said is the least that is said of anything.
        least = np.where(finite, said, np.inf).min(axis=1, keepdims=True)
        said = np.where(finite, said, np.where(np.isfinite(least), least, 0.0))
    of = said if places is None else said.take(places, axis=1)
    mean, spread = of.mean(axis=1, keepdims=True), of.std(axis=1, keepdims=True)
    centred = said - mean
    np.divide(centred, spread, out=centred, where=spread > 1e-9)
    return np.where(spread > 1e-9, centred, np.float32(0.0)).astype(np.float32, copy=False)
