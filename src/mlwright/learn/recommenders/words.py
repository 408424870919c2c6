"""What a table says of items, as a sparse matrix: a column for each word, value or range of numbers they share."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.recommenders.sparse import Rows
from mlwright.tasks.recommend.interactions import Features

Word = tuple[str, str]
"""A column and what stands in it."""

_RANGES = 8
"""A column of numbers is cut at as many middles of equal shares; a number belongs to the two next to it."""
_MOST_WORDS = 40
"""Of one item, the rarest: a long description else drowns the rest."""
_FEWEST = 2
"""Items that share a word, for it to link any."""
_PIECES = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def described(features: Features, count: int) -> Rows:
    """Return (items, words): how much each word says of each item; rows have length 1, or are empty.

    Rare words weigh more (inverse document frequency), and each column of the table as much as others where it speaks.
    """
    items: list[dict[Word, float]] = [{} for _ in range(count)]
    for name, cells in features.columns.items():
        column = _ranges(cells) if _is_number(cells) else [dict.fromkeys(_pieces(cell), 1.0) for cell in cells]
        frequency = Counter(word for said in column for word in said)
        weight = {word: math.log1p(count / often) for word, often in frequency.items() if often >= _FEWEST}
        for words, said in zip(items, column, strict=True):
            kept = sorted(
                ((share * weight[word], word) for word, share in said.items() if word in weight), reverse=True
            )
            length = math.sqrt(sum(value**2 for value, _ in kept[:_MOST_WORDS]))
            words.update({(name, word): value / length for value, word in kept[:_MOST_WORDS]})
    return _rows(items)


def _rows(items: Sequence[dict[Word, float]]) -> Rows:
    number = {word: place for place, word in enumerate(sorted({word for words in items for word in words}))}
    starts = np.cumsum([0, *(len(words) for words in items)]).astype(np.intp)
    columns = np.array([number[word] for words in items for word in words], dtype=np.int32)
    values = np.array([value for words in items for value in words.values()], dtype=np.float64)
    owner = np.repeat(np.arange(len(items)), np.diff(starts))
    length = np.sqrt(np.bincount(owner, values**2, len(items)))
    return Rows(starts, columns, (values / length[owner]).astype(np.float32), max(1, len(number)))


def _is_number(cells: Sequence[object]) -> bool:
    """Tell whether a column holds numbers, and more of them than would do as names."""
    known = [cell for cell in cells if cell is not None]
    numbers = all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known)
    return numbers and len(set(known)) > _RANGES


def _ranges(cells: Sequence[object]) -> list[dict[str, float]]:
    """Return for each number the two ranges that it lies between, with its share of each."""
    numbers: NDArray[np.float64] = np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)
    known = np.isfinite(numbers)
    middles = np.unique(np.quantile(numbers[known], np.linspace(0, 1, _RANGES)))
    place = np.interp(np.where(known, numbers, middles[0]), middles, np.arange(len(middles)))
    low = np.minimum(place.astype(np.intp), max(len(middles) - 2, 0))
    share = place - low
    return [
        {f"{at}": 1.0 - part, f"{at + 1}": part} if there else {}
        for at, part, there in zip(low.tolist(), share.tolist(), known.tolist(), strict=True)
    ]


def _pieces(cell: object) -> Iterable[str]:
    """Return the whole and its parts: a category is itself, a list its members, a text its words."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ()
    if isinstance(cell, list | tuple):
        return [piece for member in cell for piece in _pieces(member)]
    text = str(cell).casefold()
    return [f"={text}", *_PIECES.findall(text)]
