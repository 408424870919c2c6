"""One column that predicts the target nearly perfectly by itself, where all others together do not come near."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.leak_copy import copies
from mlwright.clean.detectors.leak_group import telling_groups
from mlwright.clean.detectors.leak_id import telling_ids
from mlwright.clean.detectors.leak_post_event import after_event
from mlwright.clean.detectors.leak_time import telling_times
from mlwright.clean.measures.leaks import LEAVE_OUT, with_and_without
from mlwright.clean.measures.telling import Score, others, strong
from mlwright.clean.measures.wording import named
from mlwright.clean.names import counts_time
from mlwright.findings import Finding, Severity
from mlwright.table import Table

GAP_CLASSES, GAP_NUMBERS = 3.0, 4.0
"""The others have to leave so many times as much of the target unexplained."""
PERFECT_CLASSES, PERFECT_NUMBERS = 0.98, 0.99
"""So much is explained by no honest column that is measured with some error."""
CERTAIN, OTHERS_FAR = 0.99, 0.5
"""Certain: all but so little explained alone, and at most so much by all others together."""


class LeakProxy:
    """Finds columns that stand for the target: each alone is nearly perfect, and nothing else comes near."""

    name: ClassVar[str] = "leak_proxy"
    kinds: ClassVar[tuple[str, ...]] = ("target_proxy",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return the columns that no other detector of leaks names, in one finding for each severity."""
        target = context.schema.only("target")
        if target is None:
            return
        told = (copies, after_event, telling_ids, telling_times, telling_groups)
        candidates = strong(context)
        if not candidates:
            return
        elsewhere = {name for find in told for name in find(context)}
        by_severity: dict[Severity, dict[str, Score]] = {"error": {}, "warning": {}, "info": {}}
        for name, score in sorted(candidates.items(), key=lambda item: -item[1].explained):
            if name in elsewhere or context.schema[name].role == "time":
                continue
            trend = score.auc is None and counts_time(name)
            by_severity["info" if trend else _severity(score, *others(context, name))][name] = score
        for severity, scores in by_severity.items():
            if scores:
                yield _found(context, target.name, scores, severity)


def _found(context: Context, target: str, scores: dict[str, Score], severity: Severity) -> Detection:
    """Say it of all columns at once, with the numbers of the best: they are often the same thing twice."""
    names = tuple(scores)
    each = "predicts" if len(names) == 1 else "each predict"
    of_which = "" if len(names) == 1 else f"{names[0]!r}: "
    return Detection(
        finding=Finding(
            kind="target_proxy",
            columns=names,
            message=f"{named(names)} {each} the target {target!r} nearly perfectly ({of_which}"
            f"{with_and_without(context, names[0], scores[names[0]])}).",
            severity=severity,
            confidence={"error": 0.95, "warning": 0.8, "info": 0.4}[severity],
            repair=LEAVE_OUT,
        )
    )


def _severity(score: Score, rest: Score, others_left: int) -> Severity:
    """Return how sure it is that no honest column is as good."""
    alone = score.explained
    gap, perfect = (GAP_NUMBERS, PERFECT_NUMBERS) if score.auc is None else (GAP_CLASSES, PERFECT_CLASSES)
    far = others_left > 0 and (1.0 - alone) * gap <= 1.0 - max(rest.explained, 0.0)
    if alone >= CERTAIN and others_left > 0 and rest.explained <= OTHERS_FAR:
        return "error"
    return "warning" if far or alone >= perfect else "info"
