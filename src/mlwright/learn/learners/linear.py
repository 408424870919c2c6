"""Linear models with a penalty on large weights (L2), its size chosen on the validation rows.

Hoerl and Kennard, "Ridge regression", Technometrics 12, 1970; le Cessie and van Houwelingen, "Ridge estimators in
logistic regression", Applied Statistics 41, 1992.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem, Stop
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import Packed, constant, hopeless, judging, mean_loss, teaching
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.links import LINKS, NATURAL

Line = tuple[Floats, Floats]
"""Weights (features, k) and intercepts (k,)."""

_PATH = (3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01)
_USUAL = 3.0
_CELLS = 4_000_000
"""Rows beyond so many numbers would cost seconds and move the weights by less than their noise."""
_FEWEST_ROWS = 2000
_STEPS = 100
"""What has not quite converged by then is judged on the validation rows like all others."""
_NEVER = -1000.0
"""Intercept of a class without rows."""


class Linear:
    """Learns logistic or ridge regression."""

    name: ClassVar[str] = "linear"
    label: ClassVar[str] = "regularised linear"
    objectives: ClassVar[frozenset[str]] = frozenset(NATURAL)
    variant: ClassVar[str] = "onehot"
    package: ClassVar[str | None] = "scipy"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = dict.fromkeys(
        NATURAL, table("penalty", (None,))
    )
    max_cells: ClassVar[int | None] = None
    keeps_order: ClassVar[bool] = True
    readable: ClassVar[bool] = True

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn along a path of penalties and keep the best on `valid`; without it, use the configuration's penalty."""
        require(self)
        rows, judge = _few(teaching(problem), effort.seed), judging(valid)
        if hopeless(rows):
            return constant(rows, configuration)
        scale = _Scale.of(rows.X)
        given = configuration.get("penalty")
        path = _PATH if judge is not None and given is None else (given or _USUAL,)
        stop = _Latch(effort.stop)
        lines = _METHODS[rows.objective](replace(rows, X=scale.apply(rows.X)), path, stop)
        best, chosen, complete, worse = None, path[0], True, 0
        least = np.inf
        for place, (penalty, line) in enumerate(zip(path, lines, strict=False)):
            predictor = scale.predictor(NATURAL[rows.objective], line)
            loss = 0.0 if judge is None else mean_loss(judge, predictor.predict(judge.X))
            if best is None or loss < least:
                best, chosen, least, worse = predictor, penalty, loss, 0
            else:
                worse += 1
            if place + 1 < len(path) and stop():
                complete = False
                break
            if worse >= 2:
                break
        if best is None:
            return constant(rows, configuration)
        return Packed(best, {**configuration, "penalty": chosen}, rounds=1, complete=complete)


@dataclass(slots=True)
class _Latch:
    """Asks until it is told to stop, and then no more: the steps of one penalty and the path of them ask in turn."""

    ask: Stop
    told: bool = False

    def __call__(self) -> bool:
        """Return True when the fit has to end."""
        self.told = self.told or self.ask()
        return self.told


@dataclass(frozen=True, slots=True)
class _Scale:
    """How the columns are brought to mean 0 and standard deviation 1, and how far beyond their range they count."""

    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, X: Floats) -> _Scale:
        known = np.isfinite(X)
        count = np.maximum(known.sum(axis=0), 1)
        kept = np.where(known, X, 0.0)
        mean = kept.sum(axis=0) / count
        deviation = np.sqrt((np.where(known, X - mean, 0.0) ** 2).sum(axis=0) / count) if len(X) else mean
        low = np.where(known, X, np.inf).min(axis=0)
        high = np.where(known, X, -np.inf).max(axis=0)
        low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        flat = deviation <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
        return cls(mean, np.where(flat, np.inf, deviation), low - (high - low), high + (high - low))

    def apply(self, X: Floats) -> Floats:
        """Return the columns centred and scaled; what is missing is at the mean."""
        known = np.clip(np.where(np.isnan(X), self.mean, X), self.low, self.high)
        scaled: Floats = (known - self.mean) / self.deviation
        return scaled

    def predictor(self, link: str, line: Line) -> LinearPredictor:
        """Return the predictor that reads unscaled columns."""
        weight = line[0] / self.deviation[:, None]
        arrays = {"weight": weight, "intercept": line[1] - self.mean @ weight}
        return LinearPredictor(link, {**arrays, "fill": self.mean, "low": self.low, "high": self.high})


