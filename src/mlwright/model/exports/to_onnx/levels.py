"""Which level of a category, or which group of values, a value is: as nodes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from mlwright.features.groups import Groups, LevelGroups, NumberGroups
from mlwright.features.levels import Levels
from mlwright.model.exports.to_onnx.columns import TypedColumns
from mlwright.model.exports.to_onnx.graph import INT, Tensor

_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
MOST_SPELLINGS = 64
"""Mixtures of small and capital letters beyond A to Z that are known of one level."""


def level_places(columns: TypedColumns, name: str, levels: Levels) -> Tensor:
    """Return the position (n,) of each row's level."""
    key = (name, levels.kept)
    if key not in columns.places:
        columns.places[key] = _found(columns, name, levels)
    return columns.places[key]


def _found(columns: TypedColumns, name: str, levels: Levels) -> Tensor:
    text, kept = columns.text(name), len(levels.kept)
    if not kept:
        return text.missing.where(1, 0, dtype=INT)
    spelled = spellings(levels)
    alike = columns.lowered(name).lookup(list(spelled), np.array(list(spelled.values())), kept)
    # Where no two levels differ in the case of letters alone, a level as it is written is found like any other.
    if any(spelled.get(level.translate(_SMALL)) != place for place, level in enumerate(levels.kept)):
        exact = text.values.lookup(levels.kept, np.arange(kept), -1)
        alike = (exact >= 0).where(exact, alike)
    return text.missing.where(kept + 1, alike)


def group_places(columns: TypedColumns, name: str, groups: Groups) -> Tensor:
    """Return the group (n,) of each row's value."""
    if isinstance(groups, LevelGroups):
        return level_places(columns, name, groups.levels)
    if not isinstance(groups, NumberGroups):
        raise TypeError(f"there are no groups {type(groups).__name__}")
    values, other = columns.number(name).shaped(-1), groups.size - 2
    if not len(groups.numbers):
        return values.is_nan().where(other + 1, other, dtype=INT)
    return values.is_nan().where(other + 1, values.lookup(groups.numbers, np.arange(other), other))


def spellings(levels: Levels) -> Mapping[str, int]:
    """Return the position of each level by the ways it may be written, the letters A to Z in small.

    ONNX makes A to Z small and no other letter, so that of others every mixture is listed: all of them of a level with
    up to six such letters.

    >>> spellings(Levels.of(["Köln"], other=False, missing=False))
    {'köln': 0, 'kÖln': 0}
    """
    found: dict[str, int] = {}
    for folded, place in levels.folded.items():
        for spelled in islice(_spelled(folded), MOST_SPELLINGS):
            found.setdefault(spelled, place)
    return found


def _spelled(folded: str) -> Iterator[str]:
    """Yield the texts that `casefold` makes this one of."""
    if not folded:
        yield ""
        return
    for length in (1, 2, 3):
        for letter in _letters().get(folded[:length], ()) if length <= len(folded) else ():
            for rest in _spelled(folded[length:]):
                yield letter + rest


@cache
def _letters() -> Mapping[str, tuple[str, ...]]:
    """Return what `casefold` makes each of: small letters first; of A to Z, and of two letters, what people write."""
    found: dict[str, list[str]] = {}
    for letter in map(chr, [*range(0xD800), *range(0xE000, 0x20000)]):
        folded = letter.casefold()
        if "A" <= letter <= "Z" or (folded.isascii() and not letter.isascii() and letter not in "ßẞ"):
            continue
        if unicodedata.category(letter) != "Cn":
            found.setdefault(folded, []).append(letter)
    return {
        folded: tuple(sorted(letters, key=lambda each: (each != folded, each))) for folded, letters in found.items()
    }
