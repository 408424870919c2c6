"""Two models on the same rows: by how much one is better in each metric, and which one that is, in words.

They are called A and B. A difference is always how much better B is: above 0 it speaks for B, whichever way the metric
points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mlwright.evaluate import wording
from mlwright.evaluate.comparison import answer_of, compare
from mlwright.evaluate.decided import scored_by
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.tasks.base import Metric

Better = Literal["a", "b", "same", "unknown"]
"""Which model is better; "same": a difference, if there is one, is smaller than these rows can show."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Two models in one metric, with 95 % intervals; `difference` is how much better B is."""

    metric: Metric
    a: Scored
    b: Scored
    difference: Scored

    @property
    def better(self) -> Better:
        """Which one is better."""
        if not math.isfinite(self.difference.low + self.difference.high):
            return "unknown"
        answer = answer_of(self.difference)
        return "b" if answer == "yes" else "a" if answer == "no" and self.difference.value < 0.0 else "same"

    @property
    def shows(self) -> float:
        """About how large a difference has to be for these rows to show it: half the interval's width."""
        return (self.difference.high - self.difference.low) / 2.0

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "label": wording.named(self.metric),
            "meaning": self.metric.meaning,
            "percent": self.metric.percent,
            "greater_is_better": self.metric.greater_is_better,
            "a": {"score": plain(self.a.value), "interval": self.a.interval},
            "b": {"score": plain(self.b.value), "interval": self.b.interval},
            "difference": plain(self.difference.value),
            "interval": self.difference.interval,
            "shows": plain(self.shows),
            "better": self.better,
        }


def gaps(
    metrics: Mapping[str, Metric],
    first: Metric,
    held: HeldOut,
    predicted: tuple[Floats, Floats],
    answers: tuple[Floats | None, Floats | None] = (None, None),
) -> tuple[Gap, ...]:
    """Return two models in each metric, `first` before the others.

    `predicted` are what they predict of the same rows (n, k), classes in the same order, `answers` what they answer, as
    `decided.answered` gives it: metrics of answers score these. ROC AUC: DeLong's test for two
    correlated curves; means of losses: the mean of the rows' differences; all else: the paired bootstrap.
    """
    found = []
    for metric in {first.name: first, **metrics}.values():
        A, B = (scored_by(metric, P, given) for P, given in zip(predicted, answers, strict=True))
        found.append(Gap(metric, score(metric, held, A), score(metric, held, B), compare(metric, held, B, A)))
    return tuple(found)


def sentence(gap: Gap, held: HeldOut) -> str:
    """Say which model is better, and how sure that is, to somebody who knows no statistics."""
    metric, difference = gap.metric, gap.difference
    rows = wording.count(len(held), held.noun or "row")
    if gap.better == "unknown":
        return f"Which one is better cannot be told from {rows}: {_why_unknown(gap, held)}."
    a, b = (f"{wording.scored(metric, each.value)} ({name})" for name, each in (("A", gap.a), ("B", gap.b)))
    less = "" if metric.greater_is_better else ", where less is better"
    if gap.better == "same":
        said = f"A and B are the same as far as {rows} can tell: {wording.named(metric)} {a} and {b}{less}."
        if difference.low == difference.high:
            return said
        for_a, for_b, shows = (wording.gained(metric, size) for size in (-difference.low, difference.high, gap.shows))
        return (
            f"{said} Anything from A being better by {for_a} to B being better by {for_b} fits these rows; only a "
            f"difference of about {shows} or more would show on them."
        )
    better, first, second = ("B", b, a) if gap.better == "b" else ("A", a, b)
    sizes = sorted((abs(difference.low), abs(difference.high)))
    least, most = (wording.gained(metric, size) for size in sizes)
    return (
        f"{better} is better: {wording.named(metric)} {first} against {second} on {rows}{less}. That is more than "
        f"chance: by {least} to {most} (95 % interval)."
    )


def _why_unknown(gap: Gap, held: HeldOut) -> str:
    label, seen = wording.named(gap.metric), np.unique(held.y)
    if held.target.classes and len(seen) == 1 and not math.isfinite(gap.difference.value):
        return f"all of them are {held.target.classes[int(seen[0])]!r}, and {label} needs rows of other classes too"
    if not math.isfinite(gap.difference.value):
        return f"{label} has no value on them"
    return "they are too few"
