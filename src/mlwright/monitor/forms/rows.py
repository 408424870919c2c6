"""How models that answer about rows are watched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate import wording
from mlwright.monitor.broken import broken_cells
from mlwright.monitor.events import FileSource
from mlwright.monitor.forms.base import Change, FileRows

if TYPE_CHECKING:
    from mlwright.columns import Columns
    from mlwright.model import Model
    from mlwright.monitor.subject import Subject
    from mlwright.monitor.watchers import Watch
    from mlwright.tasks.base import Metric

LEAST_SHARE, MOST_SHARE = 0.01, 0.5
CHANCE = 3.0
"""A new row goes beyond the least or largest of n others with a chance of 2 / (n + 1): so many times that, in each
column, is nothing unusual. It holds a new category as often as categories were seen once (Good 1953), which is at most
how many there are, in n."""
NAMED = 5
"""So many columns are named in a sentence."""


class RowWatching:
    """Rows of a table: columns, and values that the model has never seen."""

    once: ClassVar[bool] = False

    def file(self, model: Model, source: object, *, time: str | None, query: str | None) -> FileRows:
        """Return the rows of a file, answered one after another."""
        return FileSource(model, source, time=time, query=query)

    def broken(self, subject: Subject, columns: Columns) -> NDArray[np.bool_]:
        """Return which values the schema does not know."""
        return broken_cells(columns, subject.bounds)

    def usual_broken(self, subject: Subject) -> float:
        """Return the share that chance hardly exceeds."""
        rows = max(subject.reference.column_rows, 1)
        levels = [each.distinct if not each.is_float else 0 for each in subject.columns]
        return float(np.clip(sum(max(2.0 * CHANCE, each) for each in levels) / rows, LEAST_SHARE, MOST_SHARE))

    def answered(self, count: str) -> str:
        """Return that rows were answered."""
        return f"{count} rows were answered"

    def loss_label(self, metric: Metric, bound: float) -> str:
        """Return what a loss is called, with the bound above which it is not counted where it has none of its own."""
        if metric.decided:
            return "share of wrong answers"
        label = metric.label or metric.name
        return label if np.isinf(bound) else f"{label}, each at most {wording.number(bound)}"

    def loss_risen(self, metric: Metric) -> tuple[str, bool]:
        """Return the share of wrong answers, or the mean loss."""
        if metric.decided:
            return "The share of wrong answers", True
        return f"The mean loss ({metric.label or metric.name})", False

    def contract_broken(self, change: Change) -> tuple[str, str]:
        """Return that rows hold values never seen."""
        message = (
            f"{change.now} of the rows hold values that the model has never seen, where at most "
            f"{change.before} is usual, most of them in {', '.join(change.where)}."
        )
        return message, "mend where the rows come from; learn nothing from them."

    def matters(self, kind: str, watch: Watch, place: int) -> bool:
        """Tell that it is: of a column nobody knows which way is the better one."""
        del kind, watch, place
        return True

    def drifted(self, kind: str, subject: Subject, watch: Watch, places: Sequence[int]) -> tuple[str, str]:
        """Return which columns, classes or numbers lie elsewhere."""
        names = [watch.names[place] for place in places]
        shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        message, action = _DRIFTED[kind]
        if not subject.reference.classes:
            message = _OF_NUMBERS.get(kind, message)
        return message.format(shown), action

    def learn_again(self, name: str, beside: Collection[str]) -> str:
        """Return what to do about a loss that has risen."""
        del beside
        return f"learn again from newer rows: mlwright adapt {name}"


_OF_NUMBERS = {
    "predictions": "The numbers that the model answers are not as they were when it was judged.",
    "calibration": "The numbers that the model answers are too high or too low more often than when it was judged.",
}
_DRIFTED = {
    "columns": (
        "What comes in differs from what the model was judged on: {}.",
        "see whether that is meant; without an effect on the answers there is nothing to do.",
    ),
    "predictions": (
        "The probabilities of {} are not as they were when the model was judged.",
        "see which columns have changed, and whether outcomes have too.",
    ),
    "labels": (
        "What turns out to be true differs from when the model was judged: {}.",
        "see whether the answers are still right; costs and thresholds may have to be set anew.",
    ),
    "joint": (
        "More rows come that are unlike past cases as a whole, though each value may be usual.",
        "see which columns no longer go together: mlwright explain shows what is odd about a row.",
    ),
    "health": (
        "More answers are withheld than at first.",
        "see which rule withholds them, and what rows come: the flags in the record tell; no new model mends that.",
    ),
    "calibration": (
        "What happens no longer fits the probabilities of {}: they are too high, or too low.",
        "learn again from newer rows, or calibrate anew.",
    ),
}
