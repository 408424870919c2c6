"""Whether the package that a learner needs is installed."""

from __future__ import annotations

import importlib.util

from mlwright.errors import MissingExtraError
from mlwright.learn.base import Learner


def available(learner: Learner) -> bool:
    """Tell whether the learner's package can be imported, without importing it."""
    return learner.package is None or importlib.util.find_spec(learner.package) is not None


def require(learner: Learner) -> None:
    """Raise MissingExtraError where the learner's package is missing; its hint is the line that installs an extra."""
    if available(learner):
        return
    if learner.extra is not None:
        raise MissingExtraError.of(learner.extra, f"The learner {learner.label}")
    raise MissingExtraError(
        f"The learner {learner.label} needs the module {learner.package!r}, which is not installed."
    )
