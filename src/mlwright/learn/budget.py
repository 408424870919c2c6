"""The budget: a promise about wall-clock time, and the one place where a person's Ctrl-C is heard."""

from __future__ import annotations

import math
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from itertools import pairwise
from types import FrameType
from typing import Any

from mlwright.errors import OptionError

_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|sec|s|)\s*")
SHORTEST = 1.0


def parse_budget(budget: str | float | timedelta | None) -> float | None:
    """Return the seconds of a budget such as "60s", "1h30m", 90 or a timedelta; None is no limit.

    >>> parse_budget("1m30s"), parse_budget(90), parse_budget("0.5h")
    (90.0, 90.0, 1800.0)
    """
    if budget is None:
        return None
    if isinstance(budget, timedelta):
        seconds = budget.total_seconds()
    elif isinstance(budget, str):
        text = budget.strip().casefold()
        parts = list(_PART.finditer(text))
        if not text or "".join(part.group(0) for part in parts) != text:
            raise OptionError(f"The budget cannot be {budget!r}.", hint="write it like 60s, 10m or 1h30m.")
        seconds = sum(float(part.group(1)) * _UNITS[part.group(2)] for part in parts if part.group(0))
    else:
        seconds = float(budget)
    if not math.isfinite(seconds) or seconds < SHORTEST:
        raise OptionError(
            f"The budget is {budget!r}, less than a second.", hint="give at least 1s; 60s is a good start."
        )
    return seconds


_LATENCY = re.compile(r"(\d+(?:\.\d+)?)\s*(us|µs|ms|s)")
_LATENCY_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


def parse_latency(latency: str | float | timedelta | None) -> float | None:
    """Return the seconds of the time that an answer may take, such as "1ms", "250us", 0.001 or a timedelta.

    >>> parse_latency("1ms"), parse_latency("250 us"), parse_latency(None)
    (0.001, 0.00025, None)
    """
    if latency is None:
        return None
    if isinstance(latency, timedelta):
        seconds = latency.total_seconds()
    elif isinstance(latency, str):
        found = _LATENCY.fullmatch(latency.strip().casefold())
        seconds = float(found.group(1)) * _LATENCY_UNITS[found.group(2)] if found else 0.0
    else:
        seconds = float(latency)
    if not math.isfinite(seconds) or seconds <= 0:
        raise OptionError(f"--max-latency cannot be {latency!r}.", hint="write it like 1ms, 250us or 0.5s.")
    return seconds


_COUNTED_FROM: ContextVar[float | None] = ContextVar("_COUNTED_FROM", default=None)


@contextmanager
def counted_from(moment: float) -> Iterator[None]:
    """Let budgets that begin within it count from a moment of `time.monotonic`: when a person was told when it ends."""
    token = _COUNTED_FROM.set(moment)
    try:
        yield
    finally:
        _COUNTED_FROM.reset(token)


class Budget:
    """Seconds to spend from now on. Without a limit, `left` is infinite and only `cancel` ends work."""

    def __init__(self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._start = clock()
        self._kept = 0.0
        self._stages: list[tuple[str, float, float | None]] = []
        self.cancelled = False

    @classmethod
    def promised(cls) -> Budget:
        """Return a clock without a limit that began when it was said when it ends; now, where nothing was said."""
        budget, moment = cls(None), _COUNTED_FROM.get()
        if moment is not None:
            budget._start = moment
        return budget

    def limited(self, seconds: float | None) -> Budget:
        """Return the same clock, started at the same moment, with a limit."""
        other = Budget(seconds, clock=self._clock)
        other._start, other._stages = self._start, self._stages
        return other

    def begin(self, stage: str, planned: float | None = None) -> None:
        """Note that a stage begins, and how many seconds are planned for it where that is known.

        Never more than are left, nor than earlier stages were not given: what is planned adds up to the budget at most.
        """
        spent = self.spent
        self._stages.append((stage, spent, None))
        if planned is not None and self.seconds is not None:
            given = sum(
                end - start if each is None else each for (_, start, each), (_, end, _) in pairwise(self._stages)
            )
            planned = max(0.0, min(planned, self.left, self.seconds - self._kept - given))
            self._stages[-1] = (stage, spent, planned)

    def shorten(self, seconds: float) -> None:
        """Plan the present stage to end in so many seconds, where that is earlier than it was planned to."""
        if not self._stages:
            return
        stage, start, planned = self._stages[-1]
        if planned is not None:
            self._stages[-1] = (stage, start, min(planned, self.spent - start + max(0.0, seconds)))

    @property
    def stages(self) -> list[dict[str, Any]]:
        """What each stage took and what was planned for it, in seconds; the last one goes on."""
        ends = [start for _, start, _ in self._stages[1:]] + [self.spent]
        return [
            {"stage": name, "seconds": round(end - start, 2), "planned": None if planned is None else round(planned, 2)}
            for (name, start, planned), end in zip(self._stages, ends, strict=True)
        ]

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    @property
    def left(self) -> float:
        """Seconds until the end, less what is kept; infinite without a limit, never negative."""
        return math.inf if self.seconds is None else max(0.0, self.seconds - self._kept - self.spent)

    def keep(self, seconds: float) -> None:
        """Keep seconds for what has to be done when all else has ended; at most a quarter of the budget."""
        self._kept = min(seconds, (self.seconds or 0.0) / 4)

    def cancel(self) -> None:
        """End all work at its next look; what is usable so far is kept."""
        self.cancelled = True

    def stop_at(self, reserve: Callable[[], float] | float = 0.0) -> Callable[[], bool]:
        """Return a Stop that fires when cancelled or when less than `reserve` seconds are left."""
        needed = reserve if callable(reserve) else lambda: reserve
        return lambda: self.cancelled or self.left <= needed()

    @contextmanager
    def interruptible(self, tell: Callable[[], None]) -> Iterator[None]:
        """Within, the first Ctrl-C cancels and tells so; the second one interrupts as usual.

        Only Python's main thread hears signals; elsewhere this changes nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def hear(_signal: int, _frame: FrameType | None) -> None:
            if self.cancelled:
                raise KeyboardInterrupt
            self.cancel()
            tell()

        before = signal.signal(signal.SIGINT, hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
