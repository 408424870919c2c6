"""What reads the record of a model, by the form of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlwright.model import Model, row_model
from mlwright.model.recommender.recommender import recommender
from mlwright.monitor.recorded import RecordedAnswers, RecordedRows
from mlwright.monitor.recorded_lists import Kept, ListReading
from mlwright.monitor.said import Reading, Said

if TYPE_CHECKING:
    from mlwright.model import RowModel
    from mlwright.serve.record.following import Row


class RowReading:
    """Reads answers about rows."""

    def __init__(self, model: RowModel) -> None:
        parts = model.parts
        people = tuple(parts.schema.with_role("sensitive"))
        self._rows = RecordedRows(tuple(dict.fromkeys((*parts.columns, *people))))
        self._people = RecordedRows(people)
        self._answers = RecordedAnswers(parts)

    def read(self, rows: Sequence[Row], outcomes: Sequence[str | None], *, beside: bool) -> Said:
        """Return answers with their outcomes; `beside`: of the rows, only the groups of people are read."""
        P, answered, given, interval = self._answers.read([row.answer for row in rows])
        columns = (self._people if beside else self._rows).read([row.row for row in rows])
        return Said(columns, P, answered, given, interval, self._answers.outcomes(outcomes), P)


READINGS: Mapping[str, Callable[[Model, Kept], Reading]] = {
    "rows": lambda model, _: RowReading(row_model(model)),
    "log": lambda model, kept: ListReading(recommender(model).parts, kept),
}
"""By the form of the model's task."""


def reading_of(model: Model, kept: Kept) -> Reading:
    """Return what reads the record of a model; `kept` tells the histories that the service keeps of people."""
    return READINGS[model.task.form](model, kept)
