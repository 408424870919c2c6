"""Engineering: numbers made of two columns, and chosen for what they say of the signals beyond those columns.

Arithmetic, a number within its group, means over crosses of groups, and over numbers that are codes. Many are made on a
sample of the training rows; those that explain residuals of a quick model best go, together with the plain features,
into a second quick model, and what that one has use for is made on all training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from mlwright.columns import Coded, Columns, Floats
from mlwright.features.arithmetic import SIGNS
from mlwright.features.base import Training, floats
from mlwright.features.categories import CodesEncoder
from mlwright.features.crossing import Crossing, Made, Way
from mlwright.features.datetimes import CalendarEncoder
from mlwright.features.groups import Places
from mlwright.features.screen import Left, left, ranges, ranked, standard, worth
from mlwright.schema import Column

MOST_ROWS, MOST_CELLS = 8_000, 2_000_000
"""Rows of the sample, and rows x columns of it."""
FEWEST_ROWS = 200
MOST_COLUMNS = 2_000
NUMBERS, GROUPS, CODES, DATES = 16, 12, 8, 6
"""Columns that are crossed with one another: the most important ones to the quick model."""
JUDGES = 3
"""Signals that candidates are judged by; of more, differences between halves of them."""
FINALISTS, MOST_MADE = 80, 24
LEAST_EXPLAINED = 4.0
"""Rows' worth of the residuals' squares that a candidate explains more of than its sources: less is chance."""
LEAST_WORTH = 0.004
"""Share that a feature has in what all features, plain ones included, are worth to the second model."""
ALIKE = 0.95
"""Spearman's correlation from which on two columns say the same to a tree."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feature that could be made, its values on the sample, and what they explain beyond its sources."""

    way: Way
    values: Floats
    explains: float


def engineer(columns: Columns, described: Sequence[Column], training: Training, ways: Sequence[Way]) -> list[Made]:
    """Return what these ways make of the columns, with the training rows encoded."""
    rows = Crossing(columns, described, replace(training, signals=_judges(training.signals)))
    return [made for made in map(rows.make, ways) if made is not None]


def choose_ways(columns: Columns, described: Sequence[Column], training: Training) -> list[Way]:
    """Return the ways to make numbers of these columns that are worth taking, the best first."""
    if columns.rows < FEWEST_ROWS or not 0 < len(described) <= MOST_COLUMNS:
        return []
    training = replace(training, signals=_judges(training.signals))
    most = max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // len(described)))
    index = np.sort(np.random.default_rng(training.seed).permutation(columns.rows)[:most])
    sample = Crossing(columns.take(index), described, training.take(index))
    if next(_ways(sample, list(sample.kinds)), None) is None:
        return []
    X, coded, owners = _plain(sample, described)
    weight = np.ones(len(index)) if sample.training.weight is None else sample.training.weight
    signals = standard(sample.training.signals, weight)
    known = left(X, coded, signals, weight, training.seed)
    candidates = _different(_candidates(sample, known, owners), sample)
    if not candidates:
        return []
    both = np.hstack([X, np.stack([each.values for each in candidates], axis=1)])
    shares = worth(both, coded + [False] * len(candidates), signals, weight)[X.shape[1] :]
    best = np.argsort(-shares, kind="stable")[:MOST_MADE]
    return [candidates[place].way for place in best.tolist() if shares[place] >= LEAST_WORTH]


def _judges(signals: Floats) -> Floats:
    """Return at most three signals: of more, sums that count a signal for or against by the digits of its number."""
    count = signals.shape[1]
    if count <= JUDGES:
        return signals
    digits = np.arange(count)[:, None] >> np.arange(JUDGES)[None, :]
    return signals @ np.where(digits & 1, 1.0, -1.0)


