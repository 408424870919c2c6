"""A small recommender over a made-up log of films, put together by hand."""

from __future__ import annotations

import numpy as np

from mlwright.learn.base import Effort
from mlwright.learn.recommenders import RECOMMENDERS, Taught
from mlwright.model.recommender import Answering, Catalogue
from mlwright.model.recommender.diversity import item_vectors
from mlwright.model.recommender.files import golden_requests
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.recommender import Recommender
from mlwright.schema import Schema
from mlwright.tasks.recommend.interactions import Features, Interactions
from mlwright.tasks.recommend.request import ASKED
from mlwright.testing.logs import make_log


def recommender_of(log: Interactions, features: Features | None, learner: str, name: str) -> Recommender:
    """Return a recommender that learned from a log."""
    taught = Taught(log, float(log.time[-1]), features)
    catalogue = Catalogue.of(log, features)
    catalogue = catalogue.with_vectors(item_vectors(log, catalogue, dimensions=8))
    chain = tuple(
        (level, RECOMMENDERS[one].fit(taught, RECOMMENDERS[one].configurations[0], Effort()))
        for level, one in (("personal", learner), ("popular", "decayed_popularity"))
    )
    parts = RecommenderParts(
        name=name,
        task="recommend",
        target="item_id",
        classes=(),
        schema=Schema(ASKED),
        decision={"user": "user_id", "item": "item_id", "time": "timestamp"},
        evidence={"score": {"metric": "ndcg", "value": 0.25, "interval": [0.2, 0.3], "rows": 100}},
        run={"created": "2026-01-02T03:04:05+00:00"},
        answering=Answering(chain, catalogue, "watched"),
        golden=tuple(golden_requests(log, catalogue)),
    )
    return Recommender(parts)


def films(learner: str = "neighbours", name: str = "films", seed: int = 3) -> Recommender:
    """Return a recommender of 90 films with titles, genres and years."""
    made = make_log(120, 90, 1_800, kind="features", seed=seed)
    return recommender_of(made.interactions(), made.features(), learner, name)


def named(model: Recommender, place: int) -> object:
    """Return the id of the film that is taken so often: the most often taken at place 0."""
    catalogue = model.parts.answering.catalogue
    return catalogue.ids[int(np.asarray(catalogue.standing)[place])]
