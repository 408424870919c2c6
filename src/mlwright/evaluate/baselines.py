"""Baselines: the simple rules that a model has to beat to be worth anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate.held_out import Floats
from mlwright.learn.base import Problem, Stop, never

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

LEAVES = 16
FOLDS = 3
MOST_ROWS = 20_000
"""Rows that a tree of 16 leaves learns from; more change nothing that can be seen."""
SCREEN_ROWS = 2_000
MOST_COLUMNS = 500
"""Columns beyond which correlation alone decides which are looked at."""
FINALISTS = 10
"""Columns that are compared by cross-validation on many rows."""


def constant(prior: Floats, rows: int) -> Floats:
    """Return (rows, k): what somebody predicts who sees no column.

    >>> constant(np.array([0.9, 0.1]), 2).tolist()
    [[0.9, 0.1], [0.9, 0.1]]
    """
    return np.tile(np.asarray(prior, dtype=np.float64), (rows, 1))


def best_single_column(
    train: Problem, sources: Sequence[str | None], X_other: Floats, *, seed: int = 0, stop: Stop = never
) -> tuple[str, Floats]:
    """Return the raw column that alone predicts best, and what it predicts for other rows.

    `sources` names the raw column of each feature of X, None where it comes from several. The rule is a decision tree
    of at most 16 leaves over all the features of one raw column; the column is chosen by cross-validation inside the
    training rows. Many columns are first screened on few rows. When `stop` says so, the best column so far is taken.
    """
    groups: dict[str, list[int]] = {}
    for position, source in enumerate(sources):
        if source is not None:
            groups.setdefault(source, []).append(position)
    random = np.random.default_rng(seed)
    problem = _sample(train, MOST_ROWS, random)
    names = _by_correlation(problem, groups)[:MOST_COLUMNS]
    if len(names) > FINALISTS:
        names = _ranked(_sample(problem, SCREEN_ROWS, random), groups, names, stop, folds=1)[:FINALISTS]
    best = _ranked(problem, groups, names, stop)[0]
    rule = _Rule.learned(problem, groups[best])
    return best, rule.predict(X_other)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A small tree on the features of one raw column; codes of categories are ordered by their mean target first."""

    tree: DecisionTreeClassifier | DecisionTreeRegressor
    columns: tuple[int, ...]
    orders: dict[int, Floats]
    """For each column of codes: (codes + 1, k) mean targets, the last one for codes that were not seen."""
    classes: int

    @classmethod
    def learned(cls, problem: Problem, columns: Sequence[int]) -> _Rule:
        """Learn the rule."""
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        orders = {column: _code_means(problem, column) for column in columns if _is_code(problem, column)}
        least = max(1, min(20, len(problem.y) // 50))
        tree = (
            DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0)
            if problem.classes
            else DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=least, random_state=0)
        )
        X = _features(problem.X, columns, orders)
        tree.fit(X, problem.y, sample_weight=problem.weight)
        return cls(tree, tuple(columns), orders, problem.classes)

    def predict(self, X: Floats) -> Floats:
        """Return (n, classes) probabilities or (n, 1) numbers."""
        features = _features(X, self.columns, self.orders)
        if not self.classes:
            return np.asarray(self.tree.predict(features), dtype=np.float64).reshape(-1, 1)
        P = np.zeros((len(X), self.classes))
        # A class that no row of a fold has is not known to the tree.
        P[:, self.tree.classes_.astype(np.intp)] = self.tree.predict_proba(features)
        return P


def _features(X: Floats, columns: Sequence[int], orders: dict[int, Floats]) -> NDArray[np.float32]:
    """Return what the tree sees of these columns: numbers, and mean targets in the place of codes."""
    seen = []
    for column in columns:
        values = X[:, column]
        if column in orders:
            means = orders[column]
            known = np.isfinite(values) & (values >= 0) & (values < len(means) - 1)
            codes = np.where(known, np.nan_to_num(values), len(means) - 1).astype(np.intp)
            seen.append(means[codes])
        else:
            seen.append(values[:, None])
    largest = float(np.finfo(np.float32).max)
    return np.clip(np.concatenate(seen, axis=1), -largest, largest).astype(np.float32)


def _is_code(problem: Problem, column: int) -> bool:
    """Tell whether a column of X holds codes of categories."""
    return bool(problem.categorical) and problem.categorical[column]


