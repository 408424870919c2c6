"""The Ensemble: several learned predictors over their Recipes, averaged with weights.

Weights come from greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble Selection from
Libraries of Models", ICML 2004). Predicting needs NumPy alone; large batches go through a booster's own library where
it is installed and its files may be trusted (docs/decisions/0001-native-files.md).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import InputError
from mlwright.features.recipe import Recipe
from mlwright.learn.base import Configuration, Fitted, Floats, Predictor

NATIVE_ROWS = 256
"""Batches of more rows than this may go through the booster's own library."""

PACKED = ".gz"
MAX_NATIVE = 1 << 30

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

    `native` holds the library's own files by name, gzipped where that ends in ".gz"; `trusted` tells that this process
    wrote them or the user vouched for them, so that the library may parse them. `predictor` says the same with NumPy
    alone.
    """

    learner: str
    label: str
    configuration: Configuration
    variant: str
    weight: float
    predictor: Predictor
    native: dict[str, bytes] = field(default_factory=dict, repr=False)
    trusted: bool = True


@dataclass(frozen=True)
class Ensemble:
    """Predictors over Recipes, averaged: probabilities (n, classes), or numbers (n, 1) in the target's unit.

    Without classes (0), members predict standardised numbers: the answer is center + scale * their weighted mean.
    """

    recipes: dict[str, Recipe]
    members: tuple[Member, ...]
    classes: int
    center: float = 0.0
    scale: float = 1.0

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The raw columns that predicting reads, in order and once each."""
        return tuple(dict.fromkeys(name for recipe, _ in self._plan for name in recipe.sources))

    @cached_property
    def _plan(self) -> tuple[tuple[Recipe, tuple[Member, ...]], ...]:
        """Each Recipe with the members that read it, so that it is applied once; members of weight 0 say nothing."""
        heard = [member for member in self.members if member.weight > 0]
        return tuple(
            (self.recipes[variant], tuple(member for member in heard if member.variant == variant))
            for variant in dict.fromkeys(member.variant for member in heard)
        )

    @cached_property
    def _loaded(self) -> dict[int, Fitted | None]:
        """The members as their own libraries know them, by identity; None where NumPy has to do."""
        return {}

    def predict(self, columns: Columns, *, native: bool = True) -> Floats:
        """Return (n, k) for typed columns. `native=False` keeps to NumPy whatever the number of rows."""
        if columns.rows == 0:
            return np.empty((0, max(self.classes, 1)))
        by_library = native and columns.rows > NATIVE_ROWS
        return self._average(lambda recipe: recipe.transform(columns), by_library=by_library)

    def predict_row(self, values: Values) -> Floats:
        """Return (k,) for the typed values of one row, without building a frame."""
        row: Floats = self._average(lambda recipe: recipe.transform_row(values)[None, :])[0]
        return row

    def predict_rows(self, rows: Sequence[Values]) -> Floats:
        """Return (n, k) for the typed values of a few rows, without building a frame."""
        if not rows:
            return np.empty((0, max(self.classes, 1)))
        return self._average(lambda recipe: np.stack([recipe.transform_row(values) for values in rows]))

    def _average(self, transform: Callable[[Recipe], Floats], *, by_library: bool = False) -> Floats:
        total: Floats | float = 0.0
        for recipe, members in self._plan:
            X = transform(recipe)
            for member in members:
                model = (self._native(member) if by_library else None) or member.predictor
                total = total + member.weight * model.predict(X)
        return self._finish(np.asarray(total, dtype=np.float64))

    def _finish(self, total: Floats) -> Floats:
        """Turn the weighted mean into the answer; weights and probabilities sum to 1 but for rounding."""
        if self.classes:
            shares: Floats = total / total.sum(axis=1, keepdims=True)
            return shares
        return self.center + self.scale * total

    def _native(self, member: Member) -> Fitted | None:
        """Return the member as its own library knows it, loaded at the first call; None where that cannot be."""
        if not (member.native and member.trusted):
            return None
        if id(member) not in self._loaded:
            self._loaded[id(member)] = _load_native(member)
        return self._loaded[id(member)]


def _load_native(member: Member) -> Fitted | None:
    from mlwright.learn.learners import LEARNERS

    learner = LEARNERS.get(member.learner)
    if learner is None or not learner.native_batches:
        return None
    try:
        files = dict(_unpacked(name, data) for name, data in member.native.items())
        return learner.load(files)
    except (
        ImportError,
        InputError,
        zlib.error,
    ):  # the library is not installed, or too old for the file: NumPy answers the same
        return None


def _unpacked(name: str, data: bytes) -> tuple[str, bytes]:
    """Return a native file's own name and bytes."""
    if not name.endswith(PACKED):
        return name, data
    return name.removesuffix(PACKED), zlib.decompressobj(31).decompress(data, MAX_NATIVE)


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
