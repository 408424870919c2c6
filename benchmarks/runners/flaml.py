"""FLAML: `AutoML.fit` with its defaults (no ensemble) and a time budget."""

from __future__ import annotations

from flaml import AutoML

from runners.job import Runner


class System(Runner):
    package = "flaml"

    def fit(self) -> None:
        job = self.job
        self.model = AutoML()
        self.model.fit(
            X_train=self.train.drop(columns=[job.target]), y_train=self.train[job.target],
            task="classification" if self.classifies else "regression", metric=job.metric, time_budget=job.budget,
            n_jobs=job.threads, seed=job.seed, verbose=0, log_file_name="",
        )  # fmt: skip

    def save(self) -> None:
        self.saved.mkdir()
        self.model.pickle(str(self.saved / "automl.pkl"))
