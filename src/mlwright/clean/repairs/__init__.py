"""Repairs: fitted rules that mend typed values, the same in training, in a batch and for one row.

A new kind of repair is one file and one line here. What is in this folder needs NumPy alone, because predicting does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.clean.repairs.base import Repair, Repairs, Value, damaged
from mlwright.clean.repairs.blank import Blank
from mlwright.clean.repairs.from_key import FromKey
from mlwright.clean.repairs.recode import Recode
from mlwright.clean.repairs.replace import Replace
from mlwright.clean.repairs.rescale import Rescale

__all__ = [
    "MOST_ENTRIES",
    "REPAIRS",
    "Blank",
    "FromKey",
    "Recode",
    "Repair",
    "Repairs",
    "Replace",
    "Rescale",
    "Value",
    "from_state",
    "size",
]

MOST_ENTRIES = 100_000
"""A repair of more values would take longer to load than a model may."""
REPAIRS: dict[str, type[Repair]] = {each.kind: each for each in (Blank, FromKey, Recode, Replace, Rescale)}


def from_state(plain: Mapping[str, Any]) -> Repair:
    """Return the repair that `state` wrote; raises ModelError where it cannot be one."""
    kind = plain.get("kind") if isinstance(plain, dict) else None
    if not isinstance(kind, str) or kind not in REPAIRS:
        raise damaged(f"it holds a repair of unknown kind {kind!r}")
    repair = REPAIRS[kind].from_state(plain)
    if repair.state() != dict(plain):
        raise damaged(f"a repair of kind {kind!r} holds more than it can")
    if repair.column in repair.reads:
        raise damaged(f"column {repair.column!r:.100} is to be mended by itself")
    if size(repair) > MOST_ENTRIES:
        raise damaged(f"a repair of kind {kind!r} has more than {MOST_ENTRIES:,} entries")
    return repair


def size(repair: Repair) -> int:
    """Return how many values a repair knows by name."""
    return max((len(value) for value in repair.state().values() if isinstance(value, dict | list)), default=0)
