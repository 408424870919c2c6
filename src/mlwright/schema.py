"""The Schema: what each column is, written once when the model is built and read by everything after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Literal, get_args

from mlwright.errors import ColumnError

Kind = Literal["number", "integer", "boolean", "category", "text", "datetime", "duration", "id", "constant"]
Direction = Literal["increasing", "decreasing"]
Role = Literal["feature", "target", "time", "group", "weight", "sensitive", "ignored"]

KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)
DIRECTIONS: tuple[str, ...] = get_args(Direction)
FLOAT_KINDS = frozenset({"number", "integer", "boolean", "datetime", "duration"})
STRING_KINDS = frozenset({"category", "text", "id", "constant"})
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)
"""The shares of a column's values that lie below its `quantiles`."""
LARGEST = 1.7976931348623157e308
MOST_ROWS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it holds, how its raw values are read, and what it is for.

    A column of a kind in `FLOAT_KINDS` becomes floats (booleans 0 and 1, datetimes seconds since 1970 UTC, durations
    seconds); one in `STRING_KINDS` becomes strings. `sensitive` columns are features that the audit watches; those that
    are `excluded` as well are only watched.
    """

    name: str
    kind: Kind
    role: Role = "feature"
    missing_share: float = 0.0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    quantiles: tuple[float, ...] = ()
    """Of a column of numbers, times or durations: the values at QUANTILES, each one of those that occur."""
    unread: int = 0
    """Rows with a text that cannot be read as the kind, and counts as missing."""
    categories: tuple[str, ...] | None = None
    missing_tokens: tuple[str, ...] = ()
    """Strings that mean "missing" in this column beyond the universal ones of `values.MISSING`."""
    level_tokens: tuple[str, ...] = ()
    """Casefolded texts that elsewhere mean "missing" and here are a value, such as a class called "None"."""
    missing_numbers: tuple[float, ...] = ()
    """Numbers (or epoch seconds) that mean "missing" here, such as -999."""
    decimal: Literal[".", ","] = "."
    units: tuple[str, ...] = ()
    """Units that stand behind the numbers and are dropped: ("oz", "ounce"); folded, without dots."""
    datetime_format: str | None = None
    """A strptime format, "iso", or an epoch: "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"."""
    numeric_text: bool = False
    """The categories are written as numbers: "1", "1.0" and 1 are the same one."""
    direction: Direction | None = None
    """Where the answer may only rise ("increasing") or only fall as the column rises, all else alike."""
    excluded: bool = False
    """Whether a sensitive column is one that the model may not look at."""
    note: str = ""
    """One sentence: why this kind and role were assumed."""

    @property
    def is_feature(self) -> bool:
        """Whether the model may look at this column."""
        is_asked = self.role in {"feature", "sensitive", "time"} and not self.excluded
        return is_asked and self.kind not in {"id", "constant"}

    @property
    def is_float(self) -> bool:
        """Whether its typed values are floats (else strings)."""
        return self.kind in FLOAT_KINDS

    @property
    def sign(self) -> int:
        """1 where the answer may only rise with the column, -1 where it may only fall, else 0."""
        return 0 if self.direction is None else 1 if self.direction == "increasing" else -1

    def with_role(self, role: Role, note: str | None = None) -> Column:
        """Return the same column in another role."""
        return replace(self, role=role, note=self.note if note is None else note)

    def to_dict(self) -> dict[str, Any]:
        """Return the column as it stands in schema.json, without what is at its default."""
        plain = asdict(self)
        kept = {f.name for f in fields(self) if f.name in {"name", "kind", "role"} or plain[f.name] != f.default}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items() if key in kept}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Column:
        """Return the column that `to_dict` wrote."""
        known = {f.name for f in fields(cls)}
        if unknown := set(data) - known:
            raise ColumnError(f"A schema's column has unknown fields: {sorted(unknown)}.")
        if data.get("kind") not in KINDS or data.get("role") not in ROLES:
            raise ColumnError(f"Column {data.get('name')!r} has kind {data.get('kind')!r}, role {data.get('role')!r}.")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        if wrong := [key for key, fits in _SHAPES.items() if key in values and not fits(values[key])]:
            raise ColumnError(f"Column {data.get('name')!r} has {wrong[0]} {values[wrong[0]]!r:.100}.")
        return cls(**values)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_ROWS


def _are_quantiles(value: object) -> bool:
    if not isinstance(value, tuple) or not all(map(_is_number, value)):
        return False
    return len(value) in {0, len(QUANTILES)} and all(low <= high for low, high in pairwise(value))


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) for each in value)


_SHAPES: dict[str, Callable[[object], bool]] = {
    "name": lambda value: isinstance(value, str),
    "missing_share": lambda value: _is_number(value) and 0 <= value <= 1,  # type: ignore[operator]
    "distinct": _is_count,
    "unread": _is_count,
    "low": lambda value: value is None or _is_number(value),
    "high": lambda value: value is None or _is_number(value),
    "quantiles": _are_quantiles,
    "categories": lambda value: value is None or _are_texts(value),
    "missing_tokens": _are_texts,
    "level_tokens": _are_texts,
    "missing_numbers": lambda value: isinstance(value, tuple) and all(map(_is_number, value)),
    "decimal": lambda value: isinstance(value, str) and value in {".", ","},
    "units": _are_texts,
    "datetime_format": lambda value: value is None or isinstance(value, str),
    "numeric_text": lambda value: isinstance(value, bool),
    "direction": lambda value: value is None or (isinstance(value, str) and value in DIRECTIONS),
    "excluded": lambda value: isinstance(value, bool),
    "note": lambda value: isinstance(value, str),
}
"""What each field can be: files come from anywhere, and whoever reads rows or checks them reckons with it."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a table, in their order."""

    columns: tuple[Column, ...]
    rows: int = 0
    """The rows that it was written from; 0 where that is not known."""
    repeats: int = 0
    """Those of them that say in all features what an earlier row says."""
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the columns: schemas of ten thousand are asked for each by name."""
        object.__setattr__(self, "_by_name", {column.name: column for column in reversed(self.columns)})

    def __iter__(self) -> Iterator[Column]:
        """Iterate over the columns."""
        return iter(self.columns)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        """Tell whether a column of that name exists."""
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name."""
        if name in self._by_name:
            return self._by_name[name]
        raise ColumnError.missing(name, self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns the model may look at."""
        return tuple(column for column in self.columns if column.is_feature)

    def with_role(self, role: Role) -> tuple[Column, ...]:
        """Return the columns in that role."""
        return tuple(column for column in self.columns if column.role == role)

    def only(self, role: Role) -> Column | None:
        """Return the one column in that role, or None."""
        return next((column for column in self.columns if column.role == role), None)

    def replacing(self, columns: Sequence[Column]) -> Schema:
        """Return the schema with columns of the same names replaced."""
        new = {column.name: column for column in columns}
        return replace(self, columns=tuple(new.get(column.name, column) for column in self.columns))

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as it stands in schema.json."""
        counted = {"rows": self.rows, "repeats": self.repeats}
        return {"columns": [column.to_dict() for column in self.columns]} | {
            name: count for name, count in counted.items() if count
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Schema:
        """Return the schema that `to_dict` wrote."""
        if unknown := set(data) - {"columns", "rows", "repeats"}:
            raise ColumnError(f"A schema has unknown fields: {sorted(unknown)}.")
        counts = {name: data.get(name, 0) for name in ("rows", "repeats")}
        if wrong := [name for name, count in counts.items() if not _is_count(count)]:
            raise ColumnError(f"A schema's {wrong[0]!r} is {data[wrong[0]]!r:.100}, not a count of rows.")
        return cls(tuple(Column.from_dict(column) for column in data["columns"]), **counts)
