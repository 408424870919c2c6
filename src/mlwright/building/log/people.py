"""For whom a recommender is worse: people with short histories, and those whom the users' table tells apart."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlwright.building.log.options import LogOptions
from mlwright.columns import Coded, Columns, Values
from mlwright.evaluate.intervals import plain, score
from mlwright.evaluate.slices import worst_slices
from mlwright.schema import Column
from mlwright.tasks import TASKS, default_metric
from mlwright.tasks.base import Metric
from mlwright.values import as_text, parse_number

if TYPE_CHECKING:
    from mlwright.building.log.judging import Judgement
    from mlwright.building.log.story import Read

FEWEST = 10
ALPHA = 0.05
MOST_GROUPS = 12
RANGES = 3
LENGTH, IDLE = "history length", "days since the last"
DAY = 86_400.0


def slices(read: Read, judgement: Judgement, options: LogOptions) -> list[dict[str, Any]]:
    """Return the kinds of people for whom lists are surely worse, the worst first; empty where none are."""
    columns, described = _columns(read, judgement)
    metric = default_metric(TASKS[options.task])
    return worst_slices(columns, described, judgement.held, judgement.P, metric, seed=options.seed)


def groups(read: Read, judgement: Judgement, options: LogOptions) -> list[dict[str, Any]]:
    """Return each metric of each group of people, by history length and by the columns that tell people apart."""
    columns, described = _columns(read, judgement)
    wanted = set(options.sensitive)
    task, held = TASKS[options.task], judgement.held
    found = []
    for column in described:
        if column.name == IDLE or (wanted and column.name not in {*wanted, LENGTH}):
            continue
        for name, inside in _levels(columns[column.name]):
            index = np.flatnonzero(inside).astype(np.intp)
            if len(index) < FEWEST:
                continue
            metrics = {}
            for each in task.metrics.values():
                value = score(each, held.take(index), judgement.P[index], seed=options.seed)
                metrics[each.name] = {"value": plain(value.value), "interval": value.interval}
            found.append({"column": column.name, "group": name, "rows": len(index), "metrics": metrics})
    return found


def _columns(read: Read, judgement: Judgement) -> tuple[Columns, list[Column]]:
    """Return what is known of the people who judge, in typed columns."""
    asked = read.cut.queries.take(judgement.people)
    users = read.cut.user[judgement.people]
    data: dict[str, Values] = {LENGTH: asked.lengths.astype(np.float64)}
    if read.log.interactions.has_time and read.cut.kind == "time":
        last = np.full(len(asked), np.nan)
        filled = asked.lengths > 0
        last[filled] = asked.age[asked.starts[1:][filled] - 1] / DAY
        data[IDLE] = last
    for name, values in {} if read.log.users is None else read.log.users.columns.items():
        own = [values[user] for user in users.tolist()]
        if (typed := _typed(own)) is not None and name not in data:
            data[name] = typed
    described = [
        Column(name=name, kind="number" if not isinstance(values, Coded) else "category", role="feature")
        for name, values in data.items()
    ]
    return Columns(data, len(users)), described


def _typed(values: list[object]) -> Values | None:
    """Return numbers, or texts of few kinds; None where a column tells nearly everybody apart."""
    texts = [as_text(value) for value in values]
    there = [text for text in texts if text is not None]
    numbers = [parse_number(text) for text in there]
    if there and all(number is not None for number in numbers):
        return np.array([np.nan if text is None else parse_number(text) for text in texts], dtype=np.float64)
    kinds = sorted(set(there))
    if not 2 <= len(kinds) <= max(MOST_GROUPS, len(there) // FEWEST):
        return None
    place = {text: at for at, text in enumerate(kinds)}
    return Coded(np.array([-1 if text is None else place[text] for text in texts], dtype=np.int32), tuple(kinds))


def _levels(values: Values) -> list[tuple[str, np.ndarray[Any, np.dtype[np.bool_]]]]:
    """Return the groups of a column: its values, or its range in three."""
    if isinstance(values, Coded):
        return [(name, values.codes == code) for code, name in enumerate(values.values)]
    known = values[np.isfinite(values)]
    shares = np.arange(1, RANGES) / RANGES
    edges = np.unique(np.quantile(known, shares, method="inverted_cdf")).tolist() if len(known) else []
    ends = [-np.inf, *edges, np.inf]
    found = []
    for low, high in pairwise(ends):
        name = f"over {low:g}" if np.isinf(high) else f"up to {high:g}" if np.isinf(low) else f"{low:g} to {high:g}"
        found.append((name, (values > low) & (values <= high)))
    return found


def gaps(read: Read, judgement: Judgement, options: LogOptions) -> list[dict[str, Any]]:
    """Return for each column the two groups that differ most, and whether that is more than chance.

    Intervals are of Welch's kind with the normal distribution, made wider for all pairs that could have been the widest
    (Bonferroni), so that none is called worse by chance in more than 5 % of builds.
    """
    columns, described = _columns(read, judgement)
    metric = default_metric(TASKS[options.task])
    wanted = set(options.sensitive)
    kinds = [each for each in described if each.name != IDLE and (not wanted or each.name in {*wanted, LENGTH})]
    scored = {each.name: _scored(columns[each.name], judgement, metric) for each in kinds}
    pairs = sum(len(groups) * (len(groups) - 1) // 2 for groups in scored.values())
    found = []
    for column, groups in scored.items():
        if len(groups) < 2:
            continue
        worst, best = groups[0], groups[-1]
        value, error = best.mean - worst.mean, math.hypot(best.error, worst.error)
        reach = NormalDist().inv_cdf(1.0 - ALPHA / 2 / pairs) * error
        low, high = f"{worst.mean:.3f} where {column} is {worst.name}", f"{best.mean:.3f} where it is {best.name}"
        said = f"{metric.label} is {low} and {high}"
        sure = value > reach
        found.append(
            {
                "column": column,
                "metric": metric.name,
                "worst": worst.name,
                "best": best.name,
                "value": value,
                "interval": [value - reach, value + reach],
                "widest": None,
                "verdict": "worse" if sure else "none",
                "sentence": f"{said}: {'it is worse there' if sure else 'that may be chance'}.",
            }
        )
    return found


class _Group(NamedTuple):
    name: str
    mean: float
    error: float


def _scored(values: Values, judgement: Judgement, metric: Metric) -> list[_Group]:
    """Return the groups of a column that are large enough, the worst first."""
    if metric.losses is None:
        return []
    gains = 1.0 - metric.losses(judgement.held.y, judgement.P)
    groups = []
    for name, inside in _levels(values):
        own = gains[inside]
        if len(own) >= FEWEST:
            groups.append(_Group(name, float(own.mean()), float(own.std(ddof=1)) / math.sqrt(len(own))))
    return sorted(groups, key=lambda group: group.mean)
