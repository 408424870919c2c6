"""The parts of an evaluation, each as JSON: scores, people, slices, behaviour, time, contract, unlike rows."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mlwright.columns import Columns
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.decided import answered, scored_by
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.evaluate.limits import Z
from mlwright.evaluate.stated import share_of
from mlwright.model.labelled import Labelled
from mlwright.model.parts import Parts, RowParts
from mlwright.model.rivals import aligned, called, check_same_question, read_for
from mlwright.model.rows import Reader
from mlwright.table import Table
from mlwright.tasks import ROW_TASKS, TASKS
from mlwright.tasks.base import Floats, Metric

TESTED_ROWS = 500
"""Rows, drawn at random, on which behaviour tests are run."""
COMPARED_ROWS = 5_000
"""Rows, drawn at random, that are set beside those that the model was built from."""
TIMED_ROWS, TIMED_SECONDS = 200, 1.0
"""At most so many single rows are timed, and for about so long."""

Said = Mapping[str, Any]


def main_metric(parts: Parts) -> Metric:
    """Return the metric the model was chosen by, else the task's own."""
    metrics = TASKS[parts.task].metrics
    built = parts.evidence.get("score")
    name = built.get("metric") if isinstance(built, Mapping) else None
    return metrics.get(str(name)) or next(iter(metrics.values()))


def scores(parts: RowParts, rows: Labelled) -> dict[str, Any]:
    """Return every metric with its interval, the baseline, and the change since the build."""
    task, held = ROW_TASKS[parts.task], rows.held
    answers = answered(parts.answer(rows.columns, rows.P))
    measured = {name: score(metric, held, scored_by(metric, rows.P, answers)) for name, metric in task.metrics.items()}
    metric = main_metric(parts)
    prior = np.tile(np.asarray(parts.prior), (len(held), 1))
    guess = scored_by(metric, prior, answered(task.answer(prior, parts.decision, parts.classes)))
    return {
        "rows": len(held),
        "rows_without_target": rows.left_out,
        "target": parts.target,
        "metric": metric.name,
        "metrics": {name: told(task.metrics[name], value) for name, value in measured.items()},
        "baseline": {
            "name": "prior",
            "metric": metric.name,
            "score": plain(score(metric, held, guess).value),
            "difference": as_json(compare(metric, held, scored_by(metric, rows.P, answers), guess)),
        },
        "built": since_built(metric, measured[metric.name], parts.evidence),
    }


def since_built(metric: Metric, now: Scored, evidence: Said) -> dict[str, Any] | None:
    """Return how much better the score is than when the model was built; None where it does not know what it was.

    The difference of the two independent scores has the interval of Zou and Donner (2008, "Construction of confidence
    limits about effect measures", Statistics in Medicine 27). `margin` is the width of the interval that was stated at
    the build: a score that is surely not lower by more is as good.
    """
    built = evidence.get("score")
    value, ends = (built.get("value"), built.get("interval")) if isinstance(built, Mapping) else (None, None)
    numbers = (value, *(ends or (None, None)))
    if not all(isinstance(each, (int, float)) and math.isfinite(each) for each in numbers):
        return None
    then = Scored(*map(float, numbers))
    return {
        "metric": metric.name,
        "now": plain(now.value),
        "then": then.value,
        "difference": as_json(_difference(now, then, 1.0 if metric.greater_is_better else -1.0)),
        "margin": then.high - then.low,
        "rougher": then.high - then.low > now.high - now.low,
    }


def _difference(now: Scored, then: Scored, sign: float) -> Scored:
    """Return how much better the first of two independent scores is, with its interval."""
    value = sign * (now.value - then.value)
    below = (now.value - now.low, then.high - then.value) if sign > 0 else (now.high - now.value, then.value - then.low)
    above = (now.high - now.value, then.value - then.low) if sign > 0 else (now.value - now.low, then.high - then.value)
    return Scored(value, value - math.hypot(*below), value + math.hypot(*above))


def told(metric: Metric, value: Scored) -> dict[str, Any]:
    """Return a metric's score, with what people have to know to read it, as an evaluation holds it."""
    return {
        "score": plain(value.value),
        "interval": value.interval,
        "label": metric.label,
        "meaning": metric.meaning,
        "percent": metric.percent,
        "greater_is_better": metric.greater_is_better,
    }


def as_json(found: Scored) -> dict[str, Any]:
    """Return a number with its interval."""
    return {"value": plain(found.value), "interval": found.interval}


def against(parts: RowParts, rows: Labelled, other: RowParts) -> dict[str, Any]:
    """Return how much better the model is than another one on the same rows, row by row.

    Raises OptionError where the other predicts something else, ColumnError where it needs a column that is not there.
    """
    check_same_question(parts, other)
    columns, metric = read_for(other, rows.frame), main_metric(parts)
    said = other.ensemble.predict(columns)
    theirs = aligned(_read(metric, other, columns, said), other, parts)
    own = _read(metric, parts, rows.columns, rows.P)
    return {
        "name": called(other),
        "metric": metric.name,
        "score": plain(score(metric, rows.held, theirs).value),
        "difference": as_json(compare(metric, rows.held, own, theirs)),
    }


def _read(metric: Metric, parts: RowParts, columns: Columns, P: Floats) -> Floats:
    return scored_by(metric, P, answered(parts.answer(columns, P))) if metric.decided else P


# --- for whom it is worse --------------------------------------------------------------------------------------------


