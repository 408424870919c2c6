"""What a change of rows does to the answers: how wrong they are expected to be, and why a loss has risen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.columns import Coded, Columns
from mlwright.errors import DataError
from mlwright.model import row_model
from mlwright.monitor.classic import classic
from mlwright.monitor.estimate import Estimate, estimate
from mlwright.monitor.ranks import Floats
from mlwright.monitor.sample import Loss, Sample
from mlwright.monitor.split import split_of_change

if TYPE_CHECKING:
    from mlwright.monitor.events import Events
    from mlwright.monitor.subject import Subject

LATEST = 2_000
"""So many of the latest rows are looked at."""
MOST_COLUMNS = 12
"""So many columns are looked at: those that have moved most. What has not moved says nothing of a change."""
TRIED = 6
MOST_BROKEN = 0.1
"""Where more of the rows break the contract, nothing is said of what the others do."""


def expected(subject: Subject, rows: Events) -> Estimate | None:
    """Return how wrong answers are expected to be on these rows, before outcomes are known.

    Rows that break the contract are left out. None where these are many, where the model keeps no rows to compare with,
    or where too few came.
    """
    reference, places = _reference(subject), _moved(subject, rows)
    if reference is None:
        return None
    reference = _only(reference, places)
    whole = np.flatnonzero(~subject.broken(rows.columns).any(axis=1))
    if len(whole) < (1.0 - MOST_BROKEN) * len(rows):
        return None
    try:
        sample = _sample(subject, rows.take(np.asarray(whole, dtype=np.intp)))
        return estimate(reference, _only(sample, places), loss_of(subject), tried=TRIED)
    except DataError:
        return None


def causes(subject: Subject, rows: Events) -> dict[str, float]:
    """Return what part of a rise of the loss comes from other "inputs", another "relation", and broken "data".

    The parts sum to 1; one that made the loss smaller is 0. Nothing where it cannot be
    told: `rows` are the latest ones whose outcome is known.
    """
    reference = _reference(subject)
    if reference is None or reference.y is None:
        return {}
    places = _moved(subject, rows)
    sample, loss = _only(_sample(subject, rows), places), loss_of(subject)
    outcomes, reference = reference.y, _only(reference, places)
    try:
        found = estimate(reference, sample, loss, tried=0)
    except DataError:
        return {}
    if sample.y is None or len(found.newness[0]) != len(reference) or len(found.newness[1]) != len(sample):
        return {}
    broken = np.asarray(subject.broken(rows.columns).any(axis=1), dtype=np.bool_)
    parts: dict[str, Any] = split_of_change(
        loss(outcomes, reference.P), loss(sample.y, sample.P), found.newness, broken=broken
    )
    change = parts["change"]
    if change is None or not math.isfinite(change) or change <= 0:
        return {}
    names = {"inputs": "inputs", "relation": "relation", "data": "broken"}
    risen = {name: max(float(parts[part]), 0.0) for name, part in names.items()}
    total = sum(risen.values())
    return {name: part / total for name, part in risen.items()} if total > 0 else {}


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
    model = row_model(subject.model)
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


def _moved(subject: Subject, rows: Events) -> list[int]:
    """Return the positions of the columns that lie elsewhere than in the reference most of all, in their order."""
    sketches = {each.column: each for each in subject.reference.columns}
    moved = []
    for place, column in enumerate(subject.columns):
        if (sketch := sketches.get(column.name)) is not None and column.name in rows.columns:
            bins = sketch.bins(rows.columns[column.name])
            now = np.bincount(bins[bins >= 0], minlength=sketch.size).astype(np.float64)
            moved.append((classic(sketch.counts.astype(np.float64), now)["psi"] or 0.0, place))
    return sorted(place for _, place in sorted(moved, key=lambda pair: (-pair[0], pair[1]))[:MOST_COLUMNS])


def _only(sample: Sample, places: list[int]) -> Sample:
    return replace(sample, X=sample.X[:, places], names=tuple(sample.names[place] for place in places))


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
