"""One battery over every registered learner that recommends, and over a toy one that is not registered."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.learn.damages import Arrays
from tests.learn.recommenders import logs

from mlwright.errors import ModelError
from mlwright.learn.base import Configuration, Effort
from mlwright.learn.recommenders import RANKERS, RECOMMENDERS, ranker_kind
from mlwright.learn.recommenders.base import Ranker, Recommending, Taught
from mlwright.learn.recommenders.popularity import SameForAll
from mlwright.tasks.recommend.interactions import Histories


class Newest:
    """The toy: what was taken last comes first."""

    name: ClassVar[str] = "newest"
    label: ClassVar[str] = "Newest"
    simple: ClassVar[bool] = True
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = ({},)

    def takes(self, taught: Taught) -> str | None:
        return None if taught.log.has_time else "The log has no times."

    def cost(self, taught: Taught) -> tuple[float, float]:
        return 1e-8 * len(taught.log), 8.0 * len(taught.log)

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Ranker:
        last = np.zeros(len(taught.log.items), dtype=np.float32)
        last[taught.log.item] = np.arange(1, len(taught.log) + 1)
        return SameForAll(last)


ALL: list[Recommending] = [*RECOMMENDERS.values(), Newest()]
HERE = [learner for learner in ALL if learner.package is None or importlib.util.find_spec(learner.package) is not None]
CASES = [
    pytest.param(learner, configuration, id=f"{learner.name}-{place}")
    for learner in HERE
    for place, configuration in enumerate(learner.configurations)
]
TAUGHT = logs.taught()
every = pytest.mark.parametrize(("learner", "configuration"), CASES)
_fitted: dict[str, Ranker] = {}


def fit(learner: Recommending, configuration: Configuration, taught: Taught = TAUGHT, seed: int = 0) -> Ranker:
    """Fit, once for each learner, configuration and log."""
    key = f"{learner.name}{json.dumps(dict(configuration))}{id(taught)}{seed}"
    if taught is not TAUGHT:
        return learner.fit(taught, configuration, Effort(seed=seed))
    if key not in _fitted:
        _fitted[key] = learner.fit(taught, configuration, Effort(seed=seed))
    return _fitted[key]


def again(ranker: Ranker) -> Ranker:
    """Return what a saved ranker is loaded as."""
    plain, arrays = ranker.state()
    return ranker_kind(ranker.kind).from_state(json.loads(json.dumps(plain)), {k: v.copy() for k, v in arrays.items()})


@every
def test_a_batch_is_answered_as_one_by_one(learner: Recommending, configuration: Configuration) -> None:
    ranker, histories = fit(learner, configuration), logs.asked(TAUGHT)
    together = ranker.scores(histories)
    assert together.shape == (len(histories), logs.ITEMS)
    assert together.dtype == np.float32
    for place in range(len(histories)):
        np.testing.assert_array_equal(ranker.scores(histories.take(np.array([place]))), together[place : place + 1])


@every
def test_scores_are_numbers_or_nothing(learner: Recommending, configuration: Configuration) -> None:
    scores = fit(learner, configuration).scores(logs.asked(TAUGHT))
    assert not np.isnan(scores).any()
    assert not np.isposinf(scores).any()
    nobody = scores[8]
    assert np.isfinite(nobody[TAUGHT.log.item]).all() or np.isneginf(nobody).all()


@every
def test_each_learner_orders_items_for_people_it_knows(learner: Recommending, configuration: Configuration) -> None:
    scores = fit(learner, configuration).scores(logs.asked(TAUGHT))[:8]
    assert np.isfinite(scores).sum() > 8 * 3
    assert len(np.unique(scores[np.isfinite(scores)])) > 3


@every
def test_a_state_gives_the_same_scores(learner: Recommending, configuration: Configuration) -> None:
    ranker, histories = fit(learner, configuration), logs.asked(TAUGHT)
    loaded = again(ranker)
    assert loaded.scores(histories).tobytes() == ranker.scores(histories).tobytes()
    items = np.tile(np.arange(logs.ITEMS, dtype=np.int32), (len(histories), 1))
    np.testing.assert_array_equal(loaded.because(histories, items), ranker.because(histories, items))


@every
def test_what_is_given_is_not_changed(learner: Recommending, configuration: Configuration) -> None:
    taught, histories = logs.taught(), logs.asked(TAUGHT)
    before = copy.deepcopy((taught, histories))
    ranker = learner.fit(taught, configuration, Effort())
    plain, arrays = copy.deepcopy(ranker.state())
    ranker.scores(histories)
    ranker.because(histories, np.zeros((len(histories), 2), dtype=np.int32))
    np.testing.assert_equal(_flat(taught), _flat(before[0]))
    np.testing.assert_equal(_flat(histories), _flat(before[1]))
    np.testing.assert_equal(ranker.state(), (plain, arrays))


def _flat(given: Taught | Histories) -> list[Any]:
    if isinstance(given, Taught):
        return [given.log.user, given.log.item, given.log.time, given.log.value, given.items and given.items.columns]
    return [given.starts, given.item, given.age, given.value, given.at]


@every
def test_a_seed_gives_one_ranker(learner: Recommending, configuration: Configuration) -> None:
    histories = logs.asked(TAUGHT)
    again = learner.fit(logs.taught(), configuration, Effort(seed=0))
    assert again.scores(histories).tobytes() == fit(learner, configuration).scores(histories).tobytes()


@every
def test_labels_mean_nothing(learner: Recommending, configuration: Configuration) -> None:
    rng = np.random.default_rng(1)
    users = rng.permutation(logs.USERS).astype(np.int32)
    items = rng.permutation(logs.ITEMS).astype(np.int32)
    moved = logs.relabelled(TAUGHT, users, items)
    histories = logs.asked(TAUGHT)
    scores = fit(learner, configuration).scores(histories)
    other = learner.fit(moved, configuration, Effort()).scores(replace(histories, item=items[histories.item]))
    np.testing.assert_array_equal(other[:, items], scores)


@every
def test_reasons_point_into_the_history(learner: Recommending, configuration: Configuration) -> None:
    ranker, histories = fit(learner, configuration), logs.asked(TAUGHT)
    scores = ranker.scores(histories)
    items = np.argsort(-scores, axis=1, kind="stable")[:, :5].astype(np.int32)
    because = ranker.because(histories, items)
    assert because.shape == items.shape
    assert because.dtype == np.intp
    assert (because >= -1).all()
    assert (because < histories.lengths[:, None]).all()
    for place in range(len(histories)):
        alone = ranker.because(histories.take(np.array([place])), items[place : place + 1])
        np.testing.assert_array_equal(alone, because[place : place + 1])


@every
def test_taking_the_reason_away_lowers_the_score(learner: Recommending, configuration: Configuration) -> None:
    """Where each entry adds to the score; how one history weighs must not change with another's."""
    ranker = fit(learner, configuration)
    histories = logs.asked(TAUGHT, np.arange(logs.USERS, dtype=np.int32))
    scores = ranker.scores(histories)
    if ranker.kind not in (
        "linked_items",
        "described",
    ):  # entries do not add up: all speak, or none
        without = [ranker.scores(logs.without(histories.take(np.array([place])), 0)) for place in range(logs.USERS)]
        silent = (ranker.because(histories, np.zeros((len(histories), 1), dtype=np.int32)) < 0).all()
        assert silent == all(np.array_equal(one[0], scores[place]) for place, one in enumerate(without))
        return
    seen = 0
    for place in range(logs.USERS):
        one = histories.take(np.array([place]))
        top = np.argsort(-scores[place], kind="stable")[:6].astype(np.int32)
        for item, entry in zip(top, ranker.because(one, top[None])[0], strict=True):
            # Without the newest, or one of an item taken again, the others' weights change as well.
            if entry < 0 or (one.item == one.item[entry]).sum() > 1 or entry == len(one.item) - 1:
                continue
            assert ranker.scores(logs.without(one, int(entry)))[0, item] < scores[place, item]
            seen += 1
    assert seen > 0


