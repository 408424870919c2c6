"""The store of a workspace: one door to what its monitors and adaptations know."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mlwright.errors import OutputError
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.store import adaptations, alarms, leases, states
from mlwright.monitor.store.adaptations import Adaptation, TrailEntry
from mlwright.monitor.store.alarms import Acknowledged, keep_alarms
from mlwright.monitor.store.leases import Fence, LeaseLostError
from mlwright.monitor.store.states import Point, Saved
from mlwright.registry import Workspace, database

MIGRATIONS = Path(__file__).parents[1] / "migrations"
NEWEST = "0001"
"""The newest migration. That it is the one in the database is asked first: to import Alembic takes 0.3 s."""
VERSION_TABLE = "monitor_version"
MOST_ALARMS, MOST_POINTS = 1_000, 10_000


class Store:
    """What the monitors and adaptations of a workspace know, for many processes at once.

    Each method is one transaction: all of it is kept, or nothing, also where the process is killed in the middle. To
    look makes no tables; the first change does. Every method may raise OutputError, where the database cannot be used.

    Parameters
    ----------
    place
        The path of an SQLite file, or a URL (PostgreSQL).
    clock
        Seconds since 1970, for leases; by default the database's own where it is a server, else this machine's.
    """

    def __init__(self, place: str | Path, *, clock: Callable[[], float] | None = None) -> None:
        self._place, self._clock = place, clock
        self._is_ready = False

    @classmethod
    def of(cls, workspace: Workspace) -> Store:
        """Return the store of a workspace, which is in the database of its registry."""
        return cls(workspace.registry)

    def close(self) -> None:
        """Close all connections; what is used afterwards opens them again."""
        self.engine.dispose()

    # --- monitors ----------------------------------------------------------------------------------------------------

    def load(self, name: str, version: int) -> Saved | None:
        """Return what was saved last of the monitor of a version; None where nothing was."""
        with self._looking() as connection:
            return None if connection is None else states.saved(connection, name, version)

    def save(
        self,
        name: str,
        version: int,
        *,
        after: int,
        state: bytes,
        cursor: Mapping[str, Any],
        alarms: Sequence[Alarm] = (),
        points: Sequence[Point] = (),
        fence: Fence | None = None,
    ) -> bool:
        """Keep where a monitor stands, with the alarms it raised and the points it measured on the way.

        Parameters
        ----------
        after
            The step of what was loaded, 0 where nothing was.
        alarms
            One whose id is known stays as it was.
        points
            One of a period that is known takes its place.
        fence
            The lease under which the monitor runs.

        False where another process has saved since, or has taken the lease over: nothing is kept then.
        Raises DataError for a point that is no number.
        """
        with self._changing() as connection:
            if not _may(connection, fence):
                return False
            if not states.advance(connection, name, version, after=after, state=state, cursor=cursor):
                return False
            keep_alarms(connection, alarms)
            states.keep_points(connection, points)
            return True

    def points(
        self, name: str, *, version: int | None = None, series: str | None = None, limit: int = MOST_POINTS
    ) -> list[Point]:
        """Return what was measured of a model over time, the newest `limit` points, the oldest of them first."""
        with self._looking() as connection:
            if connection is None:
                return []
            return states.points(connection, name, version=version, series=series, limit=limit)

    # --- alarms ------------------------------------------------------------------------------------------------------

    def alarms(
        self, name: str, *, version: int | None = None, open_only: bool = False, limit: int = MOST_ALARMS
    ) -> list[Alarm]:
        """Return the alarms of a model, the newest first; `open_only`: those that are not over."""
        with self._looking() as connection:
            if connection is None:
                return []
            return alarms.alarms_of(connection, name, version=version, open_only=open_only, limit=limit)

    def end_alarm(self, id: str, *, at: str | None = None) -> bool:  # noqa: A002 -- the field's name
        """Note that an alarm is over, since now or since a moment; False where it was, or there is none."""
        with self._changing() as connection:
            return alarms.end(connection, id, at=at)

    def acknowledge(self, id: str, who: str | None = None, why: str = "") -> bool:  # noqa: A002 -- the field's name
        """Note that somebody has taken note of an alarm; False where somebody had before, or there is none."""
        with self._changing() as connection:
            return alarms.acknowledge(connection, id, who=who, why=why)

    def acknowledged(self, name: str) -> dict[str, Acknowledged]:
        """Return who has taken note of which alarms of a model, by the ids of the alarms."""
        with self._looking() as connection:
            return {} if connection is None else alarms.acknowledged(connection, name)

    def undelivered(self, channel: str) -> list[Alarm]:
        """Return the alarms that a channel was not told of, the oldest first."""
        with self._looking() as connection:
            return [] if connection is None else alarms.undelivered(connection, channel)

    def delivered(self, id: str, channel: str) -> bool:  # noqa: A002 -- the field's name
        """Note, after it was sent, that a channel was told of an alarm; False where that was noted before.

        A process that ends between the two sends it again, with the same id.
        """
        with self._changing() as connection:
            return alarms.delivered(connection, id, channel)

    # --- leases ------------------------------------------------------------------------------------------------------

    def lease(self, key: str, holder: str, seconds: float) -> int | None:
        """Let a holder act alone for so long, and return the token; None where another holds the lease.

        The token is greater than all that were given for the key before. The holder that has the lease gets a new one,
        and what it began under the old one does not count any more: name each process differently.
        """
        with self._changing() as connection:
            return leases.take(connection, key, holder, seconds, self._now)

    def renew(self, key: str, token: int, seconds: float) -> bool:
        """Let a lease last so long from now; False where it was given back, or another has taken it over."""
        with self._changing() as connection:
            return leases.renew(connection, Fence(key, token), seconds, self._now)

    def release(self, key: str, token: int) -> bool:
        """Give a lease back; False where it was, or another has taken it over."""
        with self._changing() as connection:
            return leases.release(connection, Fence(key, token))

    def fenced(self, key: str, token: int) -> bool:
        """Tell whether a token is still the newest of a lease; a method with `fence` asks within its transaction."""
        with self._looking() as connection:
            return connection is not None and leases.holds(connection, Fence(key, token))

    def guard(self, fence: Fence) -> Callable[[sa.Connection], None]:
        """Return what a transaction calls first that is to be made under a lease, or not at all.

        It raises LeaseLostError where another process has taken the lease over. In the database of this store nobody
        can before that transaction ends; in another one the lease is asked for a moment before.
        """

        def check(connection: sa.Connection) -> None:
            is_here = connection.engine.url == self.engine.url
            if not (leases.holds(connection, fence) if is_here else self.fenced(fence.key, fence.token)):
                raise LeaseLostError(
                    "Another process has taken over meanwhile, and nothing was changed.",
                    where=fence.key,
                    hint="a process that is stopped or has no time for long loses its turn; look again what is done.",
                )

        return check

    # --- adaptations -------------------------------------------------------------------------------------------------

    def begin(self, adaptation: Adaptation, lines: Sequence[TrailEntry] = (), *, fence: Fence | None = None) -> bool:
        """Keep a new adaptation, with the first lines of its trail.

        False where one of that model has not ended, one has this id, or another process has taken the lease over.
        """
        with self._changing() as connection:
            return _may(connection, fence) and adaptations.begin(connection, adaptation, lines)

    def move(self, adaptation: Adaptation, lines: Sequence[TrailEntry] = (), *, fence: Fence | None = None) -> bool:
        """Put an adaptation in the place of the one with the step before, and add lines to its trail.

        False where another process has changed it since, it has ended, or another process has taken the lease over.
        """
        with self._changing() as connection:
            return _may(connection, fence) and adaptations.move(connection, adaptation, lines)

    def current(self, name: str) -> Adaptation | None:
        """Return the adaptation of a model that has not ended; there is at most one."""
        with self._looking() as connection:
            return None if connection is None else adaptations.current(connection, name)

    def adaptations(self, name: str) -> list[Adaptation]:
        """Return all adaptations of a model, the newest first."""
        with self._looking() as connection:
            return [] if connection is None else adaptations.adaptations(connection, name)

    def trail(self, adaptation: str) -> list[TrailEntry]:
        """Return the audit trail of an adaptation, by its id, the oldest line first."""
        with self._looking() as connection:
            return [] if connection is None else adaptations.trail(connection, adaptation)

    # --- the database ------------------------------------------------------------------------------------------------

    @cached_property
    def engine(self) -> sa.Engine:
        """The database; nothing is opened yet. Raises OptionError, MissingExtraError."""
        # A file is opened anew each time (0.3 ms), so that it can be moved away; to reach a server takes far longer.
        engine = database.connect(self._place, pooled=not isinstance(self._place, Path))
        weakref.finalize(self, engine.dispose)
        return engine

    @contextmanager
    def _looking(self) -> Iterator[sa.Connection | None]:
        """Within, read one state; None where nothing was ever kept."""
        if not self._is_ready and self._revision() is None:
            yield None
            return
        with database.reading(self._opened()) as connection:
            yield connection

    @contextmanager
    def _changing(self) -> Iterator[sa.Connection]:
        """Within, one change, kept whole or not at all."""
        with database.writing(self._opened()) as connection:
            yield connection

    def _opened(self) -> sa.Engine:
        """Return the database with all tables. Raises OutputError where its file was taken away: a new one is empty."""
        if not self._is_ready:
            if self._revision() != NEWEST:
                database.migrate(self.engine, MIGRATIONS)
            self._is_ready = True
        elif isinstance(self._place, Path) and not self._place.is_file():
            raise OutputError("The registry is gone.", where=str(self._place), hint="bring the file back.")
        return self.engine

    def _revision(self) -> str | None:
        """Return which form the tables have; None where there are none. A file that is not there is not made."""
        file = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and file and not Path(file).is_file():
            return None
        with database.reading(self.engine) as connection:
            if not sa.inspect(connection).has_table(VERSION_TABLE):
                return None
            return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608

    def _now(self, connection: sa.Connection) -> int:
        """Return the moment in microseconds since 1970, by the one clock that all who share the database see."""
        if self._clock is not None:
            return round(self._clock() * 1_000_000)
        if connection.dialect.name == "postgresql":
            # Not now(), which is when the transaction began: it may have waited for the row since.
            query = sa.text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            return int(connection.execute(query).scalar_one())
        return time.time_ns() // 1000


def _may(connection: sa.Connection, fence: Fence | None) -> bool:
    """Tell whether the lease under which something is written, if any, is held; it is until the transaction ends."""
    return fence is None or leases.holds(connection, fence)
