"""How large a regular expression is once its counted repetitions are written out: so long it takes for each letter."""

from __future__ import annotations

import re

LARGEST = 1_000
"""Ten times as large takes more than a minute for some 300 texts of 5,000 letters, and nobody writes such ones."""
MOST_LETTERS = 10_000
"""So many letters may stand in an expression, those of a class counted."""
_PART = re.compile(
    r"""
    (?P<open>\((?:\?P?<[^>]*>|\?[A-Za-z-]*:|(?!\?)))
    | (?P<flags>\(\?[A-Za-z-]*\))
    | (?P<close>\))
    | (?P<either>\|)
    | (?P<times>\{[^{}]*\})
    | (?P<some>[*+?])
    | (?P<class>\[)
    | (?P<one>\\[pPxuUb]\{[^{}]*\}|\\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def expanded_size(expression: str) -> int:
    """Return how many letters and classes the expression has to match, each repetition counted as often as it may be.

    >>> expanded_size("[A-Z]{2}[0-9]+"), expanded_size("(?:ab){3,10}"), expanded_size("(?:a{50}){50}")
    (3, 20, 2500)
    """
    sizes, last, at = [0], 0, 0
    while match := _PART.match(expression, at):
        at, sort = match.end(), match.lastgroup
        if sort == "times":
            last *= max([1, *map(_number, re.findall(r"\d+", match[0]))])
            continue
        if sort == "some":
            continue
        sizes[-1] += last
        last = 0
        if sort == "open":
            sizes.append(0)
        elif sort == "close" and len(sizes) > 1:
            last = sizes.pop()
        elif sort == "class":
            at, last = _end_of_class(expression, at), 1
        elif sort == "one":
            last = 1
    return sum(sizes) + last


def _number(digits: str) -> int:
    return int(digits[:9])  # more digits are too many in any case


def _end_of_class(expression: str, at: int) -> int:
    """Return where the class ends whose bracket stands just before; classes may stand within each other."""
    depth = 1
    first = re.compile(r"\^?\]?").match(expression, at)
    at = first.end() if first else at
    while at < len(expression) and depth:
        if expression[at] == "\\":
            at += 1
        else:
            depth += {"[": 1, "]": -1}.get(expression[at], 0)
        at += 1
    return at
