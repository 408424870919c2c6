"""The search: it finds tastes where there are some, keeps to popularity where there are none, and keeps to a budget."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from tests.learn.recommending.worlds import taught_of, world

from mlwright.errors import DataError, MissingExtraError, OptionError
from mlwright.learn.base import Configuration, Effort
from mlwright.learn.budget import Budget
from mlwright.learn.recommenders import RECOMMENDERS
from mlwright.learn.recommenders.base import Ranker, Taught
from mlwright.learn.recommending.judging import judge
from mlwright.learn.recommending.moments import FEWEST_PEOPLE, make_moments, mean_of
from mlwright.learn.recommending.search import Searched, search
from mlwright.tasks.recommend.lists import hits, ranked
from mlwright.tasks.recommend.metrics import ndcg_rows
from mlwright.tasks.recommend.split import time_cut

QUICK = ("popularity", "decayed_popularity", "ease", "neighbours")


def found_in(taught: Taught, **options: Any) -> Searched:
    return search(taught, **{"budget": Budget(None), "trials": 2, "learners": QUICK, **options})


@pytest.fixture(scope="module")
def tasteful() -> Searched:
    cut = time_cut(world(tastes=3))
    return found_in(Taught(cut.taught, cut.moment))


def test_where_people_differ_the_chosen_is_personal_and_better_on_people_nobody_looked_at(tasteful: Searched) -> None:
    cut = time_cut(world(tastes=3))
    taught = Taught(cut.taught, cut.moment)
    assert tasteful.choices["warm"].chosen.sure
    judged = judge({"chosen": tasteful.fit(taught, Effort()), **tasteful.rivals(taught, Effort())}, cut)
    rows = {name: ndcg_rows(judged.y, P)[judged.warm] for name, P in judged.P.items()}
    popular = tasteful.members[tasteful.choices["warm"].ways[0].member or 0].trial.label
    gain, error = mean_of(rows["chosen"] - rows[popular], cut.user[judged.warm])
    assert gain > 3.0 * error


def test_where_all_are_alike_popularity_stays_or_what_is_as_good() -> None:
    cut = time_cut(world(tastes=1, seed=5))
    taught = Taught(cut.taught, cut.moment)
    found = found_in(taught)
    judged = judge({"chosen": found.fit(taught, Effort()), **found.rivals(taught, Effort())}, cut)
    rows = {name: ndcg_rows(judged.y, P) for name, P in judged.P.items()}
    popular = found.members[found.choices["warm"].ways[0].member or 0].trial.label
    loss, error = mean_of(rows[popular] - rows["chosen"], cut.user)
    assert loss <= 2.0 * error
    ease = next(way for way in found.choices["warm"].ways if way.name == "EASE")
    assert not ease.sure


def test_the_leaderboard_says_what_was_tried(tasteful: Searched) -> None:
    assert sum(not trial.simple for trial in tasteful.trials) == 2
    assert {trial.learner for trial in tasteful.baselines} >= {"popularity", "decayed_popularity"}
    for trial in tasteful.trials:
        assert trial.error is None
        assert trial.interval[0] <= trial.score <= trial.interval[1]
        assert trial.seconds > 0.0
    assert tasteful.label


def test_the_same_trials_and_seed_give_the_same_model(tasteful: Searched) -> None:
    cut = time_cut(world(tastes=3))
    taught = Taught(cut.taught, cut.moment)
    again = found_in(taught, threads=2)
    for found in (tasteful, again):
        assert len(found.trials) == len(tasteful.trials)
    first, second = (found.fit(taught, Effort()).scores(cut.queries) for found in (tasteful, again))
    assert first.tobytes() == second.tobytes()


def test_without_times_people_are_judged_by_entries_drawn_at_random() -> None:
    log = replace(world(tastes=3), has_time=False)
    found = found_in(taught_of(log))
    assert found.choices["warm"].chosen.sure
    assert all(trial.learner != "decayed_popularity" for trial in found.trials)
    assert np.isfinite(found.fit(taught_of(log), Effort()).scores(time_cut(log).queries)).any()


class Failing:
    """Raises when it is to learn."""

    name: ClassVar[str] = "failing"
    label: ClassVar[str] = "Failing"
    simple: ClassVar[bool] = False
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = ({},)

    def takes(self, taught: Taught) -> str | None:
        return None

    def cost(self, taught: Taught) -> tuple[float, float]:
        return 0.01, 1.0

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Ranker:
        raise RuntimeError("no wish to learn")


class Sleeping(Failing):
    """Takes its time."""

    name: ClassVar[str] = "sleeping"
    configurations: ClassVar[tuple[Configuration, ...]] = ({}, {"more": 1}, {"more": 2})

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Ranker:
        time.sleep(0.3)
        return RECOMMENDERS["popularity"].fit(taught, {}, effort)


@pytest.fixture
def registered() -> Iterator[None]:
    """Register both learners for a test."""
    for learner in (Failing(), Sleeping()):
        RECOMMENDERS[learner.name] = learner
    yield
    for name in ("failing", "sleeping"):
        del RECOMMENDERS[name]


@pytest.mark.usefixtures("registered")
def test_a_learner_that_fails_ends_its_own_trial_alone() -> None:
    found = found_in(taught_of(world(tastes=2)), learners=("failing",))
    errors = [trial.error for trial in found.trials if trial.learner == "failing"]
    assert errors == ["RuntimeError: no wish to learn"]
    assert found.members


@pytest.mark.usefixtures("registered")
def test_the_budget_is_kept_and_something_is_always_there() -> None:
    budget = Budget(4.0)
    start = time.monotonic()
    found = found_in(taught_of(world(tastes=2)), budget=budget, trials=None, learners=("sleeping",))
    found.fit(taught_of(world(tastes=2)), Effort())
    assert time.monotonic() - start < 4.0 + 2.0
    assert found.choices["warm"].chosen.name


def test_what_cannot_be_asked_for_is_said() -> None:
    taught = taught_of(world(tastes=1, entries=500))
    with pytest.raises(OptionError, match="eaze"):
        found_in(taught, learners=("eaze",))
    alone = taught.log.take(np.flatnonzero(taught.log.user == 3)[[0, 0, 0, 0, 0, 0]])
    with pytest.raises(DataError, match="nothing to learn"):
        found_in(taught_of(alone))


def test_judging_ranks_all_that_was_there_without_what_each_has() -> None:
    cut = time_cut(world(tastes=2, entries=3_000))
    taught = Taught(cut.taught, cut.moment)
    ranker = RECOMMENDERS["ease"].fit(taught, RECOMMENDERS["ease"].configurations[0], Effort())
    judged = judge({"ease": ranker}, cut)
    assert (judged.lists["ease"] == ranked(ranker.scores, cut.queries, known=cut.known)).all()
    assert (judged.P["ease"] == hits(judged.lists["ease"], cut)).all()
    assert judged.facts("ease").coverage > 0.0


def test_few_seconds_or_many_items_mean_fewer_moments_and_people() -> None:
    taught = taught_of(world(tastes=2))
    learners = [RECOMMENDERS["ease"]]
    cost = learners[0].cost(taught)[0]
    counts = [len(make_moments(taught, learners, seconds=cost * many, threads=1, seed=0).cuts) for many in (1, 11, 99)]
    assert counts == [2, 3, 5]
    wide = replace(taught, log=replace(taught.log, items=tuple(range(150_000))))
    few = make_moments(wide, learners, seconds=1e9, threads=1, seed=0)
    assert all(len(cut) == FEWEST_PEOPLE for cut in few.cuts)


def test_rows_of_one_person_are_one_piece_of_evidence() -> None:
    rows = np.random.default_rng(0).normal(size=50)
    mean, error = mean_of(rows, np.arange(50, dtype=np.int32))
    assert mean == pytest.approx(rows.mean())
    assert error == pytest.approx(rows.std(ddof=1) / np.sqrt(50))
    _, twice = mean_of(np.tile(rows, 2), np.tile(np.arange(50, dtype=np.int32), 2))
    assert twice == pytest.approx(error)


class Dear(type(RECOMMENDERS["ease"])):  # type: ignore[misc]
    """One that takes hours."""

    name: ClassVar[str] = "dear"

    def cost(self, taught: Taught) -> tuple[float, float]:
        return 10_000.0, 1.0


class Absent(type(RECOMMENDERS["ease"])):  # type: ignore[misc]
    """One whose package nobody has."""

    name: ClassVar[str] = "absent"
    label: ClassVar[str] = "Absent"
    package: ClassVar[str | None] = "a_package_that_nobody_has"
    extra: ClassVar[str | None] = "neural"


def test_what_takes_too_long_is_not_tried_unless_asked_for_and_costs_the_others_no_moments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut = time_cut(world(tastes=3))
    taught = Taught(cut.taught, cut.moment)
    usual = [learner for learner in RECOMMENDERS.values() if learner.name in QUICK]
    few = make_moments(taught, usual, seconds=60.0, threads=1, seed=0)
    assert len(make_moments(taught, [*usual, Dear()], seconds=60.0, threads=1, seed=0).cuts) == len(few.cuts)
    for name in list(RECOMMENDERS):
        if name not in QUICK:
            monkeypatch.delitem(RECOMMENDERS, name)
    monkeypatch.setitem(RECOMMENDERS, "dear", Dear())
    found = search(taught, budget=Budget(None), trials=3)
    assert "dear" not in {trial.learner for trial in found.trials}
    found = search(taught, budget=Budget(None), trials=1, learners=["dear"])
    assert "dear" in {trial.learner for trial in found.trials}


def test_what_needs_a_package_is_left_out_or_asked_for_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = time_cut(world(tastes=3))
    taught = Taught(cut.taught, cut.moment)
    for name in list(RECOMMENDERS):
        if name not in QUICK:
            monkeypatch.delitem(RECOMMENDERS, name)
    monkeypatch.setitem(RECOMMENDERS, "absent", Absent())
    assert "absent" not in {trial.learner for trial in search(taught, budget=Budget(None), trials=4).trials}
    with pytest.raises(MissingExtraError, match="Absent") as caught:
        search(taught, budget=Budget(None), trials=1, learners=["absent"])
    assert "mlwright[neural]" in str(caught.value.hint)