def people(parts: RowParts, rows: Labelled) -> dict[str, Any]:
    """Return the scores of groups of people and the gaps between them; nothing without a sensitive column."""
    names = [column.name for column in parts.schema.with_role("sensitive") if column.name in rows.columns]
    nobody: dict[str, Any] = {"fairness": [], "gaps": [], "sensitive": names}
    if not names:
        return nobody
    from mlwright.fairness.audit import audit

    found = audit(
        rows.columns,
        rows.described,
        rows.held,
        rows.P,
        answered=parts.answer(rows.columns, rows.P),
        classes=parts.classes,
        names=names,
    )
    return {
        **nobody,
        "fairness": found["groups"],
        "gaps": found["gaps"],
        "fairness_sentence": found["sentence"],
    }


def slices(parts: RowParts, rows: Labelled, *, seed: int) -> list[dict[str, Any]]:
    """Return the parts of the rows on which the model is clearly worse, worst first."""
    from mlwright.evaluate.slices import worst_slices

    return worst_slices(rows.columns, rows.described, rows.held, rows.P, main_metric(parts), seed=seed)


# --- how it works ----------------------------------------------------------------------------------------------------


def read_tests(parts: RowParts, tests: str | os.PathLike[str] | Said) -> list[Any]:
    """Return the behaviour tests of a file."""
    from mlwright.evaluate import behaviour as behaves

    return behaves.read_tests(
        tests, parts.schema, sources=parts.ensemble.sources, classes=parts.classes, deciding=_deciding(parts)
    )


def _deciding(parts: RowParts) -> tuple[str, ...]:
    return () if parts.policy is None else tuple(parts.policy.sources)


def behaviour(parts: RowParts, rows: Labelled, tests: Sequence[Any] | None, *, seed: int) -> list[dict[str, Any]]:
    """Return what behaviour tests found: those given, else those that follow from the schema."""
    from mlwright.evaluate import behaviour as behaves

    if tests is None:
        tests = behaves.generated(parts.schema, sources=parts.ensemble.sources, classes=parts.classes)
    frame = rows.frame if len(rows.held) <= TESTED_ROWS else rows.frame.sample(TESTED_ROWS, seed=seed)
    raw, deciding = frame.to_dicts(), _deciding(parts)
    tests = [_decided(test) if test.kind == "invariance" and test.columns[0] in deciding else test for test in tests]
    found: dict[int, Any] = {}
    for decided in (False, True):
        places = [place for place, test in enumerate(tests) if test.decided is decided]
        those = [tests[place] for place in places]
        answer = behaves.Asking(_answering(parts) if decided else parts.ensemble.predict, parts.columns)
        if those:
            told = behaves.run(those, answer, raw, schema=parts.schema, classes=parts.classes, seed=seed)
            found |= dict(zip(places, told, strict=True))
    return [found[place] for place in range(len(tests))]


def _decided(test: Any) -> Any:
    """Return a test that watches the answer: it is another one or it is not."""
    return replace(test, decided=True, most=0.0, of=None)


def _answering(parts: RowParts) -> Callable[[Columns], Floats]:
    """Return what answers a yes/no question by 0 and 1, as the thresholds by group decide it."""

    def answer(columns: Columns) -> Floats:
        said = answered(parts.answer(columns, parts.ensemble.predict(columns)))
        return np.asarray(said, dtype=np.float64)

    return answer


def speed(parts: RowParts, rows: Labelled) -> dict[str, Any]:
    """Return the median time of one row, from raw values to the answer, with the interval that order statistics give.

    Nothing but the machine decides how long a row takes, so that this differs from run to run.
    """
    frame = rows.frame.select([column.name for column in parts.columns]).head(TIMED_ROWS)
    reader = Reader(parts.columns, parts.schema)
    took: list[float] = []
    deadline = time.perf_counter() + TIMED_SECONDS
    for row in [*frame.head(3).to_dicts(), *frame.to_dicts()]:
        start = time.perf_counter()
        typed = reader.read(row)
        P = parts.ensemble.predict_rows(typed) if isinstance(typed, list) else parts.ensemble.predict(typed)
        parts.answer(typed, P)
        took.append(1_000.0 * (time.perf_counter() - start))
        if time.perf_counter() > deadline and len(took) > 10:
            break
    sorted_times = np.sort(took[3:] or took)
    count = len(sorted_times)
    reach = Z * math.sqrt(count) / 2.0
    low, high = (min(max(round(count / 2 + side), 0), count - 1) for side in (-reach - 0.5, reach - 0.5))
    return {
        "row_ms": float(np.median(sorted_times)),
        "interval": [float(sorted_times[low]), float(sorted_times[high])] if count > 5 else [None, None],
        "rows": count,
    }


def contract(parts: RowParts, table: Table) -> dict[str, Any]:
    """Return how the rows differ from those that the model was built from, by its schema: see `mlwright check`."""
    from mlwright.clean.contract import check_table

    reads = [column.name for column in parts.columns]
    found = check_table(table, parts.schema, name=parts.name, reads=reads)
    return {"violations": len(found.violations), "messages": [each.message for each in found.violations]}


def unlike(parts: RowParts, rows: Labelled, *, seed: int) -> dict[str, Any] | None:
    """Return the share of rows that are unlike those the model was built from; None where it does not remember them.

    `expected` is the share that would be called so by chance among rows that are like them.
    """
    if parts.cases is None:
        return None
    from mlwright.explain.usual import Usual

    usual = Usual(parts.cases.read(parts.columns), parts.columns)
    if not usual.tells:
        return None
    random = np.random.default_rng(seed)
    kept = np.sort(random.permutation(len(rows.held))[:COMPARED_ROWS])
    odd = usual.is_unlike(usual.judge(rows.columns.take(kept))).astype(np.float64)
    found = share_of(rows.held.take(kept), odd)
    return {"share": plain(found.value), "interval": found.interval, "rows": len(kept), "expected": usual.level}
