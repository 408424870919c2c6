"""The pipeline as a BentoML service. PEER_MODEL names its folder, PEER_TABLE the table that it learned from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1)
class Pipeline:
    """Answers one row."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(Path(os.environ["PEER_MODEL"]) / "pipeline.joblib")
        self.columns = list(pd.read_csv(os.environ["PEER_TABLE"], nrows=1).drop(columns="y"))

    @bentoml.api
    def predict(self, row: dict[str, Any]) -> dict[str, Any]:
        """Answer one row."""
        shares = self.pipeline.predict_proba(pd.DataFrame([row], columns=self.columns).infer_objects())[0]
        return {"prediction": str(self.pipeline.classes_[shares.argmax()]), "probabilities": shares.tolist()}
