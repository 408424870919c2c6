"""Phrases that several detectors write in the same way."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 5
"""So many names of columns are written out in one sentence."""


def count_of_rows(count: int) -> str:
    """Return a number of rows in words.

    >>> count_of_rows(1), count_of_rows(1200)
    ('1 row', '1,200 rows')
    """
    return "1 row" if count == 1 else f"{count:,} rows"


def amount(number: float) -> str:
    """Return a number as it would be written by hand: no powers of ten where a person writes none.

    >>> amount(550_000.0), amount(0.55556), amount(1234.5), amount(1e-9), amount(-17.7778)
    ('550,000', '0.5556', '1,234', '1e-09', '-17.78')
    """
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e15 else f"{number:.4g}"


def named(names: Sequence[str]) -> str:
    """Return names of columns as a sentence lists them.

    >>> named(("a", "b")), named(tuple("abcdefg"))
    ("'a', 'b'", "'a', 'b', 'c', 'd', 'e' and 2 more")
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more


def columns_have(names: Sequence[str]) -> str:
    """Return the beginning of a sentence about columns.

    >>> columns_have(("a",)), columns_have(("a", "b"))
    ("'a' has", "'a', 'b' have")
    """
    return f"{named(names)} {'has' if len(names) == 1 else 'have'}"


def were_left(names: Sequence[str]) -> str:
    """Return the verb that goes on with such a sentence.

    >>> were_left(("a",)), were_left(("a", "b"))
    ('was left', 'were left')
    """
    return "was left" if len(names) == 1 else "were left"
