"""Two models in each metric: A against B is B against A turned round, and the verdict says what the numbers say."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mlwright.evaluate.compared import Gap, gaps, sentence
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import Scored
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Target

CLASSES: dict[str, tuple[Any, ...]] = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}


def rivals(task: str, seed: int, rows: int = 60, weighed: bool = False, grouped: bool = False, gap: float = 0.0):
    """Return rows and what two models predict of them; B is better by the gap."""
    random = np.random.default_rng(seed)
    classes = CLASSES[task]
    y = random.integers(0, len(classes), rows).astype(float) if classes else random.normal(size=rows)
    predicted = []
    for better in (0.0, gap):
        if classes:
            raw = random.normal(size=(rows, len(classes))) + (1 + better) * (y[:, None] == np.arange(len(classes)))
            predicted.append(np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True))
        else:
            predicted.append((y + random.normal(size=rows) / (1 + better))[:, None])
    weight = random.uniform(0.2, 3, rows) if weighed else None
    groups = random.integers(0, rows // 3, rows) if grouped else None
    return HeldOut(Target(y, classes), weight, groups), *predicted


def of(task: str, held: HeldOut, A: Any, B: Any) -> tuple[Gap, ...]:
    metrics = ROW_TASKS[task].metrics
    return gaps(metrics, next(iter(metrics.values())), held, (A, B))


TURNED = {"a": "b", "b": "a", "same": "same", "unknown": "unknown"}


@settings(max_examples=6, deadline=None, phases=[Phase.generate])  # made smaller, a failure would take minutes
@given(task=st.sampled_from(list(ROW_TASKS)), seed=st.integers(0, 999), weighed=st.booleans(), grouped=st.booleans())
def test_a_against_b_is_b_against_a_turned_round(task: str, seed: int, weighed: bool, grouped: bool) -> None:
    held, A, B = rivals(task, seed, 40, weighed, grouped, gap=0.5)
    with patch("mlwright.evaluate.resample.replicates", lambda _: 60):
        pairs = list(zip(of(task, held, A, B), of(task, held, B, A), strict=True))
    for one, turned in pairs:
        assert one.better == TURNED[turned.better]
        assert _numbers(one.a) == pytest.approx(_numbers(turned.b), nan_ok=True)
        expected = (-turned.difference.value, -turned.difference.high, -turned.difference.low)
        assert _numbers(one.difference) == pytest.approx(expected, abs=1e-9, nan_ok=True)


def _numbers(found: Scored) -> tuple[float, float, float]:
    return found.value, found.low, found.high


@pytest.mark.parametrize("task", list(ROW_TASKS))
def test_a_better_one_is_called_so_in_every_task(task: str) -> None:
    held, A, B = rivals(task, 0, 400, gap=1.5)
    first = of(task, held, A, B)[0]
    assert first.metric is next(iter(ROW_TASKS[task].metrics.values()))
    assert first.better == "b"
    said = sentence(first, held)
    assert said.startswith("B is better: ")
    assert "on 400 rows" in said
    assert sentence(of(task, held, B, A)[0], held).startswith("A is better: ")


def test_an_unclear_difference_says_what_would_show() -> None:
    held, A, B = rivals("binary", 1, 100)
    first = of("binary", held, A, B)[0]
    assert first.better == "same"
    assert first.shows == pytest.approx((first.difference.high - first.difference.low) / 2)
    said = sentence(first, held)
    assert said.startswith("A and B are the same as far as 100 rows can tell: ROC AUC ")
    assert "only a difference of about" in said


def test_the_same_predictions_are_the_same() -> None:
    held, A, _ = rivals("binary", 1, 100)
    for gap in of("binary", held, A, A.copy()):
        assert gap.better == "same"
        assert gap.difference == Scored(0.0, 0.0, 0.0)


def test_what_rows_cannot_tell_is_said_with_its_reason() -> None:
    held, A, B = rivals("binary", 1, 100)
    yes = np.flatnonzero(held.y == 1)
    alone = held.take(yes)
    first = of("binary", alone, A[yes], B[yes])[0]
    assert first.better == "unknown"
    assert "all of them are 'yes', and ROC AUC needs rows of other classes too" in sentence(first, alone)
    one = held.take(yes[:1])
    accuracy = next(gap for gap in of("binary", one, A[yes[:1]], B[yes[:1]]) if gap.metric.name == "accuracy")
    assert sentence(accuracy, one) == "Which one is better cannot be told from 1 row: they are too few."
    assert accuracy.to_dict()["interval"] == [None, None]
