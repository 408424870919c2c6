"""Making a Reference of the rows that judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.evaluate.decided import answered as given
from mlwright.evaluate.reference import (
    MOST_CLASSES,
    MOST_COLUMNS,
    MOST_GROUPS,
    GroupSketch,
    LossSketch,
    Reference,
    Reliability,
    row_losses,
)
from mlwright.evaluate.reference_sample import ReferenceSample
from mlwright.evaluate.sketches import MOST_LOSS_BINS, Bins, ColumnSketch, Counts, Sketch
from mlwright.schema import Column
from mlwright.tasks import TASKS
from mlwright.tasks.base import Floats, Metric, Prediction, Target

MOST_ROWS = 20_000
"""So many judged rows are enough: what they leave open is small beside what a stream has to show."""
MOST_COLUMN_ROWS = 100_000
FEW_VALUES = 8
"""A loss of so few values is not clipped."""
BOUND = 0.99
"""Any other loss is clipped at this quantile where its mean is told."""
RANGES = 6
"""Bins of a column of numbers that tells groups of people."""


@dataclass(frozen=True)
class JudgedRows:
    """Rows that no decision was made on, with what was predicted of them by what had not learned from them."""

    task: str
    target: Target
    P: Floats
    """(n, k)."""
    answers: Prediction
    columns: Columns
    """Typed raw values of the columns that the model reads, and of the sensitive ones that are there."""
    described: tuple[Column, ...]
    """The columns that the model reads."""
    sensitive: tuple[Column, ...] = ()

    def answered(self) -> Floats:
        """Return (n,) what is answered: class positions, or numbers."""
        found = given(self.answers)
        if found is None:
            return np.asarray(self.answers.values, dtype=np.float64)
        return np.asarray(found.argmax(axis=1), dtype=np.float64)


def refer(rows: JudgedRows, *, known: Columns | None = None, keep_rows: bool = False, seed: int = 0) -> Reference:
    """Return the reference of judged rows.

    Parameters
    ----------
    rows
        The rows that judged.
    known
        More rows of the same columns, whose raw values count as usual too; by default those of `rows` alone.
    keep_rows
        Whether the sample may hold raw values.
    """
    y, P, answered, classes = rows.target.y, rows.P, rows.answered(), len(rows.target.classes)
    watched = _watched(y, classes)
    name = [str(label) for label in rows.target.classes] or ["number"]
    predictions = tuple(Sketch.of(name[at], P[:, at]) for at in watched)
    usual = rows.columns if known is None else known
    described = list(dict.fromkeys((*rows.described, *rows.sensitive)))[:MOST_COLUMNS]
    metrics = _metrics(TASKS[rows.task].metrics, classes)
    losses = row_losses(metrics, y, P, answered, classes)
    read = [column.name for column in rows.described if column.name in rows.columns]
    raw = Columns({column: rows.columns[column] for column in read}, len(y))
    return Reference(
        task=rows.task,
        classes=classes,
        rows=len(y),
        column_rows=usual.rows,
        columns=tuple(ColumnSketch.of(each, usual[each.name]) for each in described if each.name in usual),
        watched=watched,
        predictions=predictions,
        answered=_labels("answered", answered, classes),
        labels=_labels("labels", y, classes),
        losses=tuple(
            _loss(metric, losses[:, place])
            for place, metric in enumerate(metrics)
            if np.isfinite(losses[:, place]).any()
        ),
        calibration=tuple(
            _reliability(sketch, P[:, at], (y == at).astype(np.float64) if classes else y)
            for at, sketch in zip(watched, predictions, strict=True)
        ),
        inside=_inside(rows.answers, y),
        groups=_groups(rows, answered, _loss_of_answers(metrics, losses, classes)),
        sample=ReferenceSample.drawn(P, y, answered, raw if keep_rows else None, seed=seed),
    )


def _watched(y: Floats, classes: int) -> tuple[int, ...]:
    """Return the classes whose probabilities are watched; of two, one says it all."""
    if classes <= 2:
        return (max(classes - 1, 0),)
    counts = np.bincount(y.astype(np.intp), minlength=classes)
    return tuple(sorted(np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist()))


def _metrics(metrics: Mapping[str, Metric], classes: int) -> list[Metric]:
    """Return the metrics that are a mean of losses, each kind of loss once."""
    found: dict[object, Metric] = {}
    for metric in metrics.values():
        if metric.losses is not None:
            found.setdefault((metric.losses, metric.decided and classes > 0), metric)
    return list(found.values())


def _labels(name: str, values: Floats, classes: int) -> Sketch:
    """Return class positions one by one as far as there are bins, the last ones together; numbers as any others."""
    if not classes:
        return Sketch.of(name, values)
    edges = np.arange(1.0, min(classes, 32))
    counts = np.bincount(np.minimum(values.astype(np.intp), len(edges)), minlength=len(edges) + 1)
    return Sketch(name, edges, counts.astype(np.int64))


def _loss(metric: Metric, losses: Floats) -> LossSketch:
    known = losses[np.isfinite(losses)]
    bound = float(known.max())
    if len(np.unique(known)) > FEW_VALUES:
        bound = float(np.quantile(known, BOUND, method="inverted_cdf"))
    sketch = Sketch.of(metric.name, known, most=MOST_LOSS_BINS)
    return LossSketch(metric.name, sketch, float(known.mean()), bound, float(np.minimum(known, bound).mean()))


def _loss_of_answers(metrics: Sequence[Metric], losses: Floats, classes: int) -> Floats:
    """Return (n,) what the answers cost: 1 for a wrong class, of numbers the first loss."""
    place = next((at for at, metric in enumerate(metrics) if metric.decided or not classes), 0)
    return losses[:, place]


def _reliability(sketch: Sketch, predicted: Floats, observed: Floats) -> Reliability:
    bins, size = sketch.bins(predicted), len(sketch.counts)
    sums = [np.bincount(bins, weights=each, minlength=size).astype(np.float64) for each in (predicted, observed)]
    return Reliability(sums[0], sums[1], sketch.counts)


def _inside(answers: Prediction, y: Floats) -> tuple[int, int] | None:
    if answers.lower is None or answers.upper is None:
        return None
    return int(((answers.lower <= y) & (y <= answers.upper)).sum()), len(y)


def _groups(rows: JudgedRows, answered: Floats, wrong: Floats) -> tuple[GroupSketch, ...]:
    found, y, classes = [], rows.target.y, len(rows.target.classes)
    wrong = np.where(np.isfinite(wrong), wrong, 0.0)
    for column in rows.sensitive:
        if column.name not in rows.columns:
            continue
        values = rows.columns[column.name]
        sketch = ColumnSketch.of(column, values, most=MOST_GROUPS if isinstance(values, Coded) else RANGES)
        bins = sketch.bins(values)
        looked_for = [_share(bins, each == 1, sketch.size) if classes == 2 else None for each in (answered, y)]
        sums = np.bincount(bins, weights=wrong, minlength=sketch.size).astype(np.float64)
        found.append(GroupSketch(sketch, sums, looked_for[0], looked_for[1]))
    return tuple(found)


def _share(bins: Bins, those: NDArray[np.bool_], size: int) -> Counts:
    return np.bincount(bins[those], minlength=size).astype(np.int64)
