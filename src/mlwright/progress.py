"""Progress: how long work tells whoever waits what it does. The command line draws it; the API is silent."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Told of stages, of how far they are, and of sentences worth reading at once."""

    def stage(self, title: str) -> None:
        """Tell that a stage begins: "Reading customers.csv"."""

    def advance(self, *, share: float, seconds_left: float | None = None, best: str | None = None) -> None:
        """Tell how far the whole is (0 to 1), how long it still takes, and the best score so far."""

    def say(self, sentence: str) -> None:
        """Tell a sentence that the person should read: an assumption, a warning."""


class Silent:
    """Tells nobody."""

    def stage(self, title: str) -> None:
        """Say nothing."""

    def advance(self, *, share: float, seconds_left: float | None = None, best: str | None = None) -> None:
        """Say nothing."""

    def say(self, sentence: str) -> None:
        """Say nothing."""
