"""Whether the package that a learner needs is installed."""

from __future__ import annotations

import importlib.util
from typing import Protocol

from mlwright.errors import MissingExtraError


class Needing(Protocol):
    """Whatever may need a package: a learner for rows, or one that recommends."""

    @property
    def label(self) -> str:
        """As people write it."""

    @property
    def package(self) -> str | None:
        """The module it needs, or None."""

    @property
    def extra(self) -> str | None:
        """The extra that brings it, or None."""


def available(learner: Needing) -> bool:
    """Tell whether the learner's package can be imported, without importing it."""
    return learner.package is None or importlib.util.find_spec(learner.package) is not None


def require(learner: Needing) -> None:
    """Raise MissingExtraError where the learner's package is missing; its hint is the line that installs an extra."""
    if available(learner):
        return
    if learner.extra is not None:
        raise MissingExtraError.of(learner.extra, f"The learner {learner.label}")
    raise MissingExtraError(
        f"The learner {learner.label} needs the module {learner.package!r}, which is not installed."
    )
