"""A model beside its past cases: similar ones, whether a row is unlike them, and what would change its answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlwright.columns import read_frame
from mlwright.errors import ColumnError, ModelError, OptionError
from mlwright.explain.space import Space
from mlwright.model import Model, RowModel, load
from mlwright.model.arrays import read_arrays, write_arrays
from mlwright.model.folder import to_files
from mlwright.model.parts import made_up_rows
from mlwright.schema import Schema
from mlwright.values import raw_value, read_value

Models = dict[str, tuple[Model, pl.DataFrame]]


def test_a_case_is_most_similar_to_itself(models: Models) -> None:
    for model, frame in models.values():
        cases = model.parts.cases
        assert cases is not None
        found = model._beside.similar(cases.read(model.parts.columns), 3)
        assert (found.distance[:, 0] <= 1e-9).all()
        # Another case may be just the same in all that the model looks at.
        assert (found.places[:, 0] == np.arange(len(cases))).mean() > 0.9
        assert (np.diff(found.distance, axis=1) >= 0).all()
        assert len(model.similar(frame.head(7)).places) == 7


def test_what_does_not_matter_does_not_make_similar(models: Models, maker: Callable[..., Any]) -> None:
    """Only age and city tell the target; by Gower's distance the five other columns count as much."""
    model, frame = models["regression"]
    fresh = frame.with_columns(pl.col("age").reverse())  # other rows than those that taught
    truth = 1000 + 10 * (fresh["age"].to_numpy() - 50) + 150 * (fresh["city"].to_numpy() == "Rome")
    cases = model.parts.cases
    assert cases is not None
    rows = read_frame(fresh, model.parts.columns)
    space = Space(cases.read(model.parts.columns), model.parts.columns)
    plain = np.argsort(space.distances(space.place(rows), np.ones(len(space.columns))), axis=1)[:, :5]
    found = model._beside.similar(rows, 5).places
    similar, gower = (np.abs(cases.y[places].mean(axis=1) - truth).mean() for places in (found, plain))
    assert similar < 0.8 * gower


def test_words_of_similar_cases(models: Models) -> None:
    model, frame = models["binary"]
    found = model.similar(frame.head(30), k=5)
    for ended, text in zip(found.outcomes, found.text, strict=True):
        assert text.startswith("Of the 5 most similar past rows, ")
        for label in set(ended):
            many = ended.count(label)
            assert (f"all had churn {label}" if many == 5 else f"{many} had churn {label}") in text
    assert "<Similar past cases of 30 rows" in repr(found)
    numbers, frame = models["regression"]
    assert numbers.similar(frame.head(1), k=4).text[0].startswith("In the 4 most similar past rows, spend was ")
    assert numbers.similar(frame.head(1), k=1).text[0].startswith("In the most similar past row, spend was ")


def test_json_holds_the_similar_cases(models: Models) -> None:
    model, frame = models["multiclass"]
    found = model.similar(frame.head(2), k=3)
    row = found.to_dict()["rows"][1]
    assert [case["outcome"] for case in row["cases"]] == list(found.outcomes[1])
    assert set(row["cases"][0]["values"]) == {column.name for column in model.parts.columns}


def test_how_many_cases_there_are(models: Models) -> None:
    model, frame = models["binary"]
    with pytest.raises(OptionError, match="k cannot be 0"):
        model.similar(frame.head(1), k=0)
    assert len(model.similar(frame.head(1), k=10_000).outcomes[0]) == 120


def test_counterfactuals_are_what_predict_says(models: Models) -> None:
    for model, frame in models.values():
        rows = frame.head(12)
        found = model.counterfactuals(rows)
        reached = [each for ways in found for each in ways if each.reached]
        assert len(reached) > 6
        before = model.predict(rows)
        for row, ways in enumerate(found):
            for each in ways:
                answer = model.answer(dict(each.row))
                assert answer.values[0] == each.answer
                if model.parts.classes:
                    assert (answer.values[0] != before[row]) == each.reached
                    assert each.value in answer.probabilities[0]  # type: ignore[index]
        assert len(found.text) == 12
        assert found.to_dict()["rows"][0]["counterfactuals"]


def test_counterfactuals_take_all_rules(models: Models) -> None:
    model, frame = models["binary"]
    found = model.counterfactuals(frame.head(6), below=0.3, of="yes", immutable=["age"], only_down=["income"], k=2)
    for ways in found:
        assert len(ways) <= 2
        for each in ways:
            assert "age" not in {change.column for change in each.changes}
            assert model.predict_proba(dict(each.row))[0, 1] < 0.3 or not each.reached
    with pytest.raises(ColumnError, match="agee"):
        model.counterfactuals(frame.head(1), immutable=["agee"])
    with pytest.raises(OptionError, match="changed cannot be 9"):
        model.counterfactuals(frame.head(1), changed=9)
    assert len(model.counterfactuals([])) == 0


def test_unlike_through_the_model(models: Models) -> None:
    model, frame = models["binary"]
    told = model.unlike(frame)
    assert told.unlike.mean() < 0.05
    odd = {**frame.row(0, named=True), "age": 4_000, "city": "Atlantis"}
    assert list(model.unlike(odd)) == [True]
    assert "This row is unlike the training data" in model.unlike(odd).text[0]
    assert model.unlike(odd).to_dict()["rows"][0]["unlike"] is True


