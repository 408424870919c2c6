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

__all__ = ["REPAIRS", "Blank", "FromKey", "Recode", "Repair", "Repairs", "Replace", "Rescale", "Value", "from_state"]

REPAIRS: dict[str, type[Repair]] = {each.kind: each for each in (Blank, FromKey, Recode, Replace, Rescale)}


def from_state(plain: Mapping[str, Any]) -> Repair:
    """Return the repair that `state` wrote; raises ModelError where it cannot be one."""
    kind = plain.get("kind") if isinstance(plain, dict) else None
    if not isinstance(kind, str) or kind not in REPAIRS:
        raise damaged(f"it holds a repair of unknown kind {kind!r}")
    return REPAIRS[kind].from_state(plain)