@every
def test_nothing_can_be_learned_from_an_empty_log_and_nothing_breaks(
    learner: Recommending, configuration: Configuration
) -> None:
    empty = Taught(TAUGHT.log.take(np.zeros(0, dtype=np.intp)), logs.START, TAUGHT.items)
    if learner.takes(empty) is None:
        scores = learner.fit(empty, configuration, Effort()).scores(logs.asked(TAUGHT))
        reads_the_table = learner.name == "content" and not configuration["learned"]
        assert np.isfinite(scores).any() if reads_the_table else np.isneginf(scores).all()


@every
@pytest.mark.parametrize("has_time", [False, True])
def test_it_learns_without_times_or_says_why_not(
    learner: Recommending,
    configuration: Configuration,
    has_time: bool,
) -> None:
    plain = logs.taught(has_time=has_time, rated=False)
    reason = learner.takes(plain)
    if reason is not None:
        assert not has_time
        assert reason.endswith(".")
        return
    scores = learner.fit(plain, configuration, Effort()).scores(logs.asked(plain))
    assert np.isfinite(scores[:8]).any(axis=1).all()


@every
def test_a_fit_that_is_told_to_stop_gives_what_there_is(learner: Recommending, configuration: Configuration) -> None:
    scores = learner.fit(TAUGHT, configuration, Effort(stop=lambda: True)).scores(logs.asked(TAUGHT))
    assert scores.shape == (10, logs.ITEMS)
    assert not np.isnan(scores).any()