def test_a_loaded_model_says_the_same(models: Models, tmp_path: Path) -> None:
    for name, (model, frame) in models.items():
        model.save(tmp_path / name)
        back = load(tmp_path / name)
        rows = frame.head(5)
        assert back.similar(rows).to_dict() == model.similar(rows).to_dict()
        assert back.unlike(rows).to_dict() == model.unlike(rows).to_dict()
        assert back.counterfactuals(rows).to_dict() == model.counterfactuals(rows).to_dict()


def test_a_model_without_cases_says_so(models: Models, tmp_path: Path) -> None:
    model, frame = models["binary"]
    none = RowModel(replace(model.parts, cases=None))
    none.save(tmp_path / "none")
    back = load(tmp_path / "none")
    assert back.parts.cases is None
    assert len(back.explain(frame.head(2))) == 2
    for ask in (back.similar, back.unlike, back.counterfactuals):
        with pytest.raises(OptionError, match="keeps no past rows"):
            ask(frame.head(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state, arrays: state["columns"].__setitem__(0, "extra"), "lack the column 'age'|cases"),
        (lambda state, arrays: arrays.__setitem__("y", arrays["y"] + 7), "a class that it does not know"),
        (lambda state, arrays: arrays.pop("texts"), "texts"),
    ],
)
def test_cases_of_another_model_are_refused(
    change: Callable[..., Any], message: str, built: Model, tmp_path: Path
) -> None:
    from tests.model.test_hostile import put, signed

    from mlwright.model.text import read_json, write_json

    files = to_files(built.parts)
    state, arrays = read_json(files["cases.json"], "here"), read_arrays(files["cases.npz"], "here")
    change(state, arrays)
    broken = {**files, "cases.json": write_json(state), "cases.npz": write_arrays(arrays)}
    with pytest.raises(ModelError, match=message):
        load(put(signed(broken), tmp_path / "model"))


def test_made_up_rows_are_read_and_are_nobodys(models: Models) -> None:
    model, _frame = models["binary"]
    columns = [
        replace(column, low=0.0, high=9.0, quantiles=(1.0, 2.0, 3.0, 4.0, 5.0)) if column.is_float else column
        for column in model.parts.columns
    ]
    rows = made_up_rows(columns)
    assert len(rows) == 32
    for row in rows:
        for column in columns:
            value = read_value(row[column.name], column)
            assert value is None or value in {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
            assert value is not None or not column.is_float
    assert rows == made_up_rows(columns)


def test_raw_values_are_read_as_what_they_stand_for(models: Models) -> None:
    model, frame = models["binary"]
    typed = read_frame(frame, model.parts.columns)
    for place in range(40):
        for name, value in typed.row(place).items():
            column = model.schema[name]
            assert read_value(raw_value(value, column), column) == value


def test_what_people_are_stays_as_it_is_unless_it_is_named(models: Models) -> None:
    made, frame = models["binary"]
    columns = [
        replace(column, low=18.0, high=79.0, distinct=60) if column.name == "age" else column
        for column in made.parts.schema
    ]
    model = RowModel(replace(made.parts, schema=Schema(tuple(columns))))
    found = model.counterfactuals(frame.head(5), k=3)
    assert found.kept == ("age",)
    assert found.to_dict()["rows"][0]["kept"] == ["age"]
    assert found.kept_text.startswith("'age' stays as now, for it seems to tell what people are")
    assert not any(change.column == "age" for ways in found.found for way in ways for change in way.changes)
    free = model.counterfactuals(frame.head(5), mutable=["age"], k=3)
    assert free.kept == ()
    assert free.kept_text == ""


def test_hostile_cases_and_schemas_break_nothing(built: Model, frame: pl.DataFrame, tmp_path: Path) -> None:
    """Whatever stands in the files, they are refused, or what is asked beside the cases is answered."""
    from tests.model.test_hostile import changed, odd_array, places, put, signed

    rng, generator = random.Random(8), np.random.default_rng(8)
    files, rows, refused = to_files(built.parts), frame.head(2), 0
    arrays, schema = read_arrays(files["cases.npz"], "here"), json.loads(files["schema.json"])
    spots = [
        spot for spot in places(schema) if {"low", "high", "quantiles", "categories", "distinct", "kind"} & {*spot}
    ]
    for turn in range(40):
        if turn % 2:
            damaged = changed(schema, rng.choice(spots), rng)
            broken = {**files, "schema.json": json.dumps(damaged).encode()}
        else:
            key = rng.choice(sorted(arrays))
            broken = {**files, "cases.npz": write_arrays({**arrays, key: odd_array(arrays[key], rng, generator)})}
        try:
            model = load(put(signed(broken), tmp_path / "model"))
        except ModelError:
            refused += 1
            continue
        assert np.isfinite(model.unlike(rows).p).all()
        assert len(model.similar(rows, k=2).text) == len(model.counterfactuals(rows, k=1).text) == 2
    assert 5 < refused < 40
