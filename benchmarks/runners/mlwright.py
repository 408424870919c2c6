"""mlwright: builds from the file, is loaded from its folder, and is asked one row as a dict."""

from __future__ import annotations

from typing import Any

import pandas as pd

import mlwright
from runners.job import Runner


class System(Runner):
    package = "mlwright"

    def read(self) -> None:
        """Leave the file to `build`: reading is part of its budget."""

    def fit(self) -> None:
        job = self.job
        self.model = mlwright.build(
            job.train, job.target, task=job.task, metric=job.metric, budget=job.budget, seed=job.seed,
            threads=job.threads, out=self.saved,
        )  # fmt: skip

    def save(self) -> None:
        """Nothing is left to do: `build` wrote the folder."""

    def rows(self) -> pd.DataFrame:
        return pd.read_csv(self.job.test, low_memory=False)

    def predict_all(self, rows: pd.DataFrame) -> Any:  # noqa: ARG002  it reads the file as its users' files are read
        self.model = mlwright.load(self.saved)
        return self.predict(self.job.test)

    def models(self) -> int:
        return len(self.model.parts.ensemble.members)

    def single(self, rows: pd.DataFrame, place: int) -> Any:
        row = rows.iloc[[place]].to_dict("records")[0]
        return {name: None if pd.isna(value) else value for name, value in row.items()}
