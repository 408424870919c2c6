"""Groups of rows: where the model is better or worse, and how people's groups fare. Only where it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Heading, Section, Table, cut, headers, row

MOST = 40


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where groups were not looked at."""
    slices, fairness = evidence.get("slices") or [], evidence.get("fairness") or []
    if not slices and not fairness:
        return None
    blocks: list[Block] = []
    for title, groups in (("Groups of people", fairness), ("Groups of rows", slices)):
        if groups:
            blocks += [Heading(title), _table(title, groups, evidence["metrics"])]
    sentence = "An average can hide that some groups get worse answers than others. This is how each group fares."
    return Section("groups", "Who is served how well", sentence, tuple(blocks))


def _table(title: str, groups: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> Table:
    names = list(dict.fromkeys(name for group in groups for name in group["metrics"]))[:4]
    labels = [words.tidy(metrics.get(name, {}).get("label") or name.replace("_", " ")) for name in names]
    rows = tuple(
        row(
            f"{words.clipped(group['column'], 40)} = {words.clipped(group['group'], 40)}",
            words.count(group["rows"]),
            *(_score(group["metrics"].get(name), metrics.get(name, {})) for name in names),
        )
        for group in groups[:MOST]
    )
    return Table(f"{title}, with 95 % intervals", headers("Group", "Rows", *labels), rows, cut(len(groups), len(rows)))


def _score(measured: Mapping[str, Any] | None, metric: Mapping[str, Any]) -> str:
    if measured is None:
        return words.UNKNOWN
    value = measured["value"] if "value" in measured else measured.get("score")
    return words.interval(value, measured.get("interval"), percent=bool(metric.get("percent", False)))
