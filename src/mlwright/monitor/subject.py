"""The subject of a monitor: one version of a model, and what is known of how its rows were when it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.monitor.broken import Bounds
from mlwright.monitor.forms import Watching, watching
from mlwright.tasks import TASKS
from mlwright.tasks.base import Metric

if TYPE_CHECKING:
    from mlwright.columns import Columns
    from mlwright.evaluate.reference import Reference
    from mlwright.evaluate.sketches import Sketch
    from mlwright.explain.usual import Usual
    from mlwright.model import Model
    from mlwright.monitor.ranks import Floats
    from mlwright.schema import Column

SAME = 1e-9
LEAST_CASES = 100


class Subject:
    """A model as a monitor needs it. Raises ModelError where the model keeps nothing to compare with."""

    def __init__(self, model: Model) -> None:
        if (found := model.reference) is None:
            raise ModelError(
                f"The model {model.name!r} keeps nothing that rows could be compared with.",
                hint="build it anew: a model built from 20 rows or more keeps how the rows that judged it were.",
            )
        self.model, self.reference = model, found
        self._last: tuple[Columns, NDArray[np.bool_]] | None = None
        self.residuals: list[Sketch] | None = None
        """Outcome less prediction in bins, once somebody has asked for it."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns that the model reads."""
        return self.model.parts.columns

    @cached_property
    def watching(self) -> Watching:
        """What is particular to watching this form of models."""
        return watching(self.model)

    @cached_property
    def losses(self) -> tuple[int, ...]:
        """The positions in `Reference.losses` that are watched: what is answered first, then those that are means.

        A score that is no mean of its losses, such as the root of a mean square, is left out: of a loss that rises,
        people are told the mean.
        """
        reference: Reference = self.reference
        metrics = [self.metric(place) for place in range(len(reference.losses))]
        fit = [place for place, metric in enumerate(metrics) if self._is_mean(metric)]
        return tuple(sorted(fit, key=lambda place: not metrics[place].decided))

    @cached_property
    def bounds(self) -> tuple[Bounds, ...]:
        """What the values of each column were."""
        return tuple(Bounds.of(column) for column in self.columns)

    def broken(self, columns: Columns) -> NDArray[np.bool_]:
        """Return (n, c) which cells break the contract; of the same rows it is found out once."""
        if self._last is None or self._last[0] is not columns:
            self._last = columns, self.watching.broken(self, columns)
        return self._last[1]

    @cached_property
    def usual(self) -> Usual | None:
        """What is usual among the cases that the model keeps; None where it keeps none, or too few to tell."""
        from mlwright.explain.usual import Usual

        cases = self.model.parts.cases
        return None if cases is None or len(cases) < LEAST_CASES else Usual(cases.read(self.columns), self.columns)

    def usual_shares(self, columns: Columns) -> Floats:
        """Return (n,) of each row the share of usual rows that are at least as odd."""
        from mlwright.explain.unlike import unlike

        return np.ones(columns.rows) if self.usual is None else unlike(self.usual, columns).p

    def metric(self, place: int) -> Metric:
        """Return the metric of a loss."""
        return TASKS[self.reference.task].metrics[self.reference.losses[place].metric]

    def metric_named(self, name: str) -> Metric:
        """Return the metric of that name."""
        return TASKS[self.reference.task].metrics[name]

    def _is_mean(self, metric: Metric) -> bool:
        sample = self.reference.sample
        y, P = sample.y, sample.P
        if metric.losses is None or not len(y):
            return False
        if metric.decided:
            return True
        mean, score = float(np.mean(metric.losses(y, P))), metric.score(y, P, None)
        told = 1.0 - score if metric.greater_is_better else score  # what is gained, of what could be
        return abs(mean - told) <= SAME * max(abs(mean), 1.0)
