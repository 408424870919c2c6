"""The sections of the page, one file each, in the order in which people ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Page, Section
from mlwright.report.sections import (
    data,
    errors,
    leaderboard,
    limits,
    more_rows,
    question,
    reasons,
    reproduce,
    slices,
    verdict,
)

Writer = Callable[[Mapping[str, Any]], Section | None]

SECTIONS: Final[tuple[Writer, ...]] = (
    verdict.section,
    question.section,
    leaderboard.section,
    errors.section,
    reasons.section,
    more_rows.section,
    slices.section,
    data.section,
    limits.section,
)
"""What the evidence tells; how to make the model again is told by the run and comes last."""


def page(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> Page:
    """Return the whole report, not yet written down."""
    asked = evidence["question"]
    made = f", written {words.moment(run['created'])}" if run.get("created") else ""
    # The path says little here; the section on the question has all of it.
    source = str(asked["source"]).rstrip("/").rpartition("/")[2] or asked["source"]
    told = [written for section in SECTIONS if (written := section(evidence)) is not None]
    return Page(
        title=f"Predicting {words.clipped(asked['target'], 80)}",
        subtitle=f"Model report on {words.clipped(source, 120)}{made}",
        sections=(*told, reproduce.section(evidence, run)),
        meanings={metric["label"] or name: metric["meaning"] for name, metric in evidence["metrics"].items()},
    )
