"""What two recommenders lose on the same requests: each by the list that it gives, or would have given.

What people took hangs on what they were shown: an item that one list had, and the other had not, was taken more often
for that. Where the champion's lists are heard that speaks for the champion, where the challenger's are for the
challenger, so that neither is replaced too easily.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.adapt.log_kept import with_histories
from mlwright.adapt.losses import Losses, deciding
from mlwright.adapt.rows import Known, beside
from mlwright.errors import OptionError
from mlwright.model.recommender.recommender import Recommender
from mlwright.monitor.recorded_lists import marks_of
from mlwright.serve.record import Record
from mlwright.tasks.base import Floats, Metric
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.request import FIELDS, read_request

SECOND = 1_000_000
ALWAYS = {"k": LIST, "explore": 0.0}
"""What is asked for whatever was: as many places as count, and no chance."""
UNASKED = frozenset({"id", *ALWAYS})


def metric_of(champion: Recommender, named: str | None) -> Metric:
    """Return the metric whose losses decide."""
    return deciding(champion, named)


def losses(
    known: Known,
    champion: Recommender,
    challenger: Recommender,
    metric: Metric,
    *,
    record: Record | None,
    replay: bool,
) -> Losses:
    """Return what both lose where something was taken that was new to the person, and both have a list.

    Both lists are looked at by the challenger's catalogue, which is the newer one.
    """
    known = with_histories(known, record, champion.name)
    found = [marks(known, model, challenger, record=record, replay=replay) for model in (champion, challenger)]
    there = np.isfinite(found[0][0]) & np.isfinite(found[1][0])
    places = np.flatnonzero(there).astype(np.intp)
    mine, theirs = (_lost(metric, y[places], P[places]) for y, P in found)
    return Losses(tuple(known.units[place] for place in places.tolist()), places, mine, theirs)


def lost_by(known: Known, model: Recommender, metric: Metric, *, record: Record | None, replay: bool) -> Floats:
    """Return what one model loses."""
    known = with_histories(known, record, model.name)
    y, P = marks(known, model, model, record=record, replay=replay)
    there = np.isfinite(y)
    return _lost(metric, y[there], P[there])


def marks(
    known: Known, model: Recommender, by: Recommender, *, record: Record | None, replay: bool
) -> tuple[Floats, Floats]:
    """Return y (n,), how many new items were taken, and P (n, 10), where they stood; NaN where that is not known."""
    lists = (
        [_asked(row, at, model) for row, at in zip(known.rows, known.at.tolist(), strict=True)]
        if replay
        else (_recorded(known, model, record))
    )
    y, P = np.full(len(known), np.nan), np.full((len(known), LIST), np.nan)
    for place, (shown, row, taken) in enumerate(zip(lists, known.rows, known.outcomes, strict=True)):
        history = row.get("history")
        told = taken if isinstance(taken, list) else [taken]
        found = (
            None
            if shown is None
            else marks_of(by.parts.answering.catalogue, shown, told, history if isinstance(history, list) else ())
        )
        if found is not None:
            y[place], P[place] = found
    return y, P


def _lost(metric: Metric, y: Floats, P: Floats) -> Floats:
    if metric.losses is None:
        raise OptionError(f"{metric.name} is no mean over requests, so that it cannot decide.")
    return metric.losses(y, P) if len(y) else np.zeros(0)


def _asked(row: Mapping[str, Any], at: int, model: Recommender) -> list[Any] | None:
    """Return what a model lists for a recorded request at its moment; None where it refuses it."""
    answering = model.parts.answering
    fields = {name: value for name, value in row.items() if name in FIELDS and name not in UNASKED}
    try:
        request = read_request({**fields, **ALWAYS}, columns=answering.catalogue.columns)
        answer = answering.answer(request, now=at / SECOND)
    except OptionError:
        return None
    return [one.item for one in answer.items]


def _recorded(known: Known, model: Recommender, record: Record | None) -> list[list[Any] | None]:
    """Return what is recorded of a model's lists, heard or not."""
    version = model.version or 0
    shadows = {} if record is None else beside(record, known.ids, version)
    given = [
        answer if own == version and answer else shadows.get(name)
        for name, own, answer in zip(known.ids, known.versions, known.answers, strict=True)
    ]
    return [
        None if each is None or not isinstance(each.get("prediction"), list) else each["prediction"] for each in given
    ]
