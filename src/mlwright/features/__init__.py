"""Features: from typed columns, or one typed row, to the numbers that a learner learns from."""

from mlwright.features.base import Feature
from mlwright.features.recipe import Recipe
from mlwright.features.variants import VARIANTS

__all__ = ["VARIANTS", "Feature", "Recipe"]
