"""What is told of items and users beside the log: which column is the title, which hold several values in a cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mlwright.tasks.recommend.interactions import Features
from mlwright.tasks.recommend.vocabulary import ITEM, TITLE, parts_of, says_item
from mlwright.values import strip

FeatureKind = Literal["title", "tags", "category", "number", "moment", "text"]
SEPARATORS = ("|", ";", ",", "/", " ")
"""In the order in which they are tried; a blank only parts words of a small vocabulary."""
LOOKED_AT = 2_000
MOST_WORDS = 300
NEARLY_ALL = 0.8
"""Of names of things, so many are different: others are words for kinds of things."""
COME_AGAIN = 0.2
"""Of the parts of cells so many are in more than one cell: "Smith, John" is no list, however many are called Smith."""
_WORDY = frozenset({"label", "description", "desc"})
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?")
_LIST = re.compile(r"\[(.*)\]|\{(.*)\}|\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Described:
    """What one column of Features is."""

    name: str
    kind: FeatureKind
    separator: str | None = None
    """What stands between the values of a cell with several; of "tags" alone."""

    def parts(self, value: object) -> list[str]:
        """Return the values that one cell holds; [] where it holds none.

        >>> Described("genre", "tags", "|").parts("Comedy| Drama ||"), Described("year", "number").parts(None)
        (['Comedy', 'Drama'], [])
        """
        if value is None:
            return []
        return split_cell(str(value), self.separator) if self.kind == "tags" else [str(value)]


def split_cell(text: str, separator: str | None) -> list[str]:
    """Return the parts of a cell, each once and in order, without brackets and quotes of a list around them."""
    if match := _LIST.fullmatch(text.strip()):
        text = next(group for group in match.groups() if group is not None)
    parts = text.split(separator) if separator is not None else [text]
    tidy = (strip(part).strip("'\"") for part in parts)
    return list(dict.fromkeys(part for part in tidy if part))


def describe(features: Features) -> tuple[Described, ...]:
    """Say of each column what it holds. At most one is the title."""
    kinds = {name: _kind(name, values) for name, values in features.columns.items()}
    title = _title(features, [name for name, each in kinds.items() if each.kind in {"text", "category"}])
    if title is not None:
        kinds[title] = Described(title, "title")
    return tuple(kinds.values())


def _known(values: Sequence[object]) -> list[object]:
    known = [value for value in values if value is not None]
    return known[:: -(-len(known) // LOOKED_AT) or 1]


def _kind(name: str, values: Sequence[object]) -> Described:
    known = _known(values)
    if known and all(isinstance(value, int | float) for value in known):
        return Described(name, "number")
    texts = [str(value) for value in known]
    if texts and all(_ISO.fullmatch(text) for text in texts[:100]):
        return Described(name, "moment")
    different = len(set(texts))
    own = different >= NEARLY_ALL * len(texts)
    named, thing = own and says_title(name), own and says_thing(name)
    for separator in () if named else SEPARATORS:
        # A thing's own name has words, as "Krimi 28"; but "artists" may be several.
        if not (thing and separator == " ") and _separates(texts, separator):
            return Described(name, "tags", separator)
    return Described(name, "category" if different <= max(20, 0.5 * len(texts)) else "text")


def _separates(texts: Sequence[str], separator: str) -> bool:
    """Tell whether a sign stands between values: what it parts comes again in many cells, and cells have several."""
    held = sum(separator in text for text in texts)
    if held < 2 or held < 0.05 * len(texts):
        return False
    cells = [split_cell(text, separator) for text in texts]
    words = Counter(word for cell in cells for word in cell)
    several = sum(len(cell) > 1 for cell in cells)
    together, most = len(set(texts)), max(map(len, cells))
    if several < 2 or any(len(word) > 60 for word in words):
        return False
    occurrences = sum(words.values())
    if separator == " ":
        # "New York" holds blanks too: its words seldom meet others, and there are as many of them as of cells.
        return len(words) <= min(MOST_WORDS, 0.5 * together) and occurrences >= 5 * len(words) and most <= 30
    again = sum(count > 1 for count in words.values())
    return len(words) < 1.5 * together and occurrences >= 1.5 * len(words) and again >= COME_AGAIN * len(words)


def says_title(name: str) -> bool:
    """Tell whether a column's name says that it holds names of things; what describes or labels them may be words.

    >>> says_title("title"), says_title("product_name"), says_title("label"), says_title("genre")
    (True, True, False, False)
    """
    return bool((TITLE - _WORDY).intersection(parts_of(name)[-1:]))


def says_thing(name: str) -> bool:
    """Tell whether a column is called as a thing itself is, and not as its number.

    >>> says_thing("Artikel"), says_thing("Artikelnr"), says_thing("genre")
    (True, False, False)
    """
    return bool(ITEM.intersection(parts_of(name)[-1:]))


def _title(features: Features, texts: Sequence[str]) -> str | None:
    """Return the column of names of things: by its own name, else none."""
    scored = []
    for at, name in enumerate(texts):
        known = _known(features.columns[name])
        different = len(set(known)) / max(len(known), 1)
        said = 9 if says_title(name) else says_item(name) or (2 if TITLE.intersection(parts_of(name)[-1:]) else 0)
        long = sum(len(str(value)) for value in known[:1000]) / max(len(known[:1000]), 1)
        if said and known and different >= 0.5 and long <= 150:
            scored.append((-said, at, name))
    return min(scored)[2] if scored else None
