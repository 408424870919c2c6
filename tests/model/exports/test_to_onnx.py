"""The ONNX file answers as the model does, for every learner, every way to encode and every answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.model.exports import conftest

from mlwright.columns import Columns, read_frame, typed_rows
from mlwright.errors import ModelError, OptionError
from mlwright.fairness.mitigation.frontier import Rule
from mlwright.fairness.mitigation.grouping import grouped
from mlwright.fairness.mitigation.head import fit_head
from mlwright.fairness.mitigation.policy import Head, Policy
from mlwright.features.recipe import Recipe
from mlwright.features.variants import VARIANTS
from mlwright.learn.calibration import Powers
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.learners import LEARNERS
from mlwright.learn.learners.packages import available
from mlwright.model import Model, RowParts
from mlwright.model.exports.facts import digest
from mlwright.model.exports.to_onnx import READING, compare, to_onnx
from mlwright.model.exports.to_onnx.check import Session
from mlwright.schema import Column, Schema

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

Maker = Callable[..., tuple[Model, Any]]
HEAD_EDGES = (np.array([0.55, 0.7]), np.array([]), np.array([0.6]))
CLOSE = 1e-9
"""Far below the 1e-5 that is promised: what is wrong on one side of a threshold is never so small."""
TASKS = ("binary", "multiclass", "regression")


def close(parts: RowParts, seed: int = 0, count: int = 300) -> None:
    """Compare on the rows that are checked before writing, and on many that are harder."""
    data = to_onnx(parts)
    assert compare(data, parts).difference <= CLOSE
    asked = Session(data, parts)
    rows = conftest.hard_rows(parts, count, seed)
    assert asked.difference(rows) <= CLOSE
    for place in range(3):
        assert asked.difference(rows.take(np.array([place]))) <= CLOSE


@pytest.mark.parametrize(
    ("learner", "task"),
    [(name, task) for name, each in LEARNERS.items() if available(each) for task in TASKS if task in each.objectives],
)
def test_every_learner_answers_the_same(maker: Maker, learner: str, task: str) -> None:
    model, _ = maker(task, ((learner, LEARNERS[learner].variant),))
    close(model.parts)


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_variant_answers_the_same(maker: Maker, variant: str) -> None:
    """LightGBM has its thresholds wherever a number may stand: an encoding that is nearly right is found out."""
    close(maker("regression", (("lightgbm", variant),))[0].parts)


@pytest.mark.parametrize("task", TASKS)
def test_what_is_made_of_several_columns_and_mended_is_the_same(maker: Maker, task: str) -> None:
    learners = (("lightgbm", "codes"), ("xgboost", "target"), ("linear", "onehot"))
    close(maker(task, learners, crossed=True, mended=True)[0].parts)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_no_row_is_answered_otherwise(maker: Maker, seed: int) -> None:
    model, _ = maker("multiclass", (("lightgbm", "codes"), ("extratrees", "target")), crossed=True, mended=True)
    asked = _session(model.parts)
    assert asked.difference(conftest.hard_rows(model.parts, 100, seed)) <= CLOSE


_SESSIONS: dict[int, Session] = {}


def _session(parts: RowParts) -> Session:
    return _SESSIONS.setdefault(id(parts), Session(to_onnx(parts), parts))


def test_no_rows_get_no_answers(model: Model) -> None:
    none = conftest.hard_rows(model.parts, 1, 0).take(np.array([], dtype=np.intp))
    prediction, probabilities = Session(to_onnx(model.parts), model.parts).answer(none)
    assert prediction.shape == (0,)
    assert probabilities.shape == (0, 2)


@pytest.mark.parametrize("powers", [(0.5, 2.0), (1.0, 1.0)])
def test_calibrated_probabilities_are_the_same(model: Model, powers: tuple[float, float]) -> None:
    calibration = Powers(np.array(powers), np.array([1.0, 0.3]))
    parts = replace(model.parts, ensemble=replace(model.parts.ensemble, calibration=calibration))
    plain = Session(to_onnx(model.parts), model.parts).answer(parts.background)[1]
    assert np.abs(Session(to_onnx(parts), parts).answer(parts.background)[1] - plain).max() > 0.01
    close(parts)


def test_a_floor_and_intervals_are_the_same(maker: Maker) -> None:
    parts = maker("regression", (("lightgbm", "codes"),))[0].parts
    middle = float(np.median(parts.ensemble.predict(parts.background)))
    floored = replace(
        parts, ensemble=replace(parts.ensemble, floor=middle), decision={**parts.decision, "floor": middle}
    )
    prediction, lower, _ = Session(to_onnx(floored), floored).answer(parts.background)
    assert prediction.min() == middle
    assert lower.min() == middle
    close(floored)
    for at, widths in (([middle], [3.0]), ([middle, middle + 1], [1.0, 2.0])):
        close(replace(parts, decision={**parts.decision, "at": at, "widths": widths}))


def policy_of(parts: RowParts, told: str) -> Policy:
    """A threshold for each group of city and age, or for the likeliest age, or for each band of how likely that is."""
    rows = parts.background
    if told == "groups":
        columns = [parts.schema["city"], parts.schema["age"]]
        groups = grouped(
            Columns({each.name: rows[each.name].take(np.arange(40)) for each in columns}, 40), columns, {"age": [50.0]}
        )
        head, many = None, len(groups.names)
    else:
        groups = grouped(rows, [parts.schema["age"]], {"age": [50.0]})
        features = [column for column in parts.schema.features if column.name != "age"]
        edges = HEAD_EDGES if told == "bands" else (np.empty(0),) * 3
        ensemble = fit_head(rows, features, groups.of(rows), len(groups.names), seed=0)
        head = Head(ensemble, edges[: len(groups.names)])
        many = head.segments
    rules = tuple(Rule(np.array([threshold]), np.ones(1)) for threshold in np.linspace(0.1, 0.9, many))
    return Policy("equalized_odds", 0.1, groups, rules, 0.5, head, ("age",), 0)


@pytest.mark.parametrize(("told", "many"), [("groups", 8), ("likeliest", 2), ("bands", 4)])
def test_thresholds_by_group_decide_the_same(maker: Maker, told: str, many: int) -> None:
    """Groups that were never seen are decided about by the threshold for everybody."""
    parts = maker("binary", (("lightgbm", "codes"),))[0].parts
    parts = replace(parts, policy=policy_of(parts, told))
    rows = conftest.hard_rows(parts, 300, 0)
    assert len(np.unique(parts.policy.thresholds(rows))) >= many
    close(parts)


def test_what_is_drawn_for_each_row_is_refused(maker: Maker) -> None:
    parts = maker("binary", (("lightgbm", "codes"),))[0].parts
    firm = policy_of(parts, "groups")
    shared = replace(firm, rules=(Rule(np.array([0.4, 0.6]), np.array([0.5, 0.5])), *firm.rules[1:]))
    with pytest.raises(OptionError, match="cannot be written as ONNX: a number drawn from each row's own values"):
        to_onnx(replace(parts, policy=shared))


@pytest.mark.parametrize(
    ("labels", "answer"),
    [((3, 7), np.int64), ((False, True), np.bool_), ((0.5, 2.0), np.float64), (("a", "ü"), object)],
)
def test_labels_keep_their_type(model: Model, labels: tuple[Any, Any], answer: Any) -> None:
    parts = model.relabelled(labels, "kind").parts
    found = Session(to_onnx(parts), parts).answer(parts.background)[0]
    assert found.dtype == answer
    assert found.tolist() == model.relabelled(labels, "kind").parts.answer(
        parts.background, parts.ensemble.predict(parts.background)
    ).values.tolist()  # fmt: skip


def test_a_category_is_known_however_its_letters_are_written(maker: Maker) -> None:
    parts = maker("regression", (("lightgbm", "indicators"),))[0].parts
    asked = Session(to_onnx(parts), parts)
    nothing = dict.fromkeys(column.name for column in parts.columns)
    found = {}
    for city in conftest.CITIES:
        found[city], *others = (
            asked.answer(typed_rows([{**nothing, "city": spelled}], parts.columns))[0][0]
            for spelled in (city, city.upper(), city.lower(), city.title(), city.swapcase())
        )
        assert set(others) == {found[city]}, city
    assert asked.answer(typed_rows([{**nothing, "city": "Xanadu"}], parts.columns))[0][0] != found["Rome"]


def test_numbers_that_no_model_is_shown_are_missing(maker: Maker) -> None:
    """Infinity, a column's own number for missing, and a boolean of 2: as `read_value` says."""
    parts = maker("regression", (("lightgbm", "codes"),))[0].parts
    asked, row = Session(to_onnx(parts), parts), conftest.hard_rows(parts, 1, 7)

    def answered(name: str, number: float) -> float:
        return float(asked.answer(Columns({**row, name: np.array([number])}, 1))[0][0])

    for name, number in (("debt", np.inf), ("debt", -np.inf), ("age", -999.0), ("active", 2.0)):
        assert answered(name, number) == answered(name, np.nan), name
    assert answered("age", 60.0) != answered("age", np.nan)


