"""Recode: text that was written in one encoding and read in another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mlwright.clean.repairs.base import Value, coded_of, damaged, mapped, text_in
from mlwright.columns import Coded, Columns

CODECS = frozenset({"cp1252", "latin-1", "cp1250", "cp1251", "cp437", "cp850", "mac_roman"})


@dataclass(frozen=True, slots=True)
class Recode:
    """Strings that are UTF-8 read as `codec` become what was written; others stay as they are.

    >>> Recode("town", "cp1252").apply_one({"town": "MÃ¼nchen"})
    'München'
    """

    kind: ClassVar[str] = "recode"
    column: str
    codec: str

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""
        return ()

    @property
    def words(self) -> str:
        """What it does."""
        return f"in {self.column!r}, text that was read as {self.codec} and is UTF-8 is read anew"

    def apply(self, columns: Columns) -> Coded:
        """Return the mended values."""
        values = coded_of(columns, self.column)
        return values if all(text.isascii() for text in values.values) else mapped(values, self.mend)

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row."""
        value = values[self.column]
        return self.mend(value) if isinstance(value, str) else value

    def mend(self, text: str) -> str:
        """Return what was written, or the text itself where it is no UTF-8 read wrongly."""
        if text.isascii():
            return text
        try:
            return text.encode(self.codec).decode("utf-8")
        except UnicodeError:
            return text

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {"kind": self.kind, "column": self.column, "codec": self.codec}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""
        codec = text_in(plain, "codec")
        if codec not in CODECS:
            raise damaged(f"{codec!r} is no encoding that a repair may read")
        return cls(text_in(plain, "column"), codec)
