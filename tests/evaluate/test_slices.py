"""Slices: planted ones are found, and none where no kind of rows is worse."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.slices import _excess, judged, worst_slices
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Target

DESCRIBED = [
    Column(name="town", kind="category"),
    Column(name="age", kind="integer"),
    Column(name="paid", kind="boolean"),
    Column(name="note", kind="text"),
]


def columns_of(random: np.random.Generator, rows: int) -> Columns:
    towns = ("Oslo", "Rome", "Paris", "Bern")
    age = random.integers(18, 80, rows).astype(float)
    age[random.random(rows) < 0.1] = np.nan
    return Columns(
        {
            "town": Coded(random.integers(-1, 4, rows).astype(np.int32), towns),
            "age": age,
            "paid": random.integers(0, 2, rows).astype(float),
            "note": Coded(random.integers(0, 3, rows).astype(np.int32), ("a", "b", "c")),
        },
        rows,
    )


def numbers(seed: int, spoiled: bool, rows: int = 1500, groups: bool = False):
    random = np.random.default_rng(seed)
    columns = columns_of(random, rows)
    # Where none is worse, a few huge errors must not make it seem so.
    errors = random.normal(size=rows) if spoiled else random.standard_t(2.5, rows)
    units = random.integers(0, rows // 5, rows) if groups else None
    if units is not None:
        errors += 3 * random.standard_t(3, rows)[units]
    inside = (columns["town"].codes == 1) & (columns["age"] > 48)  # type: ignore[union-attr,operator]
    if spoiled:
        errors[inside] *= 4
    P = random.normal(size=(rows, 1))
    return columns, HeldOut(Target(P[:, 0] + errors), groups=units), P, inside


def test_a_planted_slice_is_found_and_told() -> None:
    columns, held, P, inside = numbers(0, spoiled=True)
    found = worst_slices(columns, DESCRIBED, held, P, ROW_TASKS["regression"].metrics["rmse"])
    best = found[0]
    assert {each["text"] for each in best["conditions"]} >= {"town is Rome"}
    assert best["value"] > best["rest"]
    assert 0 < best["interval"][0] < best["difference"]
    assert best["sentence"].startswith("Where ")
    assert "town is Rome" in best["sentence"]
    assert any(len(each["conditions"]) == 2 and abs(each["rows"] - inside.sum()) < 60 for each in found)


def test_probabilities_that_are_wrong_for_some_are_found() -> None:
    random = np.random.default_rng(1)
    columns = columns_of(random, 2000)
    p = random.beta(0.5, 0.5, 2000)
    y = (random.random(2000) < p).astype(float)
    paid = columns["paid"] == 1.0
    y[paid] = random.permutation(y[paid])
    P = np.column_stack([1 - p, p])
    found = worst_slices(
        columns, DESCRIBED, HeldOut(Target(y, ("no", "yes"))), P, ROW_TASKS["binary"].metrics["roc_auc"]
    )
    assert found[0]["conditions"] == [{"column": "paid", "text": "paid is yes"}]
    assert found[0]["metric"] == "log loss"


@pytest.mark.parametrize("groups", [False, True])
def test_where_no_kind_of_rows_is_worse_none_is_told(groups: bool) -> None:
    metric = ROW_TASKS["regression"].metrics["rmse"]
    said = 0
    for seed in range(30):
        columns, held, P, _ = numbers(seed, spoiled=False, rows=600, groups=groups)
        said += bool(worst_slices(columns, DESCRIBED, held, P, metric, seed=seed))
    assert said <= 5  # at 5 % each, six or more of 30 have a chance of 0.3 %


def test_few_rows_and_no_time_tell_nothing() -> None:
    metric = ROW_TASKS["regression"].metrics["rmse"]
    columns, held, P, _ = numbers(0, spoiled=True, rows=60)
    assert worst_slices(columns, DESCRIBED, held, P, metric) == []
    columns, held, P, _ = numbers(0, spoiled=True)
    hasty = worst_slices(columns, DESCRIBED, held, P, metric, stop=lambda: True)
    assert all(len(each["conditions"]) == 1 for each in hasty)


def test_the_same_rows_give_the_same_slices() -> None:
    columns, held, P, _ = numbers(3, spoiled=True)
    metric = ROW_TASKS["regression"].metrics["rmse"]
    assert worst_slices(columns, DESCRIBED, held, P, metric) == worst_slices(columns, DESCRIBED, held, P, metric)


def chances(seed: int, *, honest: bool, rows: int = 3000):
    """Return rows of which some have answers that nobody can know; probabilities say so, or do not."""
    random = np.random.default_rng(seed)
    columns = columns_of(random, rows)
    inside = (columns["town"].codes == 1) & (columns["age"] > 48)  # type: ignore[union-attr,operator]
    p = random.beta(0.3, 0.3, rows)
    true = np.where(inside, 0.5, p)
    y = (random.random(rows) < true).astype(float)
    told = true if honest else p
    return columns, HeldOut(Target(y, ("no", "yes"))), np.column_stack([1 - told, told])


def test_a_slice_says_whether_its_probabilities_can_be_relied_on() -> None:
    metric = ROW_TASKS["binary"].metrics["roc_auc"]
    columns, held, P = chances(1, honest=False)
    found = worst_slices(columns, DESCRIBED, held, P, metric)
    assert "surer of itself there than it may be" in found[0]["sentence"]
    assert found[0]["excess"][0] > 0
    assert found[0]["known"] == "no"
    columns, held, P = chances(1, honest=True)
    found = worst_slices(columns, DESCRIBED, held, P, metric)
    assert found[0]["sentence"].endswith("It is less sure there too: its probabilities know of it.")
    assert found[0]["known"] == "yes"
    wrong = 0
    for seed in range(30):
        columns, held, P = chances(seed, honest=True)
        told = worst_slices(columns, DESCRIBED, held, P, metric)
        wrong += any("surer of itself" in each["sentence"] for each in told)
    assert wrong <= 5


def test_few_rows_that_show_nothing_are_no_assurance() -> None:
    random = np.random.default_rng(0)
    rows = 200
    y = (random.random(rows) < 0.5).astype(float)
    told = np.where(np.arange(rows) < 20, 0.4, np.where(y == 1, 0.9, 0.1))
    held = HeldOut(Target(y, ("no", "yes")))
    P = np.column_stack([1 - told, told])
    metric = ROW_TASKS["binary"].metrics["roc_auc"]
    few = np.arange(rows) < 20
    (low, high), known = _excess(judged(held, P, metric), few, ~few)
    assert low < 0 < high
    # Twenty rows cannot rule out that half of what is lost more there is lost by being too sure.
    assert known == ("yes" if high < 0.5 * 0.6 else "unclear")
    P[:20] = [0.1, 0.9]
    P[:20][y[:20] == 0] = [0.25, 0.75]
    assert _excess(judged(held, P, metric), few, ~few)[1] != "yes"
