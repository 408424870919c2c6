"""Learners that recommend: a new one is one file here and one line below, and one more line for a ranker of its own."""

from __future__ import annotations

from mlwright.errors import ModelError
from mlwright.learn.recommenders.attention import Attending
from mlwright.learn.recommenders.base import Ranker, Recommending, Taught
from mlwright.learn.recommenders.content import Content, Described
from mlwright.learn.recommenders.covisitation import Covisitation
from mlwright.learn.recommenders.ease import Ease
from mlwright.learn.recommenders.ials import Factors, Ials
from mlwright.learn.recommenders.linked import LinkedItems
from mlwright.learn.recommenders.neighbours import Neighbours
from mlwright.learn.recommenders.popularity import DecayedPopularity, Popularity, SameForAll
from mlwright.learn.recommenders.sasrec import SasRec

__all__ = ["RANKERS", "RECOMMENDERS", "Ranker", "Recommending", "Taught", "ranker_kind"]

RECOMMENDERS: dict[str, Recommending] = {
    learner.name: learner
    for learner in (
        Popularity(),
        DecayedPopularity(),
        Neighbours(),
        Ease(),
        Ials(),
        Covisitation(),
        Content(),
        SasRec(),
    )
}
RANKERS: dict[str, type[Ranker]] = {
    ranker.kind: ranker for ranker in (SameForAll, LinkedItems, Factors, Described, Attending)
}


def ranker_kind(kind: str) -> type[Ranker]:
    """Return the ranker of this kind; raises ModelError where there is none."""
    try:
        return RANKERS[kind]
    except (KeyError, TypeError):
        known = ", ".join(sorted(RANKERS))
        raise ModelError(
            f"The model has a ranker of a kind that is not known: {kind!r}.", hint=f"Known: {known}."
        ) from None
