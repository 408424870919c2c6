"""Two real models on the same rows: what is told with and without the truth, and that it turns round."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from tests.model.conftest import TARGETS, frame_of
from tests.model.test_judge import with_role

from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.model import Model
from mlwright.model.compare import compare, judging_schema
from mlwright.schema import Column, Schema
from mlwright.tasks import ROW_TASKS

Made = dict[str, tuple[Model, pl.DataFrame]]
TURNED = {"a": "b", "b": "a", "same": "same", "unknown": "unknown"}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested where they are made; here they only take time."""
    monkeypatch.setattr("mlwright.evaluate.resample.replicates", lambda _: 40)


@pytest.fixture(scope="module")
def rivals(maker: Callable[[str, int], tuple[Model, pl.DataFrame]]) -> dict[str, Model]:
    """For each task another model, which learned from other rows."""
    return {name: maker(name, 120)[0] for name in ROW_TASKS}


@pytest.fixture(scope="module")
def new() -> pl.DataFrame:
    """Rows that no model learned from."""
    return frame_of(240, seed=7)


def test_every_task_is_compared_and_turns_round(models: Made, rivals: dict[str, Model], new: pl.DataFrame) -> None:
    for task in ROW_TASKS:
        one, other = models[task][0].parts, rivals[task].parts
        found, turned = compare(one, other, new), compare(other, one, new)
        told = found.to_dict()
        assert json.loads(json.dumps(told, allow_nan=False)) == told
        assert found.metric == next(iter(ROW_TASKS[task].metrics)) == next(iter(found.metrics))
        assert found.better == TURNED[turned.better]
        assert set(found.metrics) == set(ROW_TASKS[task].metrics)
        for name, each in found.metrics.items():
            if each["difference"] is not None:
                assert each["difference"] == pytest.approx(-turned.metrics[name]["difference"], abs=1e-9)
        changed, back = found.changed, turned.changed
        assert (changed["right"], changed["wrong"]) == (back["wrong"], back["right"])
        assert changed["changed"] > 0
        assert [each["row"] for each in changed["examples"]]
        for each in changed["examples"]:
            assert each["a"] == one_answer(models[task][0], new, each["row"])
            assert each["b"] == one_answer(rivals[task], new, each["row"])
            assert each["truth"] == new[TARGETS[task].name][each["row"]]
            assert 1 <= len(each["columns"]) <= 3
        assert found.a["learned_from_these"] == found.b["learned_from_these"] == "no"
        assert repr(found).startswith(f"<Comparison: {found.sentence}")


def one_answer(model: Model, frame: pl.DataFrame, row: int) -> Any:
    return model.predict(frame[row : row + 1]).tolist()[0]


def test_a_model_against_itself_says_the_same(models: Made, new: pl.DataFrame) -> None:
    for task in ROW_TASKS:
        parts = models[task][0].parts
        found = compare(parts, parts, new)
        assert found.better == "same"
        assert found.sentence == "A and B say exactly the same of 240 rows: the same answers, as sure of each."
        assert found.changed["sentences"] == ["A and B give the same answer to all 240 rows."]
        assert found.changed["examples"] == found.slices == []


def test_another_threshold_changes_answers_alone(built: Model, new: pl.DataFrame) -> None:
    other = replace(built.parts, decision={**built.parts.decision, "threshold": 0.3})
    found = compare(built.parts, other, new)
    assert found.sentence.endswith("only where they begin to answer otherwise differs.")
    assert {(move["from"], move["to"]) for move in found.changed["moves"]} == {("no", "yes")}
    assert found.changed["examples"][0]["columns"] == []


def test_without_the_target_only_answers_are_compared(
    built: Model, rivals: dict[str, Model], new: pl.DataFrame
) -> None:
    judged = compare(built.parts, rivals["binary"].parts, new)
    for rows, why in (
        (new.drop("churn"), "The rows have no column 'churn', so nothing"),
        (new.rename({"churn": "Churn"}), "The rows have no column 'churn' (is it 'Churn'?), so nothing"),
        (new.with_columns(churn=pl.lit(None, pl.String)), "No row has a known 'churn', so nothing"),
        (new.with_columns(churn=pl.lit(" NA ")), "No row has a known 'churn', so nothing"),
    ):
        found = compare(built.parts, rivals["binary"].parts, rows)
        assert found.sentence.startswith(why)
        assert (found.better, found.labelled, found.metrics, found.rows) == ("unknown", False, {}, 240)
        assert found.changed["changed"] == judged.changed["changed"]
        assert found.changed["right"] is None
        assert found.changed["examples"][0]["truth"] is None


def test_rows_without_a_target_are_left_out_and_the_others_keep_their_numbers(
    built: Model, rivals: dict[str, Model], new: pl.DataFrame
) -> None:
    holes = new.with_columns(churn=pl.when(pl.int_range(pl.len()) % 2 == 0).then(None).otherwise("churn"))
    found = compare(built.parts, rivals["binary"].parts, holes)
    assert (found.rows, found.rows_without_target) == (120, 120)
    assert all(each["row"] % 2 == 1 for each in found.changed["examples"])


