"""A channel: one way in which an alarm reaches a person or a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from mlwright.errors import OutputError

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm

SECRET: Mapping[str, bool] = {"secret": True}
"""Of a field: the settings name the environment variable that holds it, and never hold it themselves."""


class UndeliveredError(OutputError):
    """An alarm did not arrive.

    `is_refused`: the other side is there and does not take this one alarm, so that others may still be sent.
    `retry_after_s`: how long the other side asks to be left alone, or None.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, is_refused: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_refused, self.retry_after_s = is_refused, retry_after_s


class Channel(Protocol):
    """One way to tell of alarms. It is a frozen dataclass: its fields are what the settings say of it."""

    kind: ClassVar[str]

    def check(self) -> None:
        """Raise OptionError where the settings cannot be; nothing is called for that."""

    def send(self, alarm: Alarm, *, link: str | None) -> None:
        """Send one alarm; `link` is the address of the page that shows it.

        It may arrive twice, where this process ends between sending and noting that it was sent: it has the same id
        both times. Raises UndeliveredError.
        """
