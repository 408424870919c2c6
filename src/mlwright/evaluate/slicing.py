"""Slicing: looking for kinds of rows, said by up to three conditions, in which some number is larger than elsewhere.

Whoever looks through hundreds of kinds of rows finds some that look odd by chance. So they are looked for on one half
of the rows, and what is found is tested on the other half, with Holm's correction (1979) for how many were found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from mlwright.columns import Coded, Columns
from mlwright.evaluate import wording
from mlwright.learn.base import Stop, never
from mlwright.schema import Column

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEVEL = 0.03
"""Probability that a slice is told where none is worse; below the 5 % that is promised, so that tests of it hold."""
MOST_CONDITIONS = 3
MOST_LEVELS = 12
FEWEST_ROWS, FEWEST_SHARE = 20, 0.02
"""Rows of either half, and the share of all rows, below which a slice is of no use to anybody."""
BEAM = 24
"""So many slices are made longer by another condition."""
TESTED = 8
"""So many are tested on the other half: the more, the surer each has to be."""
ALIKE = 0.5
"""Of two slices that share more than this of the smaller one, the weaker one is not told."""
BETTER = 1.1
"""By so much a further condition has to raise what tells the slice from the rest."""
MOST_ROWS = 50_000
MOST_COLUMNS = 100


@dataclass(frozen=True)
class Condition:
    """One condition: a column, how it is said, and which rows meet it."""

    column: str
    text: str
    rows: Flags


@dataclass(frozen=True)
class Slice:
    """Rows (n,) that meet all of some conditions, and how well it is told from the rest."""

    conditions: tuple[Condition, ...]
    rows: Flags
    strength: float

    @property
    def text(self) -> str:
        """How it is said: "town is Rome and age is above 48"."""
        return " and ".join(each.text for each in self.conditions)


def sampled(rows: int, seed: int) -> NDArray[np.intp] | None:
    """Return which rows are looked through where there are too many of them; None where all are."""
    if rows <= MOST_ROWS:
        return None
    return np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_ROWS]).astype(np.intp)


@dataclass(frozen=True)
class Side:
    """A question that slices are looked for by: in which of them some numbers are larger than elsewhere."""

    numbers: Callable[[Flags], Floats]
    """Of these rows, the numbers that slices are told apart by."""
    test: Callable[[Flags, Floats, NDArray[np.intp]], float]
    """From which of some rows are in the slice, their numbers and their units: the probability of this by chance."""


@dataclass(frozen=True)
class Sure:
    """A slice that was found on one half of the rows and holds on the other."""

    slice: Slice
    p: float
    side: int
    """Which of the questions it answers."""


def sure_slices(
    columns: Columns,
    described: Sequence[Column],
    units: NDArray[np.intp],
    sides: Sequence[Side],
    *,
    seed: int = 0,
    stop: Stop = never,
) -> tuple[list[Sure], Flags]:
    """Return the slices that are clearly what the questions ask for, and which rows (n,) tested them.

    They are looked for on one half of the rows, those of one unit in the same half; what is found for all questions is
    tested on the other half together, so that one is told where there is none with probability LEVEL at most.
    """
    first = np.random.default_rng(seed).permutation(int(units.max(initial=-1)) + 1) % 2 == 0
    finding = first[units]
    testing = ~finding
    if min(finding.sum(), testing.sum()) < 4 * FEWEST_ROWS:
        return [], testing
    conditions = conditions_of(columns, described, finding)
    found = [
        (place, side, each)
        for place, side in enumerate(sides)
        for each in found_on(conditions, side.numbers(finding), finding, stop)
    ]
    numbers = [side.numbers(testing) for side in sides]
    chances = [side.test(each.rows[testing], numbers[place], units[testing]) for place, side, each in found]
    sure = zip(found, chances, _holm(chances), strict=True)
    return [Sure(each, chance, place) for (place, _, each), chance, kept in sure if kept], testing


def conditions_of(columns: Columns, described: Sequence[Column], finding: Flags) -> list[Condition]:
    """Return the single conditions that enough rows of both halves meet."""
    made: list[Condition] = []
    for column in [each for each in described if each.name in columns][:MOST_COLUMNS]:
        values = columns[column.name]
        made += _of_levels(values, column) if isinstance(values, Coded) else _of_numbers(values, column, finding)
    return [each for each in made if _large(each.rows, finding) and not each.rows.all()]


def _large(rows: Flags, finding: Flags) -> bool:
    least = max(FEWEST_ROWS, FEWEST_SHARE * len(rows) / 2)
    return bool(min((rows & finding).sum(), (rows & ~finding).sum()) >= least)


def _of_levels(values: Coded, column: Column) -> list[Condition]:
    name = column.name
    missing = [Condition(name, f"{name} is missing", values.codes < 0)]
    if column.kind in {"text", "id"}:
        return missing
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.values))
    most = [int(code) for code in np.argsort(-counts, kind="stable")[:MOST_LEVELS] if counts[code]]
    return missing + [Condition(name, f"{name} is {values.values[code]}", values.codes == code) for code in most]


def _of_numbers(values: Floats, column: Column, finding: Flags) -> list[Condition]:
    name, known = column.name, values[finding & np.isfinite(values)]
    made = [Condition(name, f"{name} is missing", np.isnan(values))]
    if column.kind == "boolean":
        return [*made, *(Condition(name, f"{name} is {word}", values == at) for at, word in enumerate(("no", "yes")))]
    if not len(known):
        return made
    distinct = np.unique(known)
    if len(distinct) <= 5:
        said = ((each, _said(each, column)) for each in distinct.tolist())
        return made + [Condition(name, f"{name} is {word}", values == each) for each, word in said]
    low, middle, high = (float(each) for each in np.quantile(known, [0.2, 0.5, 0.8], method="nearest"))
    below = [Condition(name, f"{name} is at most {_said(edge, column)}", values <= edge) for edge in {low, middle}]
    above = [Condition(name, f"{name} is above {_said(edge, column)}", values > edge) for edge in {middle, high}]
    return made + sorted(below + above, key=lambda each: each.text)


def _said(value: float, column: Column) -> str:
    if column.kind == "datetime":
        return str(np.datetime64(int(value), "s").astype("datetime64[D]"))
    if value == round(value) and abs(value) < 1e15:
        return wording.whole(value, column.low, column.high)
    return wording.brief(value)


def found_on(conditions: Sequence[Condition], compared: Floats, finding: Flags, stop: Stop = never) -> list[Slice]:
    """Return the strongest slices of the half that finds, none of them nearly another one, by a beam search."""
    spread = float(compared.std())
    if not spread > 0:
        return []

    def strength(rows: Flags) -> float:
        inside = rows[finding]
        many, rest = int(inside.sum()), int((~inside).sum())
        if not rest:
            return -math.inf
        apart = float(compared[inside].mean() - compared[~inside].mean())
        return apart / spread * math.sqrt(many * rest / (many + rest))

    level = [Slice((each,), each.rows, strength(each.rows)) for each in conditions]
    every = list(level)
    for _ in range(MOST_CONDITIONS - 1):
        longer: dict[frozenset[str], Slice] = {}
        for short in sorted(level, key=lambda each: -each.strength)[:BEAM]:
            if stop():
                break
            for each in _longer(short, conditions, finding, strength):
                longer.setdefault(frozenset(own.text for own in each.conditions), each)
        level = list(longer.values())
        every += level
    return _unlike(sorted(every, key=lambda each: -each.strength))


def _longer(
    short: Slice, conditions: Sequence[Condition], finding: Flags, strength: Callable[[Flags], float]
) -> Iterator[Slice]:
    """Yield the slice with one more condition, where that tells it better from the rest."""
    own = {each.column for each in short.conditions}
    for each in conditions:
        rows = short.rows & each.rows
        if each.column not in own and _large(rows, finding) and (value := strength(rows)) > BETTER * short.strength:
            yield Slice((*short.conditions, each), rows, value)


def _unlike(slices: Sequence[Slice]) -> list[Slice]:
    kept: list[Slice] = []
    for each in slices:
        if each.strength <= 0 or len(kept) == TESTED:
            break
        if all((each.rows & own.rows).sum() < ALIKE * min(each.rows.sum(), own.rows.sum()) for own in kept):
            kept.append(each)
    return kept


def chance_of_larger(inside: Flags, numbers: Floats, units: NDArray[np.intp]) -> float:
    """Return the probability of so much larger numbers in the slice than outside, where it is like the rest."""
    value, error, pieces = apart(numbers, inside, np.ones(len(numbers)), units)
    if not error > 0:
        return 1.0
    return float(student.sf(value / error, max(1, pieces - 1)))


def apart(numbers: Floats, inside: Flags, weight: Floats, units: NDArray[np.intp]) -> tuple[float, float, int]:
    """Return by how much the mean inside is larger than outside, its standard error, and how many units are inside."""
    means, parts = [], np.zeros(len(numbers))
    for part, sign in ((inside, 1.0), (~inside, -1.0)):
        total = weight[part].sum()
        if not total > 0:
            return math.nan, math.nan, 0
        mean = float(np.average(numbers[part], weights=weight[part]))
        means.append(mean)
        parts[part] = sign * weight[part] * (numbers[part] - mean) / total
    summed = np.bincount(np.unique(units, return_inverse=True)[1], weights=parts)
    many = len(summed)
    error = math.sqrt(float((summed**2).sum()) * many / max(1, many - 1))
    return means[0] - means[1], error, len(np.unique(units[inside]))


def _holm(chances: Sequence[float]) -> list[bool]:
    """Return which of several tests hold together (Holm 1979, "A simple sequentially rejective multiple test").

    >>> _holm([0.04, 0.001, 0.03])
    [False, True, False]
    """
    kept = [False] * len(chances)
    for place, test in enumerate(np.argsort(chances, kind="stable").tolist()):
        if not chances[test] <= LEVEL / (len(chances) - place):
            break
        kept[test] = True
    return kept