def test_rows_that_one_learned_from_do_not_speak_for_it(
    built: Model, rivals: dict[str, Model], frame: pl.DataFrame
) -> None:
    other = rivals["binary"].parts
    learned = replace(built.parts, schema=replace(built.parts.schema, rows=frame.height))
    rows = frame[120:]  # the other one learned from the first 120
    found = compare(learned, other, rows)
    assert found.better == "unknown"
    assert "A learned from them, and what a model says of rows it learned from is too good" in found.sentence
    assert found.a["learned_from_these"] == "yes"
    assert any(note.startswith("A learned from about ") for note in found.notes)
    few = compare(learned, other, rows.head(5))
    assert few.a["learned_from_these"] == "unknown"
    assert any(note.startswith("Whether A learned") for note in few.notes)


def test_other_questions_and_other_rows_are_refused(
    models: Made, built: Model, rivals: dict[str, Model], new: pl.DataFrame
) -> None:
    other = rivals["binary"].parts
    with pytest.raises(OptionError, match=r"'customers' predicts 'churn' .no, yes., and 'customers' 'plan'"):
        compare(built.parts, models["multiclass"][0].parts, new)
    with pytest.raises(OptionError, match="cannot be compared") as caught:
        compare(built.parts, replace(other, classes=("no", "maybe")), new)
    assert "only one of them knows 'maybe', 'yes'" in str(caught.value)
    with pytest.raises(ColumnError, match="'city' is not in the data") as missing:
        compare(built.parts, other, new.drop("city"))
    assert missing.value.where == "model customers"
    with pytest.raises(DataError, match="the first is: 'vielleicht'"):
        compare(built.parts, other, new.with_columns(churn=pl.lit("vielleicht")))
    with pytest.raises(DataError, match="no rows to compare"):
        compare(built.parts, other, new.head(0))


def test_few_rows_and_one_class_are_told(built: Model, rivals: dict[str, Model], new: pl.DataFrame) -> None:
    alone = compare(built.parts, rivals["binary"].parts, new.head(1))
    assert alone.better == "unknown"
    assert alone.sentence.startswith("Which one is better cannot be told from 1 labelled row: all of them are ")
    one_class = compare(built.parts, rivals["binary"].parts, new.filter(pl.col("churn") == "no"))
    assert one_class.better == "unknown"
    assert one_class.metrics["log_loss"]["better"] in {"a", "b", "same"}


def test_weights_sensitive_columns_and_units_of_either_model_count(
    built: Model, rivals: dict[str, Model], new: pl.DataFrame
) -> None:
    other = rivals["binary"]
    plain = compare(built.parts, other.parts, new)
    weighed = compare(built.parts, with_role(other, "extra", "weight").parts, new.with_columns(extra=pl.col("age")))
    turned = compare(with_role(other, "extra", "weight").parts, built.parts, new.with_columns(extra=pl.col("age")))
    assert weighed.metrics["accuracy"]["difference"] != plain.metrics["accuracy"]["difference"]
    assert weighed.metrics["accuracy"]["difference"] == pytest.approx(-turned.metrics["accuracy"]["difference"])
    assert plain.groups == []
    watched = compare(built.parts, with_role(other, "city", "sensitive").parts, new)
    assert {group["column"] for group in watched.groups} == {"city"}
    assert sum(group["changed"] for group in watched.groups) == plain.changed["changed"]
    grouped = compare(with_role(built, "shop [id]", "group").parts, other.parts, new)
    assert grouped.changed["p"] is None


def test_roles_on_which_two_models_disagree_are_not_used() -> None:
    one = Schema((Column(name="w", kind="number", role="weight"), Column(name="v", kind="number", role="ignored")))
    other = Schema(
        (Column(name="v", kind="number", role="weight"), Column(name="s", kind="category", role="sensitive"))
    )
    schema, notes = judging_schema(one, other)
    assert schema.only("weight") is None
    assert notes == ["A has 'w' as its weight column and B 'v': neither is used here."]
    assert [column.name for column in schema.with_role("sensitive")] == ["s"]
    assert judging_schema(one, one) == (one, [])


def test_sensitive_columns_of_either_model_count_whichever_comes_first() -> None:
    named = Schema((Column(name="s", kind="category", role="sensitive"), Column(name="y", kind="boolean")))
    for role, kind, excluded in (("ignored", "category", False), ("ignored", "id", False), ("sensitive", "text", True)):
        blind = Schema((Column(name="s", kind=kind, role=role, excluded=excluded), Column(name="y", kind="boolean")))
        for one, other in ((named, blind), (blind, named)):
            schema, _ = judging_schema(one, other)
            assert [column.name for column in schema.with_role("sensitive")] == ["s"]
        told = judging_schema(blind, named)[0]["s"]
        assert not told.is_feature  # A does not read it
        assert excluded or told.kind == "category"  # and it is read as B knows it


def test_models_chosen_by_other_metrics_are_judged_by_the_usual_one(
    built: Model, rivals: dict[str, Model], new: pl.DataFrame
) -> None:
    score = {**built.parts.evidence["score"], "metric": "f1"}
    one = replace(built.parts, evidence={**built.parts.evidence, "score": score})
    found = compare(one, rivals["binary"].parts, new)
    assert found.metric == "roc_auc"
    assert found.notes[0] == "A was chosen by F1 and B by ROC AUC; here ROC AUC decides."
    assert compare(one, one, new).metric == "f1"
