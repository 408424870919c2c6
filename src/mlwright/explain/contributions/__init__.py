"""Contributions: how much each raw column moves an answer, so that they add up to it exactly."""

from mlwright.explain.contributions.explainer import Explainer
from mlwright.explain.contributions.explanation import Explanation

__all__ = ["Explainer", "Explanation"]
