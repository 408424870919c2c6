"""The Model, its folder on disk, and the path from a raw row to an answer. Predicting needs NumPy alone."""

from __future__ import annotations

import os
from pathlib import Path

from mlwright.model.folder import read
from mlwright.model.forms import model_of
from mlwright.model.model import Model
from mlwright.model.parts import Parts, RowParts, golden_rows
from mlwright.model.row_model import RowModel, row_model

__all__ = ["Model", "Parts", "RowModel", "RowParts", "golden_rows", "load", "model_of", "row_model"]


def load(path: str | os.PathLike[str]) -> Model:
    """Load a model from its folder or zip; runs no code of it. Raises ModelError where it is damaged or hostile."""
    return model_of(read(Path(path)), Path(path))
