"""Two columns of which the one is never above the other: what their names and their values say about that."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from mlwright.clean.base import Context
from mlwright.clean.names import words
from mlwright.columns import Floats

BY_CHANCE = {"times": 0.97, "numbers": 0.85}
"""With one column shuffled, the order must hold no more often: else it only says that one is larger."""
_BEGINS = "start begin ordered order created admission admitted hired departure pickup checkin opened issued entry"
_ENDS = """end finish delivered delivery shipped closed discharge discharged left arrival dropoff checkout due exit
returned return completed updated"""
_PAIRS = tuple(
    (frozenset(first.split()), frozenset(second.split()))
    for first, second in (
        ("min minimum low lower q1 from", "max maximum high higher upper q3 to until mean avg average median"),
        ("mean avg average median", "max maximum high upper"),
        ("start begin first open opening", "end finish last close closing"),
        ("birth birthdate dob born", "death died date event visit admission hired start signup joined exam"),
        (_BEGINS, _ENDS),
    )
)
"""Words of which the first stands for what is smaller or earlier."""
ENOUGH_ROWS = 200
"""In so many rows at least an order must hold without exception, to be one that later rows keep too."""
AT_THE_EDGE, NEAR = 20, 0.05
"""An order that no name tells is a law where so many rows just keep it, by a step or this part of what is usual, and
none breaks it: values that only happen to be larger would go over here and there."""
MOST_COLUMNS, LOOK = 40, 20_000


def always_ordered(context: Context) -> list[tuple[str, str]]:
    """Return pairs of columns, dates or numbers, of which the first is above the second in no row and may never be."""
    rng = np.random.default_rng(context.seed)
    held: list[tuple[str, str]] = []
    for kinds in (("datetime",), ("number", "integer")):
        names = [column.name for column in context.of_kind(*kinds) if column.distinct >= 3][:MOST_COLUMNS]
        for one, other in combinations(names, 2):
            held += [pair for pair in ((one, other), (other, one)) if _is_law(context, *pair, rng, kinds=kinds)]
    known = set(held)
    return [pair for pair in held if not any((pair[0], name) in known and (name, pair[1]) in known
                                             for name in context.schema.names)]  # fmt: skip


def _is_law(context: Context, first: str, second: str, rng: np.random.Generator, *, kinds: tuple[str, ...]) -> bool:
    one, other = context.numbers(first), context.numbers(second)
    step = max(1, len(one) // LOOK)
    a, b = one[::step], other[::step]  # what some of the rows refute needs no look at all of them
    with np.errstate(invalid="ignore"):
        if (a > b).any():
            return False
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < ENOUGH_ROWS or not (a != b).any():
        return False
    times, named = kinds == ("datetime",), are_named(first, second)
    if float((rng.permutation(a) <= b).mean()) > BY_CHANCE["times" if times or named else "numbers"]:
        return False  # that one is larger is a matter of scale
    if not (named or times or share_scale(a, b)):
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        apart = other - one
        return not (apart < 0).any() and (named or _just_kept(apart[np.isfinite(apart)]))


def _just_kept(apart: Floats) -> bool:
    """Tell whether many rows keep the order only just: then something holds them."""
    different = np.unique(apart)
    step = float(np.diff(different).min()) if len(different) > 1 else 0.0
    return int((apart <= max(step, NEAR * float(np.median(apart)))).sum()) >= AT_THE_EDGE


def are_named(first: str, second: str) -> bool:
    """Tell whether the names say which comes first: they share their other words, or have hardly any."""
    one, other = set(words(first)), set(words(second))
    for low, high in _PAIRS:
        if one & low and other & high and (one - low == other - high or len(one - low | other - high) <= 2):
            return True
        if (one < other and other - one <= high) or (other < one and one - other <= low):  # "price" and "price_max"
            return True
    return False


def share_scale(first: Floats, second: Floats) -> bool:
    """Tell whether two columns of numbers measure the same: their ranges overlap, and they go up and down together."""
    low, high = (
        max(np.quantile(first, 0.1), np.quantile(second, 0.1)),
        min(np.quantile(first, 0.9), np.quantile(second, 0.9)),
    )
    if low >= high:
        return False
    ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (first, second)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1]) > 0.5
