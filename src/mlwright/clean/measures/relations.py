"""Arithmetic that holds between columns: a total and its parts, a product, a duration between two dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context
from mlwright.clean.measures.units import decimals_of
from mlwright.clean.names import words
from mlwright.columns import Floats

MOST_NUMBERS = 36
MOST_TIMES = 6
DIFFERENT = 8
"""A column of fewer different numbers is a total of nothing."""
GLANCE, LOOK = 500, 4_000
"""Rows in which a relation is looked for, and in which it must be confirmed."""
HANDFUL, FEW_TOLD = 32, 6
"""Rows that tell which sums of three are worth a glance, and how many of them must."""
LIKELY, HOLDS = 0.8, 0.9
ACTIVE = 30
"""So many rows must have all its parts, none of them 0: "a = b" is no sum."""
BY_CHANCE = 0.3
"""With one part shuffled, the relation must hold no more often than this."""
FIRST_YEAR, CENTURY = 1970.0, 100.0
SECOND, MINUTE, HOUR, DAY, YEAR = 1.0, 60.0, 3_600.0, 86_400.0, 31_556_952.0
UNITS = {"seconds": SECOND, "minutes": MINUTE, "hours": HOUR, "days": DAY, "years": YEAR}


@dataclass(frozen=True, slots=True)
class Relation:
    """`whole` is what `words` says of `parts`: "'b' + 'c'"."""

    whole: str
    parts: tuple[str, ...]
    words: str
    compute: Callable[[Mapping[str, Floats]], Floats]
    slack: Callable[[Mapping[str, Floats]], Floats]
    """How far rounding alone can bring the two sides apart."""
    times: bool = False
    """It is about time, of which one part may hardly differ between the rows."""

    @property
    def margin(self) -> float:
        """What breaks the relation is so many times farther away than rounding explains."""
        return 1.5 if self.times else 3.0

    def distance(self, columns: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        """Return what the whole is more than it should be, and how much rounding allows."""
        return columns[self.whole] - self.compute(columns), self.slack(columns)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The columns of numbers among which relations are looked for."""

    names: tuple[str, ...]
    columns: dict[str, Floats]
    grains: dict[str, float]
    """Half of the last decimal that each column writes; 0 where its numbers are whole or not rounded."""


def relations(context: Context) -> list[Relation]:
    """Return the arithmetic that holds in nearly all rows, each once, the simplest first."""
    numbers = _numbers(context)
    rng = np.random.default_rng(context.seed)
    rows = np.arange(context.table.rows)
    look = np.sort(rng.choice(rows, LOOK, replace=False)) if len(rows) > LOOK else rows
    found: list[Relation] = []
    used: list[frozenset[str]] = []
    for relation in _candidates(context, numbers, look, rng):
        names = frozenset((relation.whole, *relation.parts))
        timed = relation.times and any(each.times and each.whole == relation.whole for each in found)
        if timed or any(each <= names for each in used):
            continue
        if _is_confirmed(relation, {name: values[look] for name, values in _all(context, relation).items()}, rng):
            found.append(relation)
            used.append(names)
    return found


def _all(context: Context, relation: Relation) -> dict[str, Floats]:
    return {name: context.numbers(name) for name in (relation.whole, *relation.parts)}


def _numbers(context: Context) -> _Numbers:
    able = [c for c in context.of_kind("number", "integer") if c.distinct >= DIFFERENT and c.missing_share < 0.9]
    able = sorted(able, key=lambda column: -column.distinct)[:MOST_NUMBERS]
    order = {column.name: place for place, column in enumerate(context.schema)}
    names = tuple(sorted((column.name for column in able), key=lambda name: order[name]))
    columns = {name: context.numbers(name) for name in names}
    grains = {}
    for name, values in columns.items():
        places = decimals_of(values)
        grains[name] = 0.5 * 10.0**-places if places else 0.0
    return _Numbers(names, columns, grains)


