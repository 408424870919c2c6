"""Slices: kinds of rows on which the model is clearly worse, said by up to three conditions.

Whoever looks through hundreds of kinds of rows finds some that look bad by chance. So they are looked for on one half
of the rows, and what is found is tested on the other half, with Holm's correction (1979) for how many were found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from scipy.stats import t as student

from mlwright.columns import Coded, Columns
from mlwright.evaluate import wording
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import quantile_t
from mlwright.learn.base import Stop, never
from mlwright.schema import Column
from mlwright.tasks.base import Metric
from mlwright.tasks.scores import log_loss_rows

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


def worst_slices(
    columns: Columns,
    described: Sequence[Column],
    held: HeldOut,
    P: Floats,
    metric: Metric,
    *,
    seed: int = 0,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return the slices on which the model's losses are larger than elsewhere, the worst first; empty where none are.

    Parameters
    ----------
    columns, described
        The typed rows (n), and what their columns are.
    held, P
        Their target, weights and groups, and what is predicted of them (n, k).
    metric
        What the losses are of; where it has none of single rows (ROC AUC), log loss stands for it.
    seed
        Decides which half a row is in; the rows of one group are in the same half.
    stop
        Ends the search.

    The test of numbers is one of ranks (whether a row of the slice has a larger loss than another row), so that a few
    huge losses decide nothing; of classes it is one of means, as losses there follow from the probability itself and
    ranks would tell the smallest differences of it. Rows of one group are one piece of evidence.

    """
    kept = sampled(len(held), seed)
    if kept is not None:
        columns, held, P = columns.take(kept), held.take(kept), P[kept]
    losses = judged(held, P, metric)
    sure, testing = sure_slices(
        columns, described, held.units, [Side(losses.compared, chance_of_larger)], seed=seed, stop=stop
    )
    told = [_told(each.slice, each.p, losses, testing) for each in sure]
    return sorted((each for each in told if each["difference"] > 0), key=lambda each: -each["difference"])


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
    conditions = _conditions(columns, described, finding)
    found = [
        (place, side, each)
        for place, side in enumerate(sides)
        for each in _found(conditions, side.numbers(finding), finding, stop)
    ]
    numbers = [side.numbers(testing) for side in sides]
    chances = [side.test(each.rows[testing], numbers[place], units[testing]) for place, side, each in found]
    sure = zip(found, chances, _holm(chances), strict=True)
    return [Sure(each, chance, place) for (place, _, each), chance, kept in sure if kept], testing


@dataclass(frozen=True)
class Judged:
    """The rows, a loss for each, what it is called, and the score of some of them that people read."""

    held: HeldOut
    P: Floats
    losses: Floats
    name: str
    metric: Metric | None

    @property
    def weight(self) -> Floats:
        """How much each row counts."""
        return np.ones(len(self.held)) if self.held.weight is None else self.held.weight

    def compared(self, rows: Flags) -> Floats:
        """Return what these rows are compared by: ranks of the losses of numbers, the losses of classes."""
        return rankdata(self.losses[rows]) if self.P.shape[1] == 1 else self.losses[rows]

    def score(self, rows: Flags) -> float:
        """Return the score of some rows, or their mean loss where the metric cannot tell of so few."""
        if self.metric is None:
            return float(np.average(self.losses[rows], weights=self.weight[rows]))
        return self.metric.score(self.held.y[rows], self.P[rows], self.weight[rows])


def judged(held: HeldOut, P: Floats, metric: Metric) -> Judged:
    """Return a loss for each row (n,): the metric's own, else absolute errors, else log loss."""
    if metric.losses is not None and not metric.percent:
        return Judged(held, P, metric.losses(held.y, P), metric.label or metric.name, metric)
    if P.shape[1] == 1:
        return Judged(held, P, np.abs(P[:, 0] - held.y), "absolute error", None)
    return Judged(held, P, log_loss_rows(held.y, P), "log loss", None)


def _conditions(columns: Columns, described: Sequence[Column], finding: Flags) -> list[Condition]:
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
    return f"{value:.0f}" if value == round(value) and abs(value) < 10_000 else wording.number(value)


def _found(conditions: Sequence[Condition], compared: Floats, finding: Flags, stop: Stop = never) -> list[Slice]:
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


def _told(found: Slice, chance: float, judged: Judged, testing: Flags) -> dict[str, Any]:
    """Return a slice as JSON: its scores are of the rows that tested it alone."""
    inside, outside = testing & found.rows, testing & ~found.rows
    units = judged.held.units[testing]
    difference, error, pieces = apart(judged.losses[testing], found.rows[testing], judged.weight[testing], units)
    half = quantile_t(max(1, pieces - 1)) * error
    value, rest = judged.score(inside), judged.score(outside)
    many = int(found.rows.sum())
    excess, aside = _excess(judged, inside)
    return {
        "conditions": [{"column": each.column, "text": each.text} for each in found.conditions],
        "rows": many,
        "metric": judged.name,
        "value": plain(value),
        "rest": plain(rest),
        "difference": plain(difference) or 0.0,
        "interval": [plain(difference - half), plain(difference + half)],
        "p": plain(chance),
        "excess": excess,
        "sentence": f"Where {found.text} ({wording.count(many, 'row')}), the model errs more: "
        f"{_effect(judged, inside, outside)}.{aside}",
    }


def _effect(judged: Judged, inside: Flags, outside: Flags) -> str:
    """Return in words what the score is there and elsewhere, for classes with what is given to the true one."""
    value, rest = (wording.number(judged.score(rows)) for rows in (inside, outside))
    said = f"{judged.name} {value} instead of {rest} elsewhere"
    if judged.P.shape[1] < 2:
        return said
    true = judged.P[np.arange(len(judged.P)), judged.held.y.astype(np.intp)]
    own, other = (float(np.average(true[rows], weights=judged.weight[rows])) for rows in (inside, outside))
    if not own < other:
        return said
    return f"it holds what is true for {own:.0%} likely on average, elsewhere for {other:.0%} ({judged.name} {value} and {rest})"


def _excess(judged: Judged, inside: Flags) -> tuple[list[float | None] | None, str]:
    """Return how much more rows of a slice lose than their own probabilities expect, as an interval, and what it says.

    Where the probabilities p are right, the log loss of a row is on average their entropy, whatever p is: the mean of
    loss minus entropy is then zero. Only probabilities can say how unsure they are; of numbers nothing is returned.
    """
    P = judged.P[inside]
    if P.shape[1] < 2:
        return None, ""
    held = judged.held.take(np.flatnonzero(inside))
    sure = np.clip(P, 1e-15, 1.0)
    excess = log_loss_rows(held.y, P) + (sure * np.log(sure)).sum(axis=1)
    mean = float(np.average(excess, weights=held.weight))
    parts = (np.ones(len(held)) if held.weight is None else held.weight / held.weight.mean()) * (excess - mean)
    pieces = np.bincount(np.unique(held.units, return_inverse=True)[1], weights=parts)
    many = len(pieces)
    half = quantile_t(max(1, many - 1)) * math.sqrt(float((pieces**2).sum()) * many / max(1, many - 1)) / len(held)
    if mean - half > 0:
        said = " It is surer of itself there than it may be: do not rely on its probabilities."
    else:
        said = " It says so itself: its probabilities are less sure there." if mean + half > -1e-9 else ""
    return [plain(mean - half), plain(mean + half)], said
