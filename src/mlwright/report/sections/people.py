"""Groups of people: how each fares, and between which of them the differences are more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Bullets, Heading, Section, Table, cut, headers, row

MOST = 40
SHARES = frozenset({"selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy", "coverage"})


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where no groups of people were compared."""
    groups = evidence.get("fairness") or []
    if not groups:
        return None
    gaps = (evidence.get("people") or {}).get("gaps") or []
    sure = tuple(words.tidy(gap["sentence"]) for gap in gaps if gap["verdict"] in {"worse", "differs"})
    blocks: list[Block] = [Bullets(sure)] if sure else []
    for column in dict.fromkeys(group["column"] for group in groups):
        own = [group for group in groups if group["column"] == column]
        blocks += [Heading(f"Groups by {words.clipped(column, 60)}"), _table(column, own, evidence["metrics"])]
    sentence = "An average can hide that some people get worse answers than others. This is how each group fares."
    return Section("people", "Who is served how well", sentence, tuple(blocks))


def _table(column: str, groups: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> Table:
    names = list(dict.fromkeys(name for group in groups for name in group["metrics"]))[:6]
    labels = [words.tidy(metrics.get(name, {}).get("label") or name.replace("_", " ")) for name in names]
    rows = tuple(
        row(
            words.clipped(group["group"], 40),
            words.count(group["rows"]),
            *(_score(name, group["metrics"].get(name), metrics.get(name, {})) for name in names),
        )
        for group in groups[:MOST]
    )
    caption = f"Groups by {words.clipped(column, 60)}, with 95 % intervals"
    return Table(caption, headers("Group", "Rows", *labels), rows, cut(len(groups), len(rows)))


def _score(name: str, measured: Mapping[str, Any] | None, metric: Mapping[str, Any]) -> str:
    if measured is None or measured.get("value") is None:
        return words.UNKNOWN
    share = bool(metric.get("percent", False)) or name in SHARES or name.startswith("recall_of_")
    return words.interval(measured["value"], measured.get("interval"), percent=share)