def _candidates(
    context: Context, numbers: _Numbers, look: NDArray[np.intp], rng: np.random.Generator
) -> Iterator[Relation]:
    """Return what holds in a glance at few rows: sums and products of two, times, sums of three."""
    glance = np.sort(rng.choice(look, GLANCE, replace=False)) if len(look) > GLANCE else look
    names = numbers.names
    V = np.column_stack([numbers.columns[name][glance] for name in names]) if names else np.empty((0, 0))
    grain = np.array([numbers.grains[name] for name in names])
    tiny = 1e-6 * np.abs(V) + 1e-9
    for first, second in combinations(range(len(names)), 2):
        b, c = V[:, first], V[:, second]
        slack = grain[None, :] + grain[first] + grain[second] + tiny
        for whole in _hits(V, b + c, slack, (first, second), (b, c)):
            yield _sum(numbers, names[whole], (names[first], names[second]))
        slack = grain[None, :] + (grain[first] * np.abs(c) + grain[second] * np.abs(b))[:, None] + tiny
        for scale in (1.0, 0.01):
            for whole in _hits(V, scale * b * c, slack, (first, second), (b, c)):
                yield _product(numbers, names[whole], (names[first], names[second]), scale)
    yield from _times(context, numbers, glance)
    yield from _ages(context, numbers, glance)
    for triple in _worth_a_look(V, grain, context):
        parts = V[:, list(triple)]
        slack = grain[None, :] + grain[list(triple)].sum() + tiny
        for whole in _hits(V, parts.sum(axis=1), slack, triple, tuple(parts.T)):
            yield _sum(numbers, names[whole], tuple(names[place] for place in triple))


def _worth_a_look(V: Floats, grain: Floats, context: Context) -> Iterator[tuple[int, int, int]]:
    """Return three columns at a time, but for those whose sum is no column in half of a handful of rows."""
    few = V[np.linspace(0, len(V) - 1, min(HANDFUL, len(V))).astype(np.intp)] if len(V) else V
    known = np.isfinite(few)
    active = known & (few != 0)
    size = V.shape[1]
    for first in range(size - 2):
        if context.stop():
            return
        second, third = (each + first + 1 for each in np.triu_indices(size - first - 1, 1))
        made = few[:, [first]] + few[:, second] + few[:, third]
        alive = active[:, [first]] & active[:, second] & active[:, third]
        slack = (grain + 1e-6 * np.abs(few) + 1e-9)[:, None]
        slack = slack + (grain[first] + grain[second] + grain[third])[None, :, None]
        with np.errstate(invalid="ignore"):
            same = (np.abs(few[:, None] - made[:, :, None]) <= slack) & alive[:, :, None]
        told = alive.T.astype(np.float64) @ known
        worth = ((told < FEW_TOLD) | (same.sum(axis=0) >= 0.5 * told)).any(axis=1)
        yield from ((first, int(second[at]), int(third[at])) for at in np.flatnonzero(worth))


def _hits(V: Floats, made: Floats, slack: Floats, parts: tuple[int, ...], values: tuple[Floats, ...]) -> list[int]:
    """Return the columns that are what was made, in nearly all rows in which no part is 0 or missing."""
    active = np.all([np.abs(value) > 0 for value in values], axis=0) & np.isfinite(made)
    if active.sum() < 12:
        return []
    with np.errstate(invalid="ignore"):
        same = np.abs(V[active] - made[active, None]) <= slack[active]
    share = same.sum(axis=0) / np.maximum((~np.isnan(V[active])).sum(axis=0), 12)
    return [int(place) for place in np.flatnonzero(share >= LIKELY) if place not in parts]


def _sum(numbers: _Numbers, whole: str, parts: tuple[str, ...]) -> Relation:
    grain = numbers.grains[whole] + sum(numbers.grains[part] for part in parts)

    def compute(columns: Mapping[str, Floats]) -> Floats:
        return np.asarray(np.sum([columns[part] for part in parts], axis=0), dtype=np.float64)

    def slack(columns: Mapping[str, Floats]) -> Floats:
        return grain + 1e-6 * np.abs(columns[whole]) + 1e-9

    return Relation(whole, parts, "the sum of " + " and ".join(map(repr, parts)), compute, slack)