def test_columns_may_have_any_name(model: Model) -> None:
    """Names that the graph or its outputs would take otherwise."""
    frame = conftest.frame_of(200)
    names = {"age": "prediction", "income": "probabilities", "debt": "t1", "rooms": "t2", "city": ""}
    columns = [replace(column, name=names.get(column.name, column.name)) for column in conftest.FEATURES]
    target = model.task.encode(frame["churn"], conftest.TARGETS["binary"])
    typed = read_frame(frame.rename(names), columns)
    recipe, X = Recipe.fit(typed, columns, model.task.signals(target), variant="codes", seed=0)
    member = conftest.fitted_member("lightgbm", recipe, X, target.y, model.task, 2)
    ensemble = Ensemble({"codes": recipe}, (member,), 2)
    schema = Schema((*columns, model.schema["churn"]))
    parts = replace(model.parts, schema=schema, ensemble=ensemble, golden=(), cases=None)
    assert Session(to_onnx(parts), parts).difference(typed) <= CLOSE


def test_words_of_a_text_are_refused_with_the_way_out(model: Model) -> None:
    frame = conftest.frame_of(200)
    note = Column(name="note", kind="text")
    texts = frame.with_columns(note=frame["city"].fill_null("gone") + " is a town, and a long word")
    typed = read_frame(texts, (*conftest.FEATURES, note))
    recipe, _ = Recipe.fit(typed, (*conftest.FEATURES, note), np.ones((200, 1)), variant="codes", seed=0)
    schema = Schema((*model.schema, note))
    parts = replace(model.parts, schema=schema, ensemble=replace(model.parts.ensemble, recipes={"codes": recipe}))
    with pytest.raises(OptionError, match="it counts the words of the text 'note'") as raised:
        to_onnx(parts)
    assert "--exclude 'note'" in str(raised.value.hint)


