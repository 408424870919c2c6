"""The service's state in one process: what is served, what is recorded, what is counted; the handlers are given it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mlwright.errors import MlwrightError, ModelError, nearest
from mlwright.registry.keys import Key
from mlwright.registry.names import parsed
from mlwright.serve.auth import Keyring, environment_key, refuse_open_door
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.http import Request
from mlwright.serve.jobs import Runner
from mlwright.serve.metrics import Metrics
from mlwright.serve.problems import Problem
from mlwright.serve.recording import Recording
from mlwright.serve.served import Answer, Served
from mlwright.serve.settings import Settings
from mlwright.serve.shelf import Shelf

T = TypeVar("T")
logger = logging.getLogger("mlwright.serve")
THREADS = 2
"""Large requests are answered by so many threads of one process; there are workers for more."""


class Service:
    """What one process of the service knows."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.started = time.time()
        self.keyring = Keyring()
        self.in_flight = 0
        self.is_ready = False
        self.is_draining = False
        self.problem: str | None = None
        """What is wrong with following the registry, or None."""
        self.endpoints: dict[str, Endpoint] = {}
        self.recording: Recording
        self.runner: Runner
        self._shelf: Shelf
        self._loader = ThreadPoolExecutor(1, "load")
        """The one thread that uses the shelf."""
        self._background = ThreadPoolExecutor(4, "background")
        self._later = ThreadPoolExecutor(1, "later")
        self._pool = ThreadPoolExecutor(THREADS, "answer")
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load the models, and begin to follow the registry. Raises InputError where one cannot be served."""
        loop = asyncio.get_running_loop()
        revision = await loop.run_in_executor(self._loader, self._prepare)
        self._note_versions()
        self.is_ready = True
        self._task = loop.create_task(self._follow(revision))

    def _prepare(self) -> int:
        """Take the models from the shelf and open the record; return the registry's revision."""
        self._shelf = shelf = Shelf(self.settings)
        revision = shelf.revision()
        self.endpoints = {name: shelf.endpoint(name) for name in shelf.names}
        for endpoint in self.endpoints.values():
            shelf.check_rules(endpoint)
        self.keyring.keys = self._keys()
        refuse_open_door(self.settings, self.keyring.keys)
        self.recording = Recording(self.settings, shelf, self.metrics)
        self.runner = Runner(shelf.workspace.path, self.settings, shelf.names)
        return revision

    def _keys(self) -> dict[str, Key]:
        return {**self._shelf.keys(), **environment_key()}

    async def stop(self) -> None:
        """Answer what is being answered, write down what was answered, and end."""
        self.is_ready = False
        if self._task is not None:
            self._task.cancel()
        for pool in (self._pool, self._background, self._later, self._loader):
            await asyncio.to_thread(pool.shutdown, wait=True)
        await asyncio.to_thread(self.runner.close)
        await asyncio.to_thread(self.recording.close)

    async def _follow(self, revision: int) -> None:
        """Put new endpoints in the place of old ones whenever the registry has changed.

        Requests that are being answered keep the endpoint that they began with. Where the registry cannot be read, or
        a new version cannot be loaded, what is served stays as it is, and the service says what is wrong.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.settings.refresh_s)
            self.note_gauges()
            try:
                now = await loop.run_in_executor(self._loader, self._shelf.revision)
                if now != revision:
                    await self._renew()
                    revision = now
                self._note(None)
            except MlwrightError as error:
                self._note(str(error))
            except Exception as error:
                logger.exception("following the registry")
                self._note(f"{type(error).__name__}: {error}")

    async def _renew(self) -> None:
        """Ask what every name means now, and who may ask; each name changes in one step."""
        loop = asyncio.get_running_loop()
        keys = await loop.run_in_executor(self._loader, self._keys)
        if keys or self.settings.is_loopback:
            self.keyring.keys = keys  # where others reach the service, the last key that was taken away still locks it
        for name in self._shelf.names:
            self.endpoints[name] = await loop.run_in_executor(self._loader, self._shelf.endpoint, name)
        self._note_versions()

    def note_gauges(self) -> None:
        """Bring what is measured now, rather than counted, up to date."""
        self.metrics.in_flight.set(self.in_flight)
        self.recording.note()

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self.metrics.registry_fault.set(problem is not None)
            if problem:
                logger.error("The registry cannot be followed; what is served stays as it is. %s", problem)

    def _note_versions(self) -> None:
        for endpoint in self.endpoints.values():
            self.metrics.serving(endpoint.name, endpoint.main.version)
            logger.info(
                "serving",
                extra={"model": endpoint.name, "version": endpoint.main.version,
                       "canaries": {str(each.served.version): each.share for each in endpoint.canaries},
                       "shadows": [each.version for each in endpoint.shadows]},
            )  # fmt: skip

    # --- what is asked -----------------------------------------------------------------------------------------------

    async def asked(self, reference: str) -> tuple[Endpoint, Served | None]:
        """Return the endpoint of NAME, NAME@ALIAS or NAME@VERSION, and the version where one was named.

        Raises Problem where there is none.
        """
        endpoint = self.endpoints.get(reference)
        if endpoint is not None:
            return endpoint, None
        found = parsed(reference)
        endpoint = self.endpoints.get(found.name) if found is not None else None
        if found is None or endpoint is None:
            near = nearest(reference.partition("@")[0], self.endpoints)
            raise Problem(
                "no-such-model",
                f"No model {reference[:100]!r} is served here.",
                hint=f"did you mean {near!r}?" if near else "GET /v1/models lists those there are.",
            )
        version = found.version if found.version is not None else endpoint.aliases.get(found.wanted)
        if version is None:
            known = ", ".join(sorted(endpoint.aliases)) or "none"
            raise Problem(
                "no-such-model", f"{found.name!r} has no alias {found.wanted[:60]!r}.", hint=f"aliases: {known}."
            )
        served = endpoint.versions.get(version)
        return endpoint, served if served is not None else await self._load(found.name, version)

    async def source(self, served: Served) -> tuple[str, str]:
        """Return where another process finds a version: name@version, or a path and the digest of what is there."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._loader, self._shelf.source, served.name, served.version)

    async def _load(self, name: str, version: int) -> Served:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._loader, self._shelf.served, name, version)
        except ModelError as error:
            raise Problem("no-such-model", error.message, hint=error.hint) from error

    async def on_a_thread(self, work: Callable[[], T]) -> T:
        """Do work that takes long on another thread. Raises Problem where too much waits already."""
        if self._waiting >= self.settings.limits.waiting:
            self.metrics.turned_away.inc()
            raise Problem(
                "busy",
                f"{self._waiting} large requests wait already.",
                hint="come again, with fewer rows at a time, or start the service with more workers.",
                retry_after=1,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def soon(self, work: Callable[[], object]) -> Awaitable[None]:
        """Do work that takes seconds after all else of its kind, whether it is waited for or not.

        What goes wrong with it is logged.
        """

        def done() -> None:
            try:
                work()
            except Exception:
                logger.exception("in the background")

        return asyncio.get_running_loop().run_in_executor(self._later, done)

    async def in_background(self, work: Callable[[], T]) -> T:
        """Do work that waits for a database on another thread."""
        return await asyncio.get_running_loop().run_in_executor(self._background, work)

    def answered(self, request: Request, served: Served, answers: Sequence[Answer]) -> None:
        """Count answers, and what was flagged about them."""
        seconds = time.perf_counter() - request.started
        self.metrics.answered(served.name, served.version, seconds, len(answers))
        for answer in answers:
            for flag in answer.flags:
                self.metrics.flagged(served.name, flag.kind)

    def overview(self) -> list[dict[str, Any]]:
        """Return what is served, as a list of facts."""
        return [facts(endpoint) for endpoint in self.endpoints.values()]


def facts(endpoint: Endpoint) -> dict[str, Any]:
    """Return what is told of an endpoint in lists."""
    model = endpoint.main.model
    return {
        "name": endpoint.name,
        "version": endpoint.main.version,
        "task": model.task.name,
        "target": model.target,
        "classes": [*model.parts.classes],
        "aliases": dict(endpoint.aliases),
        "canaries": [{"version": each.served.version, "share": each.share} for each in endpoint.canaries],
        "sticky": endpoint.sticky,
        "shadows": [each.version for each in endpoint.shadows],
    }
