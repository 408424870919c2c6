"""AutoGluon: a preset by the name of the system; for single answers it is persisted in memory, as it advises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

from runners.job import Runner

PRESETS = {
    "autogluon-medium": "medium_quality",
    "autogluon-good": "good_quality",
    "autogluon-high": "high_quality",
    "autogluon-best": "best_quality",
}
METRICS = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "root_mean_squared_error"}


class System(Runner):
    package = "autogluon.tabular"

    def fit(self) -> None:
        job = self.job
        self.model = TabularPredictor(
            label=job.target, problem_type=job.task, eval_metric=METRICS[job.metric], path=str(self.saved), verbosity=0
        )
        self.model.fit(self.train, presets=PRESETS[job.system], time_limit=job.budget, num_cpus=job.threads)

    def save(self) -> None:
        """Nothing is left to do: `fit` wrote the folder."""

    def predict(self, rows: pd.DataFrame) -> Any:
        return super().predict(rows).to_numpy()

    def models(self) -> int:
        return len(self.model.model_names(can_infer=True))

    def ready(self) -> bool:
        self.model.persist()
        return True

    def shipped(self) -> Path:
        """Return the smallest copy that it makes of itself."""
        place = self.saved.with_name("shipped")
        self.model.clone_for_deployment(str(place))
        return place
