"""Perpetual: one booster with its budget at 1.0 and the seconds as its timeout; text becomes categories."""

from __future__ import annotations

from typing import Any

import pandas as pd
from perpetual.sklearn import PerpetualClassifier, PerpetualRegressor

from runners.categories import Categories
from runners.job import Runner

LEVEL = 1.0
"""Perpetual's own measure of effort, as in its comparison with tuned boosters; it is not a time."""


class System(Runner):
    package = "perpetual"

    def fit(self) -> None:
        job = self.job
        X = self.train.drop(columns=[job.target])
        self.text = [name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])]
        self.categories = Categories(self.filled(X))
        kind = PerpetualClassifier if self.classifies else PerpetualRegressor
        self.model = kind(budget=LEVEL, timeout=job.budget, num_threads=job.threads, seed=job.seed)
        self.model.fit(self.categories.of(self.filled(X)), self.train[job.target])

    def filled(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with missing text as text: it takes the word "nan" for the last category, which it seldom is."""
        return rows.fillna(dict.fromkeys(self.text, ""))

    def save(self) -> None:
        self.model.save_booster(str(self.saved))

    def predict(self, rows: pd.DataFrame) -> Any:
        return super().predict(self.categories.of(self.filled(rows)))
