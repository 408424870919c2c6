"""Which differences between groups of people are told first, where there is no place for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

Gap = Mapping[str, Any]


def in_order(gaps: Iterable[Gap], alone: Collection[str]) -> list[Gap]:
    """Return the differences that are sure: of one column before two, worse before otherwise, then the surest first.

    `alone` are the names of single columns. The surest one is the one that is largest at least: by its lower end.
    """
    sure = [gap for gap in gaps if gap["verdict"] in {"worse", "differs"}]
    return sorted(sure, key=lambda gap: (gap.get("column") not in alone, gap["verdict"] != "worse", -at_least(gap)))


def first_of_each(gaps: Sequence[Gap], *keys: str) -> list[Gap]:
    """Return the first of the differences that are alike in some fields, such as the group that is worse off.

    >>> [gap["metric"] for gap in first_of_each([{"column": "sex", "metric": each} for each in "ab"], "column")]
    ['a']
    """
    found: dict[tuple[Any, ...], Gap] = {}
    for gap in gaps:
        found.setdefault(tuple(gap.get(key) for key in keys), gap)
    return list(found.values())


def at_least(gap: Gap) -> float:
    """Return the lower end of a difference; minus infinity where there is none."""
    low = (gap.get("interval") or [None])[0]
    return float(low) if isinstance(low, (int, float)) else float("-inf")
