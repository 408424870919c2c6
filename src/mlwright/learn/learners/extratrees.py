"""ExtraTrees: many trees with random thresholds, averaged; a different view of the data than boosting has.

Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import constant, hopeless, outputs, teaching
from mlwright.learn.trees import MISSING_LEFT, MISSING_RIGHT, FlatTrees, Nodes, clipped

_NAMES = "max_features min_samples_leaf"
_CLASSES = table(_NAMES, (0.5, 5), ("sqrt", 2), (0.3, 10), (1.0, 5))
_NUMBERS = table(_NAMES, (0.5, 2), (1.0, 3), ("sqrt", 1), (0.3, 8))
_TREES = 100
_TREE_ROWS = 30_000
"""Each tree learns from so many rows at most, drawn at random: time and size then stop growing with the rows."""
_TREE_BYTES = 50_000
"""What one packed tree may take up: leaves are made larger until it does."""
_CHUNK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class ExtraTreesFitted:
    """A scikit-learn forest, and which of the outputs its classes are."""

    forest: Any
    link: str
    outputs: int
    rounds: int
    complete: bool
    configuration: Configuration

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        single = clipped(X, np.dtype(np.float32))
        # scikit-learn adds up X to see whether it is finite, and numbers at both ends of float32 give NaN.
        with np.errstate(invalid="ignore"):
            if self.outputs == 1:
                numbers: Floats = self.forest.predict(single)[:, None]
                return numbers
            shares = np.zeros((len(X), self.outputs))
            shares[:, self.forest.classes_] = self.forest.predict_proba(single)
            return shares

    def pack(self) -> FlatTrees:
        """Return the same function for NumPy alone."""
        return _read_trees(self)

    def files(self) -> dict[str, bytes]:
        """Return nothing: scikit-learn has no open format, and the predictor says it all."""
        return {}


class ExtraTrees:
    """Learns with scikit-learn's ExtraTrees; a round is a tree."""

    name: ClassVar[str] = "extratrees"
    label: ClassVar[str] = "ExtraTrees"
    objectives: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "regression"})
    variant: ClassVar[str] = "target"
    package: ClassVar[str | None] = "sklearn"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": _CLASSES,
        "multiclass": _CLASSES,
        "regression": _NUMBERS,
    }
    max_cells: ClassVar[int | None] = None
    keeps_order: ClassVar[bool] = True

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:  # noqa: ARG002
        """Grow trees a few at a time, so that `effort.stop` is heard in between. Needs no validation rows."""
        require(self)
        rows = teaching(problem)
        if hopeless(rows):
            return constant(rows, configuration)
        forest = _forest(rows, configuration, effort)
        X = clipped(rows.X, np.dtype(np.float32))
        y = rows.y.astype(np.intp) if rows.classes else rows.y
        chunk, most = max(1, min(10, _CHUNK_CELLS // X.size)), effort.rounds or _TREES
        grown, complete = 0, True
        while grown < most:
            grown = min(grown + chunk, most) if grown else 1
            with np.errstate(invalid="ignore"):  # see `predict`
                forest.set_params(n_estimators=grown).fit(X, y, sample_weight=rows.weight)
            if effort.stop():
                complete = grown == most
                break
        link = _LINKS[rows.objective]
        return ExtraTreesFitted(forest, link, rows.classes or 1, grown, complete, dict(configuration))


_LINKS = {"binary": "complement", "multiclass": "identity", "regression": "identity"}
"""What the packed sum is: the second class's probability, all probabilities, the number."""


def _forest(rows: Problem, configuration: Configuration, effort: Effort) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    drawn = min(len(rows.y), _TREE_ROWS)
    leaves = max(16, _TREE_BYTES // (7 + 4 * outputs(rows)))
    options = {
        "n_estimators": 1,
        "warm_start": True,
        "max_features": configuration["max_features"],
        # A leaf of at least m rows holds about 1.5 m of them.
        "min_samples_leaf": max(
            min(configuration["min_samples_leaf"], 1 + len(rows.y) // 50), -(-drawn * 2 // (3 * leaves))
        ),
        "random_state": effort.seed,
        "n_jobs": effort.threads,
        "bootstrap": drawn < len(rows.y),
        "max_samples": drawn if drawn < len(rows.y) else None,
        "monotonic_cst": list(rows.signs) if any(rows.signs) else None,
    }
    return (ExtraTreesClassifier if rows.classes else ExtraTreesRegressor)(**options)


def _read_trees(fitted: ExtraTreesFitted) -> FlatTrees:
    """Read scikit-learn's node arrays (sklearn/tree/_tree.pxd)."""
    trees = [estimator.tree_ for estimator in fitted.forest.estimators_]
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    offset = np.repeat(starts[:-1], np.diff(starts))

    def joined(name: str) -> Any:
        return np.concatenate([getattr(tree, name) for tree in trees])

    left, right, exact = joined("children_left"), joined("children_right"), joined("threshold")
    # Rows are float32, so x <= t asks the same as x <= the float32 just below t.
    below = exact.astype(np.float32)
    below = np.where(below > exact, np.nextafter(below, np.float32(-np.inf)), below)
    value = np.concatenate([tree.value[:, 0, :] for tree in trees])
    if fitted.link == "complement":
        value = value[:, 1]
    elif fitted.outputs > 1:
        shares = np.zeros((len(value), fitted.outputs))
        shares[:, fitted.forest.classes_] = value
        value = shares
    else:
        value = value[:, 0]
    nodes = Nodes(
        roots=starts[:-1],
        left=np.where(left < 0, -1, left + offset),
        right=np.where(left < 0, -1, right + offset),
        feature=np.maximum(joined("feature"), 0),
        threshold=below,
        view=np.where(joined("missing_go_to_left") == 1, MISSING_LEFT, MISSING_RIGHT).astype(np.int8),
        value=value.astype(np.float32),
    )
    base = [0.0] * (fitted.outputs if value.ndim == 2 else 1)
    features = int(fitted.forest.n_features_in_)
    return FlatTrees.grown(nodes, features=features, link=fitted.link, base=base, scale=1 / len(trees), single=True)
