"""LightGBM as it comes: the scikit-learn wrapper, 1,000 rounds or until time is up, early stopping on a fifth."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import lightgbm
import pandas as pd

from runners.categories import PATIENCE, ROUNDS, Categories, held_out
from runners.job import Runner


def clock(seconds: float) -> Callable[[Any], None]:
    """Return what ends the rounds when time is up: LightGBM has no setting for it."""
    end = time.perf_counter() + seconds

    def stop(at: Any) -> None:
        if time.perf_counter() > end:
            raise lightgbm.callback.EarlyStopException(at.iteration, at.evaluation_result_list)

    return stop


class System(Runner):
    package = "lightgbm"

    def fit(self) -> None:
        job, time_up = self.job, clock(self.job.budget)
        self.categories = Categories(self.train.drop(columns=[job.target]))
        X, y, X_stop, y_stop = held_out(
            self.categories.of(self.train), self.train[job.target], job.seed, classes=self.classifies
        )
        kind = lightgbm.LGBMClassifier if self.classifies else lightgbm.LGBMRegressor
        self.model = kind(n_estimators=ROUNDS, n_jobs=job.threads, verbosity=-1, random_state=job.seed)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        self.model.fit(X, y, eval_set=[(X_stop, y_stop)], callbacks=[stop, time_up])

    def save(self) -> None:
        self.model.booster_.save_model(self.saved)

    def predict(self, rows: pd.DataFrame) -> Any:
        return super().predict(self.categories.of(rows))
