"""The report as data: the evidence and the run, with the number of the format.

    {"format": "mlwright-report", "version": 1, "evidence": {...}, "run": {...}}

Among documents, "schema" (schema.json of the model) stands there too. The keys keep the order of the evidence; numbers
that JSON cannot hold (NaN, infinity) become null. `version` grows when a key changes its meaning or goes; new keys may
come without.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

FORMAT: Final = "mlwright-report"
VERSION: Final = 1


def render_json(evidence: Mapping[str, Any], run: Mapping[str, Any], schema: Mapping[str, Any] | None = None) -> str:
    """Return the report as JSON: the same evidence gives the same text. The schema goes with it where it is given."""
    whole = {"format": FORMAT, "version": VERSION, "evidence": _plain(evidence), "run": _plain(run)}
    if schema is not None:
        whole["schema"] = _plain(schema)
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return the value as JSON can hold it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
