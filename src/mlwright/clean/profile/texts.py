"""Texts of a column: the most frequent values, their lengths, and the words that stand in most of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from mlwright.clean.distinct import Distinct
from mlwright.clean.profile.facts import Counted, TextFacts
from mlwright.columns import Coded

TOP = 10
EXAMPLES = 3
LONGEST = 120
"""Values are cut after so many characters."""
WORDS = 12
TEXTS_READ = 20_000
"""Words are counted in so many texts, spread over frequent and rare ones ..."""
LETTERS_READ = 2_000
"""... and in the beginning of each."""
WORD = r"\p{L}[\p{L}\p{M}'’-]{3,39}"
"""Four letters or more: most shorter words are the mortar of a language."""


def short(text: str) -> str:
    """Return a value as it is shown: not longer than a line, and without halves of characters.

    >>> short("a" * 200)[-3:], len(short("a" * 200))
    ('aa…', 120)
    """
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def examples(values: Sequence[str]) -> tuple[str, ...]:
    """Return the first few different values."""
    return tuple(map(short, dict.fromkeys(values)))[:EXAMPLES]


def top_coded(values: Coded) -> tuple[Counted, ...]:
    """Return the most frequent categories; of equally frequent ones, in the order of the alphabet."""
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.values))
    order = sorted(range(len(values.values)), key=lambda at: (-counts[at], values.values[at]))[:TOP]
    return tuple(Counted(short(values.values[at]), int(counts[at])) for at in order)


def top_distinct(distinct: Distinct, *, repeated: bool = False) -> tuple[Counted, ...]:
    """Return the most frequent texts, or only those that occur more than once."""
    pairs = zip(distinct.texts.head(TOP).to_list(), distinct.counts[:TOP].tolist(), strict=True)
    return tuple(Counted(short(text), count) for text, count in pairs if count > 1 or not repeated)


def text_facts(distinct: Distinct, *, words: bool) -> TextFacts | None:
    """Return the lengths of texts, counted over rows, and where it is asked for their frequent words."""
    if not len(distinct.texts):
        return None
    lengths = distinct.texts.str.len_chars().to_numpy()
    order = np.argsort(lengths, kind="stable")
    half = np.searchsorted(np.cumsum(distinct.counts[order]), distinct.present / 2)
    return TextFacts(
        shortest=int(lengths.min()),
        median=int(lengths[order[half]]),
        longest=int(lengths.max()),
        words=frequent_words(distinct) if words else (),
    )


def frequent_words(distinct: Distinct) -> tuple[Counted, ...]:
    """Return the words of four letters or more that stand in most texts, however they are cased."""
    part = distinct.spread(TEXTS_READ)
    found = pl.DataFrame({"text": part.texts, "count": part.counts})
    heads = pl.col("text").str.slice(0, LETTERS_READ).str.to_lowercase()
    words = (
        found.select("count", word=heads.str.extract_all(WORD).list.unique())
        .explode("word")
        .drop_nulls("word")
        .group_by("word")
        .agg(pl.len().alias("texts"), pl.col("count").sum())
        .filter(pl.col("texts") > 1)
        .sort(["count", "word"], descending=[True, False])
        .head(WORDS)
    )
    return tuple(Counted(word, count) for word, count in words.select("word", "count").iter_rows())
