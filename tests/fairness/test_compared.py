"""Two models group by group: the differences are row by row, told where they are sure, and turn round."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.fairness.compared import compared_groups
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Prediction, Target

SEX = Column(name="sex", kind="category", role="sensitive")


def people(seed: int, rows: int = 800, *, worse_for: int = -1):
    """Return groups, their truth, and two models' answers; B tosses a coin for one group."""
    random = np.random.default_rng(seed)
    columns = Columns({"sex": Coded(random.integers(0, 2, rows).astype(np.int32), ("f", "m"))}, rows)
    y = random.integers(0, 2, rows).astype(float)
    said = []
    for coin in (-1, worse_for):
        wrong = random.random(rows) < np.where(columns["sex"].codes == coin, 0.5, 0.2)  # type: ignore[union-attr]
        p = np.where(wrong, 1 - y, y) * 0.8 + 0.1
        P = np.column_stack([1 - p, p])
        said.append((P, Prediction(np.array(["no", "yes"])[(p > 0.5).astype(int)], P, classes=("no", "yes"))))
    return columns, HeldOut(Target(y, ("no", "yes"))), said[0], said[1]


def compared(columns, held, a, b):
    changed = a[1].values != b[1].values
    return compared_groups(columns, [SEX], held, a, b, changed, classes=("no", "yes"), names=["sex"])


def test_a_group_for_which_one_is_worse_is_told() -> None:
    columns, held, a, b = people(0, worse_for=0)
    found = {group["group"]: group for group in compared(columns, held, a, b)}
    accuracy = found["f"]["metrics"]["accuracy"]
    assert accuracy["verdict"] == "a"
    assert accuracy["interval"][1] < 0
    assert accuracy["difference"] == pytest.approx(accuracy["b"] - accuracy["a"])
    assert any(each.startswith("A is better where sex is f: it is right about ") for each in found["f"]["sentences"])
    assert found["m"]["sentences"] == []
    assert "precision" not in found["f"]["metrics"]  # the rows that it is of are not the same for both
    inside = columns["sex"].codes == 0
    assert found["f"]["changed"] == int((inside & (a[1].values != b[1].values)).sum())
    turned = {group["group"]: group for group in compared(columns, held, b, a)}
    assert turned["f"]["metrics"]["accuracy"]["verdict"] == "b"
    assert turned["f"]["metrics"]["accuracy"]["interval"] == pytest.approx([-end for end in accuracy["interval"][::-1]])


def test_where_no_group_fares_otherwise_none_is_told() -> None:
    wrong = sum(any(group["sentences"] for group in compared(*people(seed, 300))) for seed in range(60))
    assert wrong <= 8  # at 5 % each, nine or more of 60 have a chance of 0.4 %


def test_the_same_answers_and_few_rows() -> None:
    columns, held, a, _ = people(1)
    same = compared(columns, held, a, a)
    assert {each["verdict"] for group in same for each in group["metrics"].values()} == {"none"}
    few = np.arange(9)
    small = [(P[few], Prediction(said.values[few], P[few], classes=said.classes)) for P, said in (a, a)]
    found = compared(columns.take(few), held.take(few), *small)
    assert {each["verdict"] for group in found for each in group["metrics"].values()} == {"unknown"}


def test_numbers_weights_and_groups() -> None:
    random = np.random.default_rng(0)
    rows = 400
    columns = Columns({"sex": Coded(random.integers(0, 2, rows).astype(np.int32), ("f", "m"))}, rows)
    y = random.normal(size=rows)
    held = HeldOut(Target(y), random.uniform(0.5, 2, rows), random.integers(0, 150, rows))
    decision = ROW_TASKS["regression"].decide(held.target, y[:, None] + random.normal(size=(rows, 1)), _costs())
    said = []
    for spread in (0.2, 1.5):
        P = (y + spread * random.normal(size=rows))[:, None]
        said.append((P, ROW_TASKS["regression"].answer(P, decision, ())))
    found = compared_groups(
        columns, [SEX], held, said[0], said[1], np.ones(rows, dtype=bool), classes=(), names=["sex"]
    )
    for group in found:
        assert group["metrics"]["absolute_error"]["verdict"] == "a"
        assert any("it is off by" in each for each in group["sentences"])


def _costs():
    from mlwright.tasks.base import Costs

    return Costs()
