"""The process that watches over workers: it replaces those that end, and does not end with them."""

from __future__ import annotations

import logging
import time
from socket import socket

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from mlwright.serve import metrics
from mlwright.serve.closing import let_nobody_in

logger = logging.getLogger("mlwright.serve")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
"""So long it waits before a worker is started anew that could not start."""
BURIED_S = 5.0
"""So long it waits for one that it has killed: where a disk does not answer, a process can outlive even that."""


class Supervisor(Multiprocess):
    """Replaces workers that end, at once; one that cannot start, after a pause that grows.

    uvicorn's own ends the whole service where a new worker cannot start. Here that is so only before the service has
    ever answered: later the others go on, also where the registry or the files of a model are gone for a while.
    """

    def __init__(self, config: Config, sockets: list[socket], *, drain_s: float) -> None:
        super().__init__(config, sockets)
        self._drain_s = drain_s
        self.has_served = False
        self._failures = 0
        self._again: dict[int, float] = {}
        """When another worker starts in the place of one that ended."""

    def terminate_all(self) -> None:
        """Ask all workers to stop; when they stop to take connections, see to it that none waits for one of them."""
        super().terminate_all()
        time.sleep(self._drain_s)
        for each in self.sockets:
            let_nobody_in(each)

    def keep_subprocess_alive(self) -> None:
        """Look after each worker once."""
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if process.is_alive(timeout=self.config.timeout_worker_healthcheck):
                self._note(process)
            else:
                self._lost(place, process)

    def _note(self, process: Process) -> None:
        if (not self.has_served or self._failures) and process.is_ready(timeout=1):
            self.has_served, self._failures = True, 0

    def _lost(self, place: int, process: Process) -> None:
        """Bury a worker, and put another in its place when it is time to."""
        if place not in self._again:
            process.kill()
            process.process.join(BURIED_S)
            pause = 0.0
            if process.exitcode == STARTUP_FAILURE:
                if not self.has_served:
                    self.should_exit.set()
                    return
                pause = min(FIRST_PAUSE_S * 2 ** min(self._failures, 10), LONGEST_PAUSE_S)
                self._failures += 1
            self._again[place] = time.monotonic() + pause
            metrics.forget(process.process.pid)
            logger.error("A worker ended; another takes its place.", extra={"worker": process.process.pid})
        if time.monotonic() >= self._again[place]:
            del self._again[place]
            self.processes[place] = Process(self.config, self.sockets)
            self.processes[place].start()
