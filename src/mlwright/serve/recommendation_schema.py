"""A list that is recommended as JSON Schema (2020-12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlwright.model.recommender.recommend import LEVELS
from mlwright.serve.row_schema import FLAG
from mlwright.tasks.base import Label
from mlwright.tasks.recommend.request import ASKED

_ID = {"type": ["string", "number", "boolean"]}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def recommendation_schema(examples: Sequence[Label]) -> dict[str, Any]:
    """Return the schema of the answer to one request; `examples` are some ids of items."""
    place = {
        "item": {**_ID, "description": "As your data writes it.", **({"examples": list(examples)} if examples else {})},
        "score": {"type": ["number", "null"], "description": "Higher is better; comparable within one list."},
        "level": {"enum": [*LEVELS, "pinned"], "description": "Who put it there."},
        "reason": {"type": "string", "description": "Why it is there, in words."},
        "reason_kind": {"type": "string"},
        "propensity": {**_SHARE, "description": "The probability that it came to this place, given those above it."},
    }
    properties: dict[str, Any] = {
        "id": {"type": "string", "description": "Under which the record keeps it, and outcomes name it."},
        "prediction": {"type": ["array", "null"], "items": _ID, "description": "The ids alone, the best first."},
        "flags": {"type": "array", "items": FLAG},
        "action": {"enum": ["answer", "default", "refer"]},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [*place],
                "properties": place | {"title": {"type": "string", "description": "What people call it."}},
            },
        },
        "fallback": {
            "type": ["string", "null"],
            "enum": [*LEVELS[1:], None],
            "description": "The level that the list had to fall back to, where not all of it is personal.",
        },
        "unknown": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Items of the history that the model does not know, the first few.",
        },
        "asked": {
            "type": "object",
            "properties": {column.name: {"type": ["number", "null"], "description": column.note} for column in ASKED},
            "description": "What the request was like.",
        },
        "at": {"type": ["number", "null"], "description": "The moment of asking, in seconds since 1970."},
        "version": {"type": "integer", "description": "Which version answered, where not the one of the response."},
    }
    required = [name for name in properties if name != "version"]
    return {"type": "object", "required": required, "properties": properties}
