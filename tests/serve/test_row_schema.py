"""A model's columns as JSON Schema: examples and ranges are of the types that it names."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from tests.serve.conftest import TASKS

from mlwright.model import Model
from mlwright.schema import Column
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.row_schema import row_schema
from mlwright.serve.served import Served

MADE = (
    Column(name="active", kind="boolean", low=0.0, high=1.0, quantiles=(0.0, 0.0, 1.0, 1.0, 1.0), distinct=2),
    Column(name="at", kind="datetime", datetime_format="epoch_s", low=1e9, high=2e9, quantiles=(1.5e9,) * 5),
    Column(name="day", kind="datetime", low=0.0, high=864_000.0, quantiles=(86_400.0,) * 5),
    Column(name="age", kind="integer", low=18.0, high=79.0, quantiles=(40.0,) * 5),
    Column(name="plan", kind="category", categories=("a", "b", "c"), distinct=3),
    Column(name="note", kind="text", categories=("a b",), distinct=1),
)


def described() -> dict[str, Any]:
    found: dict[str, Any] = row_schema(MADE)["properties"]
    return found


@pytest.mark.parametrize("name", [column.name for column in MADE])
def test_examples_fit_their_own_schema(name: str) -> None:
    told = described()[name]
    validator = jsonschema_rs.validator_for(told)
    shown = [*told["examples"], *told.get("x-range", ())]
    assert shown
    for value in shown:
        validator.validate(value)
        assert type(value) is {"active": bool, "at": float, "age": int}.get(name, str)


def test_yes_or_no_has_no_range() -> None:
    assert "x-range" not in described()["active"]
    assert described()["active"]["description"].startswith("Yes or no; never missing.")


def test_what_was_learned_from_is_counted_in_words() -> None:
    assert "learned from 3 categories; never" in described()["plan"]["description"]
    assert "learned from 1 text; never" in described()["note"]["description"]
    assert "learned from 1970-01-01 to 1970-01-11; never" in described()["day"]["description"]


@pytest.mark.parametrize("task", TASKS)
def test_a_models_example_fits_and_is_answered_as_its_golden_row(loaded: dict[str, Model], task: str) -> None:
    model = loaded[task]
    example = Served(model, task, 1, ModelPolicy()).example
    jsonschema_rs.validator_for(row_schema(model.parts.columns)).validate(example)
    assert (type(example["age"]), type(example["member"])) == (int, bool)
    assert model.predict([example]).tolist() == model.predict([model.parts.golden[0]]).tolist()
