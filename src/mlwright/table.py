"""A Table: the rows as they were found, with what was noticed while reading them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from mlwright.findings import Finding


@dataclass(frozen=True, slots=True)
class Table:
    """A Polars frame with where it came from and what was noticed while reading it.

    Columns of text files are strings: what they mean is decided once, by the Schema, not by each reader.
    """

    frame: pl.DataFrame
    name: str = "data"
    """A short name of the source, fit for a model's name: "customers" for /tmp/customers.csv.gz."""
    origin: str = "memory"
    """Where the rows came from, as the user named it, without credentials."""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def typed(self) -> bool:
        """Whether the source tells numbers from texts: everything but a text file does."""
        import polars as pl

        return self.origin == "memory" or any(dtype != pl.String for dtype in self.frame.dtypes)

    @property
    def rows(self) -> int:
        """The number of data rows."""
        return self.frame.height
