"""What is learned from: typed columns, the target, weights, and the matrices that recipes make of them fold by fold."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.mender import Mender
from mlwright.clean.repairs import Repairs
from mlwright.columns import Coded, Columns, Values
from mlwright.features.ordered import signs
from mlwright.features.recipe import Memo, Recipe
from mlwright.features.words import LONGEST
from mlwright.learn.base import Problem
from mlwright.learn.headroom import Headroom
from mlwright.learn.splits import Fold, Index, inner_split
from mlwright.schema import Column
from mlwright.tasks.base import Floats, Metric, RowTask, Target

if TYPE_CHECKING:
    from mlwright.learn.doubt import Doubter

TEXT_COST = 0.3
"""Columns of numbers that one letter of a text column costs as much as: measured on prose of 500 letters."""
MENDED, DOUBTED = ("", "repairs", ""), ("", "trust", "")
"""Where in a memo the repairs stand, and how far the targets are trusted."""
MATRIX_BYTES = 2_000_000_000
"""Matrices of the folds are kept for the next trial up to this many bytes in all."""


class Balancer(Protocol):
    """Makes weights for the rows that teach, so that what is learned leans less on something it should not."""

    def weights(self, material: Material) -> Floats:
        """Return (n,) factors to the rows' own weights, about 1 on average."""


@dataclass(frozen=True, slots=True)
class Material:
    """The rows one may learn from, and what is asked of them."""

    columns: Columns
    features: tuple[Column, ...]
    target: Target
    task: RowTask
    metric: Metric
    weight: Floats | None = None
    places: Index | None = None
    """Where in the table the rows stand."""
    mender: Mender | None = None
    """What fits repairs on rows of the table; None where nothing is mended."""
    doubter: Doubter | None = None
    """What tells how far each row's target is to be trusted; None where all are."""
    balancer: Balancer | None = None
    """What makes rows teach with other weights than they judge with; None where they do not."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.target.y)

    @property
    def width(self) -> int:
        """The columns, each text one counted as so many as take the same time to learn from."""
        return round(sum(_cost(self.columns[column.name], column) for column in self.features))

    def take(self, index: Index) -> Material:
        """Return the rows at these positions."""
        return Material(
            self.columns.take(index),
            self.features,
            self.target.take(index),
            self.task,
            self.metric,
            None if self.weight is None else self.weight[index],
            None if self.places is None else self.places[index],
            self.mender,
            self.doubter,
            self.balancer,
        )

    def fit_recipe(self, variant: str, seed: int, memo: Memo | None = None) -> tuple[Recipe, Floats]:
        """Fit a recipe on all these rows, repairs and all; return it with the matrix to learn from."""
        return Recipe.fit(
            self.columns,
            self.features,
            self.task.signals(self.target),
            variant=variant,
            seed=seed,
            weight=self.weight,
            memo=memo,
            repairs=self.fit_repairs(memo),
        )

    def fit_repairs(self, memo: Memo | None = None) -> Repairs:
        """Fit what mends rows like these, on all these rows; what a memo of the same rows holds is not fitted again."""
        if self.mender is None or self.places is None:
            return Repairs()
        if memo is None:
            return self.mender.fit(self.places)
        if MENDED not in memo:
            memo[MENDED] = self.mender.fit(self.places)
        fitted: Repairs = memo[MENDED]
        return fitted

    def trusted(self, memo: Memo | None = None) -> Floats | None:
        """Return the weights with which the rows teach: less where their target is doubtful, other where balanced."""
        weight = self.weight
        if self.balancer is not None:
            factors = self.balancer.weights(self)
            weight = factors if weight is None else weight * factors
        if self.doubter is None:
            return weight
        if memo is None or DOUBTED not in memo:
            trust = self.doubter.trust(self)
            if memo is None:
                return trust if weight is None else trust * weight
            memo[DOUBTED] = trust
        kept: Floats = memo[DOUBTED]
        return kept if weight is None else kept * weight

    def problem(
        self, X: Floats, recipe: Recipe, center: float, scale: float, *, weight: Floats | None = None
    ) -> Problem:
        """Return X with the (standardised) target, as learners take it; `weight` in place of the rows' own."""
        return Problem(
            X=X,
            y=(self.target.y - center) / scale,
            objective=self.task.objective,
            classes=len(self.target.classes),
            weight=self.weight if weight is None else weight,
            categorical=tuple(feature.categorical for feature in recipe.features),
            signs=signs(recipe.features, self.features),
        )


