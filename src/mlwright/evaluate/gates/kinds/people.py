"""Gates on groups of people: the largest difference between them, and the worst score of any."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlwright.clean.contract.fields import Field, text
from mlwright.evaluate.gates.kinds.base import Asked, Result, Statistic, among, rows_of, score_or_share
from mlwright.evaluate.gates.measured import Measured, as_float, decisive, ends_of, nothing, points, shown_as
from mlwright.evaluate.wording import count


def _gap(result: Result, gate: Asked) -> Measured:
    wanted, column = gate.options.get("metric"), gate.options.get("column")
    about = "gap between groups" + (f" of {column!r}" if column else "") + (f" in {_words(wanted)}" if wanted else "")
    gaps = _of_column(result, "gaps", column, "group_gap")
    if not gaps:
        return nothing(about, _no_groups(result), points)
    metrics = dict.fromkeys(str(gap["metric"]) for gap in gaps)
    names = [among(wanted, metrics, "metric of groups")] if wanted else list(metrics)
    chosen = [gap for gap in gaps if gap["metric"] in names]
    # The surest difference tells whether one is too large, the one that may be largest whether none is.
    chosen += [{**gap, **gap["widest"]} for gap in chosen if gap["widest"]]
    found = [_one_gap(result, gap, about) for gap in chosen]
    return decisive(found, gate.side, gate.threshold)


def _one_gap(result: Result, gap: Mapping[str, Any], about: str) -> Measured:
    pair = [str(gap[end]) for end in ("worst", "best") if gap.get(end) is not None]
    groups = f" {pair[0]!r} and {pair[1]!r}" if len(pair) == 2 else " groups"
    show = points if _is_share(result, gap["metric"]) else shown_as()
    found = ends_of(gap)
    clause = f"{_words(gap['metric'])} differs by {show(found[0])} between{groups} of {gap['column']!r}"
    clause += f", {count(gap['aside'], 'group')} of too few rows left aside" if gap["aside"] else ""
    why = "" if math.isfinite(sum(found)) else f"in {gap['column']!r} some group has too few rows to tell"
    return Measured(*found, about, show, rows_of(result), why, clause)


def _group(result: Result, gate: Asked) -> Measured:
    column, metric = gate.options.get("column"), gate.options["metric"]
    about = f"{_words(metric)} of each group" + (f" of {column!r}" if column else "")
    groups = _of_column(result, "fairness", column, "group_score")
    if not groups:
        return nothing(about, _no_groups(result))
    known = dict.fromkeys(name for group in groups for name in group["metrics"])
    name = among(metric, known, "metric of groups")
    return decisive(list(_each_group(result, groups, name, about)), gate.side, gate.threshold)


def _each_group(result: Result, groups: Sequence[Mapping[str, Any]], name: str, about: str) -> Iterator[Measured]:
    show = shown_as(is_share=_is_share(result, name))
    for group in groups:
        found = ends_of(group["metrics"].get(name) or {})
        clause = f"{_words(name)} of {group['group']!r} in {group['column']!r} is {show(found[0])}"
        why = f"only {group['rows']:,} rows are {group['group']!r} in {group['column']!r}"
        yield Measured(*found, about, show, rows_of(result), "" if math.isfinite(sum(found)) else why, clause)


def _of_column(result: Result, what: str, column: str | None, kind: str) -> list[Mapping[str, Any]]:
    """Return what is of a column or of two together; where none is named, what is of single ones."""
    several: Sequence[Mapping[str, Any]] = result.get(what) or []
    if column is None or not several:
        alone = result.get("sensitive") or ()
        return [each for each in several if each["column"] in alone] or list(several)
    found = [each for each in several if each["column"] == column]
    if not found:
        among(column, dict.fromkeys(str(each["column"]) for each in several), f"sensitive column (for {kind})")
    return found


def _no_groups(result: Result) -> str:
    if result.get("sensitive"):
        return "no group of the sensitive columns has rows enough"
    return "the model knows no sensitive column, or it is not among these rows (build with --sensitive COLUMN)"


def _is_share(result: Result, metric: str) -> bool:
    """Tell whether a metric of groups is a share: it is, but for losses and errors in the unit of a number."""
    facts = result["metrics"].get(metric)
    if facts is not None:
        return bool(facts["percent"])
    found = [as_float(group["metrics"][metric].get("value")) for group in result.get("fairness") or []
             if group["metrics"].get(metric)]  # fmt: skip
    return bool(result.get("classes", True)) and all(math.isnan(value) or 0 <= value <= 1 for value in found)


def _words(metric: object) -> str:
    return str(metric).replace("_", " ")


KINDS: dict[str, Statistic] = {
    "group_gap": Statistic(
        "the largest difference between groups of people",
        _gap,
        threshold=score_or_share,
        options={
            "metric": Field(text, "the metric of groups; by default each"),
            "column": Field(text, "the sensitive column; by default each, not two of them together"),
        },
        needs="fairness",
    ),
    "group_score": Statistic(
        "the worst score of any group of people",
        _group,
        sides=("at_least", "at_most"),
        threshold=score_or_share,
        options={
            "metric": Field(text, "the metric of groups"),
            "column": Field(text, "the sensitive column; by default each, not two of them together"),
        },
        required=("metric",),
        needs="fairness",
    ),
}