def _product(numbers: _Numbers, whole: str, parts: tuple[str, str], scale: float) -> Relation:
    first, second = parts

    def compute(columns: Mapping[str, Floats]) -> Floats:
        return scale * columns[first] * columns[second]

    def slack(columns: Mapping[str, Floats]) -> Floats:
        b, c = np.abs(columns[first]), np.abs(columns[second])
        rounding = numbers.grains[whole] + scale * (numbers.grains[first] * c + numbers.grains[second] * b)
        return np.asarray(rounding + 1e-6 * np.abs(columns[whole]) + 1e-9)

    percent = ", as a percentage," if scale != 1.0 else ""
    return Relation(whole, parts, f"{first!r} times {second!r}{percent}", compute, slack)


def _times(context: Context, numbers: _Numbers, glance: NDArray[np.intp]) -> Iterator[Relation]:
    """Return numbers that count the time between two dates."""
    dated = [column.name for column in context.of_kind("datetime")][:MOST_TIMES]
    for first in dated:
        for second in dated:
            if first == second:
                continue
            between = (context.numbers(second) - context.numbers(first))[glance]
            for whole in numbers.names:
                values = numbers.columns[whole][glance]
                for unit, seconds in UNITS.items():
                    known = np.isfinite(values) & np.isfinite(between)
                    slack = 1.0 if seconds >= DAY else 0.01 + numbers.grains[whole]
                    same = np.abs(values[known] - between[known] / seconds) <= slack
                    if known.sum() >= 12 and same.mean() >= LIKELY and np.std(values[known]) > 2.0:
                        yield _between(whole, first, second, unit, slack)


def _between(whole: str, first: str, second: str, unit: str, slack: float) -> Relation:
    seconds = UNITS[unit]
    return Relation(
        whole,
        (first, second),
        f"the {unit} from {first!r} to {second!r}",
        lambda columns: (columns[second] - columns[first]) / seconds,
        lambda columns: np.full(len(columns[whole]), slack),
        times=True,
    )


def _ages(context: Context, numbers: _Numbers, glance: NDArray[np.intp]) -> Iterator[Relation]:
    """Return numbers that count the years from a date, or a year, to one and the same day."""
    births = {c.name: YEAR for c in context.of_kind("datetime")[:MOST_TIMES]}
    births |= {name: SECOND for name in numbers.names if {"year", "yr", "yob"}.intersection(words(name))}
    for birth, unit in births.items():
        began = context.numbers(birth)[glance] / unit + (FIRST_YEAR if unit == YEAR else 0.0)
        for whole in numbers.names:
            values = numbers.columns[whole][glance]
            known = np.isfinite(values) & np.isfinite(began)
            if whole == birth or known.sum() < 12 or np.std(values[known]) <= 2.0:
                continue
            day = float(np.median((values + began)[known]))
            if (
                np.abs((values + began)[known] - day) <= 1.0
            ).mean() >= LIKELY and FIRST_YEAR - 100 < day < FIRST_YEAR + 130:
                yield _age(whole, birth, unit, day)


def _age(whole: str, birth: str, unit: float, day: float) -> Relation:
    start = FIRST_YEAR if unit == YEAR else 0.0
    return Relation(
        whole,
        (birth,),
        f"the years from {birth!r} to {day:.0f}",
        lambda columns: np.floor(day - start - columns[birth] / unit),
        lambda columns: np.full(len(columns[whole]), 1.0),
        times=True,
    )


def _is_confirmed(relation: Relation, columns: Mapping[str, Floats], rng: np.random.Generator) -> bool:
    """Tell whether the relation holds in nearly all rows of a larger look, and not because everything is alike."""
    active = np.all([np.isfinite(values) & (values != 0) for values in columns.values()], axis=0)
    if active.sum() < ACTIVE:
        return False
    held = {name: values[active] for name, values in columns.items()}
    far, slack = relation.distance(held)
    if (np.abs(far) <= slack).mean() < HOLDS:
        return False
    for part in (relation.whole,) if relation.times else relation.parts:
        shuffled = {**held, part: rng.permutation(held[part])}
        far, slack = relation.distance(shuffled)
        if (np.abs(far) <= slack).mean() > BY_CHANCE:
            return False
    return True
