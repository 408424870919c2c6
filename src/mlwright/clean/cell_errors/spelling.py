"""Spelling: texts that are nearly a more frequent one, found without comparing each with each.

Texts of one length are compared letter by letter in one go; a letter too many, too few or two that changed places are
found by the texts that are left when one letter is taken away (Garbe's symmetric deletion).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.cell_errors.written import LONGEST_TEXT, Written
from mlwright.columns import Floats

RARER = 3.0
"""A text is taken for another misspelt only where that one is so many times more frequent."""
CHANGED = 0.25
"""At most so many of its letters differ."""
MOST_COMPARED = 300_000_000
"""Characters compared for one column at most; longer lists are compared by deletions only."""
MOST_TEXTS = 20_000
SHORTEST = 4
"""Shorter texts are codes, in which one letter makes another code."""
FEWEST_PAIRS = 8
MARK_SHARE = 0.6
VARIANT = 5.0
FEW_WORDS = 50.0
"""Where every text occurs so often on average, a column has a few words only, and one more is hardly meant."""

MOST_OF_A_WORD = 0.4
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The more frequent texts near each rare one, the best first, and how much that says of it."""

    near: dict[int, list[tuple[int, int]]]
    weight: Floats


def neighbours(column: Written) -> Neighbours:
    """Return the spelling neighbours of a column's rare texts."""
    weight = np.zeros(len(column.texts))
    if not column.is_text or column.column.kind in {"number", "integer", "datetime", "duration", "boolean"}:
        return Neighbours({}, weight)
    rare, frequent = _rare_and_frequent(column)
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for one, other in _variants(column):
        found[one][other] = 1
    for one, other, changes in _nearby(column.texts, rare, frequent):
        if column.counts[other] >= RARER * column.counts[one] and _is_spelling(column.texts[one], column.texts[other]):
            found[one][other] = min(changes, found[one].get(other, changes))
    near = {
        one: sorted(others.items(), key=lambda each: (each[1], -column.counts[each[0]], each[0]))
        for one, others in sorted(found.items())
    }
    for one, others in near.items():
        weight[one] = _weight(column, one, *others[0])
    return Neighbours(near, weight)


def _variants(column: Written) -> Iterator[tuple[int, int]]:
    """Yield texts that are a more frequent one but for case, spaces and signs."""
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for place in np.flatnonzero(~column.missing).tolist():
        if len(column.texts[place]) <= LONGEST_TEXT and any(sign.isalpha() for sign in column.texts[place]):
            alike[squeezed(column.texts[place])].append(place)
    for places in alike.values():
        best = max(places, key=lambda place: (column.counts[place], -place))
        for place in places:
            if place != best and column.counts[best] >= RARER * column.counts[place]:
                yield place, best


def _rare_and_frequent(column: Written) -> tuple[list[int], list[int]]:
    fits = np.array([SHORTEST <= len(text) <= LONGEST_TEXT for text in column.texts], dtype=np.bool_) & ~column.missing
    most = max(1, int(column.counts.max(initial=0) / RARER))
    places = np.argsort(column.counts, kind="stable")
    rare = [int(p) for p in places if fits[p] and column.counts[p] <= most][:MOST_TEXTS]
    frequent = [int(p) for p in places[::-1] if fits[p] and column.counts[p] >= RARER][:MOST_TEXTS]
    return rare, frequent


