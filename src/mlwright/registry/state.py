"""The registry's database: opened when first needed, brought to its newest form, and changed by one at a time."""

from __future__ import annotations

import getpass
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from mlwright.errors import OutputError
from mlwright.registry import database
from mlwright.registry.tables import changes

MIGRATIONS = Path(__file__).parent / "migrations"
Guard = Callable[[sa.Connection], None]
"""Raises an error within a transaction that is not to be made."""
NEWEST = "0001"
"""The newest migration. That it is the one in the database is asked first: to import Alembic takes 0.3 s."""


class State:
    """The registry's database, in a file or by URL."""

    def __init__(self, place: str | Path) -> None:
        self.place = place
        self._instead_of: Path | None = None
        self._guard: Guard | None = None

    @classmethod
    def in_memory(cls, instead_of: Path) -> State:
        """Return a registry that knows what is found on a disk which cannot be written, and takes no other changes."""
        state = cls("sqlite://")
        state._instead_of = instead_of
        return state

    def guarded(self, guard: Guard) -> State:
        """Return the same registry, whose changes are each made only where the guard lets them be."""
        other = copy(self)
        other._guard = guard  # noqa: SLF001  its own class
        return other

    @cached_property
    def engine(self) -> sa.Engine:
        """The database with all its tables. Raises OutputError, OptionError, MissingExtraError."""
        if isinstance(self.place, Path):
            try:
                self.place.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(
                    f"The workspace cannot be written: {error.strerror}.", where=str(self.place.parent)
                ) from error
        # A file is opened anew each time (0.3 ms), so that it can be moved away; to reach a server takes far longer.
        engine = database.connect(self.place, pooled=not isinstance(self.place, Path))
        weakref.finalize(self, engine.dispose)
        if not _is_newest(engine):
            database.migrate(engine, MIGRATIONS)
        return engine

    @property
    def is_open(self) -> bool:
        """Whether the database was opened before."""
        return "engine" in self.__dict__

    def _there(self) -> sa.Engine:
        """Return the database. Raises OutputError where its file was taken away since: a new one would be empty."""
        engine = self.engine
        if isinstance(self.place, Path) and not self.place.is_file():
            raise OutputError("The registry is gone.", where=str(self.place), hint="bring the file back.")
        return engine

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Within, read one state. Raises OutputError."""
        with database.reading(self._there()) as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[sa.Connection]:
        """Within, one change, kept whole or not at all; all others wait, so that what is read here stays true."""
        if self._instead_of is not None:
            raise OutputError("The workspace cannot be written.", where=str(self._instead_of))
        with self.finding() as connection:
            if self._guard is not None:
                self._guard(connection)
            yield connection

    @contextmanager
    def finding(self) -> Iterator[sa.Connection]:
        """Within, one change that only makes known what is on the disk or takes back what is not: no guard is asked."""
        with database.writing(self._there()) as connection:
            connection.execute(sa.update(changes).values(number=changes.c.number + 1))
            yield connection

    def revision(self) -> int:
        """Return a number that has grown wherever anything has changed."""
        with self.reading() as connection:
            return int(connection.execute(sa.select(changes.c.number)).scalar_one())


def now() -> str:
    """Return the moment, as the database keeps it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def storable(text: str) -> str:
    r"""Return a text as every database takes it: without NUL, which PostgreSQL refuses, and half characters.

    >>> storable("caf\udce9")
    'caf?'
    """
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def person(who: str | None) -> str:
    """Return who does something: the one named, else the user of this process."""
    if who:
        return storable(who)[:200]
    try:
        return getpass.getuser()[:200]
    except (OSError, KeyError, ImportError):  # a user without a name, as in many containers
        return "unknown"


def _is_newest(engine: sa.Engine) -> bool:
    """Tell whether the tables are there in their newest form; a database that is not there yet is not made."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        return False
    with database.reading(engine) as connection:
        if not sa.inspect(connection).has_table("registry_version"):
            return False
        return connection.execute(sa.text("SELECT version_num FROM registry_version")).scalar() == NEWEST
