"""How lines come into the table of answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import chain

import sqlalchemy as sa

from mlwright.errors import OutputError
from mlwright.registry.database import writing
from mlwright.serve.record.answered import COLUMNS, Line
from mlwright.serve.record.record import Record

STEP, BREATH_S = 50, 0.0001
"""After so many lines the interpreter is left to the event loop for a moment."""
_SIZES = (50, 10, 2, 1)
"""So many lines go into SQLite by one statement, during which the event loop has the interpreter: a statement for each
line takes it back for each, and each time the loop waits. A few sizes, so that statements are prepared once."""


class Writer:
    """Writes lines, each once, however often it is tried: a commit whose confirmation was lost is no harm."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def write(self, lines: Sequence[Line]) -> list[Line]:
        """Write lines in one transaction; return those that the database refuses for what they are.

        Raises OutputError where it cannot be written now.
        """
        try:
            self._insert(lines)
        except OutputError as error:
            if not isinstance(error.__cause__, sa.exc.DataError):
                self._record.reopen()
                raise
        except sa.exc.ProgrammingError as error:  # PostgreSQL: the table is gone
            self._record.reopen()
            raise OutputError("The database has lost the tables of the record.") from error
        except OSError as error:
            raise OutputError(f"The database cannot be made: {error.strerror}.") from error
        except (sa.exc.IntegrityError, OverflowError, UnicodeError):
            pass
        else:
            return []
        if len(lines) == 1:
            return list(lines)
        middle = len(lines) // 2
        return [*self.write(lines[:middle]), *self.write(lines[middle:])]

    def _insert(self, lines: Sequence[Line]) -> None:
        if self._record.vanished():  # SQLite would go on writing to a file that has no name any more
            self._record.reopen()
        engine = self._record.engine
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        several = engine.dialect.name == "sqlite"
        mark = ", ".join(["?" if several else "%s"] * len(COLUMNS))
        with writing(engine) as connection:
            for part in _parts(lines, _SIZES if several else (STEP,)):
                marks = ", ".join([f"({mark})"] * (len(part) if several else 1))
                statement = f"INSERT INTO answers ({names}) VALUES {marks} ON CONFLICT DO NOTHING"  # noqa: S608  fixed names
                connection.exec_driver_sql(statement, tuple(chain(*part)) if several else part)
                time.sleep(BREATH_S)


def _parts(lines: Sequence[Line], sizes: Sequence[int]) -> Iterator[list[Line]]:
    """Yield the lines in parts of the sizes given, the largest first; what is smaller than all of them comes last."""
    start = 0
    while start < len(lines):
        size = next((size for size in sizes if size <= len(lines) - start), sizes[-1])
        yield list(lines[start : start + size])
        start += size