def _nearby(texts: Sequence[str], rare: Sequence[int], frequent: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield pairs of a rare and a frequent text with the number of changes between them."""
    yield from _same_length(texts, rare, frequent)
    yield from _one_letter(texts, rare, frequent)


def _same_length(texts: Sequence[str], rare: Sequence[int], frequent: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    groups: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, places in enumerate((rare, frequent)):
        for place in places:
            groups[len(texts[place])][side].append(place)
    budget = MOST_COMPARED
    for length, (some, others) in sorted(groups.items()):
        budget -= length * len(some) * len(others)
        if not some or not others or budget < 0:
            continue
        known = _letters([texts[place] for place in others], length)
        most = max(1, int(CHANGED * length))
        for place in some:
            changes = (known != _letters([texts[place]], length)).sum(axis=1)
            for at in np.flatnonzero((changes <= most) & (changes > 0)):
                yield place, others[at], int(changes[at])


def _letters(texts: list[str], length: int) -> NDArray[np.uint32]:
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(joined, dtype=np.uint32).reshape(len(texts), length)


def _one_letter(texts: Sequence[str], rare: Sequence[int], frequent: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    by_deletion: defaultdict[str, list[int]] = defaultdict(list)
    for place in frequent:
        if len(texts[place]) <= 60:
            for left in _deletions(texts[place]):
                by_deletion[left].append(place)
    for place in rare:
        text = texts[place]
        if len(text) > 61:
            continue
        seen = set[int]()
        for left in _deletions(text):
            for other in by_deletion.get(left, ()):
                if other != place and other not in seen and abs(len(texts[other]) - len(text)) <= 1:
                    seen.add(other)
                    if len(texts[other]) != len(text) or _is_swap(text, texts[other]):
                        yield place, other, 1


def _deletions(text: str) -> set[str]:
    return {text, *(text[:at] + text[at + 1 :] for at in range(len(text)))}


def _is_swap(one: str, other: str) -> bool:
    at = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    return len(at) == 2 and at[1] == at[0] + 1 and one[at[0]] == other[at[1]] and one[at[1]] == other[at[0]]


def _is_spelling(one: str, other: str) -> bool:
    """Tell whether two texts differ in some letters of a word: another digit or another word may be meant.

    >>> _is_spelling("hf-2", "hf-1"), _is_spelling("hfx1", "hf-1"), _is_spelling("Dark Ale", "Pale Ale")
    (False, True, False)
    """
    if len(one) == len(other):
        if any(a != b and a.isdigit() and b.isdigit() for a, b in zip(one, other, strict=True)):
            return False
        spans = ((word.start(), word.end()) for word in _WORD.finditer(other))
        return not any(_changed(one[start:end], other[start:end]) > MOST_OF_A_WORD for start, end in spans)
    counts = Counter(one.casefold())
    counts.subtract(other.casefold())
    return not any(count and sign.isdigit() for sign, count in counts.items())


def _changed(one: str, other: str) -> float:
    swapped = _is_swap(one, other)
    return (1 if swapped else sum(a != b for a, b in zip(one, other, strict=True))) / len(other)


def _weight(column: Written, one: int, other: int, changes: int) -> float:
    """Return how much it says that a text is so near to another that is so much more frequent."""
    text, counts = column.texts[one], column.counts
    if text.casefold() == column.texts[other].casefold() or squeezed(text) == squeezed(column.texts[other]):
        return VARIANT if counts[other] >= 5 * counts[one] or column.repeats >= 10 else VARIANT / 2
    ratio = float(np.log10(counts[other] / counts[one]))
    length = len(text)
    weight = min(2.0, 1.2 * ratio) - 0.5 * float(np.log2(counts[one])) + (1.0 if column.repeats >= 5 else 0.0)
    weight += 0.8 if column.repeats >= FEW_WORDS and changes == 1 else 0.0
    weight += min(1.0, 0.12 * (length - SHORTEST)) - 4.0 * max(0.0, changes / length - 0.12)
    marked = any(a.isdigit() != b.isdigit() for a, b in zip(text, column.texts[other], strict=False) if a != b)
    return max(0.0, weight + (0.7 if marked and len(text) == len(column.texts[other]) else 0.0))


def squeezed(text: str) -> str:
    """Return a text without case, spaces and signs: what is left of a variant of writing.

    >>> squeezed("New-York ") == squeezed("new york")
    True
    """
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def marks(pairs: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Return signs that damage has left in place of letters, as pairs of a wrong and a right text show.

    Where nearly all letters that were changed became the same one, that one is a mark: "xospital", "hoxpital".
    """
    written: Counter[str] = Counter()
    several: defaultdict[str, set[str]] = defaultdict(set)
    for wrong, right in pairs:
        if len(wrong) == len(right):
            for a, b in zip(wrong, right, strict=True):
                if a != b:
                    written[a] += 1
                    several[a].add(b)
    total = sum(written.values())
    if total < FEWEST_PAIRS:
        return frozenset()
    fewest = FEWEST_PAIRS // 2
    return frozenset(s for s, count in written.items() if count >= MARK_SHARE * total and len(several[s]) >= fewest)


def filled(text: str, known: Sequence[str], signs: frozenset[str]) -> list[str]:
    """Return the known texts that a damaged one may have been: equal but for the marks in it.

    >>> filled("x00%", ["100%", "90%", "100 "], frozenset("x"))
    ['100%']
    """
    return [
        other
        for other in known
        if len(other) == len(text)
        and other != text
        and all(a == b or a in signs for a, b in zip(text, other, strict=True))
    ]
