"""A small recommender over a made-up log, and one whose scores a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from mlwright.learn.base import Effort
from mlwright.learn.recommenders import RECOMMENDERS, Taught
from mlwright.model.recommender import Answering, Catalogue
from mlwright.model.recommender.diversity import item_vectors
from mlwright.tasks.recommend.interactions import Codes, Features, Histories, Interactions
from mlwright.testing.logs import LogKind, make_log

Scored = NDArray[np.float32]


@dataclass(frozen=True)
class Said:
    """Scores that are said; the last entry of a history speaks for everything."""

    kind: ClassVar[str] = "said"
    given: tuple[float, ...]

    def scores(self, histories: Histories) -> Scored:
        return np.tile(np.array(self.given, dtype=np.float32), (len(histories), 1))

    def because(self, histories: Histories, item: Codes) -> NDArray[np.intp]:
        return np.broadcast_to(histories.lengths[:, None] - 1, item.shape).astype(np.intp)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {"given": list(self.given)}, {}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(tuple(plain["given"]))


def said(scores: Sequence[float], columns: Mapping[str, Sequence[object]] | None = None) -> Answering:
    """Return what answers with these scores; item 10 * i was taken i times, from day i on."""
    size = len(scores)
    ids = tuple(10 * place for place in range(size))
    item = np.repeat(np.arange(size, dtype=np.int32), np.arange(size))
    time = np.concatenate([[86_400.0 * place + turn for turn in range(place)] for place in range(size)])
    user = np.arange(len(item), dtype=np.int32) % 3
    log = Interactions(("a", "b", "c"), ids, user, item, np.asarray(time, dtype=np.float64))
    features = None if columns is None else Features(dict(columns))
    return Answering((("personal", Said(tuple(scores))),), Catalogue.of(log, features))


def learned(kind: LogKind, learner: str = "neighbours") -> tuple[Answering, Interactions]:
    """Return a recommender that learned from a small made-up log, and the log."""
    made = make_log(120, 90, 1_800, kind=kind, seed=3)
    log, features = made.interactions(), made.features()
    taught = Taught(log, float(log.time[-1]), features)
    catalogue = Catalogue.of(log, features)
    catalogue = catalogue.with_vectors(item_vectors(log, catalogue, dimensions=8))
    names = {"personal": learner, "popular": "decayed_popularity" if log.has_time else "popularity"}
    chain = tuple(
        (level, RECOMMENDERS[name].fit(taught, RECOMMENDERS[name].configurations[0], Effort()))
        for level, name in names.items()
    )
    return Answering(chain, catalogue, "watched"), log


@pytest.fixture(scope="session")
def featured() -> tuple[Answering, Interactions]:
    return learned("features")


@pytest.fixture(scope="session")
def rated() -> tuple[Answering, Interactions]:
    return learned("ratings")


@pytest.fixture(scope="session")
def timeless() -> tuple[Answering, Interactions]:
    return learned("no_time")
