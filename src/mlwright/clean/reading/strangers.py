"""Texts that stand among numbers or dates and are none: words for "missing", or a second kind of value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.distinct import LOOKED_AT, Distinct
from mlwright.clean.reading.kinds_numbers import MOSTLY, PLAIN, SEVERAL, different_numbers
from mlwright.clean.reading.kinds_times import FORMATS, SHORT
from mlwright.values import match_datetime, parse_number, scan_number

MOST_WORDS = 5
HALF = 0.5


def missing_words(distinct: Distinct) -> NDArray[np.bool_] | None:
    """Tell which texts may mean "missing" among numbers or dates: a handful of words, each of which repeats.

    None where there are none, or where they are so many that they are answers. A lone letter is a size or a code.
    """
    wordy = ~distinct.matching(r"\d")
    if not 0.0 < distinct.share(wordy) <= 1.0 - MOSTLY + 0.05:
        return None
    folded = pl.DataFrame({"word": distinct.texts.str.to_lowercase(), "count": distinct.counts, "wordy": wordy})
    repeated = folded.select(pl.col("wordy") & (pl.col("count").sum().over("word") >= 2)).to_series().to_numpy()
    words = folded.filter(pl.Series(repeated))["word"].unique()
    if not 1 <= len(words) <= MOST_WORDS or distinct.share(repeated) > 1.0 - MOSTLY:
        return None
    return None if (words.str.len_chars() < 2).any() else repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfRead:
    """A column of words in which half of the values or more are something else."""

    what: str
    """ "numbers" or "dates"."""
    rows: int
    """How many are; estimated where there are too many different texts to look at each."""
    others: Distinct
    amounts: bool
    """They are dates, or so many different numbers that they are no codes."""


def half_read(distinct: Distinct) -> HalfRead | None:
    """Return as what half of the values or more, but not all, can be read; None where there is nothing to say."""
    if distinct.share(distinct.matching(r"\d")) < HALF:
        return None
    looked_at = distinct.spread(LOOKED_AT)
    read = looked_at.matching(PLAIN)
    read |= np.array([_is_exact(text) for text in looked_at.texts], dtype=np.bool_)
    if looked_at.share(read) >= HALF:
        amounts = different_numbers(looked_at.where(read).texts) >= SEVERAL
        return _half(distinct, looked_at, read, "numbers", amounts=amounts)
    sample = distinct.spread(200)
    for form in (form for form in FORMATS if form not in SHORT):
        match = partial(match_datetime, form=form)
        if sample.share([match(text) is not None for text in sample.texts]) >= HALF:
            read = np.array([match(text) is not None for text in looked_at.texts], dtype=np.bool_)
            return _half(distinct, looked_at, read, "dates", amounts=True)
    return None


def _half(
    distinct: Distinct, looked_at: Distinct, read: NDArray[np.bool_], what: str, *, amounts: bool
) -> HalfRead | None:
    if read.all():
        return None
    rows = round(looked_at.share(read) * distinct.present)
    return HalfRead(what=what, rows=rows, others=looked_at.where(~read), amounts=amounts)


def _is_exact(text: str) -> bool:
    scan = scan_number(text)
    return scan is not None and not scan.rough and parse_number(text) is not None
