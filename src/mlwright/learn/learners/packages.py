"""Whether the package that a learner needs is installed."""

from __future__ import annotations

import importlib.util

from mlwright.errors import MissingExtraError
from mlwright.learn.base import Learner


def available(learner: Learner) -> bool:
    """Tell whether the learner's package can be imported, without importing it."""
    return learner.package is None or importlib.util.find_spec(learner.package) is not None


def require(learner: Learner) -> None:
    """Raise MissingExtraError, with the line that installs it, where the learner's package is missing."""
    if learner.extra is not None and not available(learner):
        raise MissingExtraError.of(learner.extra, f"The learner {learner.label}")
