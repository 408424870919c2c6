"""A ranker as others number the items: two models of different logs are then asked alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.learn.recommenders.base import Ranker, Scores
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.recommend import Answering
from mlwright.tasks.recommend.interactions import Histories


@dataclass(frozen=True, slots=True)
class Renumbered:
    """Asks a ranker in its own numbers; what it does not know is left out of histories, and scored by nobody."""

    kind: ClassVar[str] = "renumbered"
    ranker: Ranker
    own: NDArray[np.int32]
    """(items,) what the ranker calls each item; -1 where it does not know it."""
    size: int
    """Items that the ranker knows."""

    @classmethod
    def of(cls, answering: Answering, catalogue: Catalogue) -> Self:
        """Return the personal ranker of a model, asked in the numbers of a catalogue."""
        own = np.array([answering.catalogue.find(item) for item in catalogue.ids], dtype=np.int32)
        return cls(answering.chain[0][1], own, len(answering.catalogue))

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items): -inf where the ranker does not know an item."""
        found = np.full((len(histories), len(self.own)), -np.inf, dtype=np.float32)
        known = self.own >= 0
        found[:, known] = self.ranker.scores(self._own(histories))[:, self.own[known]]
        return found

    def because(self, histories: Histories, item: NDArray[np.int32]) -> NDArray[np.intp]:
        """Return (q, k) -1: nobody asks for the reasons of lists that are only compared."""
        return np.full((len(histories), item.shape[1]), -1, dtype=np.intp)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Raise ModelError: it is never kept."""
        raise ModelError("A ranker that is only compared is never kept.")

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:  # noqa: ARG003
        """Raise ModelError: it is never kept."""
        raise ModelError("A ranker that is only compared is never kept.")

    def _own(self, histories: Histories) -> Histories:
        kept = self.own[histories.item] >= 0
        counts = np.concatenate([[0], np.cumsum(kept)])
        starts = counts[histories.starts].astype(np.intp)
        return replace(
            histories,
            starts=starts,
            item=self.own[histories.item[kept]],
            age=histories.age[kept],
            value=None if histories.value is None else histories.value[kept],
        )
