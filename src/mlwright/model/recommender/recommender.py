"""A model that recommends: asked with a history, it answers with a list."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import OptionError
from mlwright.model.model import Model, Picked
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.recommend import Answer
from mlwright.tasks.base import Prediction
from mlwright.tasks.recommend.request import Request, read_request


class Recommender(Model):
    """A model that recommends; its methods are documented where all models are."""

    next_call: ClassVar[str] = ".recommend(history=[...])"

    def __init__(self, parts: RecommenderParts, *, path: Path | None = None) -> None:
        super().__init__(path=path)
        self._parts = parts

    @property
    def parts(self) -> RecommenderParts:
        return self._parts

    def with_parts(self, parts: RecommenderParts, *, path: Path | None = None) -> Recommender:
        return Recommender(parts, path=path)

    def recommend(
        self,
        history: Sequence[object] = (),
        k: int = 10,
        *,
        at: object = None,
        filters: Mapping[str, Any] | None = None,
        exclude: Sequence[object] = (),
        exclude_seen: bool = True,
        diversity: float = 0.0,
        rules: Mapping[str, Any] | None = None,
    ) -> list[Picked]:
        asked = {
            "history": _as_list(history),
            "k": k,
            "at": at,
            "filters": filters,
            "exclude": _as_list(exclude),
            "exclude_seen": exclude_seen,
            "diversity": diversity,
            **(rules or {}),
        }
        return [Picked(one.item, one.score, one.reason.text) for one in self.ask(asked).items]

    def ask(self, request: Mapping[str, Any] | Request) -> Answer:
        """Return the answer to a request, with levels, propensities, unknown items and notes.

        Fields are those of `mlwright.tasks.recommend.request.FIELDS`. Raises OptionError, which names the field.
        """
        answering = self.parts.answering
        if not isinstance(request, Request):
            request = read_request(request, columns=answering.catalogue.columns)
        return answering.answer(request)

    def answer(self, rows: object) -> Prediction:
        return told([self.ask(request) for request in requests_of(rows, self.parts)])

    def predict(self, rows: object) -> NDArray[Any]:
        return self.answer(rows).values

    def evaluate(
        self,
        source: object,
        *,
        query: str | None = None,
        gates: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        tests: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        against: Model | None = None,
    ) -> dict[str, Any]:
        from mlwright.model.recommender.judge import evaluate

        if gates is not None or tests is not None:
            raise self._cannot("has no gates or behaviour tests of rows")
        other = None if against is None else recommender(against).parts
        return evaluate(self.parts, source, query=query, against=other)


def recommender(model: Model) -> Recommender:
    """Return a model that recommends. Raises OptionError where this one does not."""
    if isinstance(model, Recommender):
        return model
    raise OptionError(
        f"{model.name!r} answers the task {model.task.name!r}: it recommends nothing.",
        hint=f"ask it by {model.next_call}.",
    )


def _as_list(given: object) -> object:
    """Return what was given as a list, where it is one: a tuple, an array, a series. Else reading it says the fault."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        return given
    try:
        return list(given)
    except TypeError:  # an array of no dimension
        return given


def told(answers: Sequence[Answer]) -> Prediction:
    """Return answers as a prediction: each value is the tuple of what is recommended, flags say what was odd."""
    values = np.empty(len(answers), dtype=object)
    values[:] = [tuple(one.item for one in answer.items) for answer in answers]
    return Prediction(values=values, flags=tuple(" ".join(note.message for note in answer.notes) for answer in answers))


def requests_of(rows: object, parts: RecommenderParts) -> list[dict[str, Any]]:
    """Return what is asked: one request for each dict or row, or for each person of a log, in order of appearance.

    A table asks with its column `history` (a list, or its JSON as text) and any other field of a request; a table with
    the columns of the log that taught asks once for each person in it. Raises OptionError, DataError.
    """
    if isinstance(rows, Mapping):
        return [dict(rows)]
    if isinstance(rows, (list, tuple)) and all(isinstance(row, Mapping) for row in rows):
        return [dict(row) for row in rows]
    from mlwright.model.recommender.asked import requests_of_table

    return requests_of_table(rows, parts)


def read_history(value: object) -> object:
    """Return the history that a cell holds: a list as it is, text as the JSON that it is. Raises OptionError."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return [part.strip() for part in value.split(",") if part.strip()]
    except RecursionError as error:
        raise OptionError("history is nested too deeply.", hint='write "history": [...].') from error
