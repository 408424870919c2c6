"""Dates as their column writes them: what a finding says in ISO form is put in the form of most of the column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from mlwright.clean.cell_errors.written import Written, form_of
from mlwright.values import OUTER
from mlwright.values.times import match_datetime

DAYS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%y",
    "%d/%m/%y", "%d.%m.%y", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", "T%H:%M:%SZ", " %H:%M:%SZ")
TRIED = 300
ALL = 0.98
MOSTLY = 0.5
"""The form of so many rows is the column's own one."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class DateForm:
    """A form of dates: how the day is written, and how the time of day is, "" where it is not."""

    day: str
    clock: str
    padded: bool = True
    """Whether days and months below ten have a zero in front."""

    @classmethod
    def of(cls, written: Written) -> DateForm | None:
        """Return the form of most rows of a column; None where there is none, or day and month may change places."""
        texts = _usual_texts(written)
        moments = None
        if written.column.kind == "datetime":
            moments = {text: float(written.numbers[written.place[text]]) for text in texts}
        found = [form for form in _FORMS if form.writes(texts, moments)] if texts else []
        days = {form.day for form in found}
        return found[0] if len(days) == 1 else None

    def writes(self, texts: list[str], moments: dict[str, float] | None) -> bool:
        """Tell whether texts (nearly all) are written so; `moments` is what they are read as, where that is known."""
        wrong, most = 0, (1.0 - ALL) * len(texts)
        for text in texts:
            seconds = match_datetime(text.strip(OUTER), "iso" if self.day == "%Y-%m-%d" else self.day)
            known = seconds if moments is None else moments[text]
            wrong += seconds is None or seconds != known or self.write(seconds) != text.strip(OUTER)
            if wrong > most:
                return False
        return True

    def write(self, seconds: float) -> str:
        """Return a moment in this form."""
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        day = self.day
        if not self.padded:
            day = day.replace("%m", str(moment.month)).replace("%d", str(moment.day))
        return moment.strftime(day + self.clock)

    def rewritten(self, iso: str, old: str) -> str | None:
        """Return an ISO date in this form; None where it would lose or invent a time of day.

        >>> DateForm("%d.%m.%Y", " %H:%M").rewritten("2024-07-09 01:10:00", "2024-07-09T01:10:00")
        '09.07.2024 01:10'
        >>> DateForm("%d/%m/%Y", "").rewritten("2024-07-09 01:10:00", "2024-07-09T01:10:00") is None
        True
        """
        seconds = match_datetime(iso, "iso")
        if seconds is None:
            return None
        step = 1.0 if "%S" in self.clock else 60.0 if self.clock else DAY
        if seconds % step or (self.clock and ":" not in old):
            return None
        return self.write(seconds)


_FORMS = tuple(DateForm(day, clock, padded) for padded in (True, False) for day in DAYS for clock in CLOCKS)


def as_written(written: Written, form: DateForm | None, iso: str, old: str) -> str | None:
    """Return a date that a finding proposes as the column writes it; None where no form of the column's fits it."""
    if not iso or match_datetime(iso, "iso") is None:
        return iso
    if form is not None:
        return form.rewritten(iso, old)
    return iso if form_of(iso) in _usual_forms(written) else None


def _usual_forms(written: Written) -> set[str]:
    rows = Counter[str]()
    for form, count, gone in zip(written.forms, written.counts.tolist(), written.missing.tolist(), strict=True):
        rows[form] += 0 if gone else count
    return {form for form, count in rows.most_common(1) if count >= MOSTLY * max(written.present, 1)}


def _usual_texts(written: Written) -> list[str]:
    """Return texts of the form that most rows have, spread over all that are read."""
    usual = _usual_forms(written)
    read = ~np.isnan(written.numbers) if written.column.kind == "datetime" else ~written.missing
    held = [text for text, form, able in zip(written.texts, written.forms, read, strict=True) if able and form in usual]
    return held[:: max(1, len(held) // TRIED)]
