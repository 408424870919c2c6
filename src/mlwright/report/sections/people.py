"""Groups of people: how each fares, and between which of them the differences are more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Bullets, Cell, Facts, Heading, Paragraph, Section, Table, cut, headers, row
from mlwright.report.sections import proxies

MOST = 40
TOLD = frozenset({"worse", "differs"})
SHARES = frozenset({"selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy", "coverage"})


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where no groups of people were compared and none seem to be told of."""
    groups, people = evidence.get("fairness") or [], evidence.get("people") or {}
    if not groups and not people.get("proposed"):
        return None
    blocks = _proposal(people)
    for column in dict.fromkeys(group["column"] for group in groups):
        own = [group for group in groups if group["column"] == column]
        proposed = ", proposed and not confirmed" if own[0].get("proposed") else ""
        blocks.append(Heading(f"Groups by {words.clipped(column, 60)}{proposed}"))
        blocks += [*_sure(column, people), _table(column, own, evidence["metrics"])]
    sentence = "An average can hide that some people get worse answers than others. This is how each group fares."
    return Section("people", "Who is served how well", sentence, (*blocks, *proxies.blocks(people)))


def _sure(column: str, people: Mapping[str, Any]) -> list[Block]:
    """Return the differences between the groups of a column that are more than chance."""
    gaps = [gap for gap in people.get("gaps") or () if gap.get("column") == column and gap["verdict"] in TOLD]
    return [Bullets(tuple(words.tidy(gap["sentence"]) for gap in gaps))] if gaps else []


def _proposal(people: Mapping[str, Any]) -> list[Block]:
    """Return which columns seem to tell groups of people that nobody named, and why."""
    proposed = people.get("proposed") or ()
    if not proposed:
        return []
    looked = any(each.get("audited") for each in proposed)
    more = (
        "Nobody has confirmed them, so they are looked at here one by one, and neither tests nor gates watch them."
        if looked
        else "They were not looked at."
    )
    why = tuple((words.clipped(each["column"], 60), words.clipped(each.get("reason") or "", 300)) for each in proposed)
    return [Paragraph(f"{words.tidy(people.get('proposal') or '')} {more}".strip()), Facts(why)]


def _table(column: str, groups: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> Table:
    names = list(dict.fromkeys(name for group in groups for name in group["metrics"]))[:6]
    labels = [words.tidy(metrics.get(name, {}).get("label") or name.replace("_", " ")) for name in names]
    rows = tuple(
        (
            *row(words.clipped(group["group"], 40), words.count(group["rows"])),
            *(_score(name, group["metrics"].get(name), metrics.get(name, {})) for name in names),
        )
        for group in groups[:MOST]
    )
    caption = f"Groups by {words.clipped(column, 60)}, with 95 % intervals"
    return Table(caption, headers("Group", "Rows", *labels), rows, cut(len(groups), len(rows)))


def _score(name: str, measured: Mapping[str, Any] | None, metric: Mapping[str, Any]) -> Cell:
    if measured is None or measured.get("value") is None:
        return Cell(words.UNKNOWN)
    share = bool(metric.get("percent", False)) or name in SHARES or name.startswith("recall_of_")
    value, _, ends = words.interval(measured["value"], measured.get("interval"), percent=share).partition(" (")
    return Cell(value, ends.removesuffix(")"))
