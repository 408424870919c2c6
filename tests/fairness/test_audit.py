"""The audit: its numbers against plain counting, its intervals by simulation, its sentences."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.fairness.audit import audit
from mlwright.fairness.groups import people
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Costs, Target

SEX = Column(name="sex", kind="category", role="sensitive")
AGE = Column(name="age", kind="number", role="sensitive")
CLASSES = ("no", "yes")


def coded(values: np.ndarray) -> Coded:
    levels = ("f", "m")
    return Coded(np.array([levels.index(value) if value else -1 for value in values], dtype=np.int32), levels)


def asked(y: np.ndarray, p: np.ndarray, columns: Columns, names: list[str], **held: Any) -> dict[str, Any]:
    P = np.column_stack([1 - p, p])
    answered = ROW_TASKS["binary"].answer(P, {"threshold": 0.5, "positive": "yes"}, CLASSES)
    rows = HeldOut(Target(y, CLASSES), **held)
    return audit(columns, [SEX, AGE], rows, P, answered=answered, classes=CLASSES, names=names)


def drawn(seed: int, rows: int = 600, worse: float = 0.0) -> tuple[np.ndarray, np.ndarray, Columns]:
    """Rows of which those of "f" have their cases missed so much more often."""
    random = np.random.default_rng(seed)
    sex, y = random.choice(["f", "m"], rows), (random.random(rows) < 0.4).astype(float)
    found = random.random(rows) < np.where(y == 1, 0.8 - worse * (sex == "f"), 0.2)
    columns = Columns({"sex": coded(sex), "age": random.normal(40, 12, rows)}, rows)
    return y, np.where(found, 0.9, 0.1), columns


def test_beside_the_surest_difference_stands_the_one_that_may_be_largest() -> None:
    """A small group whose difference nobody can be sure of is not hidden behind a small one that is sure."""
    random = np.random.default_rng(0)
    age = np.repeat([20.0, 40.0, 60.0, 80.0], [4_000, 4_000, 60, 12])
    yes = random.random(len(age)) < np.select([age == 20, age == 40], [0.3, 0.4], 0.38)
    y = (random.random(len(age)) < 0.4).astype(float)
    told = asked(y, np.where(yes, 0.9, 0.1), Columns({"age": age}, len(age)), ["age"])
    gap = next(each for each in told["gaps"] if each["metric"] == "selection_rate")
    widest = gap["widest"]
    assert (gap["best"], gap["worst"], gap["verdict"]) == ("20", "40", "differs")
    assert {widest["best"], widest["worst"]} == {"20", "60"}
    assert widest["interval"][1] > gap["interval"][1]
    assert gap["aside"] == 1
    assert {each["aside"] for each in told["gaps"] if each["metric"] == "precision"} <= {1, 2}


def test_rates_are_those_of_plain_counting() -> None:
    y, p, columns = drawn(0)
    told = asked(y, p, columns, ["sex"])
    women = columns["sex"].codes == 0  # type: ignore[union-attr]
    group = next(each for each in told["groups"] if each["group"] == "f")
    yes = p > 0.5
    expected = {
        "selection_rate": yes[women].mean(),
        "true_positive_rate": yes[women & (y == 1)].mean(),
        "false_positive_rate": yes[women & (y == 0)].mean(),
        "precision": y[women & yes].mean(),
        "calibration_gap": (p - y)[women].mean(),
        "accuracy": (yes == (y == 1))[women].mean(),
    }
    assert group["rows"] == women.sum()
    assert {name: each["value"] for name, each in group["metrics"].items()} == pytest.approx(expected)
    for each in group["metrics"].values():
        assert each["interval"][0] <= each["value"] <= each["interval"][1]


def test_rates_are_those_of_fairlearn() -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="fairlearn is not installed")
    y, p, columns = drawn(1)
    sex = columns["sex"].codes  # type: ignore[union-attr]
    frame = fairlearn.MetricFrame(
        metrics={"selection_rate": fairlearn.selection_rate, "true_positive_rate": fairlearn.true_positive_rate},
        y_true=y, y_pred=p > 0.5, sensitive_features=sex,
    )  # fmt: skip
    told = {each["group"]: each["metrics"] for each in asked(y, p, columns, ["sex"])["groups"]}
    for name in frame.by_group:
        assert told["f"][name]["value"] == pytest.approx(frame.by_group[name][0], abs=1e-12)


def test_a_group_that_is_served_worse_is_named() -> None:
    told = asked(*drawn(2, worse=0.4), ["sex"])
    gap = next(each for each in told["gaps"] if each["metric"] == "true_positive_rate")
    assert (gap["verdict"], gap["worst"], gap["best"]) == ("worse", "f", "m")
    assert gap["interval"][0] > 0
    assert re.fullmatch(
        r"It is worse where sex is f: the model finds \d+ of 100 that are 'yes', against \d+ where sex is m\.",
        gap["sentence"],
    )
    assert "some get worse answers" in told["sentence"]


def test_where_there_is_no_difference_one_is_rarely_said_to_be() -> None:
    said = []
    for seed in range(60):
        gaps = asked(*drawn(seed), ["sex", "age"])["gaps"]
        said.append(any(gap["verdict"] in {"worse", "differs"} for gap in gaps))
    assert sum(said) <= 9  # three lists of groups, each wrong in at most 5 %: more than 9 of 60 has a chance of 0.5 %


def test_intervals_hold_the_truth() -> None:
    held = []
    for seed in range(150):
        y, p, columns = drawn(seed, rows=250, worse=0.3)
        group = next(each for each in asked(y, p, columns, ["sex"])["groups"] if each["group"] == "f")
        low, high = group["metrics"]["true_positive_rate"]["interval"]
        held.append(low <= 0.5 <= high)
    assert 0.89 <= np.mean(held) <= 0.995


def test_few_rows_say_nothing() -> None:
    y, p, columns = drawn(3, rows=24)
    told = asked(y, p, columns, ["sex"])
    assert {gap["verdict"] for gap in told["gaps"]} == {"unknown"}
    assert "too few rows" in told["sentence"]
    assert asked(y, p, columns, [])["sentence"] == "No groups of people were compared."


def test_rows_of_one_person_are_one_piece_of_evidence() -> None:
    y, p, columns = drawn(4, rows=60)
    five = np.repeat(np.arange(60), 5)
    many = asked(y[five], p[five], columns.take(five), ["sex"], groups=five)
    once = asked(y, p, columns, ["sex"])
    for one, other in zip(many["groups"], once["groups"], strict=True):
        wide = [np.diff(each["metrics"]["accuracy"]["interval"])[0] for each in (one, other)]
        assert wide[0] == pytest.approx(wide[1], rel=0.25)


def test_two_columns_together_are_told_as_two_conditions_and_only_where_asked() -> None:
    y, p, columns = drawn(2, rows=4_000, worse=0.4)
    columns = Columns({**columns, "age": np.repeat([20.0, 40.0], 2_000)}, columns.rows)
    gaps = asked(y, p, columns, ["sex", "age"])["gaps"]
    told = [each["sentence"] for each in gaps if each["column"] == "sex and age" and each["verdict"] == "worse"]
    assert any(each.startswith("It is worse where sex is f and age is ") for each in told)
    missing = people(Columns({"sex": coded(np.array(["f", ""]))}, 2), [SEX], ["sex"])
    assert [each.where for each in missing[0]] == ["sex is f", "sex is missing"]
    assert [each[0].column for each in people(columns, [SEX, AGE], ["sex", "age"], crossed=["sex"])] == ["sex", "age"]


def test_groups_are_ranges_values_missing_and_pairs() -> None:
    age = np.array([*np.linspace(18, 80, 99), np.nan])
    sex = np.array(["f", "m"] * 49 + ["", "f"])
    columns = Columns({"age": age, "sex": coded(sex)}, 100)
    groups = people(columns, [SEX, AGE], ["age", "sex"])
    assert [each.group for each in groups[0]] == [
        "below 34",
        "34 to below 49",
        "49 to below 64",
        "64 and more",
        "(missing)",
    ]
    assert [each.group for each in groups[1]] == ["f", "m", "(missing)"]
    assert groups[2][0].column == "age and sex"
    for each in groups:
        assert np.sum([group.rows for group in each], axis=0).tolist() == [1] * 100


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_questions_have_their_own_numbers(task: str) -> None:
    random = np.random.default_rng(0)
    y, _, columns = drawn(5)
    if task == "regression":
        P = (y + random.normal(size=len(y)) * (1 + 2 * (columns["sex"].codes == 0)))[:, None]  # type: ignore[union-attr]
        classes: tuple[str, ...] = ()
        answered = ROW_TASKS[task].answer(P, ROW_TASKS[task].decide(Target(y), P, Costs()), ())
    else:
        classes = ("a", "b", "c")
        P = random.dirichlet([1, 1, 1], len(y))
        answered = ROW_TASKS[task].answer(P, {}, classes)
    held = HeldOut(Target(y, classes))
    told = audit(columns, [SEX, AGE], held, P, answered=answered, classes=classes, names=["sex"])
    names = set(told["groups"][0]["metrics"])
    if task == "regression":
        assert {"mean_prediction", "mean_error", "absolute_error"} <= names
        gap = next(each for each in told["gaps"] if each["metric"] == "absolute_error")
        assert (gap["verdict"], gap["worst"]) == ("worse", "f")
    else:
        assert names == {"accuracy", "recall_of_a", "recall_of_b", "recall_of_c"}
