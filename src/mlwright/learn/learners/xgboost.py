"""XGBoost: gradient boosting with trees that grow level by level.

Chen and Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016. Among the configurations are the tuned
defaults of Holzmüller et al., "Better by default", NeurIPS 2024.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.early import Watch
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import constant, hopeless, judging, outputs, teaching
from mlwright.learn.trees import MISSING_LEFT, MISSING_RIGHT, FlatTrees, Nodes, clipped

_FILE = "xgboost.ubj"
_NAMES = "learning_rate max_depth min_child_weight subsample colsample_bylevel reg_lambda gamma"
_CLASSES = table(
    _NAMES,
    (0.05, 4, 1.0, 0.8, 0.6, 1.0, 0.0),
    (0.08, 6, 5e-6, 0.65, 0.9, 0.0, 0.0),
    (0.04, 8, 0.5, 0.7, 0.5, 2.0, 0.1),
    (0.08, 3, 0.1, 0.9, 0.8, 0.5, 0.0),
    (0.03, 10, 2.0, 0.75, 0.4, 5.0, 0.5),
    (0.06, 5, 5.0, 0.6, 0.9, 0.1, 0.0),
    (0.1, 2, 0.01, 0.9, 0.9, 0.0, 0.0),
    (0.03, 7, 0.1, 0.5, 0.7, 10.0, 0.0),
)
_NUMBERS = table(
    _NAMES,
    (0.05, 6, 3.0, 0.8, 0.7, 1.0, 0.0),
    (0.04, 5, 1.0, 0.7, 0.5, 2.0, 0.0),
    (0.05, 9, 2.0, 0.7, 0.9, 0.0, 0.0),
    (0.08, 3, 1.0, 0.9, 0.8, 0.5, 0.0),
    (0.03, 10, 5.0, 0.75, 0.5, 5.0, 0.0),
    (0.06, 7, 10.0, 0.6, 0.9, 0.1, 0.0),
    (0.1, 2, 1.0, 0.9, 0.9, 0.0, 0.0),
    (0.03, 8, 1.0, 0.5, 0.7, 10.0, 0.001),
)
_OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    "binary": {"objective": "binary:logistic", "eval_metric": "logloss"},
    "multiclass": {"objective": "multi:softprob", "eval_metric": "mlogloss"},
    "regression": {"objective": "reg:squarederror", "eval_metric": "rmse"},
}
_LINKS = {"binary:logistic": "sigmoid", "multi:softprob": "softmax", "reg:squarederror": "identity"}
_FIXED = {"tree_method": "hist", "max_bin": 256, "verbosity": 0}
_MANY_CLASSES = 8


@dataclass(frozen=True, slots=True)
class XGBoostFitted:
    """An XGBoost booster."""

    booster: Any
    rounds: int
    complete: bool
    configuration: Configuration
    threads: int

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        import xgboost

        self.booster.set_param({"nthread": self.threads})
        answer = self.booster.predict(xgboost.DMatrix(_single(X), nthread=self.threads or None))
        answer = np.asarray(answer, dtype=np.float64)
        if answer.ndim == 2:
            return answer
        link = _LINKS[json.loads(self.booster.save_config())["learner"]["objective"]["name"]]
        return np.stack([1.0 - answer, answer], axis=1) if link == "sigmoid" else answer[:, None]

    def pack(self) -> FlatTrees:
        """Return the same function for NumPy alone."""
        return _read_trees(bytes(self.booster.save_raw("json")))

    def files(self) -> dict[str, bytes]:
        """Return XGBoost's binary JSON."""
        return {_FILE: bytes(self.booster.save_raw("ubj"))}


