"""Who gets another answer: counted by hand, tested exactly, and turned round where the models are."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.evaluate.changed import Changed, changed_answers
from mlwright.evaluate.held_out import HeldOut
from mlwright.tasks.base import Prediction, Target

CLASSES = ("a", "b", "c")


def answers(P: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Prediction:
    return Prediction(np.array(classes)[P.argmax(axis=1)], probabilities=P, classes=classes)


def certain(labels: str, classes: tuple[str, ...] = CLASSES) -> Prediction:
    return answers(np.array([[float(label == each) for each in classes] for label in labels]), classes)


def truth(labels: str) -> HeldOut:
    return HeldOut(Target(np.array([float(CLASSES.index(label)) for label in labels]), CLASSES))


def test_moves_and_what_becomes_of_them_are_counted() -> None:
    found = changed_answers(certain("aaabbc"), certain("abbbac"), truth("abcbcc"))
    assert found.count == 3
    assert [(move.was, move.now, move.rows, move.right, move.wrong) for move in found.moves] == [
        ("a", "b", 2, 1, 0),
        ("b", "a", 1, 0, 0),
    ]
    told = found.to_dict()
    assert (told["rows"], told["changed"], told["right"], told["wrong"]) == (6, 3, 1, 0)
    assert told["sentences"][0] == "3 of 6 rows (50 %) get another answer from B than from A."
    assert "1 becomes right and 0 wrong, 2 are wrong both ways" in told["sentences"][1]


def test_classes_in_another_order_are_the_same_answers() -> None:
    found = changed_answers(certain("abc"), certain("abc", ("c", "a", "b")), truth("abc"))
    assert found.count == 0
    assert found.distance.tolist() == [0.0, 0.0, 0.0]
    assert found.sentences() == ["A and B give the same answer to all 3 rows."]


def test_the_chance_is_that_of_a_fair_coin() -> None:
    """By counting: of 10 rows that one of the two has right, B has at least 9, or at most 1."""
    found = changed_answers(certain("b" * 9 + "a" + "c"), certain("a" * 9 + "b" + "c"), truth("a" * 11))
    chance = found.chance()
    assert chance is not None
    assert chance[0] == pytest.approx(2 * sum(comb(10, k) for k in (9, 10)) / 2**10)
    assert chance[1] < 0.9 < chance[2]
    assert "which is more than chance" in found.sentences()[1]
    grouped = HeldOut(truth("a" * 11).target, groups=np.arange(11) // 2)
    assert changed_answers(certain("b" * 9 + "a" + "c"), certain("a" * 9 + "b" + "c"), grouped).chance() is None


def test_numbers_move_nearer_the_truth_or_farther() -> None:
    a, b = Prediction(np.array([1.0, 2.0, 3.0, 4.0])), Prediction(np.array([1.0, 2.5, 2.0, 4.0 + 1e-15]))
    found = changed_answers(a, b, HeldOut(Target(np.array([1.0, 3.0, 3.0, 4.0]))))
    assert found.rows.tolist() == [False, True, True, False]
    told = found.to_dict()
    assert (told["right"], told["wrong"], told["moves"]) == (1, 1, [])
    assert told["distance"] == pytest.approx({"median": 0.25, "nine_of_ten": 0.85, "largest": 1.0})
    assert told["sentences"][1].startswith("B is nearer the truth in 1 row, and farther from it in 1")


def test_without_the_truth_nothing_is_said_of_right_and_wrong() -> None:
    told = changed_answers(certain("ab"), certain("bb")).to_dict()
    assert told["right"] is told["wrong"] is told["p"] is None
    assert told["moves"][0]["right"] is None
    assert not any("right" in each for each in told["sentences"])
    assert changed_answers(certain("a"), certain("b")).sentences()[0].startswith("The only row gets another answer")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40), numbers=st.booleans())
def test_turned_round_right_becomes_wrong(seed: int, rows: int, numbers: bool) -> None:
    random = np.random.default_rng(seed)
    if numbers:
        a, b = (Prediction(random.normal(size=rows)) for _ in range(2))
        held = HeldOut(Target(random.normal(size=rows)))
    else:
        a, b = (answers(random.dirichlet(np.ones(3), rows)) for _ in range(2))
        held = HeldOut(Target(random.integers(0, 3, rows).astype(float), CLASSES))
    one, turned = changed_answers(a, b, held), changed_answers(b, a, held)
    assert one.count == turned.count
    np.testing.assert_array_equal(one.right, turned.wrong)
    np.testing.assert_allclose(one.distance, turned.distance)
    assert sum(move.rows for move in one.moves) == (0 if numbers else one.count)
    chance, back = one.chance(), turned.chance()
    assert (chance is None) == (back is None)
    if chance is not None and back is not None:
        assert chance == pytest.approx((back[0], 1 - back[2], 1 - back[1]))
    _whole(one)


def _whole(found: Changed) -> None:
    right, wrong = found.right, found.wrong
    assert right is not None
    assert wrong is not None
    assert not (right & wrong).any()
    assert not ((right | wrong) & ~found.rows).any()
