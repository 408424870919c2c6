"""What is told as true, read as the model's target reads it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import constant

from mlwright.model import Model, RowModel
from mlwright.schema import Column
from mlwright.serve.record import Outcome
from mlwright.serve.truth import MISSING, MOST_SEARCHES, read_outcomes


def read(model: Model, *values: Any) -> list[Any]:
    """Return what becomes of values: what is kept of each, or the error."""
    kept, errors = read_outcomes([model], [Outcome(str(place), value) for place, value in enumerate(values)])
    found: dict[int, Any] = {int(each.id): each.outcome for each in kept}
    found |= {error.row: error for error in errors if error.row is not None}
    assert sorted(found) == list(range(len(values)))
    return [found[place] for place in range(len(values))]


def with_target(model: Model, column: Column, classes: tuple[Any, ...] = (), task: str = "regression") -> Model:
    """Return a model as if its target were another one."""
    from dataclasses import replace

    from mlwright.schema import Schema

    parts = model.parts
    kept = [each for each in parts.schema if each.name != parts.target]
    return RowModel(replace(parts, task=task, target=column.name, classes=classes, schema=Schema((*kept, column))))


def test_a_class_is_kept_as_its_label(loaded: dict[str, Model]) -> None:
    assert read(loaded["binary"], "yes", " YES ", True, "no") == ["yes", "yes", "yes", "no"]
    assert read(loaded["multiclass"], "low", " middle") == ["low", "middle"]


def test_what_is_no_class_is_told_with_the_nearest(loaded: dict[str, Model]) -> None:
    (error,) = read(loaded["multiclass"], "midle")
    assert (error.kind, error.column, error.value, error.nearest) == ("unknown_outcome", "y", "midle", "middle")
    assert error.message == "The outcome of '0' is 'midle', which is no class of 'y'; the nearest is 'middle'."
    (far,) = read(loaded["multiclass"], 7)
    assert far.message.endswith("there are: high, low, middle.")


def test_a_label_that_is_a_number_is_one_in_every_spelling() -> None:
    ten = with_target(constant(1.0), Column(name="y", kind="integer", role="target"), (5, 10), "binary")
    assert read(ten, 10, "10", 10.0, " 10.0 ", 5) == [10, 10, 10, 10, 5]
    assert read(ten, 7)[0].kind == "unknown_outcome"


def test_a_number_is_read_as_the_target_column_reads_it() -> None:
    assert read(constant(1.0), 12, 12.5, "1,234.5", " 7 ") == [12.0, 12.5, 1234.5, 7.0]
    comma = with_target(constant(1.0), Column(name="price", kind="number", role="target", decimal=","))
    assert read(comma, "12,5", "1.234,5") == [12.5, 1234.5]


def test_what_is_no_number_is_refused() -> None:
    for value in ("dear", True, False, "x" * 5000):
        (error,) = read(constant(1.0), value)
        assert error.kind == "unknown_outcome"
        assert "is not read as a number" in error.message
        assert len(error.message) < 250


def test_what_says_nothing_is_told_apart(loaded: dict[str, Model]) -> None:
    for model in (loaded["binary"], constant(1.0)):
        assert [error.kind for error in read(model, "", "NA", " n/a ")] == [MISSING] * 3


def test_an_older_version_may_know_what_the_main_one_does_not(loaded: dict[str, Model]) -> None:
    versions = [loaded["binary"], loaded["multiclass"]]
    kept, errors = read_outcomes(versions, [Outcome("a", "middle"), Outcome("b", "YES"), Outcome("c", "other")])
    assert [(each.id, each.outcome) for each in kept] == [("a", "middle"), ("b", "yes")]
    assert [error.row for error in errors] == [2]


def test_the_nearest_is_looked_for_a_few_times_only(loaded: dict[str, Model]) -> None:
    errors = read(loaded["multiclass"], *["midle"] * (MOST_SEARCHES + 5))
    assert sum(error.nearest is not None for error in errors) == MOST_SEARCHES


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(allow_nan=False), st.booleans()))
def test_what_is_kept_is_kept_as_it_is_when_it_is_told_again(value: Any) -> None:
    classes = with_target(
        constant(1.0), Column(name="y", kind="category", role="target"), ("a", "B", "7"), "multiclass"
    )
    for model in (constant(1.0), classes):
        (told,) = read(model, value)
        if isinstance(told, str | float):
            assert read(model, told) == [told]
            assert told in classes.parts.classes or isinstance(told, float)


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf")])
def test_numbers_beyond_all_bounds_are_refused(value: Any) -> None:
    assert read(constant(1.0), value)[0].kind == "unknown_outcome"
