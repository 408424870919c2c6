"""Scikit-learn estimators: the main job behind `fit` and `predict`, for pipelines, cross-validation and grid search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_feature_names, _check_n_features, check_is_fitted, validate_data

from mlwright.building import build_from
from mlwright.building.options import Options, names_of
from mlwright.errors import DataError
from mlwright.learn.budget import Budget
from mlwright.progress import Silent
from mlwright.table import Table

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import Model

TARGET = "__target__"
WEIGHT = "__weight__"


class _Estimator(BaseEstimator):
    """What both estimators share. `model_` is the Model that `fit` built."""

    model_: Model

    def __init__(
        self,
        *,
        budget: str | float | timedelta | None = None,
        trials: int | None = None,
        metric: str | None = None,
        increasing: Sequence[str | int] = (),
        decreasing: Sequence[str | int] = (),
        judge: bool = False,
        seed: int = 0,
        threads: int = 0,
    ) -> None:
        self.budget = budget
        self.trials = trials
        self.metric = metric
        self.increasing = increasing
        self.decreasing = decreasing
        self.judge = judge
        self.seed = seed
        self.threads = threads

    def _build(self, X: object, y: NDArray[Any], task: str, sample_weight: object) -> Self:
        frame = _frame(self, X, reset=True)
        frame = frame.with_columns(_series(TARGET, y))
        if sample_weight is not None:
            weight = np.asarray(sample_weight, dtype=np.float64)
            if weight.shape != (frame.height,):
                raise DataError(
                    f"sample_weight has shape {weight.shape}, not one weight for each of {frame.height} rows."
                )
            if not weight.any():
                raise DataError("Every sample_weight is zero: no row counts.")
            frame = frame.with_columns(_series(WEIGHT, weight))
        options = Options(
            target=TARGET,
            task=task,
            budget=self.budget,
            trials=self.trials,
            metric=self.metric,
            increasing=_names("increasing", self.increasing),
            decreasing=_names("decreasing", self.decreasing),
            weight=None if sample_weight is None else WEIGHT,
            split="random",
            seed=self.seed,
            threads=self.threads,
            judge=self.judge,
            clean=False,  # who brings numbers to an estimator has a pipeline that cleaned them
        )
        self.model_ = build_from(Table(frame, origin="fit(X, y)"), options, Budget(options.seconds), Silent())
        return self

    def _rows(self, X: object) -> pl.DataFrame:
        check_is_fitted(self)
        return _frame(self, X, reset=False)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that missing values, words and categories are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class Classifier(ClassifierMixin, _Estimator):
    """Predicts a class; a scikit-learn classifier.

    Parameters
    ----------
    budget, trials
        As in `mlwright.build`: seconds to spend, or a number of trials that makes `fit` reproducible.
    metric
        What to be best at; by default ROC AUC for two classes and log loss for more.
    increasing, decreasing
        Columns with which the answer (for two classes the second one's probability) may only rise, or only fall: their
        names, or where X is an array their positions from 0.
    judge
        Whether to set rows aside and to measure an Evaluation, as `mlwright.build` does. By default all rows teach,
        because whoever uses an estimator judges it by own cross-validation.
    seed, threads
        Randomness; fits side by side (0: all cores).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mlwright import Classifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(Classifier(trials=1).fit(X, y).score(X, y) > 0.9)
    True

    """

    def fit(self, X: object, y: object, sample_weight: object = None) -> Self:
        """Build a model of y (n,) from X (n, columns): an array or a frame. Returns self."""
        labels = _target(self, X, y)
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y has only one class, {self.classes_[0]!r}: there is nothing to tell apart.")
        self._build(X, codes, "binary" if len(self.classes_) == 2 else "multiclass", sample_weight)
        self.model_ = self.model_.relabelled([_label(each) for each in self.classes_], _target_name(X, y))
        return self

    def predict(self, X: object) -> NDArray[Any]:
        """Return (n,) labels, as y had them."""
        rows = self._rows(X)
        place = {label: position for position, label in enumerate(self.model_.parts.classes)}
        return np.asarray(self.classes_[[place[label] for label in self.model_.predict(rows).tolist()]])

    def predict_proba(self, X: object) -> NDArray[np.float64]:
        """Return (n, classes) probabilities, in the order of `classes_`."""
        rows = self._rows(X)
        return self.model_.predict_proba(rows)


class Regressor(RegressorMixin, _Estimator):
    """Predicts a number; a scikit-learn regressor. Its parameters are those of `Classifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from mlwright import Regressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> bool(Regressor(trials=1).fit(X, y).score(X, y) > 0.4)
    True

    """

    def fit(self, X: object, y: object, sample_weight: object = None) -> Self:
        """Build a model of y (n,) from X (n, columns): an array or a frame. Returns self."""
        numbers = np.asarray(_target(self, X, y), dtype=np.float64)
        return self._build(X, numbers, "regression", sample_weight)

    def predict(self, X: object) -> NDArray[np.float64]:
        """Return (n,) numbers."""
        rows = self._rows(X)
        return np.asarray(self.model_.predict(rows), dtype=np.float64)


def _names(option: str, given: Sequence[str | int]) -> tuple[str, ...]:
    """Return names of columns; an array's are column_1, column_2, ..."""
    if isinstance(given, str):
        return names_of(option, given)  # which refuses a single text
    return names_of(option, [each if isinstance(each, str) else f"column_{int(each) + 1}" for each in given])


def _label(label: Any) -> str | int | float | bool:
    """Return a label as a model keeps it."""
    plain = label.item() if isinstance(label, np.generic) else label
    return plain if isinstance(plain, str | int | float | bool) else str(plain)


def _target_name(X: object, y: object) -> str:
    """Return y's own name where it has one that X has not."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) and name not in map(str, getattr(X, "columns", ())) else "target"


def _is_frame(X: object) -> bool:
    return hasattr(X, "columns") and (
        hasattr(X, "__dataframe__") or hasattr(X, "__arrow_c_stream__") or hasattr(X, "iloc")
    )


def _target(estimator: _Estimator, X: object, y: object) -> NDArray[Any]:
    """Return y as a vector, checked beside X as scikit-learn does."""
    numeric = isinstance(estimator, RegressorMixin)
    if _is_frame(X):
        from sklearn.utils import check_consistent_length
        from sklearn.utils.validation import _check_y

        checked = _check_y(y, y_numeric=numeric, estimator=estimator)
        check_consistent_length(X, checked)
        return np.asarray(checked)
    _, checked = validate_data(
        estimator, X, y, dtype=None, ensure_all_finite="allow-nan", y_numeric=numeric, ensure_min_samples=2
    )
    return np.asarray(checked)


def _frame(estimator: _Estimator, X: object, *, reset: bool) -> pl.DataFrame:
    """Return X as a Polars frame with text names; arrays get column_1, column_2, ..."""
    import polars as pl

    from mlwright.collect import collect

    if _is_frame(X):
        _check_feature_names(estimator, X, reset=reset)
        _check_n_features(estimator, X, reset=reset)
        frame = collect(X).frame
        return frame.rename({name: str(name) for name in frame.columns})
    array = np.asarray(validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite="allow-nan"))
    if array.dtype.kind not in "biufOUS":
        array = array.astype(np.float64)
    columns = [_series(f"column_{place + 1}", array[:, place]) for place in range(array.shape[1])]
    return pl.DataFrame(columns)


def _series(name: str, values: NDArray[Any]) -> pl.Series:
    import polars as pl

    if values.dtype.kind == "O":
        plain = [None if value is None or value != value else value for value in values]  # noqa: PLR0124 (NaN)
        return pl.Series(name, plain, strict=False)
    return pl.Series(name, np.ascontiguousarray(values))
