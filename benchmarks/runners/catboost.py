"""CatBoost as it comes: 1,000 rounds or until time is up, early stopping on a fifth, text as categories."""

from __future__ import annotations

import time
from typing import Any

import catboost
import pandas as pd

from runners.categories import PATIENCE, held_out
from runners.job import Runner

MISSING = "missing"


class Clock:
    """Ends the rounds when time is up: CatBoost has no setting for it."""

    def __init__(self, seconds: float) -> None:
        self.end = time.perf_counter() + seconds

    def after_iteration(self, _info: Any) -> bool:
        """Tell whether to go on."""
        return time.perf_counter() < self.end


class System(Runner):
    package = "catboost"

    def fit(self) -> None:
        job, clock = self.job, Clock(self.job.budget)
        X = self.train.drop(columns=[job.target])
        self.text = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])]
        X, y, X_stop, y_stop = held_out(self.filled(X), self.train[job.target], job.seed, classes=self.classifies)
        kind = catboost.CatBoostClassifier if self.classifies else catboost.CatBoostRegressor
        self.model = kind(thread_count=job.threads, random_seed=job.seed, verbose=False, allow_writing_files=False)
        self.model.fit(
            X, y, cat_features=self.text, eval_set=(X_stop, y_stop), early_stopping_rounds=PATIENCE, callbacks=[clock]
        )

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with a word where text is missing: categories have to be there."""
        return rows.fillna(dict.fromkeys(self.text, MISSING))

    def save(self) -> None:
        self.model.save_model(str(self.saved))

    def predict(self, rows: pd.DataFrame) -> Any:
        return super().predict(self.filled(rows))
