"""Making a Reference of lists that judged: what was asked, what they were like, and whether they held what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mlwright.columns import Columns
from mlwright.evaluate.reference import LossSketch, Reference, row_losses
from mlwright.evaluate.reference_sample import ReferenceSample
from mlwright.evaluate.sketches import MOST_LOSS_BINS, ColumnSketch, Sketch, cut
from mlwright.schema import Column
from mlwright.tasks import TASKS
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.signals import SIGNAL_EDGES, SIGNALS

LOSSES = ("hit_rate_10", "ndcg_10")
"""What is watched, the one that people know best first: where one item was taken the other metrics say the same."""
COMPARED: Mapping[str, tuple[float, ...] | None] = {
    "history_length": (1.0,),
    "unknown_items": (1.0,),
    "days_since_last": None,
    "rated_share": (0.5,),
}
"""The columns of a request that are compared with when the model was judged, and where they are cut (None: by their
values). How long a history is, and what it spans, grows with time while nothing changes: only whether it is empty
counts."""
FIRST: Mapping[str, tuple[float, ...]] = {
    "history_popularity": (0.25, 0.5, 0.7, 0.8, 0.9, 0.95),
    "k": (2.0, 5.0, 6.0, 10.0, 11.0, 20.0, 21.0, 50.0, 51.0),
    "filters_used": (1.0, 2.0, 3.0),
    "rules_used": (1.0, 2.0, 3.0),
    "diversity": (0.01, 0.25, 0.5, 0.75),
}
"""Columns of which a replay of a log says nothing (what callers will ask for), or that hang on how much was learned
from: they are compared with the first requests that are answered."""
FIRST_SIGNALS = frozenset({"popularity"})
FEW_BINS = 8
RATED = "rated_share"


@dataclass(frozen=True)
class JudgedLists:
    """Requests of people of whom it is known what they took next, and the lists that they would have got."""

    task: str
    y: Floats
    """(n,) 1 each: one item was taken next."""
    P: Floats
    """(n, 10): 1 where the item at that place of the list is what was taken next, else 0."""
    signals: Floats
    """(n, s), as `tasks.recommend.signals` gives them."""
    columns: Columns
    """What each request is like, typed."""
    described: tuple[Column, ...]


def refer_lists(lists: JudgedLists, *, keep_rows: bool = False, seed: int = 0) -> Reference:
    """Return the reference of lists that judged; `keep_rows`: whether the sample may hold what requests are like.

    What is known only with the outcome has no part in `predictions`; there is no calibration of a list. How often
    something is taken at all is compared with the first outcomes: in a log everybody takes something.
    """
    metrics = [TASKS[lists.task].metrics[name] for name in LOSSES]
    losses = row_losses(metrics, lists.y, lists.P, np.full(len(lists.y), np.nan), 0)
    raw = lists.columns if keep_rows else None
    return Reference(
        task=lists.task,
        classes=0,
        rows=len(lists.y),
        column_rows=lists.columns.rows,
        columns=tuple(
            _column(each, lists.columns) for each in lists.described if _is_watched(each.name, lists.columns)
        ),
        watched=tuple(range(len(SIGNALS))),
        predictions=tuple(
            _placed(Sketch(name, np.array(edges), np.zeros(len(edges) + 1, dtype=np.int64)), lists.signals[:, at])
            for at, (name, edges) in enumerate(zip(SIGNALS, SIGNAL_EDGES, strict=True))
        ),
        answered=Sketch.of("answered", np.empty(0)),
        labels=Sketch("taken", np.array([1.0]), np.zeros(2, dtype=np.int64)),
        losses=tuple(_loss(metric.name, losses[:, place]) for place, metric in enumerate(metrics)),
        calibration=(),
        inside=None,
        groups=(),
        sample=ReferenceSample.drawn(lists.P, lists.y, np.zeros(len(lists.y)), raw, seed=seed),
    )


def _is_watched(name: str, columns: Columns) -> bool:
    if name == RATED and not np.nansum(np.asarray(columns[name], dtype=np.float64)):
        return False  # the log has no ratings, so that the model reads none
    return name in COMPARED or name in FIRST


def _column(column: Column, columns: Columns) -> ColumnSketch:
    values = np.asarray(columns[column.name], dtype=np.float64)
    edges = FIRST.get(column.name) or COMPARED[column.name]
    ends = cut(values[np.isfinite(values)], FEW_BINS) if edges is None else np.array(edges)
    empty = ColumnSketch(column.name, column.kind, ends, (), np.empty(0, dtype=np.int64))
    counts = np.zeros(empty.size, dtype=np.int64)
    if column.name in COMPARED:
        counts = np.bincount(empty.bins(values), minlength=empty.size).astype(np.int64)
    return ColumnSketch(column.name, column.kind, ends, (), counts)


def _placed(sketch: Sketch, values: Floats) -> Sketch:
    if sketch.name in FIRST_SIGNALS:
        return sketch
    bins = sketch.bins(values)
    counts = np.bincount(bins[bins >= 0], minlength=len(sketch.counts)).astype(np.int64)
    return Sketch(sketch.name, sketch.edges, counts)


def _loss(name: str, losses: Floats) -> LossSketch:
    """Return the sketch of losses between 0 and 1, none of which is clipped."""
    mean = float(losses.mean())
    return LossSketch(name, Sketch.of(name, losses, most=MOST_LOSS_BINS), mean, 1.0, mean)
