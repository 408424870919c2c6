"""FastAPI and pydantic before our own model: what is left of the difference when the model is the same.

PEER_MODEL names the model's folder.
"""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI
from pydantic import create_model

import mlwright as mw

model = mw.load(os.environ["PEER_MODEL"])
fields: dict[str, Any] = {
    column.name: ((float if column.kind in {"number", "integer"} else str) | None, None)
    for column in model.parts.columns
}
Row = create_model("Row", **fields)
app = FastAPI()


@app.post("/predict")
async def predict(row: Row) -> dict[str, Any]:  # type: ignore[valid-type]
    """Answer one row."""
    found = model.answer(row.model_dump())
    assert found.probabilities is not None
    return {"prediction": found.values.tolist()[0], "probabilities": found.probabilities[0].tolist()}
