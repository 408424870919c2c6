"""A column as it is written: its distinct texts, how often each occurs and what it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Context
from mlwright.columns import Floats
from mlwright.schema import Column
from mlwright.values import MISSING, OUTER, read_value

LONGEST_TEXT = 400
"""Longer texts are prose or data of another kind: no strategy here says anything of them."""

Mask = NDArray[np.bool_]
Codes = NDArray[np.int32]
Counts = NDArray[np.int64]
Rows = NDArray[np.intp]
T = TypeVar("T")

_LETTERS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d+")
_UPPER, _LOWER = re.compile(r"[A-ZÀ-ÖØ-Þ]+"), re.compile(r"[^\W\d_A]+")
_RUNS = re.compile(r"(?:w[ '’.&_-]+)+w")


@dataclass(frozen=True)
class Written:
    """One column: `texts[codes[row]]` is what stands in each row, "" where nothing does."""

    column: Column
    codes: Codes
    texts: tuple[str, ...]
    counts: Counts
    is_text: bool = True
    """Whether the source gave texts: a number that came as a number cannot be misspelt."""
    _kept: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, context: Context, name: str) -> Written:
        """Return a column of the context's table as it is written."""
        series = context.texts(name).fill_null("")
        blank = series.str.strip_chars(OUTER) == ""
        series = series.set(blank, "") if blank.any() else series
        kept = series.unique(maintain_order=True)
        codes = series.replace_strict(kept, pl.Series(np.arange(len(kept), dtype=np.int32)), return_dtype=pl.Int32)
        numbers = codes.to_numpy().astype(np.int32)
        counts = np.bincount(numbers, minlength=len(kept)).astype(np.int64)
        dtype = context.table.frame[name].dtype
        written = dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)
        return cls(context.schema[name], numbers, tuple(kept.to_list()), counts, written)

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.codes)

    @property
    def empty(self) -> Mask:
        """Which texts are empty."""
        return self._keep("empty", lambda: np.array([text == "" for text in self.texts], dtype=np.bool_))

    @property
    def missing(self) -> Mask:
        """Which texts mean "missing" here."""
        return self._keep("missing", self._missing)

    @property
    def present(self) -> int:
        """The number of rows in which something stands."""
        return int(self.counts[~self.missing].sum())

    @property
    def varied(self) -> int:
        """The number of different texts that are not missing."""
        return int((~self.missing).sum())

    @property
    def repeats(self) -> float:
        """How often a text occurs on average."""
        return self.present / max(self.varied, 1)

    @property
    def numbers(self) -> Floats:
        """The number (or moment) that each text is read as; NaN for missing ones and those that are none."""
        return self._keep("numbers", self._numbers)

    @property
    def forms(self) -> tuple[str, ...]:
        """The form of each text: letters, digits and signs, runs of a kind as one."""
        return self._keep("forms", lambda: tuple(form_of(text) for text in self.texts))

    @property
    def shapes(self) -> tuple[str, ...]:
        """The shape of each text: its form with every digit and letter counted."""
        return self._keep("shapes", lambda: tuple(shape_of(text) for text in self.texts))

    @property
    def place(self) -> dict[str, int]:
        """Where each text stands in `texts`."""
        return self._keep("place", lambda: {text: at for at, text in enumerate(self.texts)})

    def share_of(self, keys: Iterable[str]) -> Floats:
        """Return for each text the share of the rows with a value in which its key (one for each text) occurs."""
        keys = list(keys)
        total: dict[str, int] = {}
        for key, count, gone in zip(keys, self.counts.tolist(), self.missing.tolist(), strict=True):
            if not gone:
                total[key] = total.get(key, 0) + count
        return np.array([total.get(key, 0) for key in keys], dtype=np.float64) / max(self.present, 1)

    def _missing(self) -> Mask:
        column = self.column
        levels = frozenset(column.level_tokens)
        tokens = {token.casefold() for token in column.missing_tokens} if column.is_float else set()
        folded = [text.strip(OUTER).casefold() for text in self.texts]
        return np.array([(t in MISSING or t in tokens) and t not in levels for t in folded], dtype=np.bool_)

    def _numbers(self) -> Floats:
        if not self.column.is_float:
            return np.full(len(self.texts), np.nan)
        read = (read_value(text, self.column) for text in self.texts)
        return np.array([value if isinstance(value, float) else np.nan for value in read], dtype=np.float64)

    def _keep(self, what: str, make: Callable[[], T]) -> T:
        if what not in self._kept:
            self._kept[what] = make()
        return self._kept[what]  # type: ignore[return-value]  # a key is made by one function only


def form_of(text: str) -> str:
    """Return what kinds of characters a text is made of, in order; words in a row are one.

    >>> form_of("12 patients"), form_of("AB-12/x9"), form_of("St. Mary's Hospital"), form_of("95%")
    ('9 w', 'w-9/w9', 'w', '9%')
    """
    if len(text) > LONGEST_TEXT:
        return "long"
    return _RUNS.sub("w", _DIGITS.sub("9", _LETTERS.sub("w", text)))


def shape_of(text: str) -> str:
    """Return a text with every digit as 9 and runs of capitals and small letters as A and a.

    >>> shape_of("2011-12-01"), shape_of("al_AMI-1"), shape_of("New York")
    ('9999-99-99', 'a_A-9', 'Aa Aa')
    """
    if len(text) > LONGEST_TEXT:
        return "long"
    return re.sub(r"\d", "9", _LOWER.sub("a", _UPPER.sub("A", text)))
