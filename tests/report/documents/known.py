"""What documents draw on: the evidence of the report's tests with a schema, and audits as a build writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Plain = dict[str, Any]


def schema_of(evidence: Mapping[str, Any]) -> Plain:
    """Return a schema, as schema.json holds it, for the columns of this evidence."""
    columns: list[Plain] = []
    for place, told in enumerate(evidence["data"]["columns"]):
        column: Plain = {"name": told["name"], "kind": told["kind"], "role": told["role"], "note": told["note"]}
        if told["missing"]:
            column["missing_share"] = told["missing"]
        if told["kind"] in {"number", "integer"}:
            column |= {"low": -1.5 * place, "high": 1000.25 + place}
            column["quantiles"] = [float(place), 11.75 + place, 207.5 + place, 803.5 + place, 941.25 + place]
        if told["kind"] == "category":
            column["categories"] = [f"{told['name']} {letter}" for letter in "abcdefgh"]
        if told["kind"] == "datetime":
            column |= {"low": 1_577_836_800.0, "high": 1_719_792_000.0}
        columns.append(column)
    return {"columns": columns}


def behaviour() -> list[Plain]:
    """Return two behaviour tests: one that was kept and one that was not."""
    return [
        {
            "name": "'gender' changes nothing",
            "kind": "invariance",
            "columns": ["gender"],
            "tested": 300,
            "failed": 0,
            "share": 0.0,
            "interval": [0.0, 0.0126],
            "verdict": "pass",
            "sentence": "Of 300 rows, none got another answer with the other value of 'gender'.",
            "examples": [],
        },
        {
            "name": "a typo in 'Contract'",
            "kind": "robustness",
            "columns": ["Contract"],
            "tested": 250,
            "failed": 31,
            "share": 0.124,
            "interval": [0.0886, 0.1709],
            "verdict": "fail",
            "sentence": "With one letter wrong in 'Contract', 31 of 250 rows get another answer.",
            "examples": [],
        },
    ]
