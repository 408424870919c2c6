"""What is said of a column while its kind is found: plain sentences, and findings with their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from mlwright.clean.distinct import Distinct
from mlwright.clean.reading.kinds_numbers import NumberReading
from mlwright.clean.reading.kinds_times import TimeReading
from mlwright.clean.reading.strangers import HalfRead
from mlwright.findings import Finding

SHOWN = 5
"""So many of the texts that stand out are named with their counts."""


@dataclass(slots=True)
class Notes:
    """Collects the sentences of a column's note, and its findings."""

    name: str
    sentences: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a sentence to the note."""
        if sentence and sentence not in self.sentences:
            self.sentences.append(sentence)

    @property
    def note(self) -> str:
        """The note as it stands in the schema."""
        return " ".join(self.sentences)

    def disguised_missing(self, distinct: Distinct, tokens: Mapping[str, int]) -> None:
        """Say that texts stand where values are missing."""
        if not tokens:
            return
        listed = ", ".join(f"{text!r} ({count:,})" for text, count in _most(tokens))
        more = f" and {len(tokens) - 3} more" if len(tokens) > 3 else ""
        self.findings.append(
            Finding(
                kind="disguised_missing",
                message=f"Missing values of {self.name!r} are written as {listed}{more}.",
                columns=(self.name,),
                rows=distinct.rows_of(tuple(tokens)),
                repair="read as missing",
                applied=True,
            )
        )

    def stand_ins(self, values: pl.Series, numbers: Sequence[float], texts: Sequence[str]) -> None:
        """Say that numbers or dates stand where values are missing; `values` are the typed ones, with them."""
        held = values.is_in(list(numbers)).fill_null(value=False)
        listed = ", ".join(texts)
        self.say(f"Read as missing, because far from all other values: {listed}.")
        self.findings.append(
            Finding(
                kind="disguised_missing",
                message=(
                    f"{listed} in {self.name!r} ({_values(int(held.sum()))}, far from all others) means that it is "
                    "missing."
                ),
                columns=(self.name,),
                rows=tuple(held.arg_true().head(100).to_list()),
                severity="warning",
                confidence=0.9,
                repair="read as missing",
                applied=True,
            )
        )

    def numbers(self, distinct: Distinct, reading: NumberReading) -> None:
        """Say that numbers are written in disguise, or that words stand among them."""
        if reading.disguised_rows:
            comma = " with a decimal comma" if reading.decimal == "," else ""
            shown = _quoted(reading.disguised)
            self.say(f"Its numbers are written like {shown}{comma}.")
            if reading.bounds:
                self.say("A bound such as '> 90' is read as the number that it names.")
            if reading.both_signs:
                self.say(
                    f"Decimal points and commas both occur; where there is a choice, {reading.decimal!r} is decimal."
                )
            if len(reading.currencies) > 1:
                self.say(f"Its currencies differ ({', '.join(reading.currencies)}) and are not converted.")
            self.findings.append(
                Finding(
                    kind="disguised_numbers",
                    message=(
                        f"{_values(reading.disguised_rows)} of {self.name!r} (of {distinct.present:,}) write a number "
                        f"like {shown}{comma}."
                    ),
                    columns=(self.name,),
                    rows=distinct.rows_of(reading.disguised),
                    repair="read as numbers",
                    applied=True,
                )
            )
        self.mixed(distinct, reading.unreadable, "numbers")

    def times(self, distinct: Distinct, reading: TimeReading) -> None:
        """Say that dates are ambiguous, or that words stand among them."""
        self.say(reading.note)
        if reading.ambiguous:
            self.findings.append(
                Finding(
                    kind="ambiguous_dates",
                    message=(
                        f"No date in {self.name!r} says whether day or month comes first "
                        f"(such as {_quoted(distinct.texts.head(2).to_list())}): they are read as {reading.form}."
                    ),
                    columns=(self.name,),
                    severity="warning",
                    confidence=0.5,
                    repair=f"read as {reading.form}",
                    applied=True,
                )
            )
        self.mixed(distinct, reading.unreadable, "dates")

    def mixed(self, distinct: Distinct, unreadable: Sequence[str], what: str) -> None:
        """Say that some values are not what nearly all are."""
        if not unreadable:
            return
        left = distinct.where(distinct.texts.is_in(list(unreadable)).to_numpy())
        rows, shown = left.present, _quoted(unreadable)
        self.say(f"{_values(rows)} such as {shown} cannot be read as {what}: missing.")
        self.findings.append(
            Finding(
                kind="mixed_types",
                message=(
                    f"{_values(rows)} of {self.name!r} (of {distinct.present:,}) cannot be read as {what}: "
                    f"{_counted(left)}."
                ),
                columns=(self.name,),
                rows=distinct.rows_of(unreadable),
                severity="warning",
                repair="read as missing",
                applied=True,
            )
        )

    def half_read(self, distinct: Distinct, half: HalfRead, *, surely: bool) -> None:
        """Say that a column is left as words although half of its values or more are numbers or dates."""
        what, others = half.what, half.others
        shown = _quoted(others.texts.head(2).to_list())
        self.say(f"{_values(half.rows)} could be read as {what}, but not {shown}: all are left as words.")
        self.findings.append(
            Finding(
                kind="mixed_types",
                message=(
                    f"{_values(half.rows)} of {self.name!r} (of {distinct.present:,}) could be read as {what}, but not "
                    f"{_counted(others)}: all are left as words."
                ),
                columns=(self.name,),
                rows=distinct.rows_of(others.texts.head(10_000).to_list()),
                severity="warning" if surely else "info",
                confidence=0.5,
                repair=f"Leave the other cells empty where the column is meant to hold {what}.",
            )
        )


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"


def _most(tokens: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(tokens.items(), key=lambda item: (-item[1], item[0]))[:3]


def _counted(distinct: Distinct) -> str:
    """Name the most frequent texts with how often they occur."""
    shown = zip(distinct.texts.head(SHOWN), distinct.counts[:SHOWN].tolist(), strict=True)
    more = len(distinct.texts) - SHOWN
    return ", ".join(f"{_short(text)!r} ({count:,})" for text, count in shown) + (
        f" and {more:,} more" if more > 0 else ""
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _quoted(texts: Sequence[str]) -> str:
    return " and ".join(repr(_short(text)) for text in texts[:2])
