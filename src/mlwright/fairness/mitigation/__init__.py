"""Mitigation: thresholds by group, with or without asking for the group, and weights for learning."""

from mlwright.fairness.mitigation.asked import Rows, Wanted, wanted
from mlwright.fairness.mitigation.criteria import CRITERIA
from mlwright.fairness.mitigation.policy import Policy

__all__ = ["CRITERIA", "Policy", "Rows", "Wanted", "wanted"]
