"""Many connections that ask until a service ends, each on a thread; and what the record holds of their answers."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.serve.conftest import Running
from tests.serve.faults.wire import GOOD, read, request


class Load:
    """Asks over so many keep-alive connections, until the service cannot be reached any more."""

    def __init__(self, running: Running, connections: int = 32) -> None:
        self.port = running.port
        self.answered: list[str] = []
        """The ids of all answers."""
        self.lost = 0
        """Requests that were sent, and got no answer."""
        self.statuses: set[int] = set()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(connections)]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()

    def join(self) -> None:
        """Wait until no connection can be made any more."""
        until = time.monotonic() + 60.0
        for each in self._threads:
            each.join(max(0.0, until - time.monotonic()))

    def _ask(self) -> None:
        while not self._is_over.is_set():
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), 20)
            except OSError:
                return
            with connection:
                self._ask_over(connection)

    def _ask_over(self, connection: socket.socket) -> None:
        """Ask until the service says that this connection ends."""
        while not self._is_over.is_set():
            try:
                connection.sendall(request(GOOD))
                said = read(connection)
            except OSError:
                said = None
            if said is None or not said.status:
                self.lost += 1
                return
            self.statuses.add(said.status)
            if said.status == 200:
                self.answered += [each["id"] for each in said.json["predictions"]]
            if b"connection: close" in said.head.lower():
                return


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds. Raises AssertionError where it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def recorded(workspace: Path) -> set[str]:
    """Return the ids of all answers that the record of a workspace holds."""
    with sqlite3.connect(workspace / "record.db") as connection:
        return {row[0] for row in connection.execute("select id from answers")}
