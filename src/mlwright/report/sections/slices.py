"""Kinds of rows on which the model is clearly worse. Only where some were found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Header, Section, Table, cut, headers, row

MOST = 12
KNOWN: Final = {
    "no": "no: it is surer than it may be",
    "yes": "yes: it is less sure there too",
    "unclear": "cannot be told from these rows",
}


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where no kind of rows is clearly worse."""
    slices = evidence.get("slices") or []
    if not slices:
        return None
    knows = any(found.get("known") for found in slices)
    rows = tuple(
        row(
            words.clipped(" and ".join(each["text"] for each in found["conditions"]), 120),
            words.count(found["rows"]),
            words.number(found["value"]),
            words.number(found["rest"]),
            *([_known(found)] if knows else []),
        )
        for found in slices[:MOST]
    )
    name = words.tidy(str(slices[0]["metric"]))
    caption = "Found on one half of the rows that judge, and measured on the other"
    names = headers("Rows", "How many", f"{name} there", "Elsewhere")
    last = (Header("Does the model know?"),) if knows else ()
    table = Table(caption, (*names, *last), rows, cut(len(slices), len(rows)))
    sentence = "On some kinds of rows the model errs clearly more than on others. Take more care there."
    return Section("groups", "Where it is worse", sentence, (table,))


def _known(found: Mapping[str, Any]) -> str:
    """Return whether the probabilities of these rows are as unsure as their errors are many."""
    return KNOWN.get(found.get("known") or "", words.UNKNOWN)
