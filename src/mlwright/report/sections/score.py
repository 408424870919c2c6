"""How good the model is: its score beside those of the simplest ways to answer, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.plot import percentage
from mlwright.report.document import Figure, Figures, Section, Table, headers, row
from mlwright.report.sections.scoring import Scoring

MOST = 8
SENTENCE = (
    "A model is worth its trouble where it answers better than the simplest rules do; here it stands beside them, each "
    "tried on the same rows."
)


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where the model stands beside no rule."""
    chart = _chart(evidence, Scoring.of(evidence))
    return Section("score", "How good it is", SENTENCE, (Figures((chart,)),)) if chart else None


def _chart(evidence: Mapping[str, Any], scoring: Scoring) -> Figure | None:
    """Return the model among its baselines, or None where a score is not known."""
    score, baselines = evidence["score"], evidence["baselines"][:MOST]
    if not baselines or words.known(score["value"]) is None:
        return None
    rows = [("This model", score["value"], score["interval"])]
    rows += [(b["label"], b["score"], b["interval"]) for b in baselines if words.known(b["score"]) is not None]
    marks = [
        Bar(words.tidy(label), value, scoring.number(value), bounds, position == 0)
        for position, (label, value, bounds) in enumerate(rows)
    ]
    direction = "more is better" if scoring.greater_is_better else "less is better"
    look = Look("dot", f"{scoring.label} ({direction})", percentage if scoring.percent else words.short)
    label = f"{scoring.label} of the model and of {words.counted(len(rows) - 1, 'baseline')}, with 95 % intervals."
    table = Table(
        "Scores on the same rows",
        headers("Who", f"{scoring.label} and 95 % interval", "Model's gain over it"),
        tuple(
            row(words.tidy(name), scoring.interval(value, bounds), gain)
            for (name, value, bounds), gain in zip(rows, [words.UNKNOWN, *_gains(baselines, scoring)], strict=False)
        ),
    )
    return Figure(bars(marks, look, label), label, _finding(evidence, scoring), table, "The model and its baselines")


def _gains(baselines: list[Mapping[str, Any]], scoring: Scoring) -> list[str]:
    return [
        words.difference(baseline["difference"], percent=scoring.percent)
        for baseline in baselines
        if words.known(baseline["score"]) is not None
    ]


def _finding(evidence: Mapping[str, Any], scoring: Scoring) -> str:
    """Return what the chart shows: whether the gain's interval holds zero."""
    best = evidence["baselines"][0]
    name = words.tidy(best["label"])
    gain = words.difference(best["difference"], percent=scoring.percent).removeprefix("+")
    low, high = words.known(best["difference"][1]), words.known(best["difference"][2])
    if low == high == 0:
        return f"The model scores the same as the best baseline ({name})."
    if low is not None and low > 0:
        return f"The model beats the best baseline ({name}) by {gain}: the whole interval is above zero."
    if high is not None and high < 0:
        return f"The best baseline ({name}) beats the model; the difference is {gain}, all of it below zero."
    return f"The gain over the best baseline ({name}) is {gain}: the interval holds zero, so it may be chance."
