"""Co-visitation: what is taken soon after what, by order and time.

The rules of Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 28, 2018 (sequential
rules), with weights for time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort, Stop
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.linked import LinkedItems
from mlwright.learn.recommenders.memory import Memory, entry_weights
from mlwright.learn.recommenders.sparse import DAY, Places, Rows, Seen, joined, spread, strongest_others
from mlwright.learn.recommenders.trend import trend

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_PAIRS = 1 << 22
"""Pairs that are added up at a time."""
_CELLS = 1 << 24


class Covisitation:
    """Learns how often one item is taken within a few entries, and some time, after another."""

    name: ClassVar[str] = "covisitation"
    label: ClassVar[str] = "Co-visitation"
    simple: ClassVar[bool] = False
    package: ClassVar[str | None] = "scipy"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "window days backward popular kept fading trend",
        (20, None, 1.0, 0.5, 200, 20.0, 7.0),
        (20, 1.0, 0.3, 0.25, 200, 5.0, 7.0),
        (20, 1.0, 0.3, 0.5, 200, 5.0, None),
        (5, 0.1, 0.0, 0.25, 200, 3.0, None),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where times are known, else why they are needed."""
        return None if taught.log.has_time else "It learns from what is taken after what, and the log has no times."

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        pairs = 20.0 * len(taught.log)
        return 0.1 + 2e-7 * pairs, 24.0 * (2 * min(pairs, 3 * _PAIRS) + len(taught.log))

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> LinkedItems:
        """Learn.

        Two entries of a person at most `window` places and `days` apart are a pair; it weighs less the more places lie
        between, and `backward` times as much for the way back. Sums are divided by the second item's to the `popular`.
        """
        seen = Seen.of(taught.log)
        order = np.argsort(seen.user, kind="stable")
        user, item, time = seen.user[order], seen.item[order], taught.log.time[order]
        weight = entry_weights(taught, configuration)[order]
        count = len(seen.items)
        total = _counted(_pairs(user, time, weight, configuration, effort.stop), item, count)
        if configuration["backward"]:
            total = (total + configuration["backward"] * total.T).tocsr()
        often = np.maximum(np.bincount(item, weight, count), 1e-12)
        step = max(1, _CELLS // max(count, 1))
        parts: list[Rows] = []
        for begin in range(0, count, step):
            block = total[begin : begin + step]
            first = np.repeat(np.arange(begin, begin + block.shape[0]), np.diff(block.indptr))
            block.data = block.data / (np.sqrt(often[first]) * often[block.indices] ** configuration["popular"])
            parts.append(strongest_others(block, begin, configuration["kept"]))
        rows = spread(joined(parts, count), seen.items, seen.all_items)
        return LinkedItems(
            rows.scaled(trend(taught, configuration.get("trend"))),
            Memory.of(configuration),
            known=seen.known,
            positive=True,
        )


def _pairs(
    user: Places, time: NDArray[np.float64], weight: NDArray[np.float64], configuration: Configuration, stop: Stop
) -> Iterator[tuple[Places, int, NDArray[np.float64]]]:
    """Yield places, how many places on each is followed, and what these pairs count."""
    for apart in range(1, configuration["window"] + 1):
        if stop():
            return
        near = _near(user, time, apart, configuration["days"])
        # Logarithmic, as in the discounts of ranked lists: the next one counts most, but not alone.
        yield near, apart, weight[near + apart] / np.log2(1 + apart)


def _counted(pairs: Iterable[tuple[Places, int, NDArray[np.float64]]], item: Places, count: int) -> csr_array:
    """Return (count, count): the sum of what all pairs of two items count."""
    from scipy.sparse import coo_array

    def added(waiting: list[tuple[Places, Places, NDArray[np.float64]]]) -> csr_array:
        first, second, value = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
        return coo_array((value, (first, second)), shape=(count, count)).tocsr()

    nothing = np.zeros(0, dtype=np.intp)
    total = added([(nothing, nothing, np.zeros(0))])
    waiting: list[tuple[Places, Places, NDArray[np.float64]]] = []
    for near, apart, value in pairs:
        waiting.append((item[near], item[near + apart], value))
        if sum(len(part[0]) for part in waiting) > _PAIRS:
            total, waiting = total + added(waiting), []
    return total + added(waiting) if waiting else total


def _near(user: Places, time: NDArray[np.float64], apart: int, days: float | None) -> Places:
    """Return the places that are followed, so many places on, by an entry of the same person that is near in time."""
    same = user[:-apart] == user[apart:]
    if days is not None:
        same &= time[apart:] - time[:-apart] <= days * DAY
    return np.flatnonzero(same)
