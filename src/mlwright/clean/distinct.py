"""The distinct texts of a column: what is decided about it is decided from these, once each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.values import MISSING, OUTER

LOOKED_AT = 50_000
"""At most so many distinct values are looked at one by one; what all values decide is decided without a loop."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """The distinct stripped texts that are not missing, the most frequent first, and how often each occurs."""

    name: str
    texts: pl.Series
    counts: NDArray[np.int64]
    stripped: pl.Series
    """Every row's stripped text, in order."""
    tokens: dict[str, int]
    """The texts that mean "missing" everywhere, without the empty one, and how often they occur."""

    @property
    def present(self) -> int:
        """The number of rows that are not missing."""
        return int(self.counts.sum())

    @classmethod
    def of(cls, series: pl.Series) -> Distinct:
        """Count the distinct texts of a column of strings."""
        stripped = series.str.strip_chars(OUTER).alias("text")
        counted = stripped.drop_nulls().to_frame().group_by("text", maintain_order=True).len("count")
        counted = counted.sort("count", descending=True, maintain_order=True)
        missing = counted["text"].str.to_lowercase().is_in(sorted(MISSING))
        gone = counted.filter(missing & (counted["text"] != ""))
        kept = counted.filter(~missing)
        tokens = dict(zip(gone["text"].to_list(), gone["count"].to_list(), strict=True))
        return cls(series.name, kept["text"], kept["count"].to_numpy().astype(np.int64), stripped, tokens)

    def where(self, mask: NDArray[np.bool_]) -> Distinct:
        """Return only some of the texts."""
        return Distinct(self.name, self.texts.filter(pl.Series(mask)), self.counts[mask], self.stripped, self.tokens)

    def spread(self, most: int) -> Distinct:
        """Return at most so many of the texts, spread evenly over frequent and rare ones."""
        if len(self.texts) <= most:
            return self
        index = np.linspace(0, len(self.texts) - 1, most).astype(np.int64)
        return Distinct(self.name, self.texts.gather(index), self.counts[index], self.stripped, self.tokens)

    def matching(self, pattern: str) -> NDArray[np.bool_]:
        """Tell which texts match a regular expression."""
        return self.texts.str.contains(pattern).to_numpy().astype(np.bool_)

    def share(self, flags: NDArray[np.bool_] | Sequence[bool]) -> float:
        """Return the share of rows whose text is flagged."""
        total = self.present
        return float(self.counts[np.asarray(flags, dtype=np.bool_)].sum()) / total if total else 0.0

    def rows_of(self, texts: Sequence[Any]) -> tuple[int, ...]:
        """Return the first 100 rows that hold one of these texts."""
        return tuple(self.stripped.is_in(list(texts)).fill_null(value=False).arg_true().head(100).to_list())