def _cost(values: Values, column: Column) -> float:
    """Return what a column costs beside a number: text is taken apart in Python, letter by letter."""
    if column.kind != "text" or not isinstance(values, Coded) or not values.values:
        return 1.0
    sample = values.values[:: max(1, len(values.values) // 1_000)]
    return 1.0 + TEXT_COST * sum(min(len(text), LONGEST) for text in sample) / len(sample)


def standard(target: Target, weight: Floats | None = None) -> tuple[float, float]:
    """Return (center, scale) that bring numbers to mean 0 and deviation 1; class positions stay as they are."""
    if target.classes:
        return 0.0, 1.0
    center = float(np.average(target.y, weights=weight))
    scale = float(np.sqrt(np.average((target.y - center) ** 2, weights=weight)))
    return center, scale if scale > 0 and np.isfinite(scale) else 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """One fold under one recipe variant: what teaches, what is scored, and how numbers were standardised."""

    recipe: Recipe
    train: Problem
    valid: Problem
    center: float
    scale: float
    inner: Fold
    """A split of the rows that teach, for choosing rounds and penalties where the scored rows must have no say."""


class Folds:
    """The folds of a search, prepared once per variant and kept while memory allows. Safe to ask from many threads."""

    def __init__(
        self, material: Material, folds: Sequence[Fold], seed: int, *, repeats: int = 1, judging: bool = False
    ) -> None:
        self.material = material
        self.folds = folds
        self.judging = judging
        """Whether the scored rows are what judges: then nothing may be chosen on them, not even rounds."""
        self.repeats = repeats
        """How often the folds go through the rows; the folds of one repeat follow one another."""
        self.seed = seed
        self.headroom = Headroom()
        self._kept: dict[tuple[int, str], Prepared] = {}
        self._memos: list[Memo] = [{} for _ in folds]
        self._locks = [threading.Lock() for _ in folds]
        self._door = threading.Lock()
        self._bytes = self._largest = 0
        self._seconds: dict[str, list[float]] = {}

    def seconds(self, variant: str) -> float:
        """Return the average seconds that fitting a variant's recipe on a fold took; 0 where nobody has."""
        known = self._seconds.get(variant, [])
        return sum(known) / len(known) if known else 0.0

    @property
    def matrix_bytes(self) -> int:
        """Return what the matrices of one fold take, judged by those that were made; by the columns before."""
        return max(self._largest, 8 * self.material.rows * max(1, len(self.material.features)))

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which rows are in some fold's scored part."""
        inside = np.zeros(self.material.rows, dtype=bool)
        for _, valid in self.folds:
            inside[valid] = True
        return inside

    def prepare(self, fold: int, variant: str) -> Prepared:
        """Return a fold's matrices, fitting the recipe on the rows that teach where nobody has yet."""
        key = (fold, variant)
        with self._locks[fold]:
            if key in self._kept:
                return self._kept[key]
            start = time.perf_counter()
            made = self._make(fold, variant)
            self._seconds.setdefault(variant, []).append(time.perf_counter() - start)
            size = made.train.X.nbytes + made.valid.X.nbytes
            self._largest = max(self._largest, size)
            with self._door:
                if self._bytes + size <= MATRIX_BYTES and self.headroom.fits(2 * size):
                    self._bytes += size
                    self._kept[key] = made
            return made

    def _make(self, fold: int, variant: str) -> Prepared:
        teach, judge = self.folds[fold]
        train, valid = self.material.take(teach), self.material.take(judge)
        recipe, X = train.fit_recipe(variant, self.seed, self._memos[fold])
        center, scale = standard(train.target, train.weight)
        return Prepared(
            recipe=recipe,
            train=train.problem(X, recipe, center, scale, weight=train.trusted(self._memos[fold])),
            valid=valid.problem(recipe.transform(valid.columns), recipe, center, scale),
            center=center,
            scale=scale,
            inner=inner_split(self.material.task.strata(train.target), self.seed + fold),
        )
