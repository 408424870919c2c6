"""Directions: columns with which the answer may only rise, or only fall, and that it does so.

Every member keeps them: learners that cannot are not tried, recipes make of such a column only numbers that rise with
it, repairs leave it alone, and averages, calibration and the floor of numbers keep an order. What is missing has no
place in an order and stands apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mlwright.building.options import Options
from mlwright.columns import Coded, Columns
from mlwright.errors import ColumnError, OptionError
from mlwright.findings import Finding
from mlwright.learn.base import Learner, keeps_order
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.learners import available
from mlwright.learn.order import TOLERANCE, falls, steps_of
from mlwright.schema import Column, Direction, Schema
from mlwright.tasks.base import Floats, Label

ROWS = 200
"""The finished model is tried on so many rows, each with every step of the column."""


def directed(schema: Schema, options: Options, classes: Sequence[Label]) -> Schema:
    """Return the schema with the directions that were asked for.

    Raises ColumnError or OptionError where a column cannot have one.
    """
    asked: dict[Direction, tuple[str, ...]] = {"increasing": options.increasing, "decreasing": options.decreasing}
    if not any(asked.values()):
        return schema
    for name in options.increasing:
        if name in options.decreasing:
            raise OptionError(
                f"The column {name!r} is named as --increasing and as --decreasing: it can be only one of them."
            )
    if len(classes) > 2:
        raise OptionError(
            f"--increasing and --decreasing need a yes/no target or a number: of {len(classes)} classes none is more.",
            hint="predict whether it is one of the classes, or give the classes as numbers with --task regression.",
        )
    found = [_directed(schema, name, way) for way, names in asked.items() for name in names]
    return schema.replacing(found)


def _directed(schema: Schema, name: str, way: Direction) -> Column:
    if name not in schema:
        raise ColumnError.missing(name, schema.names, what=f"column of --{way}")
    column = schema[name]
    if column.role == "target":
        raise ColumnError(f"--{way} names the target {name!r}: name a column that the target is predicted from.")
    if not column.is_feature:
        why = column.note or f"{name!r} is set aside (as {column.role})."
        raise ColumnError(f"The model does not look at {name!r}, so no answer can follow it. {why}")
    if column.kind == "category" and column.numeric_text:
        column = replace(column, kind="number", categories=None, numeric_text=False)
    if not column.is_float:
        raise ColumnError(
            f"The column {name!r} holds {_WORDS.get(column.kind, column.kind)}, which are not more or less.",
            hint=f"--{way} takes columns of numbers, dates, durations or yes/no.",
        )
    return replace(column, direction=way)


_WORDS: Mapping[str, str] = {"category": "categories", "text": "texts"}


def sentences(schema: Schema, target: str, classes: Sequence[Label]) -> list[str]:
    """Return what is promised of directions, in plain words; nothing where nothing is."""
    told = []
    answer = f"the probability of {str(classes[1])!r}" if classes else f"the predicted {target!r}"
    for way, verb in (("increasing", "fall"), ("decreasing", "rise")):
        if names := [repr(column.name) for column in schema if column.direction == way]:
            told.append(
                f"When {' or '.join(names)} rises and nothing else changes, {answer} never {verb}s: this was asked for,"
                " and every part of the model keeps it."
            )
    return told


def able(
    learners: Mapping[str, Learner], named: Sequence[str], schema: Schema
) -> tuple[Mapping[str, Learner], tuple[Finding, ...]]:
    """Return the learners that can keep the directions, and the finding that the others were not tried.

    Raises OptionError where one that was asked for by name cannot.
    """
    directions = [column.name for column in schema if column.direction]
    if not directions:
        return learners, ()
    unable = [learner for learner in learners.values() if not keeps_order(learner)]
    for learner in unable:
        if learner.name in named:
            raise OptionError(
                f"The learner {learner.name!r} cannot promise that answers only rise, or only fall, with a column.",
                hint=f"leave {learner.name!r} out of --learners, or leave --increasing and --decreasing away.",
            )
    kept = {name: learner for name, learner in learners.items() if keeps_order(learner)}
    missed = [learner.label for learner in unable if available(learner)]
    if not missed:
        return kept, ()
    were = "were" if len(missed) > 1 else "was"
    finding = Finding(
        kind="learners_without_order",
        columns=tuple(directions),
        message=f"{', '.join(missed)} {were} not tried: they cannot promise that the answer only rises or falls with"
        f" {', '.join(map(repr, directions))}.",
    )
    return kept, (finding,)


def broken_directions(ensemble: Ensemble, columns: Columns, schema: Schema) -> tuple[Finding, ...]:
    """Try the finished model on many rows; return a finding for each direction that it does not keep: there is none.

    Members are tried one by one as they are found, so that this only finds what is wrong in mlwright or a plug-in.
    """
    rows = columns.take(np.unique(np.linspace(0, columns.rows - 1, ROWS).astype(np.intp)))
    found = []
    for column in schema:
        values = columns[column.name] if column.direction and column.name in ensemble.sources else None
        if values is None or isinstance(values, Coded) or np.isnan(values).all():
            continue
        steps = steps_of(values[~np.isnan(values)])
        answers = np.stack([_answers(ensemble, rows, column.name, step) for step in steps.tolist()])
        largest = falls(column.sign * answers)
        if largest > TOLERANCE * max(1.0, ensemble.scale):
            found.append(_broken(column, largest))
    return tuple(found)


def _answers(ensemble: Ensemble, rows: Columns, name: str, value: float) -> Floats:
    changed: dict[str, Any] = {**rows, name: np.full(rows.rows, value)}
    return ensemble.predict(Columns(changed, rows.rows))[:, -1]


def _broken(column: Column, largest: float) -> Finding:
    way = "fall" if column.direction == "increasing" else "rise"
    return Finding(
        kind="direction_broken",
        columns=(column.name,),
        message=f"The answer can {way} by {largest:.3g} when {column.name!r} rises, which was not to be.",
        severity="error",
        repair="Do not use the model where this matters, and report it: it should not be possible.",
    )
