"""Answers to a table, as a table: how depends on the form of the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlwright.errors import OptionError

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import Model
    from mlwright.table import Table
    from mlwright.tasks.base import Prediction


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted beside the answers: all that cannot be ruled out, reasons, and sentences about odd cells."""

    sets: bool = False
    reasons: bool = False
    tells: bool = True


def of_rows(model: Model, table: Table, wanted: Wanted) -> tuple[pl.DataFrame, list[str]]:
    """Return one answer for each row, and what is worth saying of the rows."""
    from mlwright.cli.rows_in import check_columns, unread

    check_columns(table, model.parts.columns)
    answered = model.answer(table.frame)
    frame = answers(answered).with_columns(sets(answered) if wanted.sets else [])
    if wanted.reasons:
        frame = frame.with_columns(reasons(model, table.frame))
    return frame, unread(table.frame, model.parts.columns) if wanted.tells else []


def of_people(model: Model, table: Table, wanted: Wanted) -> tuple[pl.DataFrame, list[str]]:
    """Return one list for each row that asks, or for each person of a log: `prediction` holds its items as JSON."""
    import polars as pl

    from mlwright.model.recommender.asked import LATER, begins_later, requests_in
    from mlwright.model.recommender.recommender import recommender
    from mlwright.model.text import plain

    if wanted.sets:
        raise OptionError("--sets is for models that tell classes apart; this one recommends.")
    asked = recommender(model)
    requests = requests_in(table, asked.parts)
    found = [asked.ask(request) for request in requests]
    columns: dict[str, Any] = {}
    if any(request.get("user") is not None for request in requests):
        columns["user"] = [request.get("user") for request in requests]
    columns["prediction"] = [_json(plain([one.item for one in answer.items])) for answer in found]
    if wanted.reasons:
        columns["reasons"] = [_json([one.reason.text for one in answer.items]) for answer in found]
    said = []
    if unknown := sum(bool(answer.unknown) for answer in found):
        several = "histories hold" if unknown > 1 else "history holds"
        said.append(f"{unknown:,} {several} items that the model does not know: these were ignored.")
    if begins_later(requests, asked.parts):
        said.append(LATER)
    return pl.DataFrame(columns), said if wanted.tells else []


ANSWERING: dict[str, Callable[[Model, Table, Wanted], tuple[pl.DataFrame, list[str]]]] = {
    "rows": of_rows,
    "log": of_people,
}
"""By the form of what the model learned from."""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def answers(prediction: Prediction) -> pl.DataFrame:
    """Return answers as a table: prediction, then probability_<class> for each class, or lower and upper."""
    import polars as pl

    values = prediction.values
    columns = [pl.Series("prediction", values.tolist(), strict=False)]
    if prediction.probabilities is not None:
        from mlwright.values import as_text

        names = unique([f"probability_{as_text(label)}" for label in prediction.classes])
        columns += [pl.Series(name, prediction.probabilities[:, place]) for place, name in enumerate(names)]
    if prediction.lower is not None and prediction.upper is not None:
        columns += [pl.Series("lower", prediction.lower), pl.Series("upper", prediction.upper)]
    if prediction.flags is not None:
        columns.append(pl.Series("flag", [flag or None for flag in prediction.flags], dtype=pl.String))
    return pl.DataFrame(columns)


def sets(prediction: Prediction) -> pl.Series:
    """Return the answers that cannot be ruled out, row by row, as one text. Raises OptionError where there are none."""
    import polars as pl

    from mlwright.values import as_text

    if prediction.lower is not None:
        raise OptionError(
            "--sets is for models that tell classes apart; this one predicts a number.",
            hint="the columns lower and upper already say in what range it lies for 90 % of rows.",
        )
    if prediction.sets is None:
        raise OptionError(
            "--sets cannot be answered: the model was built from too few rows to say which answers can be ruled out.",
            hint="build it from 100 labelled rows or more.",
        )
    return pl.Series("set", [" | ".join(as_text(label) or "" for label in labels) for labels in prediction.sets])


def reasons(model: Model, frame: pl.DataFrame) -> pl.Series:
    """Return why each row gets its answer, one sentence a row."""
    import polars as pl

    return pl.Series("reasons", model.explain(frame).text, dtype=pl.String)


def unique(names: list[str]) -> list[str]:
    """Return names that differ: classes 1 and "1" are rare, but may be.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return made
