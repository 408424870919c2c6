"""Reasons against a challenger that lists better on the whole: for whom it is worse, and how long it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mlwright.adapt.log_losses import losses
from mlwright.adapt.reasons import Limits, Reason
from mlwright.adapt.rows import Known
from mlwright.evaluate.gates.measured import milliseconds
from mlwright.evaluate.wording import count, number
from mlwright.model.recommender.recommender import Recommender
from mlwright.serve.record import Record
from mlwright.tasks.base import Floats, Metric

LENGTHS = ((0, 0, "without a history"), (1, 9, "with a history of 1 to 9 entries"), (10, None, "with a longer history"))
LEAST = 20
Z = 2.4
"""The 95 % point of a normal distribution, shared among three groups (Bonferroni)."""


def against(
    known: Known, champion: Recommender, challenger: Recommender, metric: Metric, record: Record | None
) -> list[Reason]:
    """Return the reasons; all requests are asked of both again. What is uncertain is no reason."""
    found = losses(known, champion, challenger, metric, record=record, replay=True)
    if not len(found.places):
        return [Reason("rows", "Nothing is known that anybody took, so that nobody can tell for whom it is worse.")]
    lengths = np.array([_length(known, place) for place in found.places.tolist()])
    return [*_lengths(lengths, found.challenger - found.champion), *_latency(champion, challenger)]


def _length(known: Known, place: int) -> int:
    history = known.rows[place].get("history")
    return len(history) if isinstance(history, list) else 0


def _lengths(lengths: np.ndarray[tuple[int, ...], np.dtype[np.int_]], worse: Floats) -> Iterator[Reason]:
    for low, high, name in LENGTHS:
        inside = worse[(lengths >= low) & (lengths <= (high if high is not None else math.inf))]
        if len(inside) < LEAST:
            continue
        mean, error = float(inside.mean()), float(inside.std(ddof=1)) / math.sqrt(len(inside))
        if mean - Z * error > 0:
            yield Reason(
                "slices",
                f"For people {name} the champion's lists are better: they lose {number(mean)} less on "
                f"{count(len(inside), 'request')} (at least {number(mean - Z * error)}, with 95 % for all lengths).",
            )


def _latency(champion: Recommender, challenger: Recommender) -> Iterator[Reason]:
    limits = Limits()
    before, now = (model.parts.evidence.get("size", {}).get("row_ms") or math.nan for model in (champion, challenger))
    if now > limits.always_ms and now > limits.slower * before:
        yield Reason(
            "latency",
            f"The challenger takes {milliseconds(now)} for a list and the champion {milliseconds(before)}; "
            f"{limits.slower:g} times as long is allowed, and {milliseconds(limits.always_ms)} in any case.",
        )
