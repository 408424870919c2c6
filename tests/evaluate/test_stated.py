"""What a model states of itself is set against what happens."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.stated import PARTS, share_of, stated
from mlwright.tasks.base import Floats, Prediction, Target

CLASSES = ("no", "yes")


def said(P: Floats, classes: tuple[str, ...] = CLASSES) -> Prediction:
    return Prediction(np.array([]), probabilities=P, classes=classes)


def pair(probability: Floats) -> Floats:
    return np.column_stack([1 - probability, probability])


def drawn(rows: int, seed: int = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    probability = random.beta(1, 2, rows)
    return probability, (random.random(rows) < probability).astype(np.float64)


def test_true_probabilities_are_within_their_intervals() -> None:
    """Each part's interval of the true gap 0 begins at 0 in about 95 % of parts."""
    zero = []
    for seed in range(60):
        probability, y = drawn(1_000, seed)
        found = stated(HeldOut(Target(y, CLASSES)), said(pair(probability)), {})
        assert found is not None
        assert len(found["parts"]) == PARTS
        zero += [part["interval"][0] == 0.0 for part in found["parts"]]
    assert 0.91 <= np.mean(zero) <= 0.99


def test_the_part_that_is_off_is_found_and_told() -> None:
    probability, y = drawn(4_000)
    wrong = np.where(probability > 0.7, probability - 0.3, probability)
    found = stated(HeldOut(Target(y, CLASSES)), said(pair(wrong)), {})
    assert found is not None
    json.dumps(found, allow_nan=False)
    worst = max(found["parts"], key=lambda part: part["value"])
    assert worst["interval"][0] > 0.02
    assert worst["happened"] > worst["stated"]
    assert "of which" in found["sentence"]
    assert "'yes'" in found["sentence"]


def test_a_label_with_braces_is_only_a_label() -> None:
    probability, y = drawn(200)
    found = stated(HeldOut(Target(y, ("{x}", "{rows}{0}"))), said(pair(probability), ("{x}", "{rows}{0}")), {})
    assert found is not None
    assert "'{rows}{0}'" in found["sentence"]


def test_of_several_classes_the_likeliest_is_looked_at() -> None:
    random = np.random.default_rng(0)
    P = random.dirichlet([1, 1, 1], 900)
    y = np.array([random.choice(3, p=row) for row in P], dtype=np.float64)
    found = stated(HeldOut(Target(y, ("a", "b", "c"))), said(P, ("a", "b", "c")), {})
    assert found is not None
    assert all(part["interval"][0] <= 0.03 for part in found["parts"])
    assert "is right in" in found["sentence"]


def test_intervals_of_numbers_are_counted() -> None:
    y = np.random.default_rng(0).normal(size=1_000)
    reach = np.full(1_000, 1.0)
    answered = Prediction(y, lower=-reach, upper=reach)
    found = stated(HeldOut(Target(y)), answered, {"level": 0.9})
    assert found is not None
    (part,) = found["parts"]
    inside = float(np.mean(np.abs(y) <= 1))
    assert part["happened"] == pytest.approx(inside)
    assert part["value"] == pytest.approx(0.9 - inside)
    assert found["sentence"].startswith("Its intervals are meant to hold 90 %")


def test_nothing_stated_and_few_rows() -> None:
    assert stated(HeldOut(Target(np.zeros(3))), Prediction(np.zeros(3)), {}) is None
    found = stated(HeldOut(Target(np.ones(1), CLASSES)), said(pair(np.array([0.3]))), {})
    assert found is not None
    assert found["parts"][0]["interval"] == [None, None]
    assert "too few rows" in found["sentence"]


def test_weights_and_groups_count() -> None:
    truth = np.tile([1.0, 0.0], 50)
    held = HeldOut(Target(truth))
    heavy = HeldOut(Target(truth), weight=np.tile([3.0, 1.0], 50))
    assert share_of(held, truth).value == pytest.approx(0.5)
    assert share_of(heavy, truth).value == pytest.approx(0.75)
    together = HeldOut(Target(truth), groups=np.repeat(np.arange(10), 10).astype(str))
    apart = np.repeat([1.0, 0.0], 50)
    alone, clustered = share_of(held, apart), share_of(together, apart)
    assert clustered.high - clustered.low > 1.5 * (alone.high - alone.low)
