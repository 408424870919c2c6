"""What an export has written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export: where it is, how large, what was compared, and what to do next."""

    to: str
    path: Path
    model: str
    """The model's name and version."""
    bytes: int
    difference: float | None = None
    """The largest difference between its answers and the model's own; None where the model itself travels."""
    rows: int = 0
    """The rows that were compared."""
    next: str
    """The command to run next."""
    note: str | None = None
    """What is other than one expects, or None."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "to": self.to,
            "path": str(self.path),
            "model": self.model,
            "bytes": self.bytes,
            "difference": self.difference,
            "rows": self.rows,
            "next": self.next,
            "note": self.note,
        }
