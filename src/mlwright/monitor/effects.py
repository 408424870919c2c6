"""What a change of rows does to the answers: how wrong they are expected to be, and why a loss has risen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.columns import Coded, Columns
from mlwright.errors import DataError
from mlwright.monitor.estimate import Estimate, estimate
from mlwright.monitor.ranks import Floats
from mlwright.monitor.sample import Loss, Sample
from mlwright.monitor.split import split_of_change
from mlwright.monitor.watchers.contract import broken_cells

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

LATEST = 2_000
"""So many of the latest rows are looked at."""


def expected(subject: Subject, rows: Events) -> Estimate | None:
    """Return how wrong answers are expected to be on these rows, before outcomes are known.

    Rows that break the contract are left out. None where the model keeps no rows to compare with, or too few came.
    """
    reference = _reference(subject)
    if reference is None:
        return None
    whole = np.flatnonzero(~broken_cells(rows.columns, subject.columns).any(axis=1))
    try:
        return estimate(reference, _sample(subject, rows).take(whole), loss_of(subject))
    except DataError:
        return None


def causes(subject: Subject, rows: Events) -> dict[str, float]:
    """Return what part of the change of the loss comes from other "inputs", another "relation", and broken "data".

    The parts sum to 1. Nothing where it cannot be told: `rows` are the latest ones whose outcome is known.
    """
    reference = _reference(subject)
    if reference is None or reference.y is None:
        return {}
    sample, loss = _sample(subject, rows), loss_of(subject)
    try:
        found = estimate(reference, sample, loss, tried=0)
    except DataError:
        return {}
    if sample.y is None or len(found.newness[0]) != len(reference) or len(found.newness[1]) != len(sample):
        return {}
    broken = np.asarray(broken_cells(rows.columns, subject.columns).any(axis=1), dtype=np.bool_)
    parts: dict[str, Any] = split_of_change(
        loss(reference.y, reference.P), loss(sample.y, sample.P), found.newness, broken=broken
    )
    change = parts["change"]
    if change is None or not math.isfinite(change) or change <= 0:
        return {}
    names = {"inputs": "inputs", "relation": "relation", "data": "broken"}
    return {name: float(parts[part]) / change for name, part in names.items()}


def loss_of(subject: Subject) -> Loss:
    """Return the loss that people are told of, as a function of outcomes and predictions alone."""
    metric = subject.metric(subject.losses[0])
    losses = metric.losses
    if losses is None:
        raise DataError("There is no loss of single rows.")
    if not metric.decided:
        return losses
    return _decided(subject, losses)


def _decided(subject: Subject, losses: Loss) -> Loss:
    model = subject.model
    labels = list(model.parts.classes)
    place = {label: position for position, label in enumerate(labels)}

    def of(y: Floats, P: Floats) -> Floats:
        answered = model.task.answer(P, model.parts.decision, tuple(labels)).values.tolist()
        return losses(y, np.eye(len(labels))[[place[label] for label in answered]])

    return of


def _reference(subject: Subject) -> Sample | None:
    """Return the rows that judged, as numbers; None where the model keeps none, or too few."""
    sample = subject.reference.sample
    if sample.columns is None or not subject.losses:
        return None
    return Sample(_numbers(subject, sample.columns), sample.P, sample.y, _names(subject))


def _sample(subject: Subject, rows: Events) -> Sample:
    there = np.flatnonzero(np.isfinite(rows.P).all(axis=1)).astype(np.intp)
    found = rows.take(there)
    y = found.y if np.isfinite(found.y).all() and len(found.y) else None
    return Sample(_numbers(subject, found.columns), found.P, y, _names(subject))


def _names(subject: Subject) -> tuple[str, ...]:
    return tuple(column.name for column in subject.columns)


def _numbers(subject: Subject, columns: Columns) -> Floats:
    """Return (n, c) numbers of what the model reads: categories by how frequent they were; NaN for what is missing."""
    sketches = {each.column: each for each in subject.reference.columns}
    found = np.full((columns.rows, len(subject.columns)), np.nan)
    for place, column in enumerate(subject.columns):
        if column.name not in columns:
            continue
        values = columns[column.name]
        if not isinstance(values, Coded):
            found[:, place] = values
        elif column.name in sketches:
            found[:, place] = sketches[column.name].bins(values)
    return found
