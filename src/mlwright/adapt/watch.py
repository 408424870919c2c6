"""The loop that keeps models right: look, tell, learn again, prove, promote; one model after the other, for ever.

Nothing is lost where it is cut off: what was seen, raised and decided is kept, and who comes next goes on from there.
Two processes may watch the same models: a lease lets one of them at a time act for a model.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mlwright.adapt.begin import Raised, begin, due, foreseen
from mlwright.adapt.kept import Act, Fence, LeaseLostError
from mlwright.adapt.policy import Policies
from mlwright.adapt.stages import advance
from mlwright.adapt.step import World
from mlwright.errors import MlwrightError

logger = logging.getLogger("mlwright.adapt")
LEASE_S = 120.0
"""So long a process that has died keeps others waiting."""
LONGEST_RENEWAL_S = 5.0
"""So long it is waited for a renewal that is under way when all is done: the database may not answer."""
MOST_STEPS = 12
"""So many steps are made one after the other; each of them either waits or is a stage further."""


class Seen(Protocol):
    """What a monitor tells."""

    @property
    def status(self) -> str:
        """ok, notice, page or unknown."""

    @property
    def sentence(self) -> str:
        """What it is about."""

    @property
    def alarms(self) -> Sequence[Raised]:
        """The alarms that are open."""


class Watches(Protocol):
    """A monitor of one model."""

    def run(self, now: datetime) -> Seen:
        """Take in what has come, and tell how things are."""


class Leases(Protocol):
    """Who may act: `monitor.store.Store`."""

    def lease(self, key: str, holder: str, seconds: float) -> int | None:
        """Return a token that grows with each lease; None where another holds it."""

    def renew(self, key: str, token: int, seconds: float) -> bool:
        """Hold it for longer; False where it was lost."""

    def release(self, key: str, token: int) -> bool:
        """Let go of it."""

    def guard(self, fence: Fence) -> Callable[[Any], None]:
        """Return what raises LeaseLostError in a transaction of the registry where the lease was lost."""


@contextmanager
def leased(world: World, leases: Leases, name: str, holder: str) -> Iterator[World | None]:
    """Within, nobody else acts for a model; gives None where somebody else does. The lease is renewed meanwhile.

    Who loses it all the same, because the process was asleep, can neither write down a step nor change the registry.
    """
    key = f"adapt:{name}"
    token = leases.lease(key, holder, LEASE_S)
    if token is None:
        yield None
        return
    done = threading.Event()

    def renewing() -> None:
        while not done.wait(LEASE_S / 4):
            try:
                leases.renew(key, token, LEASE_S)
            except MlwrightError:
                logger.warning("the lease of %s could not be renewed", name)

    thread = threading.Thread(target=renewing, name="lease", daemon=True)
    thread.start()
    try:
        fence = Fence(key, token)
        yield replace(world, workspace=world.workspace.guarded(leases.guard(fence)), fence=fence)
    finally:
        done.set()
        thread.join(LONGEST_RENEWAL_S)
        leases.release(key, token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What watches a workspace."""

    world: World
    monitor: Callable[[str], Watches]
    leases: Leases
    holder: str
    """Who this process is, among those that watch."""
    policies: Policies
    deliver: Callable[[], object] | None = None
    """Sends what is not sent yet; it never raises for a place that is out of reach."""
    dry_run: bool = False

    def round(self, names: Sequence[str], clock: Callable[[], datetime]) -> Iterator[Act]:
        """Look once at each model, and do what is due; what goes wrong with one of them keeps no other waiting."""
        for name in names:
            yield from self._told(name, self._one(name, clock))

    def _told(self, name: str, acts: Iterator[Act]) -> Iterator[Act]:
        """Yield acts, and what goes wrong with them as one more."""
        try:
            yield from acts
        except MlwrightError as error:
            yield Act(name=name, what="error", sentence=str(error), dry_run=self.dry_run)
        except Exception as error:
            logger.exception("watching %s failed", name)
            said = f"A bug of mlwright: {type(error).__name__}: {error}"
            yield Act(name=name, what="error", sentence=said, dry_run=self.dry_run)

    def _one(self, name: str, clock: Callable[[], datetime]) -> Iterator[Act]:
        with leased(self.world, self.leases, name, self.holder) as world:
            if world is None:
                return
            # A challenger that answers requests is looked after whatever becomes of the monitor.
            yield from self._told(name, self._looked(world, name, clock()))
            if not self.dry_run:
                yield from proceed(world, name, clock)

    def _looked(self, world: World, name: str, now: datetime) -> Iterator[Act]:
        """Ask the monitor, and begin what it or the calendar asks for."""
        seen = self.monitor(name).run(now)
        yield Act(name=name, what="look", sentence=seen.sentence, stage=seen.status, dry_run=self.dry_run)
        if self.deliver is not None and not self.dry_run:
            self.deliver()
        policy = self.policies.of(name)
        trigger = due(world, name, policy, seen.alarms, now)
        if trigger is not None and policy.action == "tell only":
            said = f"{trigger.sentence} `mlwright adapt {name}` lets it learn again."
            yield Act(name=name, what="tell", sentence=said, evidence=trigger.to_dict(), dry_run=self.dry_run)
        elif trigger is not None and self.dry_run:
            yield foreseen(world, name, policy, trigger, now)
        elif trigger is not None and (begun := begin(world, name, policy, trigger, now)) is not None:
            yield begun


def proceed(world: World, name: str, clock: Callable[[], datetime]) -> Iterator[Act]:
    """Go on with the adaptation of a model until it waits for something or has ended."""
    for _ in range(MOST_STEPS):
        before = world.kept.current(name)
        if before is None:
            return
        try:
            act = advance(world, name, clock())
        except LeaseLostError:
            return  # who has taken over makes the same step
        if act is not None:
            yield act
        after = world.kept.current(name)
        if after is None or after.stage == before.stage:
            return


def keep_watching(
    watch: Watch,
    names: Callable[[], Sequence[str]],
    *,
    every_s: float,
    clock: Callable[[], datetime],
    stop: threading.Event,
    once: bool = False,
) -> Iterator[Act]:
    """Look again and again until `stop` is set; `names` is asked before each round, so that new models are seen."""
    while not stop.is_set():
        for act in watch.round(names(), clock):
            yield act
            if stop.is_set():
                return
        if once or stop.wait(every_s):
            return
