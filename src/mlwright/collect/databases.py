"""Databases, opened to read only: SQLite through Python, DuckDB through its package, all others through SQLAlchemy."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from mlwright.errors import MissingExtraError, SourceError, nearest

BATCH = 10_000
Rows = Iterator[Sequence[tuple[object, ...]]]


class Database(Protocol):
    """An open connection."""

    def tables(self) -> list[str]:
        """Return the names of tables and views."""

    def quoted(self, table: str) -> str:
        """Return a table's name as it stands in a query."""

    def run(self, query: str) -> tuple[list[str], Rows]:
        """Return the names of the columns and the rows in batches."""


class _Cursor:
    """What SQLite and DuckDB have in common."""

    catalogue: str

    def __init__(self, connection: Any, shown: str, errors: type[Exception]) -> None:
        self.connection, self.shown, self.errors = connection, shown, errors

    def tables(self) -> list[str]:
        """Return the names of tables and views."""
        try:
            return [row[0] for row in self.connection.execute(self.catalogue).fetchall()]
        except self.errors as error:
            raise SourceError(f"The database is damaged, or is none: {first_line(error)}.", where=self.shown) from error

    def quoted(self, table: str) -> str:
        """Return a table's name in quotes."""
        return '"' + table.replace('"', '""') + '"'

    def run(self, query: str) -> tuple[list[str], Rows]:
        """Return the names of the columns and the rows in batches."""
        try:
            cursor = self.connection.execute(query)
        except self.errors as error:
            raise query_failed(error, self, self.shown) from error
        return [column[0] for column in cursor.description], self._batches(cursor)

    def _batches(self, cursor: Any) -> Rows:
        try:
            while batch := cursor.fetchmany(BATCH):
                yield batch
        except self.errors as error:
            raise SourceError(f"The query fails: {first_line(error)}.", where=self.shown) from error


class Sqlite(_Cursor):
    """A SQLite file."""

    catalogue = (
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )


class Duckdb(_Cursor):
    """A DuckDB file."""

    catalogue = (
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = current_schema() AND table_catalog = current_database() ORDER BY table_name"
    )


class Server:
    """A database that SQLAlchemy reaches."""

    def __init__(self, connection: Any, shown: str) -> None:
        self.connection, self.shown = connection, shown

    def tables(self) -> list[str]:
        """Return the names of tables and views."""
        import sqlalchemy

        inspector = sqlalchemy.inspect(self.connection)
        return sorted([*inspector.get_table_names(), *inspector.get_view_names()])

    def quoted(self, table: str) -> str:
        """Return a table's name in the quotes of this database."""
        return str(self.connection.dialect.identifier_preparer.quote(table))

    def run(self, query: str) -> tuple[list[str], Rows]:
        """Return the names of the columns and the rows in batches."""
        import sqlalchemy

        # A percent sign or a colon in the query is what it is, not a parameter.
        options = {"stream_results": True, "max_row_buffer": BATCH, "no_parameters": True}
        try:
            result = self.connection.execution_options(**options).exec_driver_sql(query)
        except sqlalchemy.exc.SQLAlchemyError as error:
            # The failed statement closed the transaction: the tables, for the hint, are read in a new one.
            self.connection.rollback()
            raise query_failed(getattr(error, "orig", None) or error, self, self.shown) from None
        return list(result.keys()), self._batches(result)

    def _batches(self, result: Any) -> Rows:
        import sqlalchemy

        try:
            while batch := result.fetchmany(BATCH):
                yield batch
        except sqlalchemy.exc.SQLAlchemyError as error:
            reason = first_line(getattr(error, "orig", None) or error)
            raise SourceError(f"The query fails: {reason}.", where=self.shown) from None


@contextmanager
def open_sqlite(path: Path, shown: str) -> Iterator[Database]:
    """Give a SQLite file, opened to read only."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise SourceError(f"The database cannot be opened: {first_line(error)}.", where=shown) from error
    connection.text_factory = lambda text: text.decode("utf-8", errors="replace")
    try:
        yield Sqlite(connection, shown, sqlite3.Error)
    finally:
        connection.close()


@contextmanager
def open_duckdb(path: Path, shown: str) -> Iterator[Database]:
    """Give a DuckDB file, opened to read only."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError.of("duckdb", "Reading a DuckDB database") from None
    try:
        connection = duckdb.connect(str(path), read_only=True)
        # A query reads this database and no other file of the machine.
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise SourceError(f"The database cannot be opened: {first_line(error)}.", where=shown) from error
    try:
        yield Duckdb(connection, shown, duckdb.Error)
    finally:
        connection.close()


@contextmanager
def open_server(address: str, shown: str) -> Iterator[Database]:
    """Give a database by URL, in a transaction that only reads where the database knows such."""
    scheme = address.partition("://")[0].lower()
    postgres = scheme.startswith("postgres")
    import sqlalchemy

    try:
        url = sqlalchemy.make_url(address)
        if scheme in {"postgres", "postgresql"}:
            url = url.set(drivername="postgresql+psycopg")
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    except ImportError as error:
        if postgres:
            raise MissingExtraError.of("postgres", f"Reading {scheme}://") from None
        raise MissingExtraError(f"Reading {scheme}:// needs a driver.", hint=f"pip install {error.name}") from None
    except (sqlalchemy.exc.SQLAlchemyError, ValueError):
        # SQLAlchemy repeats the URL, with the password in it, in what it says.
        raise SourceError(
            "The address of the database cannot be understood.",
            where=shown,
            hint="scheme://user:password@host:port/database",
        ) from None
    try:
        connection = engine.connect()
    except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        reason = first_line(getattr(error, "orig", None) or error)
        if url.password:
            reason = reason.replace(str(url.password), "***")
        raise SourceError(f"The database cannot be reached: {reason}.", where=shown) from None
    with connection:
        if postgres:
            connection = connection.execution_options(postgresql_readonly=True)
        yield Server(connection, shown)


def query_failed(error: BaseException, database: Database, shown: str) -> SourceError:
    """Return the sentence for a query that the database refuses, with the nearest table where one is missing."""
    reason = first_line(error)
    missing = re.search(r'no such table: (\S+)|Table with name "?([^\s"!]+)|relation "([^"]+)" does not exist', reason)
    if missing is None:
        return SourceError(f"The query fails: {reason}.", where=shown)
    name = next(group for group in missing.groups() if group)
    return no_table(name, database.tables(), shown)


def no_table(name: str, tables: list[str], shown: str) -> SourceError:
    """Return the sentence for a table that is not there."""
    near = nearest(name, tables)
    listed = ", ".join(map(repr, tables[:12])) + (", ..." if len(tables) > 12 else "")
    hint = (f"did you mean {near!r}? " if near else "") + (
        f"Tables: {listed}." if tables else "The database has no tables."
    )
    return SourceError(f"There is no table {name!r}.", where=shown, hint=hint)


def first_line(error: BaseException) -> str:
    """Return what a database says, in one line without a full stop."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
