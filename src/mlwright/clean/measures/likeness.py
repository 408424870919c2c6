"""How alike two texts are: the same but for case, spaces and punctuation, or a few letters apart."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ACCENT = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])\s*([.,\-\u2013\u2014/:]|\s)\s*(?=[0-9])")
_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015.,/\\'\"\u2018-\u201d`()\[\]{}:;|!\u00b7\u200b-\u200d\u00ad]+")
_SIGNED = re.compile(r"^[-\u2013\u2212](?=[0-9.])")
_GRADE = re.compile(r"^(.{1,3}?)\s?[-\u2013\u2212]$")
_KEPT = {".": "\x01", ",": "\x01", "-": "\x02", "\u2013": "\x02", "\u2014": "\x02", "/": "\x03", ":": "\x04"}
_LETTERS_THAT_ARE_TWO = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS: frozenset[tuple[str, str]] = frozenset(
    (one, other)
    for at, row in enumerate(KEYBOARD)
    for place, one in enumerate(row)
    for near in KEYBOARD[max(0, at - 1) : at + 2]
    for other in near[max(0, place - 1) : place + 2]
    if one != other
)
"""Pairs of letters that lie side by side on a keyboard."""


@lru_cache(maxsize=65536)
def plain_letters(text: str) -> str:
    """Return the text folded, with Latin letters without their accents.

    >>> plain_letters("São PAULO"), plain_letters("Łódź")
    ('sao paulo', 'lodz')
    """
    folded = text.casefold()
    if folded.isascii():
        return folded
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", folded).casefold())
    return unicodedata.normalize("NFC", plain).translate(_LETTERS_THAT_ARE_TWO)


def same_but_for_case(text: str) -> str:
    """Return what is the same for texts that differ in case, spaces, hyphens and other punctuation alone.

    What stands between digits counts, and so do signs: "1-2" is not "12", "A-" not "A", "C++" not "C".

    >>> same_but_for_case("New-York ") == same_but_for_case("new york")
    True
    >>> same_but_for_case("1.5") == same_but_for_case("15"), same_but_for_case("A+") == same_but_for_case("A")
    (False, False)
    """
    text = unicodedata.normalize("NFKC", text.strip().casefold()).casefold()
    text = _SIGNED.sub("\x05", text)
    text = _GRADE.sub("\\1\x05", text)
    text = text.replace("&", " and ")
    text = _BETWEEN_DIGITS.sub(lambda match: _KEPT.get(match[1], "\x06"), text)
    return _SEPARATORS.sub("", text)


def tokens(text: str) -> list[str]:
    """Return the words of a text, folded: runs of letters and digits.

    >>> tokens("St. Mary's Hospital")
    ['st', 'mary', 's', 'hospital']
    """
    return re.findall(r"[^\W_]+", plain_letters(text))


def distance(one: str, other: str, most: int) -> int | None:
    """Return how many letters must be put in, left out, changed or swapped with the next; None where more than `most`.

    Damerau's and Levenshtein's distance, in which no part is edited twice ("optimal string alignment").

    >>> distance("chicago", "chciago", 2), distance("chicago", "chicxgo", 2), distance("chicago", "boston", 2)
    (1, 1, None)
    """
    if one == other:
        return 0
    if abs(len(one) - len(other)) > most:
        return None
    one, other = _without_shared_ends(one, other)
    if not one or not other:
        return max(len(one), len(other))
    above: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, against in enumerate(other, 1):
            best = min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (letter != against))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == against:
                best = min(best, above[column - 2] + 1)
            now.append(best)
        if min(now) > most:
            return None
        above, last = last, now
    return last[-1] if last[-1] <= most else None


def _without_shared_ends(one: str, other: str) -> tuple[str, str]:
    start = 0
    shortest = min(len(one), len(other))
    while start < shortest and one[start] == other[start]:
        start += 1
    end = 0
    while end < shortest - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


def slip(wrong: str, right: str) -> str | None:
    """Name the slip of the hand that makes `wrong` of `right`, where it is a single one.

    "swapped", "doubled" (a letter twice, or once instead of twice), "neighbour" (the key beside it), "dropped",
    "added" or "changed"; None where more than one letter differs.

    >>> slip("chciago", "chicago"), slip("chicaggo", "chicago"), slip("chicafo", "chicago"), slip("chicao", "chicago")
    ('swapped', 'doubled', 'neighbour', 'dropped')
    """
    a, b = _without_shared_ends(wrong, right)
    if len(a) == len(b) == 2 and a == b[::-1]:
        return "swapped"
    if len(a) == len(b) == 1:
        return "neighbour" if (a, b) in NEIGHBOURS else "changed"
    if len(a) + len(b) != 1:
        return None
    longer, start = (wrong, a) if a else (right, b)
    if start * 2 in longer and longer.replace(start * 2, start, 1) in {wrong, right}:
        return "doubled"
    return "added" if a else "dropped"


def one_letter_for_another(wrong: str, right: str) -> bool:
    """Tell whether all that differs is that one letter of `right` reads as another, perhaps several times.

    >>> one_letter_for_another("caxxed", "called"), one_letter_for_another("cased", "cared")
    (True, True)
    >>> one_letter_for_another("caxyed", "called")
    False
    """
    pairs = {(a, b) for a, b in zip(wrong, right, strict=False) if a != b}
    return len(wrong) == len(right) and len(pairs) == 1
