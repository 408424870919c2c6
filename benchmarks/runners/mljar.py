"""mljar: `AutoML` in the mode "Compete", its strongest, with a total time limit."""

from __future__ import annotations

from typing import Any

import pandas as pd
from supervised.automl import AutoML

from runners.job import Runner

TASKS = {"binary": "binary_classification", "multiclass": "multiclass_classification", "regression": "regression"}
METRICS = {"roc_auc": "auc", "log_loss": "logloss", "rmse": "rmse"}
PREFIX = "prediction_"


class System(Runner):
    package = "mljar-supervised"

    def fit(self) -> None:
        job = self.job
        self.model = AutoML(
            results_path=str(self.saved), total_time_limit=int(job.budget), mode="Compete", ml_task=TASKS[job.task],
            eval_metric=METRICS[job.metric], n_jobs=job.threads, random_state=job.seed, verbose=0,
        )  # fmt: skip
        self.model.fit(self.train.drop(columns=[job.target]), self.train[job.target])

    def save(self) -> None:
        """Nothing is left to do: `fit` wrote the folder."""

    def predict_all(self, rows: pd.DataFrame) -> Any:
        """Answer with names, to learn the order of the classes."""
        self.named = self.model.predict_all(rows)
        return self.named[[name for name in self.named.columns if name != "label"]]

    def classes(self) -> list[Any]:
        return [name.removeprefix(PREFIX) for name in self.named.columns if name != "label"]

    def models(self) -> int:
        return len(self.model.get_leaderboard())