class XGBoost:
    """Learns with XGBoost."""

    name: ClassVar[str] = "xgboost"
    label: ClassVar[str] = "XGBoost"
    objectives: ClassVar[frozenset[str]] = frozenset(_OBJECTIVES)
    variant: ClassVar[str] = "target"
    package: ClassVar[str | None] = "xgboost"
    extra: ClassVar[str | None] = "xgboost"
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": _CLASSES,
        "multiclass": _CLASSES,
        "regression": _NUMBERS,
    }
    max_cells: ClassVar[int | None] = None
    keeps_order: ClassVar[bool] = True

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn, one round after another, until the validation loss has stopped falling."""
        require(self)
        import xgboost

        rows, judge = teaching(problem), judging(valid)
        if hopeless(rows):
            return constant(rows, configuration)
        parameters = _parameters(rows, configuration, effort)
        watch = Watch.of(effort, rate=parameters["learning_rate"], rows=len(rows.y), valid=judge is not None)
        teach = _matrix(rows, effort)
        judged = None if judge is None else _matrix(judge, effort, teach)
        booster = xgboost.Booster(parameters, [matrix for matrix in (teach, judged) if matrix is not None])
        done, complete = 0, True
        while done < watch.most:
            booster.update(teach, done)
            done += 1
            if judged is not None and watch.ends(done, float(booster.eval(judged, "valid").rpartition(":")[2])):
                break
            if effort.stop():
                complete = done == watch.most
                break
        rounds = watch.best_round or done
        return XGBoostFitted(booster[:rounds], rounds, complete, dict(configuration), effort.threads)


def _parameters(rows: Problem, configuration: Configuration, effort: Effort) -> dict[str, Any]:
    """Add what the problem asks for; many classes ask for cheap trees, since every round grows one per class."""
    many = rows.classes > _MANY_CLASSES
    return {
        **_FIXED,
        **_OBJECTIVES[rows.objective],
        **configuration,
        **({"num_class": rows.classes} if outputs(rows) > 1 else {}),
        "max_depth": min(configuration["max_depth"], 4) if many else configuration["max_depth"],
        "learning_rate": 0.1 if many else configuration["learning_rate"],
        "nthread": effort.threads,
        "seed": effort.seed,
        **({"monotone_constraints": str(tuple(rows.signs))} if any(rows.signs) else {}),
    }


def _single(X: Floats) -> Any:
    return clipped(X, np.dtype(np.float32))


def _matrix(rows: Problem, effort: Effort, reference: object = None) -> Any:
    import xgboost

    return xgboost.QuantileDMatrix(
        _single(rows.X), rows.y, weight=rows.weight, nthread=effort.threads, max_bin=_FIXED["max_bin"], ref=reference
    )


def _read_trees(text: bytes) -> FlatTrees:
    """Read the JSON format (doc/model.schema in XGBoost's repository)."""
    learner = json.loads(text)["learner"]
    model, shape = learner["gradient_booster"]["model"], learner["learner_model_param"]
    trees = model["trees"]
    starts = np.cumsum([0, *(len(tree["left_children"]) for tree in trees)])

    def joined(name: str, dtype: type) -> Any:
        return np.concatenate([np.zeros(0, dtype=dtype), *(np.array(tree[name], dtype=dtype) for tree in trees)])

    offset = np.repeat(starts[:-1], np.diff(starts))
    left, right, number = (joined(name, np.int64) for name in ("left_children", "right_children", "split_indices"))
    leaf = left < 0
    condition = joined("split_conditions", np.float32)
    nodes = Nodes(
        roots=starts[:-1],
        left=np.where(leaf, -1, left + offset),
        right=np.where(leaf, -1, right + offset),
        feature=number,
        # XGBoost sends x left where x < t: for float32 numbers, where x <= the number before t.
        threshold=np.nextafter(condition, np.float32(-np.inf)),
        view=np.where(joined("default_left", np.int64) == 1, MISSING_LEFT, MISSING_RIGHT).astype(np.int8),
        value=condition,
    )
    link = _LINKS[learner["objective"]["name"]]
    base = np.array(json.loads(shape["base_score"]), dtype=np.float32)
    if link == "sigmoid":
        base = -np.log(1 / base - 1)
    return FlatTrees.grown(
        nodes, features=int(shape["num_feature"]), link=link, base=base.tolist(), single=True, sum_single=True
    )