def _code_means(problem: Problem, column: int) -> Floats:
    """Return the mean target of each code, drawn towards the overall mean as if ten more rows had that."""
    values, signals = problem.X[:, column], _signals(problem)
    weight = np.ones(len(values)) if problem.weight is None else problem.weight
    overall = np.average(signals, axis=0, weights=weight if weight.sum() > 0 else None)
    known = np.isfinite(values) & (values >= 0)
    codes = values[known].astype(np.intp)
    count = np.bincount(codes, weights=weight[known])
    sums = np.stack([np.bincount(codes, weights=weight[known] * signal[known]) for signal in signals.T], axis=1)
    means = (sums + 10.0 * overall) / (count[:, None] + 10.0)
    return np.concatenate([means, overall[None, :]])


def _signals(problem: Problem) -> Floats:
    """Return (n, k): the target as numbers whose means can be taken."""
    if problem.classes <= 2:
        return problem.y[:, None]
    signals: Floats = (problem.y[:, None] == np.arange(problem.classes)[None, :]).astype(np.float64)
    return signals


def _sample(problem: Problem, most: int, random: np.random.Generator) -> Problem:
    """Return the problem with at most so many rows."""
    if len(problem.y) <= most:
        return problem
    return _taken(problem, np.sort(random.choice(len(problem.y), most, replace=False)))


def _taken(problem: Problem, index: NDArray[np.intp]) -> Problem:
    """Return the problem's rows at these positions."""
    weight = None if problem.weight is None else problem.weight[index]
    return replace(problem, X=problem.X[index], y=problem.y[index], weight=weight)


def _by_correlation(problem: Problem, groups: dict[str, list[int]]) -> list[str]:
    """Return the raw columns, those first of which one feature goes along with the target most."""
    if len(groups) <= MOST_COLUMNS:
        return list(groups)
    signals = _signals(problem) - _signals(problem).mean(axis=0)
    signals /= np.maximum(np.linalg.norm(signals, axis=0), 1e-12)
    strength = {}
    for name, columns in groups.items():
        X = _features(
            problem.X,
            columns,
            {column: _code_means(problem, column) for column in columns if _is_code(problem, column)},
        )
        missing = ~np.isfinite(X)
        filled = np.where(missing, 0.0, X).astype(np.float64)
        sides = np.concatenate([filled, missing], axis=1)
        sides = sides - sides.mean(axis=0)
        sides /= np.maximum(np.linalg.norm(sides, axis=0), 1e-12)
        strength[name] = float(np.abs(sides.T @ signals).max())
    return sorted(groups, key=lambda name: -strength[name])


def _ranked(
    problem: Problem, groups: dict[str, list[int]], names: Sequence[str], stop: Stop, *, folds: int = FOLDS
) -> list[str]:
    """Return these columns by their loss in cross-validation; those that `stop` left unseen come last, in order."""
    losses: dict[str, float] = {}
    numbers = _folds(problem)
    for name in names:
        if stop():
            break
        losses[name] = sum(_loss(problem, groups[name], numbers, fold) for fold in range(folds))
    return sorted(names, key=lambda name: losses.get(name, np.inf))


def _folds(problem: Problem) -> NDArray[np.intp]:
    """Return each row's fold; rows of like targets are dealt out in turn, so that each fold has some of all."""
    folds = np.empty(len(problem.y), dtype=np.intp)
    # Rows in random order within equal targets: data is often sorted.
    shuffled = np.random.default_rng(0).permutation(len(problem.y))
    folds[shuffled[np.argsort(problem.y[shuffled], kind="stable")]] = np.arange(len(problem.y)) % FOLDS
    return folds


def _loss(problem: Problem, columns: Sequence[int], folds: NDArray[np.intp], fold: int) -> float:
    """Return the summed loss of a fold's rows: minus log of the true class's probability, or squared error."""
    train, other = _taken(problem, np.flatnonzero(folds != fold)), _taken(problem, np.flatnonzero(folds == fold))
    if not len(train.y) or not len(other.y):
        return 0.0
    P = _Rule.learned(train, columns).predict(other.X)
    if problem.classes:
        losses = -np.log(np.clip(P[np.arange(len(P)), other.y.astype(np.intp)], 1e-3, 1.0))
    else:
        losses = (P[:, 0] - other.y) ** 2
    return float(np.sum(losses if other.weight is None else losses * other.weight))
