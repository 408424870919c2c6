"""What `adapt` and `watch` share: the record where there is one, and where adaptations are kept."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlwright.adapt.policy import Policies
    from mlwright.adapt.step import World
    from mlwright.adapt.watch import Watches
    from mlwright.monitor.store import Store
    from mlwright.registry import Workspace


_OWN = secrets.token_hex(4)
"""In containers two processes may well be called alike: both are the first of a host with the same name."""


def this_process() -> str:
    """Return who this process is, among those that may act."""
    return f"{socket.gethostname()}-{os.getpid()}-{_OWN}"


def recorded_at(home: Workspace, place: str | None) -> tuple[str, bool]:
    """Return where answers are recorded, and whether there is such a record: none is made by looking for one."""
    from pathlib import Path

    from mlwright.serve.record import record_place

    where = str(record_place(home.path, place))
    return where, "://" in where or Path(where).is_file()


@contextmanager
def opened_world(home: Workspace, store: Store, place: str | None) -> Iterator[World]:
    """Within, all that an adaptation reads and changes. No record is made by looking for one."""
    from mlwright.adapt.step import World
    from mlwright.serve.record import Record

    where, is_there = recorded_at(home, place)
    record = Record(where) if is_there else None
    try:
        yield World(store, home, record)
    finally:
        if record is not None:
            record.close()


def watched_by(world: World, store: Store, policies: Policies) -> Callable[[str], Watches]:
    """Return what gives the monitor of a model; each is made once, and keeps the model that it has read."""
    from mlwright.adapt.policy import SECOND
    from mlwright.errors import OptionError
    from mlwright.monitor.monitor import Monitor, Settings

    made: dict[str, Watches] = {}

    def monitor(name: str) -> Watches:
        if world.record is None:
            raise OptionError("There is no record yet.", hint="`mlwright serve MODEL` begins one when it answers.")
        if name not in made:
            settings = Settings(delay=policies.of(name).us("delay") / SECOND)
            made[name] = Monitor(world.workspace, name, record=world.record, store=store, settings=settings)
        return made[name]

    return monitor
