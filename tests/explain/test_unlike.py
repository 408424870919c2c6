"""Unlike: few false alarms among rows of the same kind, many among rows of another, and words that say why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlwright.columns import Coded, Columns, Values
from mlwright.explain.unlike import unlike
from mlwright.explain.usual import Usual
from mlwright.schema import Column

DESCRIBED = (
    Column(name="age", kind="integer", low=18, high=80, quantiles=(18, 24, 49, 74, 80), distinct=63),
    Column(name="income", kind="number", low=0.0, high=1e6, distinct=900),
    Column(name="member", kind="boolean", distinct=2),
    Column(name="town", kind="category", distinct=3, categories=("Oslo", "Rome", "Paris")),
    Column(name="note", kind="text", distinct=900),
)
WORDS = ("late", "again", "fine", "thanks", "refund", "broken", "great", "never", "box", "blue")


def rows_of(rows: int, seed: int, **changed: Any) -> Columns:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 81, rows).astype(float)
    town = rng.integers(0, 3, rows).astype(np.int32)
    notes = tuple(f"{' '.join(rng.choice(WORDS, 5))}" for _ in range(rows))
    data: dict[str, Values] = {
        "age": age,
        "income": np.where(rng.random(rows) < 0.1, np.nan, 100 * age * rng.lognormal(0, 0.2, rows)),
        "member": (age > 40).astype(float),
        "town": Coded(town, ("Oslo", "Rome", "Paris")),
        "note": Coded(np.arange(rows, dtype=np.int32), notes),
    }
    return Columns({**data, **changed}, rows)


@pytest.fixture(scope="module")
def usual() -> Usual:
    return Usual(rows_of(512, 0), DESCRIBED)


def level(described: tuple[Column, ...], of: str) -> int:
    return [column.name for column in described].index(of)


def test_false_alarms_are_as_rare_as_is_said() -> None:
    """Over 25 draws of cases and fresh rows: the level holds on average, conformal prediction's promise."""
    numbers = DESCRIBED[:4]
    alarms = []
    for seed in range(25):
        made = Usual(rows_of(256, 2 * seed), numbers)
        assert made.level == 0.01
        alarms.append(made.is_unlike(made.judge(rows_of(300, 2 * seed + 1))).mean())
    error = np.std(alarms) / np.sqrt(len(alarms))
    assert 0.001 < np.mean(alarms) < 0.01 + 2 * error


def test_p_values_are_no_smaller_than_chance() -> None:
    odd = np.concatenate(
        [Usual(rows_of(200, seed), DESCRIBED[:4]).judge(rows_of(200, 99 + seed)).p for seed in range(20)]
    )
    for share in (0.05, 0.1, 0.3):
        assert (odd <= share).mean() <= share + 0.02


@pytest.mark.parametrize(
    ("changed", "share"),
    [
        ({"income": np.full(200, 9e9)}, 1.0),
        ({"age": np.full(200, -400.0)}, 1.0),
        ({"town": Coded(np.zeros(200, np.int32), ("Atlantis",))}, 0.95),
        ({"note": Coded(np.zeros(200, np.int32), ("zzz qqq www",))}, 0.6),
        ({"member": np.full(200, np.nan)}, 0.95),
    ],
)
def test_rows_of_another_kind_are_called_so(usual: Usual, changed: dict[str, Any], share: float) -> None:
    assert usual.is_unlike(usual.judge(rows_of(200, 7, **changed))).mean() >= share


def test_values_that_never_meet_are_called_so() -> None:
    """Each value alone is common; no case has a young member."""
    described = (DESCRIBED[0], DESCRIBED[2])
    made = Usual(rows_of(512, 0), described)
    young = rows_of(200, 5, age=np.full(200, 20.0), member=np.ones(200))
    assert made.is_unlike(made.judge(young)).mean() > 0.9
    assert "meet" in unlike(made, young).text[0]


def test_words_name_what_is_odd(usual: Usual) -> None:
    rows = rows_of(3, 1, age=np.array([400.0, 30, 30]), town=Coded(np.array([0, 1, 0], np.int32), ("Rome", "Atlantis")))
    told = unlike(usual, rows)
    assert told.unlike.tolist()[:2] == [True, True]
    assert "age is 400, above all that was seen (18 to 80)" in told.text[0]
    assert "town is Atlantis, which was never seen" in told.text[1]
    assert told.text[0].startswith("This row is unlike the training data: fewer than 1 in 100 past rows")
    assert [each.columns for each in told.new[1]] == [("town",)]


def test_one_row_is_judged_as_in_a_batch(usual: Usual) -> None:
    rows = rows_of(50, 3)
    together = usual.judge(rows)
    for place in range(0, 50, 7):
        alone = usual.judge(rows.take(np.array([place])))
        assert alone.p[0] == together.p[place]
        np.testing.assert_allclose(alone.rarity[0], together.rarity[place])


def test_order_of_columns_and_cases_changes_nothing() -> None:
    cases, rows = rows_of(150, 0), rows_of(60, 1)
    one = Usual(cases, DESCRIBED[:4]).judge(rows).p
    mixed = cases.take(np.random.default_rng(0).permutation(150))
    np.testing.assert_allclose(one, Usual(mixed, DESCRIBED[:4]).judge(rows).p)
    np.testing.assert_allclose(one, Usual(cases, DESCRIBED[3::-1]).judge(rows).p)


def test_too_few_cases_call_nobody_unlike() -> None:
    made = Usual(rows_of(30, 0), DESCRIBED)
    told = unlike(made, rows_of(20, 1, age=np.full(20, 9e9)))
    assert not made.tells
    assert not told.unlike.any()
    assert told.text[0].startswith("The model keeps only 30 past rows")


def test_extremes_and_nothing_at_all(usual: Usual) -> None:
    gone = Coded(np.full(4, -1, np.int32), ())
    ends = np.array([1e308, -1e308, np.nan, 0.0])
    rows = rows_of(4, 1, age=ends, income=ends, member=np.full(4, np.nan), town=gone, note=gone)
    told = unlike(usual, rows)
    assert np.isfinite(told.p).all()
    assert told.unlike.all()
    assert all(text.endswith(".") for text in told.text)
    assert len(unlike(usual, rows.take(np.zeros(0, np.intp)))) == 0


def test_cases_of_one_value_only() -> None:
    same = Columns({"age": np.full(60, 5.0), "income": np.full(60, np.nan)}, 60)
    made = Usual(same, DESCRIBED[:2])
    assert not made.is_unlike(made.judge(same)).any()
    other = Columns({"age": np.array([6.0]), "income": np.array([3.0])}, 1)
    assert made.is_unlike(made.judge(other)).all()
