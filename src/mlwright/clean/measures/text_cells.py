"""Cells and words of findings about texts: what all detectors that look at texts say in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlwright.clean.base import Cells, Rows
from mlwright.clean.distinct import Distinct
from mlwright.findings import percent

SHOWN_LETTERS = 60


def rows_with(distinct: Distinct, texts: Sequence[str]) -> Rows:
    """Return all rows that hold one of these texts, in order."""
    return np.flatnonzero(distinct.stripped.is_in(list(texts)).fill_null(value=False).to_numpy()).astype(np.intp)


def replaced(
    distinct: Distinct, new: Mapping[str, str] | Mapping[str, str | None], confidence: Mapping[str, float] | float
) -> Cells:
    """Return the cells that hold one of these texts, with what should stand there."""
    rows = rows_with(distinct, tuple(new))
    held = distinct.stripped.gather(rows).to_list()
    if isinstance(confidence, Mapping):
        sure = np.array([confidence[text] for text in held], dtype=np.float64)
    else:
        sure = np.full(len(rows), confidence)
    texts = tuple(new[text] for text in held)
    return Cells(distinct.name, rows, None if all(text is None for text in texts) else texts, sure)


def short(text: str) -> str:
    """Return a text as it is named in a message, in quotes and not too long."""
    return repr(text if len(text) <= SHOWN_LETTERS else text[: SHOWN_LETTERS - 3] + "...")


def how_many(count: int, name: str, rows: int, what: str = "value") -> str:
    """Return how the sentence begins: "214 values of 'height' (2.1 % of the rows)"."""
    return f"{count:,} {what}{'' if count == 1 else 's'} of {name!r} ({percent(count / max(rows, 1))} of the rows)"


def listed(pairs: Sequence[tuple[str, str]], most: int = 3) -> str:
    """Return examples of what stands for what: "'Chciago' for 'Chicago' and 'Bostn' for 'Boston'"."""
    said = [f"{short(old)} for {short(new)}" for old, new in pairs[:most]]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
