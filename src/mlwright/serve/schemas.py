"""JSON Schemas of what goes in and out, by name: those of bodies are made from the types that read them."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from mlwright.serve.answers import Answer
from mlwright.serve.handlers.events import EventsBody
from mlwright.serve.handlers.outcomes import OutcomesBody
from mlwright.serve.problems import STATUS, TYPE, RowError
from mlwright.serve.recommendation_schema import recommendation_schema
from mlwright.serve.shapes import PredictBody
from mlwright.serve.tensors import DATATYPES, InferBody
from mlwright.tasks.recommend.request import request_schema

Schema = dict[str, Any]
PLACE = "#/components/schemas/{name}"
_TEXT, _COUNT, _NUMBER, _YES = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"}
_ANY: Schema = {"type": "object"}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> Schema:
    return {"type": "object", "required": [*required], "properties": required | (optional or {})}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def refer(name: str) -> Schema:
    """Return a reference to a schema."""
    return {"$ref": PLACE.format(name=name)}


def _or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


_MODEL = {
    "name": _TEXT,
    "version": _COUNT,
    "task": _TEXT,
    "target": _TEXT,
    "classes": _list({"type": ["string", "number", "boolean"]}),
    "aliases": {"type": "object", "additionalProperties": _COUNT},
    "canaries": _list(_object({"version": _COUNT, "share": _SHARE})),
    "sticky": _or_null("string"),
    "shadows": _list(_COUNT),
    "problem": _or_null("string"),
}
_TENSOR_FACTS = _object({"name": _TEXT, "datatype": {"enum": list(DATATYPES)}, "shape": _list(_COUNT)})
_OUTPUT = _object(
    {"name": _TEXT, "datatype": {"enum": list(DATATYPES)}, "shape": _list(_COUNT), "data": {"type": "array"}},
    {"parameters": _ANY},
)
WRITTEN: dict[str, Schema] = {
    "Problem": _object(
        {
            "type": {"enum": [TYPE + kind for kind in STATUS]},
            "title": _TEXT,
            "status": {"enum": sorted({status for status, _ in STATUS.values()})},
            "detail": {"type": "string", "description": "One sentence for people."},
            "instance": {"type": "string", "description": "Names the request, as the service's log does."},
        },
        {
            "hint": {"type": "string", "description": "What to do."},
            "error": {"type": "string", "description": "The detail once more, under /v2."},
            "errors": _list(refer("RowError")),
            "error_count": {"type": "integer", "description": "How many errors there are; the first 100 are listed."},
        },
    ),
    "Job": _object(
        {
            "id": _TEXT,
            "model": _object({"name": _TEXT, "version": _COUNT}),
            "state": {"enum": ["queued", "running", "done", "failed"]},
            "rows": _COUNT,
            "referred": _COUNT,
            "submitted": _TEXT,
            "started": _or_null("string"),
            "ended": _or_null("string"),
            "result": _or_null("string"),
        },
        {"detail": _or_null("string"), "hint": _or_null("string"), "errors": {"type": "array"}},
    ),
    "Health": _object({"status": {"enum": ["live", "ready", "started"]}}),
    "Models": _object({"models": _list(_object(_MODEL))}),
    "Model": _object(
        _MODEL
        | {
            "metric": _or_null("string"),
            "score": _or_null("number"),
            "interval": {"type": ["array", "null"], "items": _NUMBER},
            "verdict": {},
            "created": _or_null("string"),
            "columns": _list(_TEXT),
            "policy": _ANY,
            "rules_without_a_column": _list(_TEXT),
        },
        {
            "items": {"type": "integer", "description": "Of a recommender: how many items it knows."},
            "item_columns": _list(_TEXT),
            "title": _or_null("string"),
            "histories": {"enum": ["given", "kept"]},
        },
    ),
    "ModelSchema": _object({"row": _ANY, "answer": _ANY}),
    "Predictions": _object(
        {
            "model": _object({"name": _TEXT, "version": _COUNT}),
            "predictions": _list({"anyOf": [refer("Answer"), refer("Recommendation")]}),
        }
    ),
    "RecommendBody": {
        "anyOf": [
            request_schema(),
            {
                "type": "object",
                "required": ["requests"],
                "properties": {"requests": {"type": "array", "items": request_schema(), "minItems": 1}},
                "additionalProperties": False,
            },
        ]
    },
    "Recommendation": recommendation_schema(()),
    "Recommendations": _object(
        {"model": _object({"name": _TEXT, "version": _COUNT}), "recommendations": _list(refer("Recommendation"))}
    ),
    "OutcomesAnswer": _object(
        {"model": _TEXT} | dict.fromkeys(("accepted", "repeated", "corrected", "late", "unknown"), _COUNT),
        {"unknown_items": {"type": "integer", "description": "Items that the model, a recommender, does not know."}},
    ),
    "EventsAnswer": _object({"model": _TEXT} | dict.fromkeys(("accepted", "repeated", "unknown_items"), _COUNT)),
    "InferServer": _object({"name": _TEXT, "version": _TEXT, "extensions": _list(_TEXT)}),
    "InferHealth": _object({"live": _YES}, {"ready": _YES}),
    "InferReady": _object({"name": _TEXT, "ready": _YES}),
    "InferModel": _object(
        {
            "name": _TEXT,
            "versions": _list(_TEXT),
            "platform": _TEXT,
            "inputs": _list(_TENSOR_FACTS),
            "outputs": _list(_TENSOR_FACTS),
        }
    ),
    "InferAnswer": _object({"model_name": _TEXT, "model_version": _TEXT, "outputs": _list(_OUTPUT)}, {"id": _TEXT}),
}
"""Schemas of what no type describes: a family of addresses adds its own."""


@cache
def schemas() -> dict[str, Schema]:
    """Return all schemas by their names."""
    _, made = msgspec.json.schema_components(
        (PredictBody, OutcomesBody, EventsBody, InferBody, Answer, RowError), ref_template=PLACE
    )
    return {**made, **WRITTEN}
