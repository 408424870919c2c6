"""A connection that ends in time, whatever is at its other end."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Deadline:
    """Within, connections that are made by `connect` are cut when the time is over.

    A socket's timeout is one of each step: who sends a letter a second would hold us for hours. A copy of each socket
    is kept, for the one that was made may be wrapped (TLS) or let go of (the last answer) while it is still read from.
    Finding the address of a name is not cut: the resolver has limits of its own.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_over = False
        self._copies: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for copy in self._copies:
                copy.close()
            self._copies.clear()

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a socket that is connected. Raises OSError, also where the time is over."""
        made = socket.create_connection((host, port), self.seconds)
        with self._lock:
            if self.is_over:
                made.close()
                raise TimeoutError
            self._copies.append(made.dup())
        return made

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            for copy in self._copies:
                with suppress(OSError):
                    copy.shutdown(socket.SHUT_RDWR)
