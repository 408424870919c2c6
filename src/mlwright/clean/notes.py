"""What is said of a column while its kind is found: plain sentences, and findings with their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from mlwright.clean.distinct import Distinct
from mlwright.clean.kinds_numbers import NumberReading
from mlwright.clean.kinds_times import TimeReading
from mlwright.findings import Finding


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
        self.mixed(distinct, reading.unreadable, reading.unreadable_rows, "numbers")

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
        self.mixed(distinct, reading.unreadable, reading.unreadable_rows, "dates")

    def mixed(self, distinct: Distinct, unreadable: Sequence[str], rows: int, what: str) -> None:
        """Say that some values are not what nearly all are."""
        if not rows:
            return
        shown = _quoted(unreadable)
        self.say(f"{_values(rows)} such as {shown} cannot be read as {what}: missing.")
        self.findings.append(
            Finding(
                kind="mixed_types",
                message=(
                    f"{_values(rows)} of {self.name!r} (of {distinct.present:,}) cannot be read as {what}: {shown}."
                ),
                columns=(self.name,),
                rows=distinct.rows_of(unreadable),
                severity="warning",
                repair="read as missing",
                applied=True,
            )
        )


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count:,} values"


def _most(tokens: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(tokens.items(), key=lambda item: (-item[1], item[0]))[:3]


def _quoted(texts: Sequence[str]) -> str:
    return " and ".join(repr(text if len(text) <= 40 else text[:37] + "...") for text in texts[:2])
