"""Finding a policy on labelled rows, and measuring it on rows that had no part in finding it.

The rows are cut into five parts. The thresholds for each part are found on the other four, and what they do to the part
is what is told: so every row measures and none measures itself. The policy that is kept is found on all rows; it had
more to go by than those that were measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import DataError, OptionError
from mlwright.evaluate.intervals import Scored
from mlwright.evaluate.wording import count
from mlwright.fairness.mitigation import measure
from mlwright.fairness.mitigation.asked import Rows, Wanted
from mlwright.fairness.mitigation.criteria import counts
from mlwright.fairness.mitigation.frontier import Found, Frontier, Known
from mlwright.fairness.mitigation.grouping import Grouping, grouped
from mlwright.fairness.mitigation.head import banded, fit_head, out_of_fold
from mlwright.fairness.mitigation.policy import Head, Policy
from mlwright.fairness.mitigation.smooth import smoothed
from mlwright.schema import Column
from mlwright.tasks.base import Floats

LEAST_ROWS = 30
"""A group with fewer rows of a kind that the criterion counts gets no thresholds of its own."""
FOLDS = 5
CURVE = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
"""Tolerances of the curve, as far as they are below the gap there is."""
WORTH_A_DRAW = 0.001
"""By what share of a cost one threshold for each group may be dearer before its rows are shared among several."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one set of answers does: the gap, what the model is worth, and what was lost."""

    tolerance: float | None
    """None: the model as it is."""
    gap: Scored
    value: Scored
    lost: Scored
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Mitigated:
    """A policy, and what was found when it was measured."""

    policy: Policy
    rows: Rows
    wanted: Wanted
    group: NDArray[np.intp]
    judged: measure.Rows
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    """Answers to each row of thresholds that it had no part in finding."""
    curve: tuple[Point, ...]
    found: Found
    firm: Found | None
    """The best with one threshold for each segment, where there is one."""
    small: tuple[tuple[str, int, int], ...]
    """Groups too small for thresholds of their own: name, rows, cases."""


def mitigate(rows: Rows, wanted: Wanted) -> Mitigated:
    """Find the policy that costs least within the tolerance. Raises DataError where groups are too small for one."""
    described = [rows.column(name) for name in wanted.columns]
    grouping, small = large_groups(rows.columns, described, rows.y, wanted)
    group = grouping.of(rows.columns)
    head, segment = _segments(rows, wanted, group, len(grouping.names))
    segments = len(grouping.names) if head is None else head.segments
    known = Known(rows.score, rows.y, group, segment, rows.weight, len(grouping.names), segments, rows.costs)
    frontier = _frontier(known, wanted)
    found = frontier.solve(wanted.tolerance)
    firm = frontier.firm(wanted.tolerance, found)
    if firm is None and not wanted.draws:
        raise OptionError(
            "No single threshold for each group keeps the gap within the tolerance.",
            hint="allow a larger --tolerance, or that a group's rows are shared among two thresholds.",
        )
    policy = Policy(
        criterion=wanted.criterion.name,
        tolerance=wanted.tolerance,
        grouping=grouping,
        rules=_better(found, firm, rows, wanted).rules,
        common=rows.common,
        head=head,
        drawn=_drawn(rows, wanted),
        seed=wanted.seed,
    )
    judged = measure.Rows(rows.y, group, rows.weight, len(grouping.names), rows.units)
    before = rows.score >= rows.common
    now = judged.gap(before, wanted.criterion, seed=wanted.seed)
    tolerances = sorted({*(each for each in CURVE if each < now.value), wanted.tolerance})
    firmly = [_is_firm(frontier, tolerance, rows, wanted) for tolerance in tolerances]
    answers = _answers(known, policy, rows, wanted, list(zip(tolerances, firmly, strict=True)))
    curve = [_point(rows, judged, wanted, before, before, None)]
    curve += [_point(rows, judged, wanted, before, *pair) for pair in zip(answers, tolerances, strict=True)]
    after = answers[tolerances.index(wanted.tolerance)]
    return Mitigated(policy, rows, wanted, group, judged, before, after, tuple(curve), found, firm, small)


def _better(found: Found, firm: Found | None, rows: Rows, wanted: Wanted) -> Found:
    """Return single thresholds where they are there and cost hardly more, or where nothing may be drawn."""
    hardly = WORTH_A_DRAW * (rows.costs.false_positive + rows.costs.false_negative) / 2
    if firm is not None and (not wanted.draws or firm.cost <= found.cost + hardly):
        return firm
    return found


def _is_firm(frontier: Frontier, tolerance: float, rows: Rows, wanted: Wanted) -> bool:
    """Tell whether single thresholds are what is taken at this tolerance."""
    found = frontier.solve(tolerance)
    firm = frontier.firm(tolerance, found)
    return firm is not None and _better(found, firm, rows, wanted) is firm


