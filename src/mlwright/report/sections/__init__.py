"""The sections of the page, one file each: first what everybody needs, then what people ask who look closer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Page, Section
from mlwright.report.sections import (
    behaviour,
    data,
    errors,
    leaderboard,
    limits,
    mitigation,
    more_rows,
    people,
    question,
    reasons,
    recommending,
    reproduce,
    score,
    slices,
    verdict,
)

Writer = Callable[[Mapping[str, Any]], Section | None]

TECHNICAL: Final[tuple[Writer, ...]] = (
    question.section,
    score.section,
    errors.section,
    recommending.section,
    people.section,
    slices.section,
    mitigation.section,
    behaviour.section,
    reasons.section,
    leaderboard.section,
    more_rows.section,
    data.section,
    limits.section,
)
"""What the evidence tells beyond the first page; how to make the model again is told by the run and comes last."""
CLOSER: Final = "For those who look closer"


def page(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> Page:
    """Return the whole report, not yet written down: a page for everybody, then one section for each question."""
    told = [written for section in TECHNICAL if (written := section(evidence)) is not None]
    return Page(
        title=f"{verb(evidence)} {words.clipped(evidence['question']['target'], 80)}",
        subtitle=f"Model report on {named(evidence, run)}",
        sections=(
            verdict.section(evidence),
            replace(told[0], part=CLOSER),
            *told[1:],
            reproduce.section(evidence, run),
        ),
        meanings=meanings(evidence),
    )


def verb(evidence: Mapping[str, Any]) -> str:
    """Return what the model does with its target."""
    return "Recommending" if evidence.get("recommending") else "Predicting"


def found(evidence: Mapping[str, Any], anchor: str) -> Section | None:
    """Return the section with this anchor, or None where the evidence has nothing for it."""
    written = (section(evidence) for section in TECHNICAL)
    return next((each for each in written if each is not None and each.anchor == anchor), None)


def named(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return what the model learned from and when it was made; the section on the question has the whole path."""
    source = str(evidence["question"]["source"])
    made = f", written {words.moment(run['created'])}" if run.get("created") else ""
    return f"{words.clipped(source.rstrip('/').rpartition('/')[2] or source, 120)}{made}"


def meanings(evidence: Mapping[str, Any]) -> dict[str, str]:
    """Return what the metrics of this evidence mean, by their labels."""
    return {metric["label"] or name: metric["meaning"] for name, metric in evidence["metrics"].items()}
