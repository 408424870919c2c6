"""Headroom: whether there is memory left for another fit, looked at often and cheaply."""

from __future__ import annotations

import time
from collections.abc import Callable

from mlwright.collect.memory import available

SPARE = 384 * 2**20
"""Bytes that stay free: a fit that eats into them is ended, for the system would end the process."""
LOOK = 0.1
"""Seconds for which a look is good."""


class Headroom:
    """Watches the memory that this process may still take."""

    def __init__(self, free: Callable[[], int] = available, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._free, self._clock = free, clock
        self._seen, self._at = free(), clock()

    @property
    def left(self) -> int:
        """Bytes that may still be taken, beyond those that stay free; negative where too many were."""
        if self._clock() - self._at >= LOOK:
            self._seen, self._at = self._free(), self._clock()
        return self._seen - SPARE

    @property
    def gone(self) -> bool:
        """Whether what should stay free is being used: work has to end."""
        return self.left < -SPARE // 2

    def fits(self, size: int) -> bool:
        """Whether so many bytes may be taken."""
        return size <= self.left
