"""SQL: a database by URL or by file, and the table or query that is meant."""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from mlwright.collect.databases import Database, open_duckdb, open_server, open_sqlite
from mlwright.collect.files import File, local_file
from mlwright.collect.memory import Thinner
from mlwright.collect.names import redacted, slug, tidy_names
from mlwright.collect.options import ReadOptions
from mlwright.collect.python_rows import table_of
from mlwright.collect.queries import reading_query
from mlwright.errors import DataError, SourceError
from mlwright.table import Table

FILES = frozenset({"sqlite", "duckdb"})
SERVERS = frozenset(
    {"postgres", "postgresql", "mysql", "mariadb", "mssql", "oracle", "snowflake", "redshift", "cockroachdb"}
)
ENDINGS = frozenset({".db", ".sqlite", ".sqlite3", ".db3", ".duckdb", ".ddb"})
SQLITE = b"SQLite format 3\x00"


class SqlConnector:
    """Reads from a database by URL."""

    name = "sql"

    def accepts(self, source: object) -> bool:
        """Tell whether this is the URL of a database."""
        return isinstance(source, str) and _scheme(source) in FILES | SERVERS

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the query, or of the only table."""
        address, shown = str(source), redacted(str(source))
        if _scheme(address) in FILES:
            path = re.sub(r"^[^:]+:///?", "", address).partition("?")[0]
            file = local_file(path).called(shown, Path(path).suffix)
            table = DatabaseFileConnector().read(file, options)
            return Table(table.frame, name=table.name, origin=shown, findings=table.findings)
        name = address.partition("://")[2].partition("?")[0].rstrip("/").rsplit("/", 1)[-1].rsplit("@", 1)[-1]
        return _read(open_server(address, shown), options, name=slug(name), shown=shown)


class DatabaseFileConnector:
    """Reads from a SQLite or DuckDB file."""

    name = "database file"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a database's file."""
        return isinstance(source, File) and source.ending in ENDINGS

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the query, or of the only table."""
        if not isinstance(source, File):
            raise TypeError(source)
        with _on_disk(source) as path:
            head = source.head
            if head.startswith(SQLITE):
                opened = open_sqlite(path, source.shown)
            elif head[8:12] == b"DUCK":
                opened = open_duckdb(path, source.shown)
            else:
                raise SourceError("The file is no SQLite or DuckDB database.", where=source.shown)
            return _read(opened, options, name=source.name, shown=source.shown)


def _read(opened: AbstractContextManager[Database], options: ReadOptions, *, name: str, shown: str) -> Table:
    query = None if options.query is None else reading_query(options.query)
    with opened as database:
        if query is None:
            table = _only_table(database, shown)
            name, query = slug(table), f"SELECT * FROM {database.quoted(table)}"  # noqa: S608 - quoted, and from the database
        columns, batches = database.run(query)
        thinner = Thinner[tuple[object, ...]](options, shown, _weight)
        for batch in batches:
            thinner.extend(batch)
    if not thinner.kept:
        raise DataError("The query gives no rows.", where=shown)
    # Columns of the same name are told apart only now, for a dict could not hold both.
    positions = {str(number): list(values) for number, values in enumerate(zip(*thinner.kept, strict=True))}
    found = table_of(positions)
    names, renamed = tidy_names(columns, strip=False)
    frame = found.frame.rename(dict(zip(positions, names, strict=True)))
    return Table(frame, name=name, origin=shown, findings=(*renamed, *thinner.findings))


def _only_table(database: Database, shown: str) -> str:
    tables = database.tables()
    if len(tables) == 1:
        return tables[0]
    if not tables:
        raise SourceError("The database has no tables.", where=shown)
    listed = ", ".join(map(repr, tables[:12])) + (", ..." if len(tables) > 12 else "")
    raise SourceError(
        f"The database has {len(tables)} tables ({listed}), and none was named.",
        where=shown,
        # As the shell takes it: names in double quotes, of which a query is full, stand in single ones.
        hint=f"give a query, as with --query {shlex.quote(f'SELECT * FROM {database.quoted(tables[0])}')}",  # noqa: S608
    )


def _weight(row: tuple[object, ...]) -> int:
    return sum(map(sys.getsizeof, row)) + 56


def _scheme(address: str) -> str | None:
    match = re.match(r"([A-Za-z][A-Za-z0-9]*)(?:\+[A-Za-z0-9_]+)?://", address)
    return match[1].lower() if match else None


@contextmanager
def _on_disk(file: File) -> Iterator[Path]:
    """Give a path of the file: databases open nothing else."""
    if file.path is not None:
        yield file.path
        return
    with tempfile.TemporaryDirectory(prefix="mlwright-") as folder:
        path = Path(folder) / f"database{file.ending}"
        path.write_bytes(file.data or b"")
        yield path
