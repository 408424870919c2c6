"""Reference: how rows were when the model was judged, as a few counts that a stream of new rows is compared with.

It is made from the rows that judged: no decision was made on them, and what predicted them had not learned from them,
so that new rows are exchangeable with them for as long as nothing changes. Rows count once each: the weights by which
a build judges are not known of new rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mlwright.columns import Columns
from mlwright.errors import ModelError
from mlwright.evaluate.reference_sample import ReferenceSample
from mlwright.evaluate.shapes import shape_of
from mlwright.evaluate.sketches import (
    ABSENT,
    MOST_BINS,
    MOST_LOSS_BINS,
    Bins,
    ColumnSketch,
    Counts,
    Sketch,
    read_counts,
    read_floats,
    read_text,
    stacked,
)
from mlwright.schema import MOST_ROWS, Column, Schema
from mlwright.tasks import TASKS
from mlwright.tasks.base import Floats, Label, Metric

MOST_CLASSES = 8
"""The probabilities of so many classes are watched: the most frequent ones."""
MOST_COLUMNS = 256
MOST_GROUPS = 14
"""Bins of a column that tells groups of people: missing, values, and all others."""
MOST_LOSS = 1e300
"""A loss that is infinite counts as this much, so that it is the largest and no gap."""


@dataclass(frozen=True, slots=True)
class LossSketch:
    """The losses of one metric: what each row costs, less being better."""

    metric: str
    sketch: Sketch
    mean: float
    bound: float
    """Where a loss is clipped: 1 % of the rows lose more; the largest that there was, where there are few values."""
    clipped: float
    """The mean of the losses when they are clipped."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """What was predicted beside what happened, for the bins of `Reference.predictions[i]`.

    `predicted` and `observed` are sums (b,) over `rows` (b,); what is observed of a class is 0 or 1.
    """

    predicted: Floats
    observed: Floats
    rows: Counts


@dataclass(frozen=True, slots=True)
class GroupSketch:
    """How the groups of one sensitive column fare; each bin of the sketch is a group (counts: its rows)."""

    sketch: ColumnSketch
    wrong: Floats
    """(g,): sums of the loss of what is answered: 1 for a wrong class; of numbers the first loss."""
    selected: Counts | None
    """(g,): rows that were answered the class looked for; None where no yes/no question is asked."""
    positive: Counts | None
    """(g,): rows that are of it."""


@dataclass(frozen=True)
class Reference:
    """What a monitor compares a stream with. Counts are of rows; bins are numbered from 0, ABSENT (-1) is no value."""

    task: str
    classes: int
    """How many there are; 0 where numbers are predicted."""
    rows: int
    """The rows that judged, or at most 20,000 of them."""
    column_rows: int
    """The rows that `columns` count: all that were learned from or judged, or the latest where time split them."""
    columns: tuple[ColumnSketch, ...]
    """The columns that the model reads, then the sensitive ones, at most 256."""
    watched: tuple[int, ...]
    """What is in `predictions`, as columns of what is watched of a row (see `Shape.watched`): of classes the second of
    two, else up to 8; (0,) for a number; all signals of a list."""
    predictions: tuple[Sketch, ...]
    answered: Sketch
    """Of class positions, or of the number that is answered."""
    labels: Sketch
    """Of true class positions, or of true numbers."""
    losses: tuple[LossSketch, ...]
    calibration: tuple[Reliability, ...]
    """One for each of `predictions`; none where these are no statements of what will happen."""
    inside: tuple[int, int] | None
    """Of answers with an interval: how many hold the true number, and how many rows there are."""
    groups: tuple[GroupSketch, ...]
    sample: ReferenceSample

    # --- new rows as bins ---------------------------------------------------------------------------------------------

    def bin_columns(self, columns: Columns) -> Bins:
        """Return (n, c) the bins of typed raw columns, in the order of `columns`; ABSENT where one is not there."""
        return _side_by_side([_bins_of(each, columns) for each in self.columns], columns.rows)

    def bin_predictions(self, P: Floats) -> Bins:
        """Return (n, s) the bins of predictions P (n, k), or of a list's signals; ABSENT where one is NaN."""
        found = [each.bins(P[:, at]) for at, each in zip(self.watched, self.predictions, strict=True)]
        return _side_by_side(found, len(P))

    def bin_answered(self, answered: Floats) -> Bins:
        """Return (n,) the bins of what was answered: class positions or numbers; ABSENT where NaN."""
        return self.answered.bins(answered)

    def bin_labels(self, y: Floats) -> Bins:
        """Return (n,) the bins of what turned out to be true; ABSENT where that is not known (NaN)."""
        return self.labels.bins(y)

    def losses_of(self, y: Floats, P: Floats, answered: Floats) -> Floats:
        """Return (n, m) the losses of rows, in the order of `losses`; NaN where y or what is scored is not known.

        `y` and `answered` (n,) are class positions or numbers, P (n, k) predictions.
        """
        names = [each.metric for each in self.losses]
        return row_losses([TASKS[self.task].metrics[name] for name in names], y, P, answered, self.classes)

    def bin_losses(self, losses: Floats) -> Bins:
        """Return (n, m) the bins of losses (n, m); a greater bin is a greater loss."""
        found = [each.sketch.bins(losses[:, place]) for place, each in enumerate(self.losses)]
        return _side_by_side(found, len(losses))

    def bin_groups(self, columns: Columns) -> Bins:
        """Return (n, g) the groups of rows, in the order of `groups`; ABSENT where their column is not there."""
        return _side_by_side([_bins_of(each.sketch, columns) for each in self.groups], columns.rows)

    # --- counts side by side ------------------------------------------------------------------------------------------

    @cached_property
    def column_counts(self) -> Counts:
        """(c, 32): the rows of each column's bins, zeros behind."""
        return stacked([each.counts for each in self.columns], MOST_BINS)

    @cached_property
    def prediction_counts(self) -> Counts:
        """(s, 32): the rows of each prediction's bins."""
        return stacked([each.counts for each in self.predictions], MOST_BINS)

    @cached_property
    def loss_counts(self) -> Counts:
        """(m, 64): the rows of each loss's bins."""
        return stacked([each.sketch.counts for each in self.losses], MOST_LOSS_BINS)

    # --- as JSON ------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return all but the sample for JSON."""
        return {
            "task": self.task,
            "classes": self.classes,
            "rows": self.rows,
            "column_rows": self.column_rows,
            "columns": [each.to_dict() for each in self.columns],
            "watched": list(self.watched),
            "predictions": [each.to_dict() for each in self.predictions],
            "answered": self.answered.to_dict(),
            "labels": self.labels.to_dict(),
            "losses": [
                {"metric": each.metric, **each.sketch.to_dict(), "mean": each.mean, "bound": each.bound,
                 "clipped": each.clipped}
                for each in self.losses
            ],
            "calibration": [
                {"predicted": each.predicted.tolist(), "observed": each.observed.tolist(), "rows": each.rows.tolist()}
                for each in self.calibration
            ],
            "inside": None if self.inside is None else list(self.inside),
            "groups": [
                {**each.sketch.to_dict(), "wrong": each.wrong.tolist(), "selected": _told(each.selected),
                 "positive": _told(each.positive)}
                for each in self.groups
            ],
        }  # fmt: skip

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], sample: ReferenceSample, *, schema: Schema, task: str, classes: Sequence[Label]
    ) -> Reference:
        """Return the reference that `to_dict` wrote, for a model of that schema, task and classes.

        Raises ModelError where it wrote no such thing; other errors of plain Python where its shape is another.
        """
        if data["task"] != task or data["classes"] != len(classes):
            raise ModelError("The model's reference is one of another question.")
        watched = tuple(int(each) for each in read_floats(data["watched"], MOST_CLASSES))
        width = shape_of(task).watched(len(classes))
        if len(set(watched)) != len(watched) or not all(0 <= each < width for each in watched):
            raise ModelError("The model's reference watches classes that there are not.")
        predictions = tuple(Sketch.from_dict(each) for each in data["predictions"])
        stated = data["calibration"] or ()
        calibration = tuple(
            _reliability(each, sketch) for each, sketch in zip(stated, predictions[: len(stated)], strict=True)
        )
        if calibration and len(calibration) != len(predictions):
            raise ModelError("The model's reference has a calibration of other predictions.")
        columns = [ColumnSketch.from_dict(each, schema[each["column"]]) for each in data["columns"]]
        if len(columns) > MOST_COLUMNS or len(predictions) != len(watched):
            raise ModelError("The model's reference has sketches that do not belong together.")
        inside = data["inside"]
        return cls(
            task=task,
            classes=len(classes),
            rows=int(read_counts([data["rows"]], 1)[0]),
            column_rows=int(read_counts([data["column_rows"]], 1)[0]),
            columns=tuple(columns),
            watched=watched,
            predictions=predictions,
            answered=Sketch.from_dict(data["answered"]),
            labels=Sketch.from_dict(data["labels"]),
            losses=tuple(_loss(each, TASKS[task].metrics) for each in data["losses"]),
            calibration=calibration,
            inside=None if inside is None else (int(read_counts(inside, 2)[0]), int(read_counts(inside, 2)[1])),
            groups=tuple(_group(each, schema[each["column"]]) for each in data["groups"]),
            sample=sample,
        )


