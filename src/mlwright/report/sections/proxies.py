"""What gives groups of people away: other columns that tell them, which a model may read instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Cell, Header, Heading, Paragraph, Table, cut

MOST = 10
ABOUT = (
    "A model that does not read a column can still know it, where others tell it. For each column here, how well "
    "others tell its groups was found on half of the rows and tried on the other half, every group counted alike."
)


def blocks(people: Mapping[str, Any]) -> Sequence[Block]:
    """Return what is told of proxies, or nothing where they were not looked for."""
    found = people.get("proxies") or ()
    if not found:
        return ()
    told: list[Block] = [Heading("What gives these groups away"), Paragraph(ABOUT, quiet=True)]
    for each in found:
        told.append(Paragraph(words.tidy(each["sentence"])))
        if each["columns"]:
            told.append(_table(each))
    return told


def _table(each: Mapping[str, Any]) -> Table:
    rows = [
        (
            Cell(words.clipped(one["column"], 60)),
            Cell("yes" if one["read"] else "no"),
            Cell(f"tells it {one['told']}"),
            _share(one),
        )
        for one in each["columns"][:MOST]
    ]
    more = cut(each["many"], len(rows))
    if one := _more_together(each):
        every = f"The {words.count(one['columns'])} others together"
        rows.append((Cell(every), Cell("yes"), Cell(_said(one)), _share(one)))
    name = words.clipped(each["column"], 60)
    caption = f"Columns that tell {name}: of 100 tries so many are right; by guessing {words.share(each['guess'])}"
    head = (Header("Column"), Header("Read by the model"), Header("How surely"), Header("Right", numeric=True))
    return Table(caption, head, tuple(rows), more, collapsed=f"What tells {name}")


def _more_together(each: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what all that the model reads tell together; None where one of them alone was found to tell more."""
    one: Mapping[str, Any] | None = each.get("together")
    alone = [other["value"] for other in each["columns"] if other["read"]]
    return one if one and one["columns"] > 1 and one["value"] > max(alone, default=0.0) else None


def _said(one: Mapping[str, Any]) -> str:
    return "do not tell it" if one["told"] == "not" else f"tell it {one['told']}"


def _share(one: Mapping[str, Any]) -> Cell:
    value, _, ends = words.interval(one["value"], one["interval"], percent=True).partition(" (")
    return Cell(value, ends.removesuffix(")"))
