"""The Ensemble: several learned predictors over their Recipes, averaged with weights.

Weights come from greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble Selection from
Libraries of Models", ICML 2004). Predicting needs NumPy alone; forests go the fast path where there is one
(docs/decisions/0005-the-fast-path.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.columns import Values as ColumnValues
from mlwright.features.recipe import Recipe
from mlwright.features.together import Together
from mlwright.learn.base import Configuration, Floats, Predictor
from mlwright.learn.calibration import Calibration
from mlwright.learn.cores import side_by_side
from mlwright.learn.forests import Forests
from mlwright.learn.network import NetworkPredictor
from mlwright.learn.sandbox import Forest

PACKED = ".gz"

BLOCK_BYTES = 1 << 22
BLOCK_ROWS = 512, 2048
"""A large batch is answered in blocks of rows, of these many bytes where that is between so few rows and so many. They
are the model's own, and the same however many threads work on them: so are the answers, to the last bit.
"""

SEARCH_ROWS = 50_000
"""Weights are chosen on at most this many rows, taken evenly over the sorted target."""

SCREEN_ROWS = 8_000
"""Candidates of a round are ranked on this many rows; the best few are then compared on all."""

CONFIRMED = 3
RARE = 100
SMALLEST_WEIGHT = 0.015
GAIN = 1e-6

Values = Mapping[str, float | str | None]
Loss = Callable[[Floats, Floats], float]


@dataclass(frozen=True, slots=True)
class Member:
    """One learned predictor, the Recipe variant it reads, and its weight in the average.

    `native` holds the library's own files by name, gzipped where that ends in ".gz": other programs read them, and
    nothing here does. `predictor` says the same with NumPy alone, and is what answers.
    """

    learner: str
    label: str
    configuration: Configuration
    variant: str
    weight: float
    predictor: Predictor
    native: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Ensemble:
    """Predictors over Recipes, averaged: probabilities (n, classes), or numbers (n, 1) in the target's unit.

    Without classes (0), members predict standardised numbers: the answer is center + scale * their weighted mean, and
    never below the floor where there is one. Probabilities go through the calibration where there is one.
    """

    recipes: dict[str, Recipe]
    members: tuple[Member, ...]
    classes: int
    center: float = 0.0
    scale: float = 1.0
    floor: float | None = None
    calibration: Calibration | None = None

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The raw columns that predicting reads, in order and once each."""
        return tuple(dict.fromkeys(name for recipe, _ in self.plan for name in recipe.sources))

    @cached_property
    def plan(self) -> tuple[tuple[Recipe, tuple[Member, ...]], ...]:
        """Each Recipe with the members that read it, so that it is applied once; members of weight 0 say nothing."""
        heard = [member for member in self.members if member.weight > 0]
        return tuple(
            (self.recipes[variant], tuple(member for member in heard if member.variant == variant))
            for variant in dict.fromkeys(member.variant for member in heard)
        )

    @cached_property
    def together(self) -> Together:
        """The Recipes of the plan, applied to the same rows."""
        return Together([recipe for recipe, _ in self.plan])

    @cached_property
    def _block_rows(self) -> int:
        """How many rows are answered together: the numbers that their Recipes make of them stay in the caches.

        Networks multiply so many rows at a time, and blocks are whole multiples of that: their last bit depends on it.
        """
        width = sum(len(recipe.features) for recipe, _ in self.plan)
        rows = int(np.clip(BLOCK_BYTES // max(8 * width, 1), *BLOCK_ROWS))
        step = math.lcm(*(each.step for _, _, each in self._others if isinstance(each, NetworkPredictor)))
        return max(rows // step, 1) * step

    @cached_property
    def _heard(self) -> list[tuple[int, float, Predictor]]:
        """Which block of numbers each member reads, by the place of its Recipe in the plan, its weight, and itself."""
        return [(block, each.weight, each.predictor) for block, (_, heard) in enumerate(self.plan) for each in heard]

    @cached_property
    def forests(self) -> Forests:
        """The members that are forests, answered together."""
        return Forests([(block, weight, each) for block, weight, each in self._heard if isinstance(each, Forest)])

    @cached_property
    def _others(self) -> list[tuple[int, float, Predictor]]:
        return [heard for heard in self._heard if not isinstance(heard[2], Forest)]

    def predict(self, columns: Columns, *, numpy_only: bool = False) -> Floats:
        """Return (n, k) for typed columns. `numpy_only` stays out of the sandbox: the same bits, the slow way."""
        step, rows = self._block_rows, columns.rows
        if 0 < rows <= step:
            return self.average(self.together.transform(columns), numpy_only=numpy_only)
        answer = np.empty((rows, max(self.classes, 1)))
        if not rows:
            return answer
        known = {name: columns[name] for name in self.sources if name in columns}
        read = self.together.mend(Columns(known, rows))

        def work(start: int) -> None:
            end = min(start + step, rows)
            blocks = self.together.encode(_between(read, start, end))
            answer[start:end] = self.average(blocks, numpy_only=numpy_only)

        starts = range(0, rows, step)
        # The first block of all finds out which path is faster, for all the others.
        alone = 0 if self.forests.tried else 1
        for start in starts[:alone]:
            work(start)
        side_by_side(work, starts[alone:])
        return answer

    def predict_rows(self, rows: Sequence[Values]) -> Floats:
        """Return (n, k) for the typed values of a few rows, without building a frame."""
        if len(rows) == 1:
            return self.average(self.together.transform_row(rows[0]))
        if not rows:
            return np.empty((0, max(self.classes, 1)))
        made = [self.together.transform_row(row) for row in rows]
        return self.average([np.concatenate(blocks) for blocks in zip(*made, strict=True)])

    def average(self, blocks: Sequence[Floats], *, numpy_only: bool = False) -> Floats:
        """Return what the members say on average; each reads one of the blocks of numbers."""
        total = self.forests.total(blocks, numpy_only=numpy_only)
        for block, weight, predictor in self._others:
            total = total + weight * predictor.predict(blocks[block])
        return self.finish(np.asarray(total, dtype=np.float64))

    def finish(self, total: Floats) -> Floats:
        """Turn the weighted mean into the answer; weights and probabilities sum to 1 but for rounding."""
        if self.classes:
            shares: Floats = total / np.add.reduce(total, axis=1, keepdims=True)  # what sum does, with less ado
            return shares if self.calibration is None else self.calibration.apply(shares)
        numbers = self.center + self.scale * total
        return numbers if self.floor is None else np.maximum(numbers, self.floor)


def _between(columns: Columns, start: int, end: int) -> Columns:
    """Return the rows from one place to another, sharing memory."""
    part: dict[str, ColumnValues] = {
        name: Coded(values.codes[start:end], values.values, values.notes)
        if isinstance(values, Coded)
        else values[start:end]
        for name, values in columns.items()
    }
    return Columns(part, end - start)


def greedy_weights(
    y: Floats, predictions: Sequence[Floats], loss: Loss, *, rounds: int = 50, patience: int = 8
) -> NDArray[np.float64]:
    """Return (m,) weights that sum to 1: models are added one by one, with replacement, where they lower the loss most.

    Starts from the best single model; a tie goes to the earlier one. Ends after `rounds`, or after `patience` rounds
    without a gain beyond one part in a million, and goes back to the best so far. Members below 1.5 % are dropped.

    >>> y = np.array([0.0, 1.0, 2.0, 3.0])
    >>> off = np.array([0.5, -0.5, 0.5, -0.5])
    >>> ps = [(y + off)[:, None], (y - off)[:, None], (y + 9.0)[:, None]]
    >>> greedy_weights(y, ps, lambda y, P: float(np.mean((P[:, 0] - y) ** 2)))
    array([0.5, 0.5, 0. ])
    """
    models = len(predictions)
    if models <= 1:
        return np.ones(models)
    best_counts = np.zeros(models)
    search = _Search(y, predictions, loss)
    chosen = search.first()
    counts = np.zeros(models)
    best, stale = np.inf, 0
    for _ in range(rounds):
        counts[chosen] += 1
        value = search.add(chosen)
        if best_counts.sum() == 0 or value < best - GAIN * abs(best):
            best, stale, best_counts = value, 0, counts.copy()
        else:
            stale += 1
        if stale >= patience:
            break
        chosen = search.next()
    weights = best_counts / best_counts.sum()
    weights[weights < SMALLEST_WEIGHT] = 0.0
    shares: Floats = weights / weights.sum()
    return shares


class _Search:
    """The running sum of what was chosen, on the rows that decide and on fewer that only rank the candidates."""

    def __init__(self, y: Floats, predictions: Sequence[Floats], loss: Loss) -> None:
        self.loss = loss
        rows = _rows(y, SEARCH_ROWS)
        self.y, self.all = _take(y, predictions, rows)
        self.screen_y, self.screen = _take(self.y, self.all, _rows(self.y, SCREEN_ROWS, bend=True))
        self.total = np.zeros_like(self.all[0])
        self.screen_total = np.zeros_like(self.screen[0])
        self.size = 0
        self.known: tuple[int, float] | None = None

    def first(self) -> int:
        """Return the best single model."""
        values = [_finite(self.loss(self.y, P)) for P in self.all]
        return int(np.argmin(values))

    def add(self, model: int) -> float:
        """Add a model to the average and return the loss of the average."""
        self.total += self.all[model]
        self.screen_total += self.screen[model]
        self.size += 1
        if self.known is not None and self.known[0] == model:
            return self.known[1]
        return _finite(self.loss(self.y, self.total / self.size))

    def next(self) -> int:
        """Return the model whose addition lowers the loss most."""
        ranked = self._order(self.screen_y, self.screen, self.screen_total, range(len(self.all)))
        if self.screen is self.all:
            self.known = ranked[0]
            return ranked[0][0]
        few = sorted(model for model, _ in ranked[:CONFIRMED])
        self.known = self._order(self.y, self.all, self.total, few)[0]
        return self.known[0]

    def _order(
        self, y: Floats, parts: Sequence[Floats], total: Floats, models: Sequence[int] | range
    ) -> list[tuple[int, float]]:
        """Return the models with the loss after adding each, best first, ties in order."""
        mixed = np.empty_like(total)
        values = []
        for model in models:
            np.add(total, parts[model], out=mixed)
            mixed /= self.size + 1
            values.append((model, _finite(self.loss(y, mixed))))
        return sorted(values, key=lambda pair: pair[1])


def _rows(y: Floats, limit: int, *, bend: bool = False) -> NDArray[np.intp] | None:
    """Return rows spread evenly over the sorted target; None for all of them.

    All are needed where a class would become too rare to be judged, unless the sample may `bend`: keep more of it.
    """
    if len(y) <= limit:
        return None
    rows = np.argsort(y, kind="stable")[np.linspace(0, len(y) - 1, limit).astype(np.intp)]
    values, counts = np.unique(y, return_counts=True)
    share = limit / len(y)
    rare = values[counts * share < RARE] if len(values) < limit // (2 * RARE) else values[:0]
    if not len(rare):
        return np.sort(rows)
    if not bend:
        return None
    kept = [np.flatnonzero(y == value)[:RARE] for value in rare]
    return np.unique(np.concatenate([rows, *kept]))


def _take(y: Floats, predictions: Sequence[Floats], rows: NDArray[np.intp] | None) -> tuple[Floats, Sequence[Floats]]:
    if rows is None:
        return y, predictions
    return y[rows], [P[rows] for P in predictions]


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else np.inf
