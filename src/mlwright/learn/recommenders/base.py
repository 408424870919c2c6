"""The recommending learner: from a log to a Ranker, which orders all items for anybody's history.

A learner is one file here and one line in the registry. What it gives needs NumPy alone to answer, travels in a model
as JSON and arrays, and is never told who somebody is: only what they took, when, and how they liked it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.tasks.recommend.interactions import Features, Histories, Interactions

Scores = NDArray[np.float32]
"""(q, items): higher is better; -inf where the ranker has nothing to say of an item."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What a recommending learner learns from: the log up to `moment`, and what is known of its items.

    Codes are those of the whole log: items that nobody took before the moment are there, with no entry.
    """

    log: Interactions
    moment: float
    """When the log ends: the ranker is asked at this moment or later."""
    items: Features | None = None


class Ranker(Protocol):
    """Orders all items for a history."""

    kind: ClassVar[str]

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items). Items of the history are scored too: leaving them out is decided elsewhere."""

    def because(self, histories: Histories, item: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return (q, k) which entry of the history speaks most for each of the items (q, k).

        It is a position in the person's own history; -1 where no entry speaks for the item (popularity).
        """

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Ranker:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""


class Recommending(Protocol):
    """An algorithm that learns to recommend."""

    name: ClassVar[str]
    label: ClassVar[str]
    """As people write it: "EASE"."""
    simple: ClassVar[bool]
    """Whether it is one of the simple rules that a model has to beat."""
    package: ClassVar[str | None]
    """The module it needs, or None; `extra` names the extra that brings it where the core does not."""
    extra: ClassVar[str | None]
    configurations: ClassVar[tuple[Configuration, ...]]
    """Good ones first: plain JSON values."""

    def takes(self, taught: Taught) -> str | None:
        """Return None where it can learn from this, else the sentence why it cannot: no times, no item features."""

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Ranker:
        """Learn. Never changes what it is given; `effort.stop` ends it early with what there is."""
