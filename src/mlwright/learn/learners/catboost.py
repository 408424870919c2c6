"""CatBoost: gradient boosting with symmetric trees.

Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features", NeurIPS 2018. It is given numbers only:
its own treatment of categories would tie the model to the package and cost milliseconds a row.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.early import Watch
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import constant, hopeless, judging, outputs, teaching
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import clipped

_FILE = "catboost.cbm"
_NAMES = "learning_rate depth l2_leaf_reg subsample random_strength rsm leaf_estimation_iterations"
_CLASSES = table(
    _NAMES,
    (0.06, 5, 2.0, 0.85, 0.8, 0.9, 1),
    (0.08, 6, 1e-5, 0.9, 0.8, 1.0, 1),
    (0.05, 7, 3.0, 0.8, 1.0, 0.8, 1),
    (0.06, 4, 1.0, 0.9, 0.5, 0.9, 2),
    (0.05, 8, 8.0, 0.7, 1.5, 0.5, 1),
    (0.1, 3, 0.1, 0.9, 0.2, 1.0, 1),
    (0.04, 6, 15.0, 0.6, 2.0, 0.6, 3),
)
_NUMBERS = table(
    _NAMES,
    (0.06, 6, 3.0, 0.8, 0.5, 0.8, 1),
    (0.09, 7, 1e-5, 0.9, 0.0, 1.0, 1),
    (0.06, 8, 1.0, 0.8, 0.2, 0.7, 1),
    (0.08, 4, 1.0, 0.9, 0.5, 0.9, 1),
    (0.1, 3, 0.1, 0.9, 0.2, 1.0, 1),
    (0.04, 7, 10.0, 0.6, 1.0, 0.5, 1),
)
_OBJECTIVES: Mapping[str, Mapping[str, Any]] = {
    "binary": {"loss_function": "Logloss"},
    "multiclass": {"loss_function": "MultiClass"},
    "regression": {"loss_function": "RMSE"},
}
_LINKS = {"Logloss": "sigmoid", "MultiClass": "softmax", "RMSE": "identity"}
_ANSWERS = {"sigmoid": "Probability", "softmax": "Probability", "identity": "RawFormulaVal"}
_FIXED: Mapping[str, Any] = {
    "allow_writing_files": False,
    "logging_level": "Silent",
    "boosting_type": "Plain",
    "bootstrap_type": "Bernoulli",
    "nan_mode": "Min",
    "od_type": "Iter",
    "border_count": 128,
}
_FICKLE = {"train_finish_time": "", "model_guid": "", "catboost_version_info": "", "training": "{}"}
"""Metadata that differ from run to run, or say nothing that the model's manifest does not."""
_MANY_CLASSES = 8
_NEVER = -1000.0
"""What a class without rows adds up to."""


@dataclass(frozen=True, slots=True)
class CatBoostFitted:
    """A CatBoost model."""

    model: Any
    about: Mapping[str, Any]
    """`link`, `features`, `outputs`, and which of the outputs were `present` among the rows."""
    rounds: int
    complete: bool
    configuration: Configuration
    threads: int

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        form = _ANSWERS[self.about["link"]]
        said = self.model.predict(_single(X), prediction_type=form, thread_count=self.threads)
        answer: Floats = np.asarray(said, dtype=np.float64).reshape(len(X), -1)
        if answer.shape[1] == len(self.about["present"]) < self.about["outputs"]:
            known, answer = answer, np.zeros((len(X), self.about["outputs"]))
            answer[:, self.about["present"]] = known
        return answer

    def pack(self) -> ObliviousTrees:
        """Return the same function for NumPy alone."""
        return _read_trees(json.loads(_saved(self.model, "json")), self.about)

    def files(self) -> dict[str, bytes]:
        """Return CatBoost's binary format, without the time of training in it."""
        return {_FILE: _saved(self.model, "cbm")}


_ONE_AT_A_TIME = threading.Lock()
"""Who begins or ends a fit swaps the logger of the whole process, which crashes a fit of another thread that logs."""


