"""Popularity: what most people took, ever or of late. The rules that a recommender has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.damage import reading, require_fit
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.base import Scores, Taught
from mlwright.learn.recommenders.sparse import DAY, LARGEST, Places, Singles
from mlwright.tasks.recommend.interactions import Codes, Histories

_NO_TIMES = "It weighs what was taken of late, and the log has no times."


class SameForAll:
    """Gives everybody the same order of items."""

    kind: ClassVar[str] = "same_for_all"

    def __init__(self, score: Singles) -> None:
        self._score = score
        self._answer = np.where(score > 0, score, np.float32(-np.inf))

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items); -inf where nobody took an item."""
        return np.tile(self._answer, (len(histories), 1))

    def because(self, histories: Histories, item: Codes) -> Places:  # noqa: ARG002
        """Return (q, k) -1: no entry of a history speaks for what most people take."""
        return np.full(item.shape, -1, dtype=np.intp)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return {}, {"score": self._score}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:  # noqa: ARG003
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            score = arrays["score"]
            require_fit(score.ndim == 1 and score.dtype.kind == "f", "scores")
            require_fit(bool(((score >= 0) & (score <= LARGEST)).all()), "a score")
            return cls(score.astype(np.float32))


class Popularity:
    """Counts who took each item."""

    name: ClassVar[str] = "popularity"
    label: ClassVar[str] = "Popularity"
    simple: ClassVar[bool] = True
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = ({},)

    def takes(self, taught: Taught) -> str | None:  # noqa: ARG002
        """Return None: there is always something to count."""
        return None

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        return 1e-8 * len(taught.log), 8.0 * len(taught.log)

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> SameForAll:  # noqa: ARG002
        """Count."""
        return _ordered(np.ones(len(taught.log)), taught)


class DecayedPopularity:
    """Counts who took each item, the less the longer ago; or only in the last so many days."""

    name: ClassVar[str] = "decayed_popularity"
    label: ClassVar[str] = "Popularity of late"
    simple: ClassVar[bool] = True
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "half_life window",
        (30.0, None),
        (None, 30.0),
        (7.0, None),
        (90.0, None),
        (14.0, None),
        (3.0, None),
        (365.0, None),
        (None, 7.0),
        (None, 90.0),
        (1.0, None),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where times are known, else why they are needed."""
        return None if taught.log.has_time else _NO_TIMES

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        return 3e-8 * len(taught.log), 16.0 * len(taught.log)

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> SameForAll:  # noqa: ARG002
        """Count, each entry by its age; `half_life` and `window` are days."""
        age = np.maximum(taught.moment - taught.log.time, 0.0) / DAY
        half_life, window = configuration.get("half_life"), configuration.get("window")
        weights = np.ones(len(age)) if window is None else (age <= window).astype(np.float64)
        if half_life is not None:
            # From the newest entry on: a log that ended long ago would else weigh nothing.
            weights *= 0.5 ** ((age - age.min(initial=np.inf)) / half_life) if len(age) else 1.0
        return _ordered(weights, taught)


def _ordered(weights: NDArray[np.float64], taught: Taught) -> SameForAll:
    """Return the order by sums of weights; what is level goes by how often it was taken at all."""
    item, count = taught.log.item, len(taught.log.items)
    often = np.bincount(item, minlength=count)
    sums = np.bincount(item, weights, count)
    scores = sums + 1e-3 * often / max(int(often.max(initial=1)), 1)
    return SameForAll(scores.astype(np.float32))
