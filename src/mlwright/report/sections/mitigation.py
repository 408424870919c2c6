"""Thresholds by group: what they do to whom, what they cost, and what has to be thought of before they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.charts import frontier
from mlwright.report.document import (
    Block,
    Bullets,
    Cell,
    Code,
    Figures,
    Heading,
    Paragraph,
    Section,
    Table,
    cut,
    headers,
    row,
)

MOST: Final = 40
ESTIMATED: Final = "Thresholds follow what a second model thinks of a row's group, so that no group has its own."
RATES: Final = {"selection": "Answered yes", "tpr": "True cases found", "fpr": "Others wrongly answered yes"}


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where the model has no thresholds by group."""
    told = evidence.get("mitigation")
    if not told:
        return None
    blocks: list[Block] = [
        Paragraph(told["sentence"]),
        *([Bullets(tuple(told["doubts"]))] if told.get("doubts") else []),
        Figures((frontier.figure(told),)),
        Heading("Each group before and after"),
        _groups(told),
        _thresholds(told) if told["with_group"] else Paragraph(ESTIMATED),
        Paragraph(told["draw"]["sentence"]),
        Bullets(tuple(told["notes"])),
        Code(told["command"], "How such thresholds are found again"),
    ]
    sentence = (
        "The model answers groups of people by thresholds of their own, so that they are treated more alike. The aim:"
        f" {told['meaning'][:1].lower()}{told['meaning'][1:]}"
    )
    return Section("mitigation", "Thresholds by group", sentence, tuple(blocks))


def _groups(told: Mapping[str, Any]) -> Table:
    groups: Sequence[Mapping[str, Any]] = told["groups"]
    rows = tuple(
        row(
            words.clipped(group["group"], 60),
            words.count(group["rows"]),
            *(Cell(_share(group["after"][rate]), f"was {_share(group['before'][rate])}") for rate in RATES),
        )
        for group in groups[:MOST]
    )
    titles = headers("Group", "Rows", *RATES.values())
    return Table("What is answered to each group now, and what was before", titles, rows, cut(len(groups), len(rows)))


def _thresholds(told: Mapping[str, Any]) -> Table:
    parts = [(group["group"], each) for group in told["groups"] for each in group["thresholds"] or ()]
    rows = tuple(
        row(words.clipped(name, 60), _share(each["threshold"]), _share(each["share"])) for name, each in parts[:MOST]
    )
    caption = "Which probability is answered with yes, by group"
    return Table(caption, headers("Group", "Yes from", "For so many rows"), rows, cut(len(parts), len(rows)))


def _share(value: object) -> str:
    return words.number(value, percent=True)
