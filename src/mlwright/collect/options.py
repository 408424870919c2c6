"""What may be said about a source, and what a connector is."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Protocol

from mlwright.errors import OptionError
from mlwright.table import Table

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
"""Names under which a delimiter that is hard to type may be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    r"""How to read a source; what is None is found out from the source itself.

    >>> ReadOptions(delimiter="tab").delimiter
    '\t'
    """

    query: str | None = None
    """SQL for a database; one SELECT or WITH."""
    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    """Whether the first line holds the names of the columns."""
    sheet: str | int | None = None
    """The sheet of a workbook, by name or by position from 0."""
    sample: bool = True
    """Whether a source too large for memory may be thinned out; where not, it is refused."""
    memory_limit: int | None = None
    """Bytes the rows may take; by default half of the memory that is free."""

    def __post_init__(self) -> None:
        """Refuse values that no source could be read with."""
        if self.delimiter is not None:
            delimiter = DELIMITERS.get(self.delimiter, self.delimiter)
            if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
                raise OptionError(
                    f"The delimiter cannot be {self.delimiter!r}.",
                    hint=f"give one ASCII character, or one of {', '.join(DELIMITERS)}.",
                )
            object.__setattr__(self, "delimiter", delimiter)
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise OptionError(
                    f"There is no encoding {self.encoding!r}.",
                    hint="common ones are utf-8, latin-1, cp1252 and utf-16.",
                ) from None
        if self.memory_limit is not None and self.memory_limit <= 0:
            raise OptionError(f"The memory limit cannot be {self.memory_limit} bytes.", hint="give a positive number.")


class Connector(Protocol):
    """Reads one sort of source. A new one is one file and one line in `sources.py`."""

    @property
    def name(self) -> str:
        """The key of the connector in `SOURCES`."""

    def accepts(self, source: object) -> bool:
        """Tell, without reading anything, whether the source is of this sort."""

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows. Raises SourceError, with the place, where they cannot be read."""
