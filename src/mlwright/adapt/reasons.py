"""Reasons to refuse a challenger besides a trial: it is better on the whole, and yet must not take over.

Nothing is measured here. It is read from a Comparison of the champion (A) and the challenger (B), and from their
evaluations on the same rows, all of which neither model learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mlwright.errors import OptionError
from mlwright.evaluate.gates import Gate, judge
from mlwright.evaluate.gates.measured import as_float, milliseconds
from mlwright.model.comparison import Comparison

Said = Mapping[str, Any]
Kind = Literal["rows", "score", "slices", "fairness", "calibration", "latency", "gate"]
AB = "(A is the champion, B the challenger)"
OF_THE_PAST = "as_good_as_built"
"""The kind of gate that compares a model with its own past: where the world has grown harder, every model fails it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a challenger is refused: what kind of reason, and a sentence with its numbers."""

    kind: Kind
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is allowed to a challenger."""

    stated: float = 0.1
    """So far its stated probabilities (or the share that its intervals hold) may surely be off, unless the champion's
    are as well."""
    slower: float = 3.0
    """So many times longer than the champion it may take for a row ..."""
    always_ms: float = 20.0
    """... unless it takes less than this."""

    def check(self) -> None:
        """Raise OptionError where a limit cannot be."""
        for name, value in asdict(self).items():
            if not value > 0.0:
                raise OptionError(f"The limit {name!r} cannot be {value:g}.", hint="give a number above 0.")


def reasons(
    compared: Comparison,
    champion: Said,
    challenger: Said,
    *,
    row_ms: tuple[float, float] | None = None,
    limits: Limits | None = None,
) -> list[Reason]:
    """Return why the challenger must not take over; empty where nothing stands against it.

    `compared`: champion and challenger, in this order, as `model.compare.compare` finds them; `champion`, `challenger`:
    what `Model.evaluate` returns for each on the same rows, with the gates that are asked for; `row_ms`: how long each
    took for a row in the service, where that was measured, else when it was built. Raises OptionError where a limit
    cannot be.

    What is uncertain is no reason: slices and groups are those on which the champion is surely better (see
    `compared_slices` and `compared_groups`: of all together, at most 5 % of equally good challengers have one of each
    column), and gates block as they say themselves, but for those that compare a model with when it was built: they do
    not tell which of the two is better.
    """
    allowed = limits or Limits()
    allowed.check()
    return [
        *_rows(compared),
        *_score(compared),
        *_slices(compared),
        *_groups(compared),
        *_stated(champion, challenger, allowed),
        *_latency(compared, row_ms, allowed),
        *_gates(challenger),
    ]


def _rows(compared: Comparison) -> Iterator[Reason]:
    if not compared.labelled:
        yield Reason(
            "rows", "The outcome of no row is known, so that nobody can tell for whom the challenger is worse."
        )
    if compared.b.get("learned_from_these") == "yes":
        yield Reason(
            "rows", "The challenger learned from the rows that it is judged on: bring rows that are new to it."
        )


def _score(compared: Comparison) -> Iterator[Reason]:
    if compared.better == "a":
        yield Reason("score", f"{compared.sentence} {AB}")


def _slices(compared: Comparison) -> Iterator[Reason]:
    for found in compared.slices:
        if found["better"] == "a":
            yield Reason("slices", f"{found['sentence']} {AB}")


def _groups(compared: Comparison) -> Iterator[Reason]:
    for group in compared.groups:
        sided = [found["verdict"] for found in group["metrics"].values() if found["verdict"] in {"a", "b"}]
        for verdict, sentence in zip(sided, group["sentences"], strict=True):
            if verdict == "a":
                yield Reason("fairness", f"{sentence} {AB}")


def _stated(champion: Said, challenger: Said, limits: Limits) -> Iterator[Reason]:
    """Yield that the challenger surely states what does not come true, where that is not surely so of both."""
    gate = Gate(name="stated", statistic="calibration", side="at_most", threshold=limits.stated, unknown="allowed")
    before, now = (judge([gate], result)[0] for result in (champion, challenger))
    if now["verdict"] == "fail" and before["verdict"] != "fail":
        yield Reason("calibration", f"Of the challenger: {_told(now)}")


def _latency(compared: Comparison, row_ms: tuple[float, float] | None, limits: Limits) -> Iterator[Reason]:
    before, now = row_ms or (as_float(compared.a.get("row_ms")), as_float(compared.b.get("row_ms")))
    if now > limits.always_ms and now > limits.slower * before:
        yield Reason(
            "latency",
            f"The challenger takes {milliseconds(now)} for a row and the champion {milliseconds(before)}; "
            f"{limits.slower:g} times as long is allowed, and {milliseconds(limits.always_ms)} in any case.",
        )


def _gates(challenger: Said) -> Iterator[Reason]:
    for gate in challenger.get("gates") or ():
        if gate["blocks"] and gate["kind"] != OF_THE_PAST:
            yield Reason("gate", f"The challenger does not pass the gate {gate['name']!r}: {_told(gate)}")


def _told(gate: Said) -> str:
    """Return the sentence of a judged gate, with its number, interval and threshold where it does not say them."""
    sentence, shown = str(gate["sentence"]), gate["shown"]
    if not shown["statistic"] or all(text in sentence for text in shown.values()):
        return sentence
    interval = f" (95 % interval {shown['interval']})" if shown["interval"] else ""
    return f"{sentence} Measured: {shown['statistic']}{interval}; asked for: {shown['threshold']}."
