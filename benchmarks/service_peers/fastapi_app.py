"""A service as many write it by hand: FastAPI, a pydantic model with a field for each column, the pipeline on a frame.

PEER_MODEL names the folder of the pipeline, PEER_TABLE the table that it learned from.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import create_model

pipeline = joblib.load(Path(os.environ["PEER_MODEL"]) / "pipeline.joblib")
frame = pd.read_csv(os.environ["PEER_TABLE"]).drop(columns="y")
fields: dict[str, Any] = {
    name: ((float if frame[name].dtype.kind in "iuf" else str) | None, None) for name in frame.columns
}
Row = create_model("Row", **fields)
app = FastAPI()


@app.post("/predict")
async def predict(row: Row) -> dict[str, Any]:  # type: ignore[valid-type]
    """Answer one row."""
    shares = pipeline.predict_proba(pd.DataFrame([row.model_dump()], columns=frame.columns))[0]
    return {"prediction": str(pipeline.classes_[shares.argmax()]), "probabilities": shares.tolist()}
