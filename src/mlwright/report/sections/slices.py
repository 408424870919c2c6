"""Kinds of rows on which the model is clearly worse. Only where some were found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Section, Table, cut, headers, row

MOST = 12


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where no kind of rows is clearly worse."""
    slices = evidence.get("slices") or []
    if not slices:
        return None
    rows = tuple(
        row(
            words.clipped(" and ".join(each["text"] for each in found["conditions"]), 120),
            words.count(found["rows"]),
            words.number(found["value"]),
            words.number(found["rest"]),
        )
        for found in slices[:MOST]
    )
    name = words.tidy(str(slices[0]["metric"]))
    caption = "Found on one half of the rows that judge, and measured on the other"
    table = Table(caption, headers("Rows", "How many", f"{name} there", "Elsewhere"), rows, cut(len(slices), len(rows)))
    sentence = "On some kinds of rows the model errs clearly more than on others. Take more care there."
    return Section("groups", "Where it is worse", sentence, (table,))
