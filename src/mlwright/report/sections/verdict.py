"""Section 1: the answer in one plain sentence, and the verdict against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.plot import percentage
from mlwright.report.document import Block, Figure, Figures, Section, Table, Tile, Tone, Verdict, headers, row
from mlwright.report.sections.scoring import Scoring

WORDS: Final[dict[str, tuple[Tone, str, str]]] = {
    "yes": ("good", "✔", "Better than the baseline"),
    "no": ("bad", "✖", "Not better than the baseline"),
    "unclear": ("unclear", "?", "Unclear whether it beats the baseline"),
}
MOST = 8


def section(evidence: Mapping[str, Any]) -> Section:
    """Return the section."""
    scoring = Scoring.of(evidence)
    blocks: list[Block] = [card(evidence)]
    if chart := _chart(evidence, scoring):
        blocks.append(Figures((chart,)))
    return Section("verdict", "The answer in short", _opening(evidence), tuple(blocks))


def card(evidence: Mapping[str, Any]) -> Verdict:
    """Return the verdict with its numbers, as page and notebook show it."""
    scoring, score = Scoring.of(evidence), evidence["score"]
    tone, icon, word = WORDS[evidence["verdict"]["beats_baseline"]]
    value, note = scoring.split(score["value"], score["interval"])
    tiles = [Tile(f"{scoring.label} of the model", value, note)]
    if evidence["baselines"]:
        best = evidence["baselines"][0]
        value, note = scoring.split(best["score"], best["interval"])
        tiles.append(Tile(f"{scoring.label} of the best baseline: {words.tidy(best['label'])}", value, note))
        gain, _, bounds = words.difference(best["difference"], percent=scoring.percent).partition(" (")
        note = "95 % interval " + bounds.rstrip(")") if bounds else ""
        tiles.append(Tile("Gain over it (more is better)", gain, note))
    return Verdict(tone, icon, word, evidence["verdict"]["sentence"], tuple(tiles))


def _opening(evidence: Mapping[str, Any]) -> str:
    question = evidence["question"]
    target = words.clipped(question["target"], 80)
    return (
        f"This model predicts “{target}”. Below is how good it is on rows it has not seen, next to the simplest ways "
        "to answer the same question."
    )


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