def row_losses(metrics: Sequence[Metric], y: Floats, P: Floats, answered: Floats, classes: int) -> Floats:
    """Return (n, m) the losses of rows by metrics that have some: of P, or of what was answered where a metric is so.

    NaN where y or what is scored is not known, or where a metric says nothing of a row.
    """
    found = np.full((len(y), len(metrics)), np.nan)
    for place, metric in enumerate(metrics):
        if metric.losses is None:
            continue
        decided = metric.decided and classes > 0
        there = np.isfinite(y) & (np.isfinite(answered) if decided else np.isfinite(P).all(axis=1))
        scored = np.eye(max(classes, 1))[answered[there].astype(np.intp)] if decided else P[there]
        if there.any():
            with np.errstate(over="ignore", divide="ignore"):
                found[there, place] = np.minimum(metric.losses(y[there], scored), MOST_LOSS)
    found[~np.isfinite(found)] = np.nan
    return found


def _bins_of(sketch: ColumnSketch, columns: Columns) -> Bins:
    if sketch.column not in columns:
        return np.full(columns.rows, ABSENT, dtype=np.intp)
    return sketch.bins(columns[sketch.column])


def _side_by_side(found: Sequence[Bins], rows: int) -> Bins:
    return np.stack(found, axis=1) if found else np.empty((rows, 0), dtype=np.intp)


