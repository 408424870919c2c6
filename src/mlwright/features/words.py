"""Words: from a text to the terms it holds, for training and predicting alike."""

from __future__ import annotations

import re
import threading
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

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
    return few_words([len(words(text)) for text in texts])


def few_words(counts: Sequence[int]) -> bool:
    """Tell the same of texts of so many words each."""
    return not counts or sorted(counts)[len(counts) // 2] < NAME_WORDS


class Counts(NamedTuple):
    """How often which terms stand in some texts, those of one text after those of another; and how long each is."""

    sizes: NDArray[np.intp]
    """How many different terms each text has."""
    terms: NDArray[np.intp]
    counts: NDArray[np.float64]
    lengths: NDArray[np.intp]
    """The letters (as far as they are read) and the words of each text: (texts, 2)."""

    def renumbered(self, numbers: NDArray[np.intp]) -> Counts:
        """Return the counts with other numbers for the terms, without the terms whose new number is -1."""
        terms = numbers[self.terms]
        kept = terms >= 0
        text_of = np.repeat(np.arange(len(self.sizes)), self.sizes)
        sizes = np.bincount(text_of[kept], minlength=len(self.sizes))
        return Counts(sizes, terms[kept], self.counts[kept], self.lengths)


class Counted:
    """The terms of some texts, each text taken apart once for all the folds and variants that learn from it.

    Terms are numbered in alphabetical order. This tells what stands where and nothing of what it is worth: which terms
    are known, and how rare they are, every fit finds out from its own rows.
    """

    __slots__ = ("_counts", "_starts", "_terms", "lengths", "names", "terms")

    def __init__(self, texts: Sequence[str], *, names: bool) -> None:
        self.names = names
        numbers: dict[str, int] = {}
        terms, counts, sizes, lengths = array("i"), array("i"), array("q", [0]), array("q")
        for text in texts:
            found = words(text)
            counter = Counter(name_terms(found) if names else word_terms(found))
            terms.extend([numbers.setdefault(term, len(numbers)) for term in counter])
            counts.extend(counter.values())
            sizes.append(len(counter))
            lengths.extend((min(len(text), LONGEST), len(found)))
        self.terms = tuple(sorted(numbers))
        rank = np.empty(len(numbers), dtype=np.int32)
        rank[[numbers[term] for term in self.terms]] = np.arange(len(numbers), dtype=np.int32)
        self._terms = rank[np.array(terms, dtype=np.intp)]
        self._counts = np.array(counts, dtype=np.int32)
        self._starts = np.cumsum(np.array(sizes, dtype=np.intp))
        self.lengths = np.array(lengths, dtype=np.intp).reshape(-1, 2)

    def of(self, texts: NDArray[np.intp]) -> Counts:
        """Return the counts of the texts at these positions."""
        starts = self._starts[texts]
        sizes = self._starts[texts + 1] - starts
        ends = np.cumsum(sizes)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
        terms, counts = self._terms[places].astype(np.intp), self._counts[places].astype(np.float64)
        return Counts(sizes, terms, counts, self.lengths[texts])


class Terms:
    """The known terms, numbered, and how texts are counted by them."""

    __slots__ = ("_get", "_last", "known", "names")

    def __init__(self, known: tuple[str, ...], *, names: bool) -> None:
        self.known, self.names = known, names
        self._last = threading.local()
        self._get = {term: place for place, term in enumerate(known)}.get

    @classmethod
    def fit(cls, counted: Counted, texts: NDArray[np.intp], *, least_texts: int, most: int) -> Self:
        """Keep the terms that stand in most texts, ties in alphabetical order."""
        texts_with = np.bincount(counted.of(texts).terms, minlength=len(counted.terms))
        enough = int((texts_with >= least_texts).sum())
        frequent = np.argsort(-texts_with, kind="stable")[: min(most, enough)]
        return cls(tuple(counted.terms[term] for term in frequent.tolist()), names=counted.names)

    def once(self, what: object, make: Callable[[], list[Counts]]) -> list[Counts]:
        """Return what `make` says of `what`: asked for the same object twice in a row, it is made once.

        Encoders of one column that know the same terms ask one after the other (see `together.py`).
        """
        last: tuple[object, list[Counts]] | None = getattr(self._last, "made", None)
        if last is None or last[0] is not what:
            last = what, make()
            self._last.made = last
        return last[1]

    def count(self, texts: Sequence[str]) -> Counts:
        """Return how often each known term stands in these texts."""
        sizes, lengths = [], []
        terms: list[int] = []
        counts: list[int] = []
        for text in texts:
            words_of_text = words(text)
            found: dict[int, int] = {}
            for term in name_terms(words_of_text) if self.names else word_terms(words_of_text):
                place = self._get(term)
                if place is not None:
                    found[place] = found.get(place, 0) + 1
            sizes.append(len(found))
            lengths.append((min(len(text), LONGEST), len(words_of_text)))
            terms += found.keys()
            counts += found.values()
        return Counts(
            np.array(sizes, dtype=np.intp),
            np.array(terms, dtype=np.intp),
            np.array(counts, dtype=np.float64),
            np.array(lengths, dtype=np.intp).reshape(-1, 2),
        )

    def numbers(self, counted: Counted) -> NDArray[np.intp]:
        """Return for each term that was counted its number among the known ones, -1 where it is not known."""
        numbers = np.full(len(counted.terms), -1, dtype=np.intp)
        for number, term in enumerate(self.known):
            place = bisect_left(counted.terms, term)
            if place < len(counted.terms) and counted.terms[place] == term:
                numbers[place] = number
        return numbers