class CatBoost:
    """Learns with CatBoost."""

    name: ClassVar[str] = "catboost"
    label: ClassVar[str] = "CatBoost"
    objectives: ClassVar[frozenset[str]] = frozenset(_OBJECTIVES)
    variant: ClassVar[str] = "target"
    package: ClassVar[str | None] = "catboost"
    extra: ClassVar[str | None] = "catboost"
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": _CLASSES,
        "multiclass": _CLASSES,
        "regression": _NUMBERS,
    }
    max_cells: ClassVar[int | None] = None
    keeps_order: ClassVar[bool] = True

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn; CatBoost runs the rounds and asks after each whether to go on."""
        require(self)
        import catboost

        rows, judge = teaching(problem), judging(valid)
        if hopeless(rows):
            return constant(rows, configuration)
        present = _present(rows)
        judge = None if judge is None else judging(_renumbered(judge, present))
        rows = _renumbered(rows, present)
        parameters = _parameters(rows, configuration, effort)
        watch = Watch.of(effort, rate=parameters["learning_rate"], rows=len(rows.y), valid=judge is not None)
        parameters |= {"iterations": watch.most, "use_best_model": judge is not None}
        asking = _Asking(effort, watch)
        model = catboost.CatBoost(parameters)
        try:
            with _ONE_AT_A_TIME:
                model.fit(_pool(rows), eval_set=None if judge is None else _pool(judge), callbacks=[asking])
        except catboost.CatBoostError as error:
            # Columns that differ in a way that binning does not see.
            if "constant" not in str(error):
                raise
            return constant(problem, configuration)
        link = _LINKS[parameters["loss_function"]]
        about = {"link": link, "features": rows.X.shape[1], "outputs": outputs(problem), "present": present.tolist()}
        metadata = model.get_metadata()
        for key, blank in _FICKLE.items():
            metadata[key] = blank
        metadata["mlwright"] = json.dumps(about)
        complete = not asking.stopped
        return CatBoostFitted(model, about, model.tree_count_, complete, dict(configuration), effort.threads)


class _Asking:
    """CatBoost's callback: asks after each round whether the validation loss still falls, and `effort.stop`."""

    def __init__(self, effort: Effort, watch: Watch) -> None:
        self._effort, self._watch, self.stopped = effort, watch, False

    def after_iteration(self, info: Any) -> bool:
        """Return whether to go on."""
        losses = (info.metrics or {}).get("validation")
        if losses and self._watch.ends(info.iteration, next(iter(losses.values()))[-1]):
            return False
        self.stopped = info.iteration < self._watch.most and self._effort.stop()
        return not self.stopped


def _parameters(rows: Problem, configuration: Configuration, effort: Effort) -> dict[str, Any]:
    """Add what the problem asks for; many classes ask for shallow trees, whose leaves hold a number per class."""
    many = rows.classes > _MANY_CLASSES
    return {
        **_FIXED,
        **_OBJECTIVES[rows.objective],
        **configuration,
        "depth": min(configuration["depth"], 4 if many else max(3, round(np.log2(len(rows.y) / 10)))),
        "learning_rate": 0.1 if many else configuration["learning_rate"],
        "thread_count": effort.threads,
        "random_seed": effort.seed,
        **({"monotone_constraints": list(rows.signs)} if any(rows.signs) else {}),
    }


def _present(rows: Problem) -> Any:
    """Return the outputs that the rows teach: CatBoost knows no class without rows."""
    return np.unique(rows.y).astype(np.intp) if outputs(rows) > 1 else np.arange(1)


def _renumbered(rows: Problem, present: Any) -> Problem:
    """Return the rows of the classes present, numbered from 0."""
    if outputs(rows) == 1:
        return rows
    kept = np.isin(rows.y, present)
    weight = None if rows.weight is None else rows.weight[kept]
    y = np.searchsorted(present, rows.y[kept]).astype(np.float64)
    return replace(rows, X=rows.X[kept], y=y, weight=weight)


def _single(X: Floats) -> Any:
    return np.ascontiguousarray(clipped(X, np.dtype(np.float32)))


def _pool(rows: Problem) -> Any:
    import catboost

    return catboost.Pool(_single(rows.X), rows.y.astype(np.intp) if rows.classes else rows.y, weight=rows.weight)


def _saved(model: Any, form: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model")
        model.save_model(str(path), format=form)
        return path.read_bytes()


def _read_trees(model: Mapping[str, Any], about: Mapping[str, Any]) -> ObliviousTrees:
    """Read the JSON format; a tree that stopped early is widened by levels that nothing passes."""
    scale, bias = model["scale_and_bias"]
    trees, present, outputs = model["oblivious_trees"], about["present"], about["outputs"]
    number = {item["feature_index"]: item["flat_feature_index"] for item in model["features_info"]["float_features"]}
    depth = max((len(tree["splits"] or ()) for tree in trees), default=0)
    feature = np.zeros((len(trees), depth), dtype=np.min_scalar_type(max(number.values(), default=0)))
    border = np.full((len(trees), depth), np.inf, dtype=np.float32)
    value = np.zeros((len(trees), 1 << depth, outputs))
    for place, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"] or ()):
            feature[place, level] = number[split["float_feature_index"]]
            border[place, level] = split["border"]
        leaves = np.reshape(tree["leaf_values"], (-1, len(present)))
        value[place, : len(leaves), present] = leaves.T
    base = np.full(outputs, _NEVER)
    base[present] = bias
    plain = {"features": about["features"], "link": about["link"], "base": base.tolist(), "scale": float(scale)}
    return ObliviousTrees.from_state(plain, {"feature": feature, "border": border, "value": value})