def _told(counts: Counts | None) -> list[int] | None:
    return None if counts is None else counts.tolist()


def _reliability(data: Mapping[str, Any], sketch: Sketch) -> Reliability:
    size = len(sketch.counts)
    predicted, observed = read_floats(data["predicted"], size), read_floats(data["observed"], size)
    if len(predicted) != size or len(observed) != size:
        raise ModelError("The model's reference has a calibration of other bins than its predictions.")
    return Reliability(predicted, observed, read_counts(data["rows"], size))


def _loss(data: Mapping[str, Any], metrics: Mapping[str, Metric]) -> LossSketch:
    name = read_text(data["metric"])
    if name not in metrics or metrics[name].losses is None:
        raise ModelError(f"The model's reference has losses of {name!r:.100}, which has none.")
    mean, bound, clipped = read_floats([data["mean"], data["bound"], data["clipped"]], 3).tolist()
    return LossSketch(name, Sketch.from_dict(data, most=MOST_LOSS_BINS), mean, bound, clipped)


def _group(data: Mapping[str, Any], column: Column) -> GroupSketch:
    sketch = ColumnSketch.from_dict(data, column, most=MOST_GROUPS)
    wrong = read_floats(data["wrong"], sketch.size)
    if len(wrong) != sketch.size or (wrong < 0).any() or (wrong > MOST_ROWS * 1e300).any():
        raise ModelError("The model's reference has errors of groups that cannot be.")
    selected, positive = (
        None if data[name] is None else read_counts(data[name], sketch.size) for name in ("selected", "positive")
    )
    return GroupSketch(sketch, wrong, selected, positive)
