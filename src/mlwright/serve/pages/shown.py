"""An answer as a person is shown it: a sentence, bars with their numbers, what is odd, and the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Tone
from mlwright.serve.answers import Answer
from mlwright.serve.serving import Serving
from mlwright.tasks.base import Label
from mlwright.values import as_text

MOST_BARS = 10
MOST_REASONS = 5
HALF = 50.0
"""Bars of reasons begin in the middle of a drawing that is 100 wide."""
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a drawing that is 100 wide: where it begins, how wide it is, and what is written beside it."""

    label: str
    written: str
    start: float
    width: float
    look: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown of an answer."""

    tone: Tone
    icon: str
    headline: str
    sentences: Sequence[str]
    chances: Sequence[Bar]
    others: str
    """What is said of the classes that have no bar."""
    flags: Sequence[str]
    reasons: Sequence[Bar]
    reasons_title: str
    reasons_text: str
    id: str
    version: int
    is_kept: bool


def shown_of(answer: Answer, served: Serving, *, is_kept: bool = True) -> Shown:
    """Return how an answer of a model is shown; `is_kept` says whether the record has it."""
    headline, sentences = _headline(answer, served.model.target)
    chances, others = _chances(answer)
    tone: Tone = "info" if answer.action == "answer" and not answer.flags else "unclear"
    return Shown(
        tone=tone,
        icon="→" if answer.action == "answer" else "?",
        headline=headline,
        sentences=sentences,
        chances=chances,
        others=others,
        flags=[words.tidy(flag.message) for flag in answer.flags],
        reasons=_reasons(answer),
        reasons_title=_title(answer, served),
        reasons_text=words.tidy(answer.text) if answer.text else "",
        id=answer.id,
        version=answer.version if answer.version is not None else served.version,
        is_kept=is_kept,
    )


def _headline(answer: Answer, target: str) -> tuple[str, list[str]]:
    """Return the answer in a few words, and the sentences that belong to it."""
    name = words.clipped(target, LONGEST)
    if answer.action == "refer":
        said = f"By itself it would have said {_written(answer.model_prediction)}."
        return f"{name}: a person has to decide", ["The model gives no answer to this row.", said]
    told = [_sure(answer)]
    if answer.action == "default":
        would = _written(answer.model_prediction)
        told = [f"This is what is answered where the model had better not; it would have said {would}."]
    return f"{name}: {_written(answer.prediction)}", [sentence for sentence in told if sentence]


def _sure(answer: Answer) -> str:
    """Return how sure the model is, in a sentence."""
    if answer.probabilities:
        label = as_text(answer.prediction) or ""
        chance = answer.probabilities.get(label)
        if chance is None:
            return ""
        likeliest = max(answer.probabilities, key=lambda each: (answer.probabilities or {})[each])
        said = f"The model gives this a chance of {words.share(chance)}"
        if likeliest == label:
            return f"{said}."
        return f"{said}. “{words.clipped(likeliest, 40)}” is likelier; this is answered because of what errors cost."
    if answer.lower is not None and answer.upper is not None:
        return (
            f"For nine of ten rows the truth lies within such a range: {words.amount(answer.lower)} to "
            f"{words.amount(answer.upper)}."
        )
    return ""


def _written(value: Any) -> str:
    """Return a label or a number as people read it."""
    if isinstance(value, float):
        return words.amount(value)
    return words.clipped(as_text(value) or "nothing", LONGEST)


def _chances(answer: Answer) -> tuple[list[Bar], str]:
    """Return a bar for each of the likeliest classes, and what is said of the rest."""
    if not answer.probabilities:
        return [], ""
    chosen = as_text(answer.prediction)
    ranked = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])
    bars = [
        Bar(words.clipped(label, LONGEST), words.share(chance), 0.0, 100 * chance, "chosen" if label == chosen else "")
        for label, chance in ranked[:MOST_BARS]
    ]
    rest = ranked[MOST_BARS:]
    if not rest:
        return bars, ""
    return (
        bars,
        f"{words.counted(len(rest), 'more answer')}, together {words.share(sum(chance for _, chance in rest))}.",
    )


def _reasons(answer: Answer) -> list[Bar]:
    """Return a bar for each of the strongest reasons: to the right what adds, to the left what takes off."""
    reasons = (answer.reasons or [])[:MOST_REASONS]
    largest = max((abs(reason.contribution) for reason in reasons), default=0.0) or 1.0
    bars = []
    for reason in reasons:
        width = HALF * abs(reason.contribution) / largest
        is_more = reason.contribution >= 0
        value = "missing" if reason.value is None else words.clipped(as_text(reason.value) or "empty", 40)
        amount = words.fixed(reason.contribution, 2) if answer.unit == "log-odds" else words.number(reason.contribution)
        bars.append(
            Bar(
                f"{words.clipped(reason.column, LONGEST)} is {value}",
                f"+{amount}" if is_more else amount,
                HALF if is_more else HALF - width,
                width,
                "more" if is_more else "less",
            )
        )
    return bars


def _title(answer: Answer, served: Serving) -> str:
    """Return what the bars of the reasons say."""
    explained = _explained(answer, served)
    if explained is None:
        return f"What adds to {words.clipped(served.model.target, 40)} (right), and what takes off (left)"
    return f"What speaks for “{words.clipped(as_text(explained), 40)}” (right) and against it (left), in log-odds"


def _explained(answer: Answer, served: Serving) -> Label | None:
    """Return the class that the reasons are about: the second of two, else the likeliest; None for a number."""
    classes = served.model.parts.classes
    if not classes or not answer.probabilities:
        return None
    chances = list(answer.probabilities.values())
    return classes[1] if len(classes) == 2 else classes[chances.index(max(chances))]
