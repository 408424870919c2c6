"""The blend: a batch is its rows, states round trip, damaged ones are refused, the length of a history decides."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.learn.recommending.worlds import taught_of, world

from mlwright.errors import ModelError
from mlwright.learn.base import Effort
from mlwright.learn.recommenders import RECOMMENDERS
from mlwright.learn.recommending.blend import Blend, standard_rows
from mlwright.learn.recommending.rankers import known_kinds, ranker_of
from mlwright.learn.recommending.signals import known_of, signals
from mlwright.tasks.recommend.interactions import Histories

LOG = world(tastes=3)
NAMES = ("popularity", "ease", "neighbours")


def make_blend(weights: np.ndarray | None = None) -> Blend:
    """Return a blend that serves people without a history by signals and the first member."""
    log = replace(LOG, items=(*LOG.items, "nobody's"))
    taught = taught_of(log)
    members = [RECOMMENDERS[name].fit(taught, RECOMMENDERS[name].configurations[0], Effort()) for name in NAMES]
    columns = signals(taught)
    if weights is None:
        weights = np.zeros((2, columns.shape[1] + len(members)))
        weights[0, [1, -3]], weights[1, [0, 2, -2, -1]] = 1.0, [0.5, -0.2, 1.0, 0.3]
    return Blend(members, columns, known_of(log), np.array([1], dtype=np.int64), weights)


def histories() -> Histories:
    users = np.arange(12, dtype=np.int32)
    at = np.where(users % 4 == 0, LOG.time[0], LOG.time[users * 200 + 1])
    return LOG.histories(users, at)


def test_a_batch_is_its_rows_to_the_last_bit() -> None:
    blend, asked = make_blend(), histories()
    assert (asked.lengths == 0).any()
    together = blend.scores(asked)
    for row in range(len(asked)):
        alone = blend.scores(asked.take(np.array([row])))
        assert alone.tobytes() == together[row : row + 1].tobytes()


def test_it_is_the_weighted_sum_of_standard_scores() -> None:
    blend, asked = make_blend(), histories()
    warm = np.flatnonzero(asked.lengths > 0)
    part = asked.take(warm)
    ease, near = (np.asarray(member.scores(part), dtype=np.float64) for member in blend.members[1:])
    expected = np.tile(0.5 * blend.signals[:60, 0] - 0.2 * blend.signals[:60, 2], (len(warm), 1))
    for scores, weight in ((ease, 1.0), (near, 0.3)):
        known = np.where(np.isfinite(scores), scores, scores[np.isfinite(scores)].min())[:, :60]
        for row, values in enumerate(scores[:, :60]):
            known[row] = np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
        expected += weight * (known - known.mean(axis=1, keepdims=True)) / known.std(axis=1, keepdims=True)
    np.testing.assert_allclose(blend.scores(part)[:, :60], expected, atol=1e-4)


def test_what_nobody_took_is_not_scored_and_people_without_a_history_are_served_alike() -> None:
    blend, asked = make_blend(), histories()
    scores = blend.scores(asked)
    assert np.isneginf(scores[:, 60]).all()
    assert np.isfinite(scores[:, :60]).all()
    cold = scores[asked.lengths == 0]
    assert (cold == cold[0]).all()


def test_a_reason_is_an_entry_of_the_history() -> None:
    blend, asked = make_blend(), histories()
    items = np.argsort(-blend.scores(asked)[:, :60], axis=1)[:, :5].astype(np.int32)
    found = blend.because(asked, items)
    assert (found >= -1).all()
    assert (found < np.maximum(asked.lengths, 1)[:, None]).all()
    assert (found[asked.lengths == 0] == -1).all()
    assert (found[asked.lengths > 5] >= 0).any()


def test_a_state_says_the_same_again() -> None:
    blend, asked = make_blend(), histories()
    plain, arrays = blend.state()
    again = ranker_of("blend").from_state(plain, arrays)
    assert again.scores(asked).tobytes() == blend.scores(asked).tobytes()
    assert {"blend", "stage"} < set(known_kinds())


def damaged(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    bad = np.array(arrays["weights"])
    bad[0, 0] = np.nan
    within = {**plain, "members": [{"kind": "blend", "state": plain}]}
    return {
        "weight": (plain, {**arrays, "weights": bad}),
        "shape": (plain, {**arrays, "weights": arrays["weights"][:1]}),
        "bounds": (plain, {**arrays, "bounds": np.array([3, 1])}),
        "signals": (plain, {**arrays, "signals": arrays["signals"][:-1]}),
        "known": (plain, {**arrays, "known": arrays["known"].astype(np.int64)}),
        "missing": (plain, {name: one for name, one in arrays.items() if name != "signals"}),
        "a member's": (plain, {name: one for name, one in arrays.items() if not name.startswith("1.")}),
        "nested": (within, arrays),
        "kind": ({"members": [{"kind": "no such", "state": {}}]}, arrays),
        "not a list": ({"members": {"kind": "blend"}}, arrays),
    }


@pytest.mark.parametrize("what", list(damaged(*make_blend().state())))
def test_damaged_states_are_refused(what: str) -> None:
    with pytest.raises(ModelError):
        Blend.from_state(*damaged(*make_blend().state())[what])


def test_rows_that_say_nothing_count_nothing() -> None:
    said = np.array([[1.0, 1.0, 1.0], [-np.inf] * 3, [0.0, -np.inf, 2.0]], dtype=np.float32)
    found = standard_rows(said, None)
    assert found[:2].tolist() == [[0.0] * 3] * 2
    assert found[2] == pytest.approx([-np.sqrt(0.5), -np.sqrt(0.5), np.sqrt(2.0)])
