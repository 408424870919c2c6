"""Replace: strings that stand for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mlwright.clean.repairs.base import Value, coded_of, mapped, text_in, texts_in
from mlwright.columns import Coded, Columns


@dataclass(frozen=True, slots=True)
class Replace:
    """Strings of one column that become others, or missing: variants of a category, typos.

    >>> Replace("town", {"NYC": "New York", "?": None}).apply_one({"town": "NYC"})
    'New York'
    """

    kind: ClassVar[str] = "replace"
    column: str
    new: Mapping[str, str | None]

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""
        return ()

    @property
    def words(self) -> str:
        """What it does."""
        shown = [f"{old!r} becomes {'missing' if new is None else repr(new)}" for old, new in self.new.items()]
        more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
        return f"in {self.column!r}, {', '.join(shown[:3])}{more}"

    def apply(self, columns: Columns) -> Coded:
        """Return the mended values."""
        values = coded_of(columns, self.column)
        if self.new.keys().isdisjoint(values.values):
            return values
        return mapped(values, lambda text: self.new.get(text, text))

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row."""
        value = values[self.column]
        return self.new.get(value, value) if isinstance(value, str) else value

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {"kind": self.kind, "column": self.column, "new": dict(self.new)}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""
        return cls(text_in(plain, "column"), texts_in(plain, "new"))
