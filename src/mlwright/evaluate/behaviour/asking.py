"""Asking a model about changed rows: each row is read once, and of a changed row only what was changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values, read_rows
from mlwright.evaluate.behaviour.base import Case
from mlwright.learn.base import Floats
from mlwright.schema import Column


class Asking:
    """Answers raw rows by a model of typed columns; quicker than reading every changed row anew, and says the same."""

    def __init__(self, predict: Callable[[Columns], Floats], columns: Sequence[Column]) -> None:
        self._predict, self._columns = predict, tuple(columns)
        self._by_name = {column.name: column for column in columns}
        self._read: Columns | None = None
        self._before: Floats | None = None

    def __call__(self, rows: list[dict[str, Any]]) -> Floats:
        """Return (n, k) of whole raw rows."""
        return self._predict(read_rows(rows, self._columns))

    def begin(self, rows: list[dict[str, Any]]) -> Floats:
        """Read the rows that cases are changes of, and return (n, k) of them."""
        self._read = read_rows(rows, self._columns)
        self._before = self._predict(self._read)
        return self._before

    def changed(self, cases: Sequence[Case], name: str) -> Floats:
        """Return (cases, k) of rows that are changed in one column only."""
        if self._read is None or self._before is None:
            return self([case.changed for case in cases])
        index = np.array([case.row for case in cases], dtype=np.intp)
        answers: Floats = self._before[index]
        if name not in self._by_name:
            return answers
        new = read_rows([{name: case.changed[name]} for case in cases], [self._by_name[name]])
        # What is read as the same value gets the same answer: nothing else of it reaches the model.
        other = np.flatnonzero(_differ(new[name], self._read.take(index)[name]))
        if len(other):
            rows = self._read.take(index[other])
            answers[other] = self._predict(Columns({**rows, **new.take(other)}, len(other)))
        return answers


def _differ(new: Values, old: Values) -> NDArray[np.bool_]:
    """Return where two columns of typed values are not the same."""
    if isinstance(new, Coded) and isinstance(old, Coded):
        known: dict[str, int] = {}
        one, other = (
            np.array([*(known.setdefault(text, len(known)) for text in each.values), -1])[each.codes]
            for each in (new, old)
        )
        return np.asarray(one != other)
    floats, others = np.asarray(new, dtype=np.float64), np.asarray(old, dtype=np.float64)
    return np.asarray(~((floats == others) | (np.isnan(floats) & np.isnan(others))))
