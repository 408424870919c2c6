"""Gate: a claim about a model with a threshold, and the verdict that an evaluation comes to on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mlwright.errors import OptionError
from mlwright.evaluate.gates.kinds import STATISTICS
from mlwright.evaluate.gates.measured import Answer, Measured, Side, span
from mlwright.evaluate.wording import count, sentence

Unknown = Literal["blocks", "allowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A claim that a statistic is at least, or at most, so much.

    `options` say which metric, column or test is meant, as its kind of statistic reads them. A verdict of "unknown"
    blocks a release unless that is `allowed`. `fails_at` makes it fail before the threshold is surely crossed.
    """

    name: str
    statistic: str
    threshold: float
    side: Side
    options: Mapping[str, Any] = field(default_factory=dict)
    claim: str = ""
    unknown: Unknown = "blocks"
    fails_at: float | None = None
    where: str | None = field(default=None, compare=False)
    """The file and line that it stands in."""


def judge(gates: Sequence[Gate], result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each gate as judged on the JSON of an evaluation: as JSON, in the same order.

    A gate passes where the whole 95 % interval is on the good side of its threshold, fails where all of it is on the
    bad side, and is unknown between. All gates have to pass, so that testing many of them needs no correction: a model
    that breaks one passes all of them no more often than it passes that one (Berger 1982, "Multiparameter hypothesis
    testing and acceptance sampling", Technometrics 24), which is in 2.5 % of samples at most.
    """
    return [_judged(gate, result) for gate in gates]


def default_gates(result: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return what holds of any model where nobody wrote gates: it beats the simplest answer, and has not got worse.

    They block where they fail; where nobody can tell they do not, because nobody has said what has to be known.
    """
    margin = (result.get("built") or {}).get("margin", 0.0)
    return (
        Gate(
            name="baseline",
            claim="better than always giving the same answer",
            statistic="better_than_baseline",
            side="at_least",
            threshold=0.0,
            unknown="allowed",
        ),
        Gate(
            name="as_built",
            claim="as good as when it was built",
            statistic="as_good_as_built",
            side="at_least",
            threshold=-margin,
            unknown="allowed",
            fails_at=0.0,
        ),
        *(_BEHAVES if result.get("behaviour") else ()),
    )


_BEHAVES = (
    Gate(
        name="behaviour",
        claim="behaves as the tests ask",
        statistic="behaviour",
        side="at_most",
        threshold=0.0,
        unknown="allowed",
    ),
)
"""Who brings tests wants none of them to fail."""


def overall(verdicts: Iterable[str]) -> Answer:
    """Return "fail" where any gate fails, "pass" where all pass, else "unknown".

    >>> overall(["pass", "unknown"]), overall(["pass", "fail"]), overall(["pass"])
    ('unknown', 'fail', 'pass')
    """
    every = list(verdicts)
    if "fail" in every:
        return "fail"
    return "pass" if all(verdict == "pass" for verdict in every) else "unknown"


def is_blocked(judged: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether any judged gate stands against a release: it fails, or is unknown where that is not allowed."""
    return any(gate["blocks"] for gate in judged)


def _judged(gate: Gate, result: Mapping[str, Any]) -> dict[str, Any]:
    kind = STATISTICS[gate.statistic]
    try:
        found = kind.read(result, gate)
    except OptionError as error:
        raise OptionError(error.message, where=gate.where, hint=error.hint) from error
    verdict = found.verdict(gate.side, gate.threshold, strict=kind.strict, fails_at=gate.fails_at)
    more = found.more_rows(gate.threshold) if verdict == "unknown" else None
    text = _sentence(gate, found, verdict, more)
    if kind.of_answers and verdict != "fail" and math.isfinite(found.value) and (known := result.get("known")):
        looks = f"{text} But nobody" if verdict == "pass" else "Nobody"
        why = str(known["sentence"])
        text = f"{looks} can tell from these rows: {why[:1].lower()}{why[1:]}"
        verdict, more = "unknown", None
    return {
        "name": gate.name,
        "claim": gate.claim or f"{found.about} {_limit(gate, found)}",
        "kind": gate.statistic,
        "verdict": verdict,
        "statistic": _plain(found.value),
        "interval": [_plain(found.low), _plain(found.high)],
        "side": gate.side,
        "threshold": gate.threshold,
        "blocks": verdict == "fail" or (verdict == "unknown" and gate.unknown == "blocks"),
        "more_rows": more,
        "sentence": text,
        "shown": _shown(gate, found),
    }


def _shown(gate: Gate, found: Measured) -> dict[str, str]:
    """Return the numbers as people read them."""
    return {
        "statistic": found.show(found.value) if math.isfinite(found.value) else "",
        "interval": span(found.show, found.low, found.high) if _is_uncertain(found) else "",
        "threshold": _limit(gate, found),
    }


def _is_uncertain(found: Measured) -> bool:
    return math.isfinite(found.low + found.high) and found.low != found.high


def _sentence(gate: Gate, found: Measured, verdict: Answer, more: int | None) -> str:
    """Return what was found, whether that is enough, and what would tell where it is not known."""
    limit = _limit(gate, found)
    if not math.isfinite(found.value):
        return f"Nobody can tell: {found.why or 'it was not measured'}."
    if not (text := found.said.get(verdict)):
        text = found.clause or f"the {found.about} is {found.show(found.value)}"
        if _is_uncertain(found):
            text += f" ({found.ends} {span(found.show, found.low, found.high)})"
        beyond = {"at_least": "less", "at_most": "more"}[gate.side]
        text += f"; {limit} is asked for"
        text += {"pass": "", "fail": f", and it is {beyond}", "unknown": ", and that cannot be told"}[verdict]
    if verdict != "unknown":
        return sentence(text)
    return f"{sentence(text)} {sentence(found.why) if found.why else _wanted(found, more)}".rstrip()


def _wanted(found: Measured, more: int | None) -> str:
    """Return what would settle it, were the truth what it looks like now."""
    if more is not None:
        return f"About {count(more, 'more labelled row')} like these would probably settle it."
    if not found.rows:
        return ""
    if not math.isfinite(found.low + found.high):
        return "These rows are too few to say how far it may be off."
    return "It is so near the limit that more rows would hardly settle it."


def _limit(gate: Gate, found: Measured) -> str:
    words = {"at_least": "at least", "at_most": "at most"}[gate.side]
    strict = STATISTICS[gate.statistic].strict
    return f"{'more than' if strict and gate.side == 'at_least' else words} {found.show(gate.threshold)}"


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