def _few(rows: Problem, seed: int) -> Problem:
    """Return at most so many rows as are worth their time, drawn by the seed."""
    most = max(_FEWEST_ROWS, _CELLS // rows.X.shape[1])
    if len(rows.y) <= most:
        return rows
    kept = np.sort(np.random.default_rng(seed).choice(len(rows.y), most, replace=False))
    weight = None if rows.weight is None else rows.weight[kept]
    return replace(rows, X=rows.X[kept], y=rows.y[kept], weight=weight)


def _logistic(rows: Problem, path: Sequence[float], stop: Stop) -> Iterator[Line]:
    """Yield logistic regression's line at each penalty, each started from the one before (by L-BFGS)."""
    from scipy.optimize import minimize

    sigmoid = NATURAL[rows.objective] == "sigmoid"
    present = np.unique(rows.y).astype(np.intp)
    truth = (rows.y[:, None] == (present[1:] if sigmoid else present)).astype(np.float64)
    width, link = truth.shape[1], LINKS[NATURAL[rows.objective]]
    share = (np.ones(len(truth)) if rows.weight is None else rows.weight)[:, None] / len(truth)

    def loss(flat: Floats, penalty: float) -> tuple[float, Floats]:
        weight, intercept = flat[width:].reshape(-1, width), flat[:width]
        P = link(rows.X @ weight + intercept)[:, -width:]
        own = P * truth + ((1 - P) * (1 - truth) if sigmoid else 0.0)
        error = (P - truth) * share
        pull = penalty / len(truth) * weight
        value = -(np.log(np.maximum(own.sum(axis=1), 1e-300)) @ share[:, 0]) + (pull * weight).sum() / 2
        return float(value), np.concatenate([error.sum(axis=0), (rows.X.T @ error + pull).ravel()])

    def heed(xk: Floats) -> None:  # noqa: ARG001  SciPy looks at the name
        if stop():
            raise StopIteration

    start = np.zeros(width * (rows.X.shape[1] + 1))
    bounds = [(None, None)] * width + _bounds(rows) if any(rows.signs) else None
    for penalty in path:
        options: Any = {"maxiter": _STEPS, "ftol": 1e-9, "gtol": 1e-6}
        step = partial(loss, penalty=penalty)
        start = minimize(step, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options, callback=heed).x
        yield _all_classes(start[width:].reshape(-1, width), start[:width], present, rows)


def _all_classes(weight: Floats, intercept: Floats, present: NDArray[np.intp], rows: Problem) -> Line:
    """Give classes without rows a column that is never likely."""
    if NATURAL[rows.objective] == "sigmoid":
        return weight, intercept
    wide, base = np.zeros((len(weight), rows.classes)), np.full(rows.classes, _NEVER)
    wide[:, present], base[present] = weight, intercept
    return wide, base


def _ridge(rows: Problem, path: Sequence[float], stop: Stop) -> Iterator[Line]:  # noqa: ARG001  it is quick
    """Yield ridge regression's line at each penalty, all from one decomposition of the smaller Gram matrix."""
    weight = np.ones(len(rows.y)) if rows.weight is None else rows.weight
    centre, mean = np.average(rows.X, axis=0, weights=weight), np.average(rows.y, weights=weight)
    root = np.sqrt(weight)[:, None]
    X, y = (rows.X - centre) * root, (rows.y - mean) * root[:, 0]
    if any(rows.signs):
        yield from _bounded_ridge(X, y, (centre, mean), rows, path)
        return
    wide = X.shape[1] > X.shape[0]
    values, vectors = np.linalg.eigh(X @ X.T if wide else X.T @ X)
    projected = vectors.T @ (y if wide else X.T @ y)
    for penalty in path:
        solved = vectors @ (projected / (np.maximum(values, 0.0) + penalty))
        line = X.T @ solved if wide else solved
        yield line[:, None], np.array([mean - centre @ line])


def _bounds(rows: Problem) -> list[tuple[float | None, float | None]]:
    """Return the least and the largest weight of each column: where only rising is allowed, none is below 0."""
    limits: dict[int, tuple[float | None, float | None]] = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
    return [limits[sign] for sign in rows.signs]


def _bounded_ridge(
    X: Floats, y: Floats, middle: tuple[Floats, float], rows: Problem, path: Sequence[float]
) -> Iterator[Line]:
    """Yield ridge regression's line at each penalty with every weight within its bounds, from the one before."""
    from scipy.optimize import minimize

    centre, mean = middle
    weights = np.zeros(X.shape[1])
    for penalty in path:

        def loss(given: Floats, penalty: float = penalty) -> tuple[float, Floats]:
            away = X @ given - y
            return float(away @ away + penalty * (given @ given)) / 2, X.T @ away + penalty * given

        options: Any = {"maxiter": 10 * _STEPS, "ftol": 1e-12, "gtol": 1e-8}
        weights = minimize(loss, weights, jac=True, method="L-BFGS-B", bounds=_bounds(rows), options=options).x
        yield weights[:, None], np.array([mean - centre @ weights])


_METHODS: Mapping[str, Callable[[Problem, Sequence[float], Stop], Iterator[Line]]] = {
    "binary": _logistic,
    "multiclass": _logistic,
    "regression": _ridge,
}