def large_groups(
    columns: Columns, described: Sequence[Column], y: Floats, wanted: Wanted
) -> tuple[Grouping, tuple[tuple[str, int, int], ...]]:
    """Return the groups large enough to promise something of, and name, rows and cases of those that are not.

    Raises DataError where fewer than two are large enough.
    """
    found = grouped(columns, described, wanted.cuts)
    sizes = counts(found.of(columns), y, np.ones(len(y)), len(found.names)).astype(np.int64)
    rates = wanted.criterion.rates
    needed = np.stack(
        [*([sizes[:, 1]] if "tpr" in rates else []), *([sizes[:, 0]] if "fpr" in rates else []), sizes.sum(axis=1)]
    )
    large = needed.min(axis=0) >= LEAST_ROWS
    small = tuple(
        (found.names[place], int(sizes[place].sum()), int(sizes[place, 1])) for place in np.flatnonzero(~large).tolist()
    )
    if large.sum() < 2:
        told = "; ".join(
            f"{name}: {count(sizes[place].sum(), 'row')}, {sizes[place, 1]:,} of them cases"
            for place, name in list(enumerate(found.names))[:6]
        )
        raise DataError(
            f"Of the groups in {', '.join(map(repr, wanted.columns))}, fewer than two are large enough to promise"
            f" anything of ({told}).",
            hint=f"bring labelled rows with at least {LEAST_ROWS} of each kind in each group"
            + (", or name fewer columns." if len(wanted.columns) > 1 else "."),
        )
    return found.kept(np.flatnonzero(large).tolist()), small


def _segments(rows: Rows, wanted: Wanted, group: NDArray[np.intp], groups: int) -> tuple[Head | None, NDArray[np.intp]]:
    """Return what tells a row's segment without its group, None where the group tells it, and each row's segment."""
    if not wanted.without_group:
        return None, group
    features = [rows.column(name) for name in rows.features if name not in wanted.columns]
    if not features:
        raise OptionError(
            "The model looks at no other column, so that nothing is left to tell the group from.",
            hint="leave --without-group away.",
        )
    columns = rows.columns
    likely = out_of_fold(columns, features, group, groups, seed=wanted.seed)
    teach = np.flatnonzero(group >= 0)
    ensemble = fit_head(columns.take(teach), features, group[teach], groups, seed=wanted.seed)
    head = banded(ensemble, likely)
    return head, head.of(likely)


def _drawn(rows: Rows, wanted: Wanted) -> tuple[str, ...]:
    """Return the columns that a row's number is drawn from: not the group, so that it is no other in another group."""
    return tuple(name for name in rows.features if name not in wanted.columns) or rows.features


def _frontier(known: Known, wanted: Wanted) -> Frontier:
    case = smoothed(known.score, known.case, known.group, known.weight, known.groups)
    return Frontier(replace(known, case=case), wanted.criterion)


def _answers(
    known: Known, policy: Policy, rows: Rows, wanted: Wanted, tolerances: Sequence[tuple[float, bool]]
) -> list[NDArray[np.bool_]]:
    """Return for each tolerance the answers to all rows, each by thresholds that were found on other rows.

    With each tolerance comes whether single thresholds are taken, where there are some.
    """
    part = _parts(known, rows, wanted.seed)
    made = [rows.score >= rows.common for _ in tolerances]
    for fold in range(FOLDS):
        judge = np.flatnonzero(part == fold)
        if not len(judge):
            continue
        frontier = _frontier(known.take(np.flatnonzero(part != fold)), wanted)
        columns = rows.columns.take(judge)
        for answers, (tolerance, firmly) in zip(made, tolerances, strict=True):
            found = frontier.solve(tolerance)
            alone = frontier.firm(tolerance, found) if firmly else None
            tried = replace(policy, rules=(found if alone is None else alone).rules)
            answers[judge] = rows.score[judge] >= tried.of_segments(known.segment[judge], columns)
    return made


def _parts(known: Known, rows: Rows, seed: int) -> NDArray[np.intp]:
    """Return which of the five parts each row is in: balanced over groups and labels; whole units stay together."""
    random = np.random.default_rng(seed)
    if rows.units is not None:
        return random.integers(0, FOLDS, int(rows.units.max()) + 1)[rows.units]
    part = np.empty(len(rows), dtype=np.intp)
    kind = 2 * (known.group + 1) + rows.y.astype(np.intp)
    order = np.lexsort((random.random(len(rows)), kind))
    part[order] = np.arange(len(rows)) % FOLDS
    return part


def _point(
    rows: Rows,
    judged: measure.Rows,
    wanted: Wanted,
    before: NDArray[np.bool_],
    answers: NDArray[np.bool_],
    tolerance: float | None,
) -> Point:
    cost, was = judged.cost(answers, rows.costs), judged.cost(before, rows.costs)
    gap = judged.gap(answers, wanted.criterion, seed=wanted.seed)
    value = judged.mean(_worth(rows, judged, cost))
    chosen = tolerance is not None and tolerance == wanted.tolerance
    return Point(tolerance, gap, value, judged.mean(cost - was), chosen)


def _worth(rows: Rows, judged: measure.Rows, cost: Floats) -> Floats:
    """Return of each row what people read: whether the answer is right, or what it costs where that was said."""
    return cost if rows.stated else np.asarray(judged.weight / judged.weight.mean() - cost, dtype=np.float64)


def told_in_words(mitigated: Mitigated) -> dict[str, Any]:
    """Return what was found as JSON, with sentences."""
    from mlwright.fairness.mitigation.words import told

    return told(mitigated)
