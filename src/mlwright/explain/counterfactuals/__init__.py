"""Counterfactuals: what little would have to be different about a row for another answer."""

from mlwright.explain.counterfactuals.finder import Finder
from mlwright.explain.counterfactuals.goal import Goal, Wish
from mlwright.explain.counterfactuals.moves import Rules
from mlwright.explain.counterfactuals.result import Change, Counterfactual, Counterfactuals

__all__ = ["Change", "Counterfactual", "Counterfactuals", "Finder", "Goal", "Rules", "Wish"]
