"""Memory: how much each entry of a history counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration
from mlwright.learn.damage import require_fit
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.sparse import DAY, Places, newest
from mlwright.tasks.recommend.interactions import Codes, Histories


@dataclass(frozen=True, slots=True)
class Memory:
    """How entries of a history weigh: all alike, or recent ones more, or only those that were liked.

    An item that was taken again counts once, as when it was taken last.
    """

    half_life: float | None = None
    """Days after which an entry counts half as much as one from the newest's moment."""
    fading: float | None = None
    """Entries after which an entry counts half as much as the newest."""
    liked: bool = False
    """Whether only entries count that were rated at least as high as the person's mean."""

    @classmethod
    def of(cls, configuration: Configuration | Mapping[str, Any]) -> Self:
        """Return the memory that a configuration asks for."""
        half_life, fading = configuration.get("half_life"), configuration.get("fading")
        liked = configuration.get("liked", False)
        for number in (half_life, fading):
            fits = number is None or (isinstance(number, int | float) and not isinstance(number, bool) and number > 0)
            require_fit(fits, "memory")
        require_fit(isinstance(liked, bool), "memory")
        return cls(half_life, fading, liked)

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def weights(self, histories: Histories) -> NDArray[np.float64]:
        """(m,) how much each entry of the histories counts, from 0 to 1."""
        lengths = histories.lengths
        keys = np.repeat(np.arange(len(lengths)), lengths) * (int(histories.item.max(initial=0)) + 1) + histories.item
        weights = newest(keys).astype(np.float64)
        if self.fading is not None:
            behind = np.repeat(histories.starts[1:], lengths) - 1 - np.arange(len(weights))
            weights *= 0.5 ** (behind / self.fading)
        if self.half_life is not None and len(weights):
            full = lengths > 0
            youngest = np.zeros(len(lengths))
            youngest[full] = np.minimum.reduceat(histories.age, histories.starts[:-1][full])
            weights *= 0.5 ** ((histories.age - np.repeat(youngest, lengths)) / (DAY * self.half_life))
        if self.liked and histories.value is not None:
            weights *= liked(np.repeat(np.arange(len(lengths)), lengths), histories.value, len(lengths))
        return weights


def liked(user: NDArray[Any], value: NDArray[np.float64], users: int) -> NDArray[np.bool_]:
    """(n,) whether ratings are at least as high as the mean of those whose they are; so are those not known."""
    rated = np.isfinite(value)
    counts = np.bincount(user, rated, users)
    means = np.bincount(user, np.where(rated, value, 0.0), users) / np.maximum(counts, 1.0)
    below: NDArray[np.bool_] = value < means[user] - 1e-9
    return ~below


def strongest_entry(histories: Histories, item: Codes, speak: Callable[[slice, Places], NDArray[np.float64]]) -> Places:
    """Return (q, k) the position in its history of the entry that speaks most for each item (q, k), -1 where none does.

    `speak(part, items)` is (entries, items): what each entry of that part of the histories says for each item.
    """
    best = np.full(item.shape, -1, dtype=np.intp)
    for asked, (begin, end) in enumerate(pairwise(histories.starts)):
        if begin < end:
            said = speak(slice(begin, end), item[asked].astype(np.intp))
            top = said.argmax(axis=0)
            best[asked] = np.where(said.max(axis=0) > 0, top, -1)
    return best


def entry_weights(taught: Taught, configuration: Configuration) -> NDArray[np.float64]:
    """(n,) how much each entry of a log counts in learning: `aging` days halve it, what was not `liked` is left out."""
    log = taught.log
    weights = np.ones(len(log))
    aging = configuration.get("aging")
    if aging is not None and log.has_time and len(log):
        weights *= 0.5 ** ((log.time[-1] - log.time) / (DAY * aging))
    if configuration.get("liked") and log.value is not None:
        weights *= liked(log.user, log.value, len(log.users))
    return weights
