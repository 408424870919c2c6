"""Words: from a text to the terms it holds, for training and predicting alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

WORD = re.compile(r"\w+|[^\w\s]")
"""Signs are words too: "!" and ":)" say something."""
LONGEST = 2_500
"""Characters of a text that are read: what comes later rarely changes the topic, and a hostile text costs no more."""
GRAMS = (2, 3, 4)
NAME_WORDS = 6
"""A column whose typical text has fewer words and signs than this holds names rather than prose."""


def words(text: str) -> list[str]:
    """Return the words and signs in lower case.

    >>> words("It's GOOD!")
    ['it', "'", 's', 'good', '!']
    """
    return WORD.findall(text[:LONGEST].lower())


def word_terms(found: list[str]) -> list[str]:
    """Return the words and their pairs: "not good" is not "good".

    >>> word_terms(["not", "so", "good"])
    ['not', 'so', 'good', 'not so', 'so good']
    """
    return found + [f"{first} {second}" for first, second in pairwise(found)]


def name_terms(found: list[str]) -> list[str]:
    """Return the words and pieces of 2 to 4 letters of them, where a space is a word's edge.

    >>> name_terms(["ann"])
    [' ann ', ' a', 'an', 'nn', 'n ', ' an', 'ann', 'nn ', ' ann', 'ann ']
    """
    terms = []
    for word in found:
        edged = f" {word} "
        terms.append(edged)
        for size in GRAMS:
            terms += [edged[start : start + size] for start in range(len(edged) - size + 1)]
    return terms


def are_names(texts: Sequence[str]) -> bool:
    """Tell whether texts are names, addresses and codes rather than prose: few words each."""
    counts = sorted(len(words(text)) for text in texts)
    return not counts or counts[len(counts) // 2] < NAME_WORDS


class Terms:
    """The known terms, numbered, and how a text is counted by them."""

    __slots__ = ("_get", "known", "names")

    def __init__(self, known: tuple[str, ...], *, names: bool) -> None:
        self.known, self.names = known, names
        self._get = {term: place for place, term in enumerate(known)}.get

    @classmethod
    def fit(cls, texts: Sequence[str], *, least_texts: int, most: int) -> Terms:
        """Keep the terms that stand in most texts, ties in alphabetical order."""
        names = are_names(texts)
        split = name_terms if names else word_terms
        texts_with: Counter[str] = Counter()
        for text in texts:
            texts_with.update(set(split(words(text))))
        frequent = [(-count, term) for term, count in texts_with.items() if count >= least_texts]
        return cls(tuple(term for _, term in sorted(frequent)[:most]), names=names)

    def count(self, text: str) -> tuple[dict[int, int], int]:
        """Return how often each known term stands in the text, and the number of words."""
        found = words(text)
        counts: dict[int, int] = {}
        get = self._get
        for term in name_terms(found) if self.names else word_terms(found):
            place = get(term)
            if place is not None:
                counts[place] = counts.get(place, 0) + 1
        return counts, len(found)
