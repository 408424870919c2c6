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

LEVEL = 0.05
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
class _Slice:
    conditions: tuple[Condition, ...]
    rows: Flags
    strength: float


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

    The test is one of ranks (whether a row of the slice has a larger loss than another row), so that a few huge losses
    decide nothing; rows of one group are one piece of evidence.

    """
    if len(held) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(seed).permutation(len(held))[:MOST_ROWS]).astype(np.intp)
        columns, held, P = columns.take(kept), held.take(kept), P[kept]
    judged = _judged(held, P, metric)
    units = held.units
    first = np.random.default_rng(seed).permutation(int(units.max(initial=-1)) + 1) % 2 == 0
    finding = first[units]
    if min(finding.sum(), (~finding).sum()) < 4 * FEWEST_ROWS:
        return []
    found = _found(_conditions(columns, described, finding), judged.losses, finding, stop)
    chances = [_test(each.rows, judged.losses, units, ~finding) for each in found]
    sure = zip(found, chances, _holm(chances), strict=True)
    told = [_told(each, chance, judged, ~finding) for each, chance, kept in sure if kept]
    return sorted((each for each in told if each["difference"] > 0), key=lambda each: -each["difference"])


@dataclass(frozen=True)
class _Judged:
    """The rows, a loss for each, what it is called, and the score of some of them that people read."""

    held: HeldOut
    P: Floats
    losses: Floats
    name: str
    metric: Metric | None

    @property
    def weight(self) -> Floats:
        return np.ones(len(self.held)) if self.held.weight is None else self.held.weight

    def score(self, rows: Flags) -> float:
        if self.metric is None:
            return float(np.average(self.losses[rows], weights=self.weight[rows]))
        return self.metric.score(self.held.y[rows], self.P[rows], self.weight[rows])


def _judged(held: HeldOut, P: Floats, metric: Metric) -> _Judged:
    if metric.losses is not None and not metric.percent:
        return _Judged(held, P, metric.losses(held.y, P), metric.label or metric.name, metric)
    if P.shape[1] == 1:
        return _Judged(held, P, np.abs(P[:, 0] - held.y), "absolute error", None)
    return _Judged(held, P, log_loss_rows(held.y, P), "log loss", None)


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


def _found(conditions: Sequence[Condition], losses: Floats, finding: Flags, stop: Stop = never) -> list[_Slice]:
    """Return the strongest slices of the half that finds, none of them nearly another one, by a beam search."""
    ranks = rankdata(losses[finding]) / finding.sum()
    spread = float(ranks.std())
    if not spread > 0:
        return []

    def strength(rows: Flags) -> float:
        inside = rows[finding]
        many, rest = int(inside.sum()), int((~inside).sum())
        if not rest:
            return -math.inf
        apart = float(ranks[inside].mean() - ranks[~inside].mean())
        return apart / spread * math.sqrt(many * rest / (many + rest))

    level = [_Slice((each,), each.rows, strength(each.rows)) for each in conditions]
    every = list(level)
    for _ in range(MOST_CONDITIONS - 1):
        longer: dict[frozenset[str], _Slice] = {}
        for short in sorted(level, key=lambda each: -each.strength)[:BEAM]:
            if stop():
                break
            for each in _longer(short, conditions, finding, strength):
                longer.setdefault(frozenset(own.text for own in each.conditions), each)
        level = list(longer.values())
        every += level
    return _unlike(sorted(every, key=lambda each: -each.strength))


def _longer(
    short: _Slice, conditions: Sequence[Condition], finding: Flags, strength: Callable[[Flags], float]
) -> Iterator[_Slice]:
    """Yield the slice with one more condition, where that tells it better from the rest."""
    own = {each.column for each in short.conditions}
    for each in conditions:
        rows = short.rows & each.rows
        if each.column not in own and _large(rows, finding) and (value := strength(rows)) > BETTER * short.strength:
            yield _Slice((*short.conditions, each), rows, value)


def _unlike(slices: Sequence[_Slice]) -> list[_Slice]:
    kept: list[_Slice] = []
    for each in slices:
        if each.strength <= 0 or len(kept) == TESTED:
            break
        if all((each.rows & own.rows).sum() < ALIKE * min(each.rows.sum(), own.rows.sum()) for own in kept):
            kept.append(each)
    return kept


def _test(rows: Flags, losses: Floats, units: NDArray[np.intp], testing: Flags) -> float:
    """Return the probability of so much larger ranks of losses in the slice, where it is like the rest."""
    ranks = rankdata(losses[testing])
    value, error, pieces = _apart(ranks, rows[testing], np.ones(int(testing.sum())), units[testing])
    if not error > 0:
        return 1.0
    return float(student.sf(value / error, max(1, pieces - 1)))


def _apart(numbers: Floats, inside: Flags, weight: Floats, units: NDArray[np.intp]) -> tuple[float, float, int]:
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


def _told(found: _Slice, chance: float, judged: _Judged, testing: Flags) -> dict[str, Any]:
    """Return a slice as JSON: its scores are of the rows that tested it alone."""
    inside, outside = testing & found.rows, testing & ~found.rows
    units = judged.held.units[testing]
    difference, error, pieces = _apart(judged.losses[testing], found.rows[testing], judged.weight[testing], units)
    half = quantile_t(max(1, pieces - 1)) * error
    value, rest = judged.score(inside), judged.score(outside)
    where = " and ".join(each.text for each in found.conditions)
    many = int(found.rows.sum())
    return {
        "conditions": [{"column": each.column, "text": each.text} for each in found.conditions],
        "rows": many,
        "metric": judged.name,
        "value": plain(value),
        "rest": plain(rest),
        "difference": plain(difference) or 0.0,
        "interval": [plain(difference - half), plain(difference + half)],
        "p": plain(chance),
        "sentence": f"Where {where} ({wording.count(many, 'row')}), the model errs more: {judged.name} "
        f"{wording.number(value)} instead of {wording.number(rest)} elsewhere.",
    }