def test_the_file_says_what_it_is(model: Model) -> None:
    file = onnx.load_from_string(to_onnx(model.parts))
    told = {entry.key: entry.value for entry in file.metadata_props}
    assert told["mlwright.name"] == "customers"
    assert told["mlwright.version"] == "3"
    assert told["mlwright.digest"] == digest(model.parts)
    assert Schema.from_dict(json.loads(told["mlwright.schema"])) == model.schema
    assert told["mlwright.reading"] == file.doc_string == READING
    doors = {door["name"]: door for door in json.loads(told["mlwright.inputs"])}
    assert list(doors) == [each.name for each in file.graph.input] == [column.name for column in model.parts.columns]
    assert doors["since"]["meaning"].startswith("seconds since 1970")
    assert [door["name"] for door in json.loads(told["mlwright.outputs"])] == ["prediction", "probabilities"]
    assert (file.producer_name, file.model_version) == ("mlwright", 3)


def test_the_same_model_gives_the_same_bytes(model: Model) -> None:
    assert to_onnx(model.parts) == to_onnx(model.parts)


def test_a_file_that_answers_otherwise_is_told(maker: Maker) -> None:
    """The comparison is no formality: another model's file, another threshold, a shifted number."""
    binary = maker("binary", (("lightgbm", "codes"),))[0].parts
    data = to_onnx(binary)
    weighed = replace(binary.ensemble, calibration=Powers(np.array([1.0, 1.001]), np.ones(2)))
    with pytest.raises(ModelError, match=r"does not answer as the model does: answers differ by 0\.0"):
        compare(data, replace(binary, ensemble=weighed))
    with pytest.raises(ModelError, match="does not answer as the model does: some answers are other ones"):
        compare(data, replace(binary, decision={**binary.decision, "threshold": 0.3}))
    number = maker("regression", (("lightgbm", "codes"),))[0].parts
    moved = replace(number.ensemble, center=number.ensemble.center + 1e-4 * number.ensemble.scale)
    with pytest.raises(ModelError, match="does not answer as the model does"):
        compare(to_onnx(number), replace(number, ensemble=moved))
