"""A model's columns as JSON Schema (2020-12): what a row has to hold, and what an answer holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlwright.model import Model
from mlwright.schema import Column
from mlwright.serve.checking import KIND_WORDS
from mlwright.values import as_text, raw_value

MOST_LISTED = 200
"""Categories beyond so many are not listed."""
_TYPES = {"number": "number", "integer": "number", "boolean": "boolean", "duration": "number"}


def row_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """Return the schema of a row. It says what is usual; what is odd is taken as the service's policy says."""
    return {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _column(column) for column in columns},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    }


def _column(column: Column) -> dict[str, Any]:
    kind = _TYPES.get(column.kind, "string")
    told: dict[str, Any] = {"type": [kind, "null"] if kind == "string" else [kind, "string", "null"]}
    told["description"] = _described(column)
    if column.categories is not None:
        told["examples"] = list(column.categories[:5])
        if column.distinct <= len(column.categories) <= MOST_LISTED:
            told["x-known"] = list(column.categories)
    elif column.quantiles:
        told["examples"] = [raw_value(column.quantiles[len(column.quantiles) // 2], column)]
    if column.is_float and column.low is not None and column.high is not None:
        told["x-range"] = [raw_value(column.low, column), raw_value(column.high, column)]
    return told


def _described(column: Column) -> str:
    said = KIND_WORDS[column.kind]
    text = said[:1].upper() + said[1:]
    if column.is_float and column.low is not None and column.high is not None:
        text += f"; the model learned from {raw_value(column.low, column)} to {raw_value(column.high, column)}"
    elif column.categories is not None:
        text += f"; the model learned from {column.distinct:,}"
    gaps = f"; missing in {column.missing_share:.1%} of the rows" if column.missing_share else "; never missing"
    return f"{text}{gaps}. Null says that it is missing."


def answer_schema(model: Model) -> dict[str, Any]:
    """Return the schema of an answer to one row."""
    classes = model.parts.classes
    properties: dict[str, Any] = {
        "id": {"type": "string", "description": "Under which the record keeps it, and outcomes name it."},
        "action": {"enum": ["answer", "default", "refer"]},
        "flags": {"type": "array", "items": _FLAG},
        "version": {"type": "integer", "description": "Which version answered, where not the one of the response."},
        "model_prediction": {"description": "What the model would have said, where that is not what is answered."},
        "base": {"type": "number"},
        "unit": {"type": "string"},
        "reasons": {"type": "array", "items": _REASON},
        "text": {"type": "string", "description": "The reasons in one sentence."},
    }
    if classes:
        names = [as_text(label) or "" for label in classes]
        properties["prediction"] = {"description": f"{model.target}, or null.", "examples": [classes[0]]}
        share = {"type": "number", "minimum": 0, "maximum": 1}
        properties["probabilities"] = {"type": "object", "properties": dict.fromkeys(names, share)}
    else:
        properties["prediction"] = {"type": ["number", "string", "null"], "description": model.target}
        properties |= {"lower": {"type": "number"}, "upper": {"type": "number"}}
    return {"type": "object", "required": ["id", "prediction", "flags", "action"], "properties": properties}


_FLAG = {
    "type": "object",
    "required": ["kind", "message"],
    "properties": {
        "kind": {"type": "string"},
        "message": {"type": "string"},
        "column": {"type": "string"},
        "value": {},
        "nearest": {"type": "string"},
        "replaced_by": {},
    },
}
_REASON = {
    "type": "object",
    "required": ["column", "value", "contribution"],
    "properties": {"column": {"type": "string"}, "value": {}, "contribution": {"type": "number"}},
}
