"""The profile: what a table holds and what is wrong with it, as facts; `mlwright.report.profile` makes the page."""

from mlwright.clean.profile.facts import Profile
from mlwright.clean.profile.making import profile

__all__ = ["Profile", "profile"]
