"""The service's state in one process: what is served, what is recorded, what is counted; the handlers are given it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from mlwright.errors import MlwrightError, ModelError, nearest
from mlwright.registry.keys import Key
from mlwright.registry.names import parsed
from mlwright.serve.answers import Answer
from mlwright.serve.auth import Keyring, environment_key, refuse_open_door
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.http import Request
from mlwright.serve.jobs import Runner
from mlwright.serve.metrics import Metrics
from mlwright.serve.problems import Problem
from mlwright.serve.recording import Recording, check_private
from mlwright.serve.serving import Serving
from mlwright.serve.settings import Settings
from mlwright.serve.shelf import Shelf

if TYPE_CHECKING:
    from mlwright.serve.routes import Route

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
        self.routes: Sequence[Route] = ()
        """Every address; the door says which."""
        self.keyring = Keyring()
        self.in_flight = 0
        self.is_ready = False
        self.is_draining = False
        self.problem: str | None = None
        """What is wrong with following the registry, or None."""
        self._problems: dict[str, str] = {}
        """By name, why it is not what the registry says by now."""
        self._said: dict[str, dict[str, Any]] = {}
        """What the log was told of each name."""
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
            check_private(endpoint)
        self._lock(*shelf.keys())
        refuse_open_door(self.settings, self.keyring)
        self.recording = Recording(self.settings, shelf, self.metrics)
        self.runner = Runner(shelf.workspace.path, self.settings)
        return revision

    def _lock(self, keys: dict[str, Key], were_made: bool) -> None:  # noqa: FBT001
        """Let these keys in, and that of the environment. What was locked once stays so."""
        self.keyring.was_locked = self.keyring.locked or were_made
        self.keyring.keys = {**keys, **environment_key()}

    async def stop(self) -> None:
        """Answer what is being answered, write down what was answered, and end."""
        self.is_ready = False
        if self._task is not None:
            self._task.cancel()
        for pool in (self._pool, self._background, self._later, self._loader):
            await asyncio.to_thread(pool.shutdown, wait=True)
        await asyncio.to_thread(self.runner.close)
        await asyncio.to_thread(self.recording.close)
        logger.info("stopped")

    async def _follow(self, revision: int) -> None:
        """Put new endpoints in the place of old ones whenever the registry has changed.

        Requests that are being answered keep the endpoint that they began with. Where the registry cannot be read, all
        stays as it is; where a version cannot be loaded, its name does. What is wrong is said, and tried again.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.settings.refresh_s)
            self.note_gauges()
            try:
                now = await loop.run_in_executor(self._loader, self._shelf.revision)
                if now != revision:
                    self._lock(*await loop.run_in_executor(self._loader, self._shelf.keys))
                    await self._renew(self._shelf.names)
                    revision = now
                elif self._problems:
                    await self._renew([*self._problems])
                self._note(" ".join(self._problems.values()) or None)
            except MlwrightError as error:
                self._cannot_follow(str(error))
            except Exception as error:
                logger.exception("following the registry")
                self._cannot_follow(f"{type(error).__name__}: {error}")

    async def _renew(self, names: Sequence[str]) -> None:
        """Ask what names mean now; each changes in one step, whatever is wrong with another."""
        loop = asyncio.get_running_loop()
        for name in names:
            try:
                self.endpoints[name] = await loop.run_in_executor(self._loader, self._shelf.endpoint, name)
                self._problems.pop(name, None)
            except MlwrightError as error:
                where = "" if error.where is None else f"{PurePath(error.where).name}: "
                self._stays(name, f"It cannot change to what was promoted. {where}{error.message}", str(error))
            except Exception as error:
                if name not in self._problems:
                    logger.exception("renewing a model", extra={"model": name})
                self._stays(
                    name, "It cannot change to what was promoted: the log says why.", f"{type(error).__name__}: {error}"
                )
        self._note_versions()

    def _stays(self, name: str, told: str, logged: str) -> None:
        """Note why a name stays what it was: `told` to those who ask, who are to learn of no paths."""
        before = self.endpoints[name]
        problem = f"{name}@{before.main.version} stays in service. {logged}"
        if self._problems.get(name) != problem:
            self._problems[name] = problem
            self.endpoints[name] = dataclasses.replace(before, problem=told)
            logger.error("A change cannot be followed; %s", problem, extra={"model": name})

    def note_gauges(self) -> None:
        """Bring what is measured now, rather than counted, up to date."""
        self.metrics.in_flight.set(self.in_flight)
        self.recording.note()

    def _cannot_follow(self, problem: str) -> None:
        if problem != self.problem:
            logger.error("The registry cannot be followed; what is served stays as it is. %s", problem)
        self._note(problem)

    def _note(self, problem: str | None) -> None:
        self.problem = problem
        self.metrics.registry_fault.set(problem is not None)

    def _note_versions(self) -> None:
        for endpoint in self.endpoints.values():
            self.metrics.serving(endpoint.name, endpoint.main.version)
            said = {
                "model": endpoint.name,
                "version": endpoint.main.version,
                "canaries": {str(each.served.version): each.share for each in endpoint.canaries},
                "shadows": [each.version for each in endpoint.shadows],
            }
            if self._said.get(endpoint.name) != said:
                self._said[endpoint.name] = said
                logger.info("serving", extra=said)

    # --- what is asked -----------------------------------------------------------------------------------------------

    async def asked(self, reference: str) -> tuple[Endpoint, Serving | None]:
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
        version = endpoint.number(found)
        if version is None:
            known = ", ".join(sorted(endpoint.aliases)) or "none"
            raise Problem(
                "no-such-model", f"{found.name!r} has no alias {found.wanted[:60]!r}.", hint=f"aliases: {known}."
            )
        served = endpoint.versions.get(version)
        return endpoint, served if served is not None else await self._load(found.name, version)

    async def source(self, served: Serving) -> tuple[str, str]:
        """Return where another process finds a version: name@version, or a path and the digest of what is there."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._loader, self._shelf.source, served.name, served.version)

    async def _load(self, name: str, version: int) -> Serving:
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

    def answered(self, request: Request, served: Serving, answers: Sequence[Answer]) -> None:
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
        "problem": endpoint.problem,
    }
