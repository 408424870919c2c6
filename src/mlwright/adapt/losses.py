"""What champion and challenger lose on the same rows, each by what it says, or would have said, of them.

A row that the record holds whole is asked of a model again: the same row gets the same answer. Where values are private
the record does not hold them; then only rows count on which both were recorded, one heard and the other in its shadow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.adapt.material import as_frame
from mlwright.adapt.rows import Known, beside
from mlwright.errors import OptionError
from mlwright.evaluate.decided import answered, scored_by
from mlwright.model import Model, RowModel
from mlwright.model.measures import main_metric
from mlwright.model.rivals import aligned, read_for
from mlwright.serve.record import Record
from mlwright.tasks.base import Floats, Metric
from mlwright.values import as_text

PART = 20_000
"""So many rows are asked at once."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of two models on the rows whose outcome both know, in the rows' order."""

    units: tuple[str, ...]
    places: NDArray[np.intp]
    champion: Floats
    challenger: Floats


def deciding(model: Model, named: str | None = None) -> Metric:
    """Return the metric whose losses decide: the one named, else the model's own where it is a mean over rows.

    Where it is none (ROC AUC), the first of the task's whose losses have a bound; else the first that is a mean. Raises
    OptionError where the one named is none.
    """
    means = {name: metric for name, metric in model.task.metrics.items() if metric.losses is not None}
    if named is not None:
        if named not in means:
            raise OptionError.unknown("loss", named, means)
        return means[named]
    own = main_metric(model.parts)
    if own.losses is not None:
        return own
    bounded = [metric for metric in means.values() if np.isfinite(metric.bounds).all()]
    return (bounded or list(means.values()))[0]


def is_bounded(metric: Metric) -> bool:
    """Tell whether no loss is above 1."""
    return bool(np.isfinite(metric.bounds).all())


def losses(
    known: Known, champion: RowModel, challenger: RowModel, metric: Metric, *, record: Record | None, replay: bool
) -> Losses:
    """Return what both lose; `replay`: whether the rows are whole, so that both can be asked again.

    Raises ColumnError where a model needs a column that the rows do not have.
    """
    y = truth(known, champion)
    there = np.isfinite(y)
    said: list[Floats] = []
    for model in (champion, challenger):
        P, answers, found = _asked(known, model) if replay else _recorded(known, model, record)
        there &= found
        said.append(aligned(scored_by(metric, P, answers), model.parts, champion.parts))
    places = np.flatnonzero(there)
    lost = metric.losses
    if lost is None:
        raise OptionError(f"{metric.name} is no mean over rows, so that it cannot decide.")
    mine, theirs = (lost(y[places], each[places]) if len(places) else np.zeros(0) for each in said)
    return Losses(tuple(known.units[place] for place in places.tolist()), places, mine, theirs)


def truth(known: Known, champion: RowModel) -> Floats:
    """Return (n,) the outcomes as the champion reads its target; NaN where it knows no such class or number."""
    return champion.task.encode_known(
        list(known.outcomes), champion.schema[champion.target], champion.parts.classes
    )  # fmt: skip


def lost_by(known: Known, model: RowModel, metric: Metric, *, record: Record | None, replay: bool) -> Floats:
    """Return what one model loses on the rows whose outcome it knows. Raises ColumnError."""
    y = truth(known, model)
    P, answers, there = _asked(known, model) if replay else _recorded(known, model, record)
    there &= np.isfinite(y)
    if not there.any() or metric.losses is None:
        return np.zeros(0)
    return metric.losses(y[there], scored_by(metric, P, answers)[there])


_Said = tuple[Floats, Floats | None, NDArray[np.bool_]]
"""Predictions (n, k), answers (n, k) of classes, and of which rows there are any."""


def _asked(known: Known, model: RowModel) -> _Said:
    """Return what a model says of whole rows."""
    everything = np.ones(len(known), dtype=np.bool_)
    width = max(len(model.parts.classes), 1)
    if not len(known):
        return np.zeros((0, width)), np.zeros((0, width)) if model.parts.classes else None, everything
    predicted, answers = [], []
    frame = as_frame(model, known)
    read_for(model.parts, frame.head(0))  # so that a missing column is told with the model that needs it
    for start in range(0, len(known), PART):
        said = model.answer(frame[start : start + PART])
        values = (
            np.asarray(said.values, dtype=np.float64)[:, None] if said.probabilities is None else said.probabilities
        )
        predicted.append(values)
        answers.append(answered(said))
    told = [each for each in answers if each is not None]
    return np.concatenate(predicted), np.concatenate(told) if told else None, everything


def _recorded(known: Known, model: RowModel, record: Record | None) -> _Said:
    """Return what is recorded of a model's answers, heard or not."""
    version = model.version or 0
    shadows = {} if record is None else beside(record, known.ids, version)
    given = [
        answer if own == version and answer else shadows.get(name)
        for name, own, answer in zip(known.ids, known.versions, known.answers, strict=True)
    ]
    labels = [as_text(label) or "" for label in model.parts.classes]
    P = np.full((len(known), max(len(labels), 1)), np.nan)
    A = np.zeros_like(P)
    for place, answer in enumerate(given):
        if answer is None:
            continue
        value = answer.get("prediction" if answer.get("action", "answer") == "answer" else "model_prediction")
        if not labels:
            P[place] = value if isinstance(value, int | float) else np.nan
        elif isinstance(chances := answer.get("probabilities"), Mapping) and (text := as_text(value)) in labels:
            P[place] = [chances.get(label, np.nan) for label in labels]
            A[place, labels.index(text)] = 1.0
    return P, A if labels else None, np.isfinite(P).all(axis=1)
