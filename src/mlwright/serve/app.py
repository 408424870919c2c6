"""The application of one worker: made from settings that the process which started it left in the environment."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mlwright.serve import logs, metrics
from mlwright.serve.closing import LAST_S
from mlwright.serve.door import Door
from mlwright.serve.handlers import ROUTES
from mlwright.serve.http import Receive, Send
from mlwright.serve.protocol import BoundedProtocol
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.serve.settings import Settings, from_json

SETTINGS = "MLWRIGHT_SERVE_SETTINGS"
ORPHAN_S = 1.0
THRESHOLDS = 20_000, 50, 100
"""How many new objects wait for the garbage collector. A request leaves none behind that only it can free."""
SWITCH_S = 0.001
"""A thread that works on a large request lets the one that takes requests in after so many seconds."""


def make(routes: Sequence[Route] = ROUTES) -> Worker:
    """Return the application of this process, with these addresses."""
    settings = from_json(os.environ[SETTINGS])
    logs.configure(settings.logs)
    BoundedProtocol.body_seconds = settings.limits.seconds
    sys.setswitchinterval(SWITCH_S)
    return Worker(Service(settings), settings, routes)


def _starter() -> int:
    """Return the process that started this one, which may have ended since: to ask whose child this is comes too late.

    A worker that was still starting when the one that watches over it was killed would go on for ever.
    """
    starter = multiprocessing.parent_process()
    return os.getppid() if starter is None or starter.pid is None else starter.pid


class Worker(Door):
    """The door of a process that is asked to stop by a signal: it goes on answering for a while, and says so."""

    def __init__(self, service: Service, settings: Settings, routes: Sequence[Route]) -> None:
        super().__init__(service, routes)
        self._drain_s, self._has_siblings = settings.drain_s, settings.workers > 1
        self.on_start: Callable[[], None] = lambda: None
        """Is called when the first request can be taken."""
        self.on_last: Callable[[], None] = lambda: None
        """Is called when no further connections are to be taken."""

    async def _life(self, receive: Receive, send: Send) -> None:
        self._drain_first()
        watch = asyncio.create_task(self._end_with(_starter())) if self._has_siblings else None
        await super()._life(receive, send)
        if watch is not None:
            watch.cancel()

    async def _end_with(self, parent: int) -> None:
        """Stop when the process that watches over the workers was killed: nobody else would ever tell them to."""
        while os.getppid() == parent:
            await asyncio.sleep(ORPHAN_S)
        shutil.rmtree(os.environ.get(metrics.SHARED, ""), ignore_errors=True)
        signal.raise_signal(signal.SIGTERM)

    async def _started(self) -> None:
        """Let the garbage collector leave alone what is there for good: else it looks through all of it in between."""
        await super()._started()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        self.on_start()

    def _drain_first(self) -> None:
        """Let the server's own way to stop begin a moment after SIGTERM or Ctrl-C, so that clients can go elsewhere.

        Until then each answer closes its connection, and the service says that it is not ready.
        """
        before = signal.getsignal(signal.SIGTERM)
        if not callable(before) or self._drain_s <= 0:
            return
        loop = asyncio.get_running_loop()

        def close(number: int) -> None:
            self.on_last()
            loop.call_later(LAST_S, before, number, None)

        def begin(number: int, frame: Any) -> None:
            if not self.service.is_draining:
                self.service.is_draining = True
                loop.call_soon_threadsafe(lambda: loop.call_later(self._drain_s, close, number))
            elif number == signal.SIGINT:  # whoever presses Ctrl-C again does not want to wait
                before(number, frame)

        signal.signal(signal.SIGTERM, begin)
        signal.signal(signal.SIGINT, begin)