Change = Callable[[dict[str, Any], Arrays, str], Any]


def _set(value: float) -> Change:
    def change(_: dict[str, Any], arrays: Arrays, name: str) -> None:
        arrays[name] = arrays[name].copy()
        if arrays[name].dtype.kind != "f" and not np.isfinite(value):
            arrays[name] = arrays[name].astype(np.float64)
        arrays[name].reshape(-1)[-1] = value

    return change


DAMAGES: Mapping[str, Change] = {
    "an array is missing": lambda _, arrays, name: arrays.pop(name),
    "another shape": lambda _, arrays, name: arrays.update({name: arrays[name][None]}),
    "no number": _set(np.nan),
    "texts": lambda _, arrays, name: arrays.update({name: arrays[name].astype(str)}),
    "complex numbers": lambda _, arrays, name: arrays.update({name: arrays[name].astype(complex)}),
    "endless": _set(np.inf),
}
SHIFTS: Mapping[str, Change] = {
    "out of bounds": lambda _, arrays, name: arrays.update({name: arrays[name] + 10**6}),
    "below 0": lambda _, arrays, name: arrays.update({name: arrays[name] - 10**6}),
    "one too few": lambda _, arrays, name: arrays.update({name: arrays[name][:-1]}),
}


@every
@pytest.mark.parametrize("damage", [*DAMAGES, *SHIFTS])
def test_a_damaged_state_is_refused(learner: Recommending, configuration: Configuration, damage: str) -> None:
    ranker = fit(learner, configuration)
    change, refused = {**DAMAGES, **SHIFTS}[damage], 0
    for name in ranker.state()[1]:
        plain, arrays = copy.deepcopy(ranker.state())
        if damage in SHIFTS and arrays[name].dtype.kind != "i":
            continue  # a number of another size is no damage that can be seen
        change(plain, arrays, name)
        with pytest.raises(ModelError, match="The model is damaged"):
            ranker_kind(ranker.kind).from_state(plain, arrays)
        refused += 1
    assert refused > 0 or damage in SHIFTS


@pytest.mark.parametrize("kind", ["pickle", "", None, ["factors"]])
def test_a_kind_that_is_not_known_is_refused(kind: Any) -> None:
    with pytest.raises(ModelError, match="a kind that is not known"):
        ranker_kind(kind)


@pytest.mark.parametrize("learner", ALL, ids=lambda learner: learner.name)
def test_declarations(learner: Recommending) -> None:
    assert learner.label
    assert learner.configurations
    json.dumps(learner.configurations)
    seconds, memory = learner.cost(TAUGHT)
    assert 0 < seconds < 60
    assert 0 < memory < 1e9
    assert learner.takes(TAUGHT) is None


def test_registered_under_their_names() -> None:
    assert [learner.name for learner in RECOMMENDERS.values()] == list(RECOMMENDERS)
    assert [ranker.kind for ranker in RANKERS.values()] == list(RANKERS)
    for learner in HERE:
        assert learner is HERE[-1] or learner.name in RECOMMENDERS
        assert fit(learner, learner.configurations[0]).kind in RANKERS


@given(seed=st.integers(0, 10_000), entries=st.integers(1, 40))
@settings(max_examples=5, deadline=None)
def test_any_small_log_is_learned_from(seed: int, entries: int) -> None:
    small = logs.log(seed, entries=entries)
    taught = Taught(small, float(small.time[-1]), logs.features())
    histories = taught.log.histories(np.arange(logs.USERS, dtype=np.int32), np.full(logs.USERS, taught.moment + 1))
    for learner in HERE:
        if learner.takes(taught) is None:
            scores = learner.fit(taught, learner.configurations[0], Effort()).scores(histories)
            assert not np.isnan(scores).any(), learner.name
