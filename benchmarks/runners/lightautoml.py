"""LightAutoML: the `TabularAutoML` preset with a timeout; by default it goes by AUC, cross-entropy, squared error."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pandas as pd
from lightautoml.automl.presets.tabular_presets import TabularAutoML
from lightautoml.tasks import Task

from runners.job import Runner

TASKS = {"binary": "binary", "multiclass": "multiclass", "regression": "reg"}


class System(Runner):
    package = "lightautoml"

    def fit(self) -> None:
        job = self.job
        self.model = TabularAutoML(
            task=Task(TASKS[job.task]), timeout=job.budget, cpu_limit=job.threads,
            reader_params={"n_jobs": job.threads, "random_state": job.seed},
        )  # fmt: skip
        self.model.fit_predict(self.train, roles={"target": job.target})

    def save(self) -> None:
        joblib.dump(self.model, self.saved)

    def predict(self, rows: pd.DataFrame) -> Any:
        answers = self.model.predict(rows).data
        if self.job.task == "binary":
            return np.column_stack([1 - answers[:, 0], answers[:, 0]])
        return answers if self.classifies else answers[:, 0]

    def classes(self) -> list[Any]:
        """Return the labels by the numbers it gave them; labels that are 0, 1, ... keep theirs."""
        mapping = self.model.reader.class_mapping
        return sorted(mapping, key=mapping.get) if mapping else sorted(self.train[self.job.target].unique())

    def models(self) -> int:
        return sum(len(algo.models) for level in self.model.levels for pipe in level for algo in pipe.ml_algos)
