"""What a Profile holds: plain facts of a table and its columns, which JSON, page and command line all read."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

from mlwright.errors import ColumnError
from mlwright.findings import Finding
from mlwright.schema import Kind, Role

FORMAT: Final = "mlwright-profile"
VERSION: Final = 1

Measure = Literal["ranks", "groups", "tables"]
"""How an association is measured: two rankings, a number within groups, a table of two categories."""
Unit = Literal["hour", "day", "weekday", "month", "quarter", "year", "decade"]


@dataclass(frozen=True, slots=True)
class Counted:
    """A value or word, and in how many rows it stands."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values fall between each edge and the next; `below` and `above` are left out of it at either end."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    logarithmic: bool = False
    below: int = 0
    above: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """Of numbers: ends, quartiles, average, deviation. None where no float can hold it."""

    low: float
    high: float
    quartiles: tuple[float | None, float | None, float | None]
    mean: float | None
    deviation: float | None
    zeros: int
    negatives: int
    histogram: Histogram | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Periods of the calendar in a row, from the first to the last day of it."""

    first: str
    last: str
    periods: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """Periods of the calendar between the first and the last date that no row falls into."""

    unit: Unit
    periods: int
    empty: int
    longest: Stretch | None


@dataclass(frozen=True, slots=True)
class Periods:
    """How many rows fall into each period of the calendar that begins at `starts`."""

    unit: Unit
    starts: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFacts:
    """Of dates: the first and the last, how rows spread over the calendar, and where it has gaps."""

    first: str
    last: str
    periods: Periods | None
    gaps: Gaps | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """Of texts: their lengths in characters, and the words that stand in most of them."""

    shortest: int
    median: int
    longest: int
    words: tuple[Counted, ...] = ()


@dataclass(frozen=True, slots=True)
class Association:
    """How much two columns tell of each other: 0 is nothing, 1 is everything."""

    columns: tuple[str, str]
    strength: float
    measure: Measure
    rows: int
    """In how many rows both are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """One column: what it is, how much of it is there, and what its values are like."""

    name: str
    kind: Kind
    role: Role
    missing: int
    missing_share: float
    distinct: int
    examples: tuple[str, ...] = ()
    top: tuple[Counted, ...] = ()
    """The most frequent values, where they are categories or repeat."""
    numbers: NumberFacts | None = None
    dates: DateFacts | None = None
    texts: TextFacts | None = None
    with_target: float | None = None
    """The strength of its association with the target."""
    note: str = ""
    """Why this kind and role were assumed, and how values were read."""
    findings: tuple[int, ...] = ()
    """The places of the findings about it in the profile's list."""

    def to_dict(self) -> dict[str, Any]:
        """Return the column as it stands in JSON, without what does not apply to it."""
        return {key: value for key, value in _plain(asdict(self)).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a table holds and what is wrong with it. Made by `mlwright.profile`; write the page with `.report(path)`."""

    name: str
    origin: str
    target: str | None
    rows: int
    columns: tuple[ColumnFacts, ...]
    memory_bytes: int
    duplicate_rows: int | None
    """Rows that repeat an earlier one in every column; None where cells cannot be compared."""
    judged_rows: int
    """So many rows, spread evenly, tell kinds, findings, words and associations; all rows where it is `rows`."""
    findings: tuple[Finding, ...]
    """What was found, the worst first."""
    associations: tuple[Association, ...]
    """The strongest pairs of columns, the strongest first."""
    overview: tuple[str, ...]
    """What a person reads first: a few plain sentences."""
    limits: tuple[str, ...]
    """What was judged on a part only, or not at all."""

    def __getitem__(self, name: str) -> ColumnFacts:
        """Return the facts of a column. Raises ColumnError where there is none of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ColumnError.missing(name, [column.name for column in self.columns])

    def __iter__(self) -> Iterator[ColumnFacts]:
        """Iterate over the columns."""
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a column of that name."""
        return any(column.name == name for column in self.columns)

    @property
    def missing_cells(self) -> int:
        """The number of cells without a value."""
        return sum(column.missing for column in self.columns)

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The findings that a person should look at."""
        return tuple(finding for finding in self.findings if finding.severity != "info")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as it stands in JSON."""
        cells = self.rows * len(self.columns)
        return {
            "format": FORMAT,
            "version": VERSION,
            "source": {"name": self.name, "origin": self.origin},
            "target": self.target,
            "rows": self.rows,
            "judged_rows": self.judged_rows,
            "memory_bytes": self.memory_bytes,
            "missing_cells": self.missing_cells,
            "missing_share": self.missing_cells / cells if cells else 0.0,
            "duplicate_rows": self.duplicate_rows,
            "overview": list(self.overview),
            "columns": [column.to_dict() for column in self.columns],
            "findings": [finding.to_dict() for finding in self.findings],
            "associations": [_plain(asdict(association)) for association in self.associations],
            "limits": list(self.limits),
        }

    def json(self) -> str:
        """Return everything as JSON: the same table gives the same text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    def html(self) -> str:
        """Return the page: one file, no script, nothing from outside."""
        return str(_page().render_html(self.to_dict()))

    def markdown(self) -> str:
        """Return the same as Markdown, shorter and without charts."""
        return str(_page().render_markdown(self.to_dict()))

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, with its JSON and Markdown twins beside it; return where it is. Raises OutputError."""
        written: tuple[Path, ...] = _page().write_profile(self.to_dict(), Path(path))
        return written[0]

    def __repr__(self) -> str:
        """Return what it is and the next call."""
        alarms = len(self.alarms)
        look = f"{alarms} finding{'s' * (alarms != 1)} to look at" if alarms else "nothing to look at"
        rows, width = self.rows, len(self.columns)
        size = f"{rows:,} row{'s' * (rows != 1)}, {width:,} column{'s' * (width != 1)}"
        return f'<Profile of {self.name}: {size}, {look}. Next: .report("profile.html")>'

    def _repr_html_(self) -> str:
        """Return a small card for notebooks: the overview, the worst findings, the next call."""
        return str(_page().summary_html(self.to_dict()))


def with_findings(column: ColumnFacts, findings: tuple[Finding, ...]) -> ColumnFacts:
    """Return the column with the places of the findings that name it."""
    places = tuple(place for place, finding in enumerate(findings) if column.name in finding.columns)
    return replace(column, findings=places)


def _page() -> ModuleType:
    """Return what draws profiles: the one import upwards, named in the import contract."""
    import mlwright.report.profile as page

    return page


def _plain(value: Any) -> Any:
    """Return the value as JSON can hold it."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
