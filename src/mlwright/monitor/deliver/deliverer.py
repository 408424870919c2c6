"""Sends alarms to all places, each at least once, and never lets one that is out of reach stop anything else."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mlwright.errors import MlwrightError
from mlwright.monitor.deliver.base import UndeliveredError
from mlwright.monitor.deliver.settings import DeliverySettings, Place

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm

logger = logging.getLogger("mlwright.monitor")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 600.0
"""So long a place is left alone that cannot be reached; twice as long each time."""
REFUSED_PAUSE_S = 60.0
"""So long an alarm is not sent again that a place does not take."""
MOST = 50
"""So many alarms are sent to a place in one round: the newest things are not to wait behind all that ever was."""
OLD = timedelta(days=7)
"""An alarm that ended and is older is not sent any more: a new channel is not told the past."""


class Outbox(Protocol):
    """What is known of alarms and of who was told: `monitor.store.Store`."""

    def undelivered(self, channel: str) -> Sequence[Alarm]:
        """Return the alarms that a channel was not told, the oldest first."""

    def delivered(self, id: str, channel: str) -> object:  # noqa: A002  the store's name of it
        """Note that a channel was told."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round at one place."""

    place: str
    sent: int
    waiting: int
    """How many still have to be sent."""
    problem: str | None
    """Why, or None where all was sent."""


class Deliverer:
    """Brings alarms to their places, each by a thread of its own; `begin` and `close` it, or ask for a single `round`.

    It may be used where others use it, too: an alarm is then sent twice at worst, with the same id.

    Parameters
    ----------
    outbox
        Where alarms are kept.
    settings
        The places.
    clock
        Seconds, for pauses.
    """

    def __init__(
        self, outbox: Outbox, settings: DeliverySettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        link = settings.link
        self._rounds = [_Rounds(outbox, place, link, clock) for place in settings.places]
        self._ends, self._wakes = threading.Event(), [threading.Event() for _ in self._rounds]
        self._threads: list[threading.Thread] = []

    def round(self) -> list[Round]:
        """Send what waits, to all places side by side, and return what came of it."""
        if not self._rounds:
            return []
        with ThreadPoolExecutor(len(self._rounds), "deliver") as pool:
            return list(pool.map(_Rounds.once, self._rounds))

    def begin(self, *, every_s: float = 10.0) -> None:
        """Send what waits from now on, and look for more every so many seconds."""
        for rounds, wake in zip(self._rounds, self._wakes, strict=True):
            name = f"deliver-{rounds.place.name}"
            thread = threading.Thread(target=self._go, args=(rounds, wake, every_s), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def look(self) -> None:
        """Look now: there is something new."""
        for wake in self._wakes:
            wake.set()

    def close(self, *, wait_s: float = 5.0) -> None:
        """Stop; wait so long for what is being sent. What was not sent is sent when the next one begins."""
        self._ends.set()
        self.look()
        until = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _go(self, rounds: _Rounds, wake: threading.Event, every_s: float) -> None:
        while not self._ends.is_set():
            rounds.once(self._ends)
            wake.wait(every_s)
            wake.clear()


class _Rounds:
    """One place, and how long it is left alone; used by one thread at a time."""

    def __init__(
        self, outbox: Outbox, place: Place, link: Callable[[str], str | None], clock: Callable[[], float]
    ) -> None:
        self.place = place
        self._outbox, self._link, self._clock = outbox, link, clock
        self._lock = threading.Lock()
        self._failures, self._not_before = 0, 0.0
        self._refused: dict[str, tuple[int, float]] = {}
        """How often an alarm was refused, and when it may be sent again."""
        self._said: str | None = None

    def once(self, ends: threading.Event | None = None) -> Round:
        """Send what waits, and say what came of it; raises nothing."""
        with self._lock:
            sent, problem = 0, self._said
            try:
                waiting = [alarm for alarm in self._outbox.undelivered(self.place.name) if not self._passes(alarm)]
                if self._clock() < self._not_before:
                    return Round(self.place.name, 0, len(waiting), problem)
                sent, problem = self._send(waiting, ends)
                left = len(waiting) - sent
            except MlwrightError as error:  # of the database
                left, problem = 0, str(error)
            except Exception as error:
                logger.exception("delivering alarms", extra={"channel": self.place.name})
                left, problem = 0, f"{type(error).__name__}."
                self._leave_alone(None)
            self._say(problem)
            return Round(self.place.name, sent, left, problem)

    def _passes(self, alarm: Alarm) -> bool:
        """Note an alarm as done that is not for this place, or is of the past; tell whether it was so."""
        if self.place.wants(alarm.level, alarm.model) and not _is_past(alarm):
            return False
        self._outbox.delivered(alarm.id, self.place.name)
        return True

    def _send(self, waiting: Sequence[Alarm], ends: threading.Event | None) -> tuple[int, str | None]:
        sent, problem = 0, None
        for alarm in waiting:
            if sent >= MOST or (ends is not None and ends.is_set()):
                break
            times, again = self._refused.get(alarm.id, (0, 0.0))
            if self._clock() < again:
                problem = self._said
                continue
            try:
                self.place.channel.send(alarm, link=self._link(alarm.model))
            except UndeliveredError as error:
                problem = str(error)
                if not error.is_refused:
                    self._leave_alone(error.retry_after_s)
                    break
                pause = REFUSED_PAUSE_S * 2 ** min(times, 6)
                self._refused[alarm.id] = times + 1, self._clock() + pause
                continue
            self._outbox.delivered(alarm.id, self.place.name)
            self._refused.pop(alarm.id, None)
            self._failures, sent = 0, sent + 1
        return sent, problem

    def _leave_alone(self, asked_s: float | None) -> None:
        pause = min(FIRST_PAUSE_S * 2 ** min(self._failures, 20), LONGEST_PAUSE_S)
        # Many that wait for the same server do not come back at the same moment.
        pause *= random.uniform(0.8, 1.2)  # noqa: S311  no secret
        self._failures += 1
        self._not_before = self._clock() + max(pause, asked_s or 0.0)

    def _say(self, problem: str | None) -> None:
        """Tell the log of a problem once, and of its end."""
        if problem == self._said:
            return
        extra = {"channel": self.place.name}
        if problem is None:
            logger.info("The channel %s is told of alarms again.", self.place.name, extra=extra)
        else:
            logger.warning(
                "The channel %s cannot be told of alarms; it is tried again. %s", self.place.name, problem, extra=extra
            )
        self._said = problem


def _is_past(alarm: Alarm) -> bool:
    if alarm.ended is None:
        return False
    try:
        raised = datetime.fromisoformat(alarm.at)
    except ValueError:
        return False
    return raised < datetime.now(UTC) - OLD
