"""The second stage: it orders a blend's best anew, learns what a blend cannot, and is safe to load."""

from typing import Any

import numpy as np
import pytest
from tests.learn.recommending.test_blend import LOG, histories, make_blend

from mlwright.errors import ModelError
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommending import staging
from mlwright.learn.recommending.candidates import Pool
from mlwright.learn.recommending.moments import Moments
from mlwright.learn.recommending.rankers import ranker_of
from mlwright.learn.recommending.stage import EXTRA, Stage, described, since_last
from mlwright.learn.recommending.staging import Candidates, candidates_of, learn_trees
from mlwright.learn.trees import FlatTrees
from mlwright.tasks.recommend.split import rolling_cuts

READ = np.array([1, 2], dtype=np.int64)
WIDTH = 6 + len(READ) + EXTRA


def found_of(people: int, *, seed: int = 0) -> Candidates:
    """Return people who take what has a first number near 0: no weight, only trees can tell that."""
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(40, WIDTH)) for _ in range(people)]
    taken = [np.abs(each[:, 0]) < 0.2 for each in X]
    items = tuple(np.arange(40, dtype=np.int32) for _ in X)
    return Candidates(items, tuple(X), tuple(np.zeros(40) for _ in X), tuple(taken))


def trees() -> FlatTrees:
    found = learn_trees(found_of(150), np.arange(150), seed=0, threads=1)
    assert found is not None
    return found


TREES = trees()


def make_stage(candidates: int = 12) -> Stage:
    return Stage(make_blend(), TREES, read=READ, staged=np.array([False, True]), candidates=candidates)


def test_trees_learn_what_no_weight_can_say() -> None:
    fresh = found_of(30, seed=9)
    said = np.concatenate([TREES.predict(X)[:, 0] for X in fresh.X])
    taken = np.concatenate(fresh.taken)
    assert said[taken].mean() > said[~taken].mean() + 2.0 * said[~taken].std() / np.sqrt(taken.sum())
    above = (said[taken][:, None] > said[~taken][None]).mean()
    assert above > 0.9


def test_the_best_of_the_blend_are_ordered_anew_and_stay_above_the_rest() -> None:
    stage, asked = make_stage(), histories()
    warm = asked.take(np.flatnonzero(asked.lengths > 0))
    blended, ordered = stage.blend.scores(warm), stage.scores(warm)
    assert (blended.argsort(axis=1) != ordered.argsort(axis=1)).any()
    for row in range(len(warm)):
        seen = warm.item[warm.starts[row] : warm.starts[row + 1]]
        free = np.setdiff1d(np.flatnonzero(stage.blend.known), seen)
        best = free[np.argsort(-blended[row, free], kind="stable")]
        first, rest = best[:12], best[12:]
        assert ordered[row, first].min() > ordered[row, rest].max()
        assert (np.argsort(-ordered[row, rest], kind="stable") == np.arange(len(rest))).all()
    assert np.isneginf(ordered[:, 60]).all()


def test_what_the_trees_add_is_what_they_say_of_what_they_were_taught_to_read() -> None:
    stage, asked = make_stage(candidates=60), histories()
    row = int(np.flatnonzero(asked.lengths > 0)[0])
    one = asked.take(np.array([row]))
    blended = stage.blend.scores(one)[0]
    free = np.setdiff1d(np.flatnonzero(stage.blend.known), one.item)
    order = free[np.argsort(-blended[free], kind="stable")]
    own = [stage.blend.standard(stage.blend.members[place].scores(one))[0, order] for place in READ]
    values = np.column_stack([stage.blend.signals[order], *own])
    X = described(values, blended[order], int(one.lengths[0]), float(since_last(one)[0]))
    expected = blended[order] + TREES.predict(X)[:, 0]
    found = stage.scores(one)[0, order]
    np.testing.assert_allclose(np.diff(found), np.diff(expected), atol=1e-4)


def test_a_batch_is_its_rows_and_people_without_a_history_get_the_blend() -> None:
    stage, asked = make_stage(), histories()
    together = stage.scores(asked)
    for row in range(len(asked)):
        assert stage.scores(asked.take(np.array([row]))).tobytes() == together[row : row + 1].tobytes()
    cold = asked.lengths == 0
    assert (together[cold] == stage.blend.scores(asked)[cold]).all()


def test_a_state_says_the_same_again() -> None:
    stage, asked = make_stage(), histories()
    again = ranker_of("stage").from_state(*stage.state())
    assert again.scores(asked).tobytes() == stage.scores(asked).tobytes()
    items = np.tile(np.arange(4, dtype=np.int32), (len(asked), 1))
    assert (again.because(asked, items) == stage.blend.because(asked, items)).all()


def damaged(plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    return {
        "read": (plain, {**arrays, "read": np.array([1, 9])}),
        "width": (plain, {**arrays, "read": np.array([1])}),
        "staged": (plain, {**arrays, "staged": np.array([True])}),
        "candidates": ({**plain, "candidates": 10**9}, arrays),
        "trees": (plain, {name: one for name, one in arrays.items() if name != "trees.leaf"}),
        "blend": ({**plain, "blend": {}}, arrays),
    }


@pytest.mark.parametrize("what", list(damaged(*make_stage().state())))
def test_damaged_states_are_refused(what: str) -> None:
    with pytest.raises(ModelError):
        Stage.from_state(*damaged(*make_stage().state())[what])


def test_few_people_teach_no_trees_and_a_stop_gives_none() -> None:
    assert learn_trees(found_of(20), np.arange(20), seed=0, threads=1) is None
    assert learn_trees(found_of(120), np.arange(120), seed=0, threads=1, stop=lambda: True) is None


def test_candidates_are_the_blends_best_of_what_is_new_to_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CANDIDATES", 10)
    cuts = rolling_cuts(LOG, 3)
    moments = Moments(tuple(Taught(cut.taught, cut.moment) for cut in cuts), cuts)
    pool = Pool.of(moments, [])
    weights = np.tile([1.0, 0.0, 0.0, 0.0, 0.0, 0.0], (len(moments.people), 1))
    those = moments.lengths > 0
    found = candidates_of(pool, weights, (), those)
    cut = cuts[0]
    order = np.argsort(-pool.signals[0][:, 0], kind="stable")
    for row in range(len(cut)):
        if those[row]:
            seen = set(cut.queries.item[cut.queries.starts[row] : cut.queries.starts[row + 1]].tolist())
            expected = [item for item in order.tolist() if item not in seen and cut.known[item]][:10]
            assert found.items[row].tolist() == expected
            assert found.taken[row].tolist() == cut.marked(row, row + 1)[0, expected].tolist()
        else:
            assert len(found.items[row]) == 0