def _plain(sample: Crossing, described: Sequence[Column]) -> tuple[Floats, list[bool], list[str]]:
    """Return the sample's columns as a booster takes them, which hold codes, and which raw column each comes from."""
    blocks: list[Floats] = []
    coded: list[bool] = []
    owners: list[str] = []
    for column in described:
        values = sample.columns[column.name]
        if isinstance(values, Coded):
            fitted = CodesEncoder.fit(column.name, values, sample.training, {}) if column.kind == "category" else None
            block = None if fitted is None else fitted[1]
        elif column.kind == "datetime":
            dated = CalendarEncoder.fit(column.name, values, sample.training, {})
            block = None if dated is None else dated[1]
        else:
            block = values.reshape(-1, 1)
        if block is not None:
            blocks.append(block)
            coded += [isinstance(values, Coded)] * block.shape[1]
            owners += [column.name] * block.shape[1]
    return np.hstack(blocks) if blocks else np.zeros((sample.columns.rows, 0)), coded, owners


def _candidates(sample: Crossing, known: Left, owners: Sequence[str]) -> Iterator[Candidate]:
    """Yield the candidates that explain something, made of the columns that the quick model has most use for."""
    importance: dict[str, float] = {}
    for owner, share in zip(owners, known.importance.tolist(), strict=True):
        importance[owner] = importance.get(owner, 0.0) + share
    alone: dict[str, float] = {}
    least = LEAST_EXPLAINED / len(known.half)
    for way in _ways(sample, sorted(importance, key=lambda name: -importance[name])):
        made = sample.make(way)
        if made is None:
            continue
        for source in way.sources:
            if source not in alone:
                alone[source] = max(0.0, known.explained(*_places(sample, source)))
        explains = known.explained(*ranges(made[1])) - max(alone[source] for source in way.sources)
        if explains > least:
            yield Candidate(way, made[1], explains)


def _places(sample: Crossing, source: str) -> tuple[Places, int]:
    """Return the group or range of every row by one raw column."""
    groups, values = sample.groups(source), sample.columns[source]
    return ranges(floats(values)) if groups is None else (groups.places(values), groups.size)


def _different(candidates: Iterator[Candidate], sample: Crossing) -> list[Candidate]:
    """Return the best candidates, none of which has about the same order as a better one or a column it is made of."""
    kept: list[Candidate] = []
    order: dict[str, Floats] = {}
    ranks = np.empty((FINALISTS, sample.columns.rows))
    for candidate in sorted(candidates, key=lambda each: -each.explains):
        own = ranked(candidate.values)
        for source in candidate.way.sources:
            if source not in order and sample.is_number(source):
                order[source] = ranked(floats(sample.columns[source]))
        alike = [abs(float(order[source] @ own)) for source in candidate.way.sources if source in order]
        if max([0.0, *alike, *np.abs(ranks[: len(kept)] @ own)]) <= ALIKE:
            ranks[len(kept)] = own
            kept.append(candidate)
            if len(kept) == FINALISTS:
                break
    return kept


def _ways(sample: Crossing, names: Sequence[str]) -> Iterator[Way]:
    """Yield every way to make a number of these columns, the first ones by preference."""

    def first(suits: Callable[[str], object], most: int) -> list[str]:
        chosen = set([name for name in names if suits(name)][:most])
        return [name for name in sample.kinds if name in chosen]

    numbers, groups = first(sample.is_number, NUMBERS), first(sample.groups, GROUPS)
    codes, dates = first(sample.is_code, CODES), first(lambda name: sample.kinds[name] == "datetime", DATES)
    signals = range(sample.training.signals.shape[1])
    for pair in combinations(numbers, 2):
        yield from (Way(sign, pair) for sign in SIGNS)
        if not all(map(sample.is_positive, pair)):  # else the ratio turned round is in the same order, from behind
            yield Way("/", pair[::-1])
    yield from (Way("-", pair) for pair in combinations(dates, 2))
    yield from (Way("within", pair) for pair in product(numbers, groups) if pair[0] != pair[1])
    yield from (Way("grid", pair, signal) for pair in combinations(groups, 2) for signal in signals)
    yield from (Way("code", (name,), signal) for name in codes for signal in signals)
