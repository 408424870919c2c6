"""The application of one worker: made from settings that the process which started it left in the environment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from mlwright.serve import logs
from mlwright.serve.door import Door
from mlwright.serve.handlers import ROUTES
from mlwright.serve.http import Receive, Send
from mlwright.serve.service import Service
from mlwright.serve.settings import Settings, from_json

SETTINGS = "MLWRIGHT_SERVE_SETTINGS"
SWITCH_S = 0.001
"""A thread that works on a large request lets the one that takes requests in after so many seconds."""


def make() -> Door:
    """Return the application of this process."""
    settings = from_json(os.environ[SETTINGS])
    logs.configure(settings.logs)
    sys.setswitchinterval(SWITCH_S)
    return Worker(Service(settings), settings)


class Worker(Door):
    """The door of a process that is asked to stop by a signal: it goes on answering for a while, and says so."""

    def __init__(self, service: Service, settings: Settings) -> None:
        super().__init__(service, ROUTES)
        self._drain_s = settings.drain_s

    async def _life(self, receive: Receive, send: Send) -> None:
        self._drain_first()
        await super()._life(receive, send)

    def _drain_first(self) -> None:
        """Let the server's own way to stop begin a moment after SIGTERM, so that clients can go elsewhere.

        Until then each answer closes its connection, and the service says that it is not ready.
        """
        before = signal.getsignal(signal.SIGTERM)
        if not callable(before) or self._drain_s <= 0:
            return
        loop = asyncio.get_running_loop()

        def begin(number: int, frame: Any) -> None:
            if self.service.is_draining:
                before(number, frame)
                return
            self.service.is_draining = True
            loop.call_soon_threadsafe(lambda: loop.call_later(self._drain_s, before, number, None))

        signal.signal(signal.SIGTERM, begin)
