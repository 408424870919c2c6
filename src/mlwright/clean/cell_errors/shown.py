"""What labelled corrections show: the ways in which a column's texts were mended, to be applied to others.

Each way is a small rule that explains a correction (a unit taken away, a sign put in, capitals, another form of date).
It is kept where it explains all labelled cells that it touches, and used where what it makes looks like the rest of the
column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from mlwright.clean.cell_errors.written import Written, form_of
from mlwright.values import OUTER, scan_number
from mlwright.values.numbers import PLAIN
from mlwright.values.times import match_datetime

Change = Callable[[str], str | None]
FIRST, MORE, MOST = 3.2, 1.2, 8.0
"""What a way weighs that one correction shows, what each further one adds, and what it weighs at most."""
SAME = 6.0
"""What it weighs that the very same text was corrected."""
RARE = 0.02
FEWEST_KNOWN, RARER = 3, 3
"""A word that a way makes is a known one where so many rows have it, and so many times more than what it was."""
ALIKE = 0.7
"""A word is a variant of another one where they share this part of their letters, in order."""
CODE_TIMES, OUTERMOST = 4.0, 0.01
"""A number stands for a missing value where it occurs so many times more often than others usually do, and no more than
this share of them lie farther out."""
DATE_FORMS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%m/%d/%y", "%d/%m/%y",
    "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """One way to mend texts: what it is called and what it does; None where it does not apply."""

    name: str
    change: Change


class Shown:
    """The corrections of one column and the ways that they show."""

    def __init__(self, written: Written, pairs: Sequence[tuple[str, str]], right: Sequence[str]) -> None:
        self.pairs = tuple(pairs)
        self._same = _same(written, pairs, frozenset(right))
        self._written = written
        ways: dict[str, Way] = {}
        for old, new in pairs:
            for way in _ways(old, new):
                ways.setdefault(way.name, way)
        self._ways: list[tuple[Way, float]] = []
        for way in ways.values():
            fits = sum(way.change(old) == new for old, new in pairs)
            misses = sum(made not in {None, old, new} for old, new in pairs if (made := way.change(old)) is not None)
            harms = sum(made not in {None, text} for text in right if (made := way.change(text)) is not None)
            if fits and misses == 0 and harms == 0:
                self._ways.append((way, min(MOST, FIRST + MORE * (fits - 1))))
        share = written.share_of(written.forms)
        self._forms = {form for form, part in zip(written.forms, share.tolist(), strict=True) if part >= 0.01}
        self._forms |= {form_of(new) for _, new in pairs} | {form_of(text) for text in right}

    def proposals(self, text: str) -> list[tuple[str, float, str]]:
        """Return what a text may have been, with weights and reasons."""
        found = []
        if text in self._same:
            found.append((self._same[text], SAME, "the same text was corrected in a labelled row"))
        for way, weight in self._ways:
            made = way.change(text)
            if made is not None and made != text and self._is_like_the_rest(text, made):
                found.append((made, weight, f"a labelled row was corrected in the same way: {way.name}"))
        return found

    def _is_like_the_rest(self, text: str, made: str) -> bool:
        """Tell whether what a way makes may stand in the column; a word that becomes another must be a known one."""
        if made == "" or form_of(made) not in self._forms:
            return made == ""
        if any(sign.isdigit() for sign in text) or _letters(text) == _letters(made):
            return True
        place, counts = self._written.place, self._written.counts
        known, held = place.get(made), place.get(text)
        times = int(counts[held]) if held is not None else 1
        return known is not None and int(counts[known]) >= max(FEWEST_KNOWN, RARER * times)


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _same(written: Written, pairs: Sequence[tuple[str, str]], right: frozenset[str]) -> dict[str, str]:
    """Return the texts of which all that are equal were meant to be the same other one.

    A number or a date that was wrong here says nothing of what it should be elsewhere, nor does a word that means
    "missing". A word that is misspelt does, and what several labelled rows agree on.
    """
    # What is common is wrong in one row and right in the next: there only a way counts, not the text itself.
    rare = {t for t, n in zip(written.texts, written.counts.tolist(), strict=True) if n <= RARE * written.rows}
    said: dict[str, list[str]] = {}
    for old, new in pairs:
        if old and old not in right:
            said.setdefault(old, []).append(new)
    found = {}
    for old, news in said.items():
        one = len(set(news)) == 1
        if one and old in rare and (len(news) > 1 or news[0] == "" or is_variant(old, news[0])):
            found[old] = news[0]
        elif not (one and len(news) > 1) and _stands_in(written, old):
            found[old] = ""
    return found


def is_variant(old: str, new: str) -> bool:
    """Tell whether a word is another one misspelt, or shortened.

    >>> is_variant("Brgen", "Bergen"), is_variant("F", "female"), is_variant("four", "5"), is_variant("-127.0", "18.6")
    (True, True, False, False)
    """
    one, other = _letters(old), _letters(new)
    if not one or not other or [s for s in one if s.isdigit()] != [s for s in other if s.isdigit()]:
        return False
    if not any(sign.isalpha() for sign in one) or not any(sign.isalpha() for sign in other):
        return False
    return other.startswith(one) or SequenceMatcher(None, one, other).ratio() >= ALIKE


def _stands_in(written: Written, old: str) -> bool:
    """Tell whether a text that was wrong in a labelled row stands for a missing value wherever it is.

    It means so everywhere, or it is one number (or moment) again and again, at the end of all others.
    """
    place = written.place.get(old)
    if place is None:
        return False
    column, number = written.column, float(written.numbers[place])
    if written.missing[place] or (PLAIN.fullmatch(old) and float(old) in column.missing_numbers):
        return True
    known = ~np.isnan(written.numbers)
    known[place] = False
    values, counts = written.numbers[known], written.counts[known]
    if np.isnan(number) or not len(values) or written.counts[place] < CODE_TIMES * max(2.0, np.median(counts)):
        return False
    most = OUTERMOST * float(counts.sum())
    return bool(min(counts[values <= number].sum(), counts[values >= number].sum()) <= most)


def _ways(old: str, new: str) -> Iterator[Way]:
    """Yield the ways that turn one text into the other."""
    if not old:
        return
    if not new:
        yield _emptied(form_of(old))
        return
    yield from _cuts(old, new)
    for name, change in _SIMPLE.items():
        if change(old) == new:
            yield Way(name, change)
    yield from _dates(old, new)


def _cuts(old: str, new: str) -> Iterator[Way]:
    """Yield what was taken away or put in, at an end or inside."""
    if old.startswith(new):
        yield _without_end(old[len(new) :])
    if old.endswith(new):
        yield _without_start(old[: -len(new)])
    if new.startswith(old):
        more = new[len(old) :]
        yield Way(f"{more!r} is put behind it", lambda text: text + more)
    if new.endswith(old):
        ahead = new[: -len(old)]
        yield Way(f"{ahead!r} is put before it", lambda text: ahead + text)
    if len(new) > len(old):
        start = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
        put = new[start : start + len(new) - len(old)]
        if old[:start] + put + old[start:] == new:
            yield _inserted(put, start, len(old))
    for sign in {sign for sign in old if not sign.isalnum()}:
        for other in {"", *(sign for sign in new if not sign.isalnum())} - {sign}:
            if old.replace(sign, other) == new:
                yield _replaced(sign, other)


def _emptied(form: str) -> Way:
    def change(text: str) -> str | None:
        return "" if form_of(text) == form else None

    return Way("it was emptied", change)


def _without_end(end: str) -> Way:
    def change(text: str) -> str | None:
        return text[: -len(end)] if text.endswith(end) and len(text) > len(end) else None

    return Way(f"{end!r} at its end is taken away", change)


def _without_start(start: str) -> Way:
    def change(text: str) -> str | None:
        return text[len(start) :] if text.startswith(start) and len(text) > len(start) else None

    return Way(f"{start!r} at its start is taken away", change)


def _inserted(put: str, at: int, length: int) -> Way:
    def change(text: str) -> str | None:
        return text[:at] + put + text[at:] if len(text) == length else None

    return Way(f"{put!r} is put in after {at} signs", change)


def _replaced(sign: str, other: str) -> Way:
    def change(text: str) -> str | None:
        return text.replace(sign, other) if sign in text else None

    return Way(f"{sign!r} becomes {other!r}" if other else f"{sign!r} is taken away", change)


def _number(text: str) -> str | None:
    scan = scan_number(text.strip(OUTER))
    if scan is None or scan.negative:
        return None
    body = scan.body.replace(",", "").replace(" ", "")
    try:
        return f"{float(body):.15g}"
    except ValueError:
        return None


def _body(text: str) -> str | None:
    scan = scan_number(text.strip(OUTER))
    return None if scan is None else scan.body


def _grouped(text: str) -> str | None:
    return f"{int(text):,}" if text.isdigit() and len(text) < 16 else None


def _minutes(text: str) -> str | None:
    """Return hours and minutes as minutes, as they stand for lengths of time: "1 h 52 min"."""
    parts = [part for part in "".join(sign if sign.isdigit() else " " for sign in text).split() if part]
    if len(parts) != 2 or not any(sign.isalpha() for sign in text) or int(parts[1]) >= 60 or len(parts[0]) > 2:
        return None
    return f"{60 * int(parts[0]) + int(parts[1])} min"


_SIMPLE: dict[str, Change] = {
    "only the number is kept": _number,
    "what stands around the number is taken away": _body,
    "thousands are grouped": _grouped,
    "hours and minutes become minutes": _minutes,
    "all capitals": str.upper,
    "all small letters": str.lower,
    "words begin with capitals": str.title,
    "it begins with a capital": str.capitalize,
    "white space is tidied": lambda text: " ".join(text.split()),
    "quotes are taken away": lambda text: text.strip("'\"`"),
    "what stands behind the last space is kept": lambda text: text.rpartition(" ")[2] if " " in text else None,
    "what stands before the last space is kept": lambda text: text.rpartition(" ")[0] if " " in text else None,
    "what stands behind the first space is kept": lambda text: text.partition(" ")[2] if " " in text else None,
    "what stands before the first space is kept": lambda text: text.partition(" ")[0] if " " in text else None,
}


def _dates(old: str, new: str) -> Iterator[Way]:
    """Yield the changes of a date's form."""
    if not any(sign.isdigit() for sign in old) or len(old) > 20 or len(new) > 20:
        return
    for before in DATE_FORMS:
        seconds = match_datetime(old, before)
        if seconds is None:
            continue
        for after in DATE_FORMS:
            for padded in (True, False):
                if after != before and _written(seconds, after, padded=padded) == new:
                    yield _as_date(before, after, padded=padded)


def _as_date(before: str, after: str, *, padded: bool) -> Way:
    def change(text: str) -> str | None:
        seconds = match_datetime(text, before)
        return None if seconds is None else _written(seconds, after, padded=padded)

    return Way(f"a date like {before} is written as {after}{'' if padded else ', without zeros in front'}", change)


def _written(seconds: float, form: str, *, padded: bool) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if not padded:
        form = form.replace("%m", str(moment.month)).replace("%d", str(moment.day))
    return moment.strftime(form)
