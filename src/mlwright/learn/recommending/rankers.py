"""Every kind of ranker that a model may hold: those that learners give, and those that are put together of them."""

from __future__ import annotations

from mlwright.learn.recommenders import RANKERS, ranker_kind
from mlwright.learn.recommenders.base import Ranker
from mlwright.learn.recommending.blend import Blend
from mlwright.learn.recommending.stage import Stage

COMPOSED: dict[str, type[Ranker]] = {ranker.kind: ranker for ranker in (Blend, Stage)}


def known_kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return (*COMPOSED, *RANKERS)


def ranker_of(kind: str) -> type[Ranker]:
    """Return the ranker of this kind; raises ModelError where there is none."""
    return COMPOSED.get(str(kind)) or ranker_kind(kind)
