"""The door to the databases that hold state: SQLite in a file by default, PostgreSQL by URL; one code path for both.

SQLite runs in WAL mode, so that readers and the one writer do not wait for each other, and every transaction that is
begun here takes the writer's place at once: two processes cannot both read a number and both write its successor.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from mlwright.errors import MissingExtraError, OptionError, OutputError

WAIT_S = 30.0
"""So long a process waits for another that writes, before it says that the database is busy."""
Synchronous = Literal["NORMAL", "FULL"]


def database_url(place: str | Path) -> sa.URL:
    """Return the URL of a database: a URL as it is, or a path as the file of an SQLite database. Raises OptionError.

    >>> database_url("postgresql://me@localhost/models").drivername
    'postgresql+psycopg'
    """
    if isinstance(place, Path) or "://" not in place:
        return sa.URL.create("sqlite", database=str(Path(place).absolute()))
    try:
        url = sa.make_url(place)
    except sa.exc.ArgumentError as error:
        raise OptionError(
            "The address of the database cannot be read.", hint="write postgresql://user@host/name."
        ) from error
    kind = url.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        raise OptionError(f"mlwright keeps its state in SQLite or PostgreSQL, not in {kind!r}.")
    return url.set(drivername="postgresql+psycopg") if kind == "postgresql" else url


def connect(place: str | Path, *, synchronous: Synchronous = "NORMAL", pooled: bool = True) -> sa.Engine:
    """Return an engine for a path or URL; nothing is opened yet.

    `synchronous` is SQLite's: with NORMAL a transaction survives the end of the process, with FULL that of the power
    too. Where nothing is `pooled`, each transaction opens a connection of its own, and nothing stays open behind it.
    Raises OptionError, MissingExtraError.
    """
    url = database_url(place)
    pool: dict[str, Any] = {} if pooled else {"poolclass": sa.NullPool}
    if url.get_backend_name() == "postgresql":
        try:
            return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, **pool)
        except ModuleNotFoundError as error:
            raise MissingExtraError.of("postgres", "A database in PostgreSQL") from error
    if not url.database:
        # In memory: there is one connection, and one thread at a time has it.
        pool = {"poolclass": sa.QueuePool, "pool_size": 1, "max_overflow": 0}
    elif not _writable(Path(url.database)):
        pool["creator"] = partial(_open_read_only, Path(url.database))
    engine = sa.create_engine(url, connect_args={"timeout": WAIT_S, "check_same_thread": False}, **pool)

    @sa.event.listens_for(engine, "connect")
    def _opened(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begun` does
        if "creator" not in pool:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _writable(file: Path) -> bool:
    """Tell whether a file of SQLite, which writes beside it too, can be written; one that is not there can be."""
    return not file.exists() or (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _open_read_only(file: Path) -> sqlite3.Connection:
    """Open a file on a disk that cannot be written, together with what others write of it where they do."""
    address = f"{file.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=WAIT_S, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = file.with_name(f"{file.name}-wal")
        if log.exists() and log.stat().st_size:
            raise  # what stands in the log would be left out
        # Nobody writes it, so that the files by which writers and readers agree are not needed.
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, check_same_thread=False)
    return connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Within, read one state of the database, and keep no writer waiting. Raises OutputError where that fails."""
    with _told(engine), engine.connect().execution_options(read_only=True) as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Within, one transaction: all of it is kept, or nothing. Raises OutputError where that fails."""
    with _told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def _told(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.DatabaseError) as error:
        if isinstance(error, sa.exc.IntegrityError | sa.exc.ProgrammingError):
            raise
        raise OutputError(
            f"The database cannot be used: {_first_line(error)}.",
            where=engine.url.render_as_string(hide_password=True),
            hint="see that it is there, that it may be written, and that the disk is not full.",
        ) from error


def _first_line(error: sa.exc.DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["no reason given"])[0].rstrip(".")


_MIGRATING = threading.Lock()
"""Alembic knows one migration per process: two threads would make each other's tables."""


def migrate(engine: sa.Engine, folder: Path) -> None:
    """Bring a database to the newest form by the Alembic migrations of a folder; safe with many processes at once.

    The parent folder's name is the name of the history, so that several may live in one database. Raises OutputError.
    """
    from alembic.util.exc import CommandError

    place = engine.url.render_as_string(hide_password=True)
    try:
        if engine.dialect.name == "sqlite" and engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        with _MIGRATING:
            _migrate(engine, folder)
    except OSError as error:
        raise OutputError(f"The database cannot be made: {error.strerror}.", where=place) from error
    except CommandError as error:
        raise OutputError(
            "The database is of a newer mlwright, or damaged.",
            where=place,
            hint="install that version, or name another.",
        ) from error


def _migrate(engine: sa.Engine, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    table = f"{folder.parent.name}_version"
    with reading(engine) as connection:
        current = MigrationContext.configure(connection, opts={"version_table": table}).get_current_revision()
    if current == ScriptDirectory(str(folder)).get_current_head():
        return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": table})
        config = Config(attributes={"connection": connection, "version_table": table})
        config.set_main_option("script_location", str(folder))
        command.upgrade(config, "head")
