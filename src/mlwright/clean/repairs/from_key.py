"""FromKey: a value that another column of the same row decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from mlwright.clean.repairs.base import Value, coded_of, text_in, texts_in
from mlwright.columns import Coded, Columns


@dataclass(frozen=True, slots=True)
class FromKey:
    """Strings of one column that follow from another: where the key is known, the value is what belongs to it.

    >>> FromKey("state", "zip", {"10001": "NY"}).apply_one({"zip": "10001", "state": "NX"})
    'NY'
    """

    kind: ClassVar[str] = "from_key"
    column: str
    key: str
    values: Mapping[str, str | None]

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""
        return (self.key,)

    @property
    def words(self) -> str:
        """What it does."""
        return f"{self.column!r} becomes what {self.key!r} says for {len(self.values):,} values of it"

    def apply(self, columns: Columns) -> Coded:
        """Return the mended values."""
        held, keys = coded_of(columns, self.column), coded_of(columns, self.key)
        place = {text: at for at, text in enumerate(held.values)}
        unknown = -2
        new = np.array(
            [
                (-1 if (text := self.values[key]) is None else place.setdefault(text, len(place)))
                if key in self.values
                else unknown
                for key in keys.values
            ]
            + [unknown],
            dtype=np.int32,
        )[keys.codes]
        return Coded(np.where(new == unknown, held.codes, new).astype(np.int32), tuple(place))

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row."""
        key, value = values[self.key], values[self.column]
        return self.values.get(key, value) if isinstance(key, str) else value

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {"kind": self.kind, "column": self.column, "key": self.key, "values": dict(self.values)}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""
        return cls(text_in(plain, "column"), text_in(plain, "key"), texts_in(plain, "values"))
