"""The Model, its folder on disk, and the path from a raw row to an answer. Predicting needs NumPy alone."""

from mlwright.model.model import Model, load
from mlwright.model.parts import Parts, golden_rows

__all__ = ["Model", "Parts", "golden_rows", "load"]
