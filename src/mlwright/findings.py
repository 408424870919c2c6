"""A Finding: one thing that is wrong, or worth knowing, about the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with the data, the evidence for it, and what was done about it.

    `rows` counts data rows from 0 and holds at most the first 100 of them; `message` is one sentence with numbers.
    """

    kind: str
    message: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    severity: Severity = "info"
    confidence: float = 1.0
    repair: str | None = None
    applied: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as it stands in JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """Return the finding that `to_dict` wrote."""
        return cls(**{**data, "columns": tuple(data["columns"]), "rows": tuple(data["rows"])})


def percent(share: float) -> str:
    """Return a share as it is written in a message.

    >>> percent(0.1234), percent(0.5), percent(0.0042), percent(0.00001)
    ('12.3 %', '50 %', '0.42 %', '0.001 %')
    """
    near = min(abs(share), abs(1 - share))
    decimals = 1 if near >= 0.01 or near == 0 else 2 if near >= 0.0005 else 3
    shown = f"{100 * share:.{decimals}f}"
    return f"{shown.rstrip('0').rstrip('.')} %"
