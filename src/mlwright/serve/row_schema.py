"""A model's columns as JSON Schema (2020-12): what a row has to hold, and what an answer holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlwright.model import Model
from mlwright.schema import Column
from mlwright.serve.checking import KIND_WORDS, MIDDLE
from mlwright.serve.written import Written, as_written
from mlwright.values import as_text
from mlwright.values.times import EPOCHS

MOST_LISTED = 200
"""Categories beyond so many are not listed."""
_TYPES = {"number": "number", "integer": "number", "boolean": "boolean", "duration": "number"}
"""A whole number's column takes 59.5 as well: the model reads it as it is."""
_MANY = {"category": ("category", "categories"), "text": ("text", "texts"), "id": ("identifier", "identifiers")}


def row_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """Return the schema of a row. It says what is usual; what is odd is taken as the service's policy says."""
    return {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _column(column) for column in columns},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    }


def _column(column: Column) -> dict[str, Any]:
    kind = "number" if column.datetime_format in EPOCHS else _TYPES.get(column.kind, "string")
    told: dict[str, Any] = {"type": [kind, "null"] if kind == "string" else [kind, "string", "null"]}
    told["description"] = _described(column)
    if column.categories is not None:
        told["examples"] = list(column.categories[:5])
        if column.distinct <= len(column.categories) <= MOST_LISTED:
            told["x-known"] = list(column.categories)
    elif column.quantiles:
        told["examples"] = [as_written(column.quantiles[MIDDLE], column)]
    if (ends := _ends(column)) is not None:
        told["x-range"] = list(ends)
    return told


def _described(column: Column) -> str:
    said = KIND_WORDS[column.kind]
    text = said[:1].upper() + said[1:]
    if (ends := _ends(column)) is not None:
        text += f"; the model learned from {ends[0]} to {ends[1]}"
    elif column.categories is not None:
        one, many = _MANY.get(column.kind, _MANY["text"])
        text += f"; the model learned from {column.distinct:,} {one if column.distinct == 1 else many}"
    gaps = f"; missing in {column.missing_share:.1%} of the rows" if column.missing_share else "; never missing"
    return f"{text}{gaps}. Null says that it is missing."


def _ends(column: Column) -> tuple[Written, Written] | None:
    """Return the least and largest value that the model learned from; None where they say nothing."""
    if column.low is None or column.high is None or not column.is_float or column.kind == "boolean":
        return None
    return as_written(column.low, column), as_written(column.high, column)


def answer_schema(model: Model) -> dict[str, Any]:
    """Return the schema of an answer to one row."""
    classes = model.parts.classes
    properties: dict[str, Any] = {
        "id": {"type": "string", "description": "Under which the record keeps it, and outcomes name it."},
        "action": {"enum": ["answer", "default", "refer"]},
        "flags": {"type": "array", "items": FLAG},
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


FLAG = {
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
