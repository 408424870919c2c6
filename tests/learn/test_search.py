"""The search: order, budget, failures, and what is kept for the end."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from tests.learn.toys import Toy

from mlwright.columns import Columns
from mlwright.errors import DataError
from mlwright.learn.budget import Budget
from mlwright.learn.choose import candidates, choose_affordable
from mlwright.learn.material import Folds, Material, standard
from mlwright.learn.plan import Plan, make_plan, patience
from mlwright.learn.portfolio import portfolio
from mlwright.learn.preferences import PREFERENCES, Policy
from mlwright.learn.search import Search
from mlwright.learn.splits import Order, folds
from mlwright.learn.trials import best_first
from mlwright.progress import Silent
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS, find_metric
from mlwright.tasks.base import Target

PLAN = Plan(folds=3, repeats=1, rows=90, trials=10)


def material(rows: int = 90) -> Material:
    random = np.random.default_rng(0)
    task = ROW_TASKS["regression"]
    target = Target(random.normal(100, 10, rows))
    columns = Columns({"x": random.normal(size=rows)}, rows)
    return Material(columns, (Column(name="x", kind="number"),), target, task, find_metric(task, None))


def search(learners, *, budget=None, plan=PLAN, threads=2, members=()):
    rows = material()
    made = Folds(rows, folds(Order(ROW_TASKS["regression"].strata(rows.target)), plan.folds, plan.repeats, 0), 0)
    run = Search(made, plan, budget or Budget(None), threads=threads, seed=0, growth=1.0)
    return run, run.run({learner.name: learner for learner in learners}, Silent(), members=members)


def test_trials_come_in_the_order_of_the_portfolio_whatever_the_threads():
    for threads in (1, 4):
        _, trials = search(
            [Toy("b", shifts=(1.0, 2.0)), Toy("linear", shifts=(9.0,)), Toy("a", shifts=(3.0,))], threads=threads
        )
        assert [(t.entry.learner.name, t.entry.configuration["shift"]) for t in trials] == [
            ("linear", 9.0), ("a", 3.0), ("b", 1.0), ("b", 2.0),
        ]  # fmt: skip
        assert all(trial.status == "done" for trial in trials)


def test_the_score_is_of_rows_that_were_not_learned_from():
    _, (trial,) = search([Toy()])
    rows = material()
    assert trial.predictions.shape == (90, 1)
    for train, valid in folds(Order(ROW_TASKS["regression"].strata(rows.target)), 3, 1, 0):
        assert np.allclose(trial.predictions[valid], rows.target.y[train].mean())


def test_the_plan_bounds_the_trials():
    _, trials = search([Toy(shifts=tuple(range(30)))], plan=Plan(3, 1, 90, 4))
    assert len(trials) == 4


def test_the_floor_is_a_baseline_where_other_learners_are_asked_for():
    toys = [Toy("linear"), Toy("toy", shifts=(9.0, 5.0, 7.0))]
    _, trials = search(toys, plan=Plan(3, 1, 90, 2), members=("toy",))
    assert [(t.entry.learner.name, t.baseline) for t in trials] == [("linear", True), ("toy", False), ("toy", False)]
    policy = Policy(PREFERENCES["balanced"])
    assert candidates(trials, material(), policy) == [trials[2], trials[1]], "however good the floor is"
    assert [bool(trial.results) for trial in trials] == [True, False, True]
    _, trials = search([Toy("linear"), Toy("toy", failing=True)], members=("toy",))
    assert candidates(trials, material(), policy) == [trials[0]], "something has to answer"
    _, trials = search([Toy("linear")], members=("linear",))
    assert not trials[0].baseline


def test_a_learner_is_not_given_up_for_being_worse_than_a_baseline():
    plan = Plan(folds=5, repeats=1, rows=90, trials=10)
    toys = [Toy("linear"), Toy("toy", shifts=(500.0, 501.0, 9000.0))]
    _, trials = search(toys, budget=Budget(60.0), plan=plan, threads=1, members=("toy",))
    assert [trial.status for trial in trials] == ["done", "done", "done", "cut"]


def test_a_failure_costs_one_trial_and_is_told():
    _, trials = search([Toy("bad", failing=True), Toy("good")])
    assert [trial.status for trial in trials] == ["failed: RuntimeError: toy broke", "done"]
    with pytest.raises(DataError, match="toy broke"):
        search([Toy("bad", failing=True)])


def test_no_trial_starts_that_would_end_too_late():
    budget = Budget(2.0)
    start = time.monotonic()
    _, trials = search([Toy("linear"), Toy("slow", shifts=tuple(range(50)), seconds=0.15)], budget=budget)
    assert time.monotonic() - start < 2.0
    assert 1 < len([trial for trial in trials if trial.usable]) < 20


def test_a_trial_that_is_clearly_worse_is_given_up_after_two_folds_but_not_a_learners_first():
    plan = Plan(folds=5, repeats=1, rows=90, trials=10)
    toys = [Toy("linear", shifts=(0.0, 500.0, 0.1)), Toy("other", shifts=(900.0,))]
    _, trials = search(toys, budget=Budget(60.0), plan=plan, threads=1)
    by_shift = {t.entry.configuration["shift"]: t for t in trials}
    assert by_shift[500.0].status == "cut"
    assert not by_shift[500.0].usable
    assert len(by_shift[500.0].losses) == 2
    assert by_shift[0.1].status == by_shift[900.0].status == "done"
    _, trials = search(toys, plan=plan, threads=1)
    assert all(trial.status == "done" for trial in trials), "without a clock the same trials are made whatever happens"


def test_cancelling_ends_it_and_keeps_what_is_scored():
    budget = Budget(None)

    class Cancelling(Toy):
        def fit(self, *args):
            if len(self.fits) == 4:
                budget.cancel()
            return super().fit(*args)

    _, trials = search([Cancelling(shifts=tuple(range(50)))], budget=budget, threads=1)
    assert trials[0].usable
    assert len(trials) <= 3


def test_fits_that_a_person_ended_are_told_from_those_the_budget_ended():
    budget = Budget(None)

    class Cancelling(Toy):
        def fit(self, *args):
            budget.cancelled = self.cancels
            return super().fit(*args)

    for cancels, complete, status in ((False, False, "stopped"), (True, False, "interrupted"), (True, True, "done")):
        learner = Cancelling(complete=complete)
        learner.cancels = cancels
        budget.cancelled = False
        _, (trial,) = search([learner], budget=budget, plan=Plan(1, 1, 90, 1), threads=1)
        assert trial.status == status


def test_what_the_search_is_planned_to_take_leaves_what_is_kept_for_the_end():
    budget = Budget(100.0, clock=lambda: 0.0)
    budget.begin("trying", 85.0)
    made = Folds(material(), folds(Order(ROW_TASKS["regression"].strata(material().target)), 3, 1, 0), 0)
    run = Search(made, PLAN, budget, threads=1, seed=0, growth=1e9)
    run.run({"linear": Toy("linear", seconds=0.01)}, Silent())
    assert budget.stages[-1]["planned"] == 65.0, "refits were seen to take more than may be kept: 35 %"


def test_cancelled_before_the_first_model_there_is_none():
    budget = Budget(None)
    budget.cancel()
    with pytest.raises(KeyboardInterrupt):
        search([Toy()], budget=budget)


def test_only_the_best_trial_keeps_what_it_fitted():
    _, trials = search([Toy(shifts=(5.0, 0.0, 3.0))])
    assert [bool(trial.results) for trial in trials] == [False, True, False]
    assert best_first(trials, greater_is_better=False)[0] is trials[1]


def test_learners_that_cannot_are_left_out():
    names = [
        entry.learner.name
        for entry in portfolio({"t": Toy("t"), "small": Toy("small", max_cells=10)}, "regression", 100)
    ]
    assert names == ["t"]
    assert not list(portfolio({"t": Toy("t")}, "binary", 100))


@pytest.mark.parametrize("rows", [10, 300, 999, 1_000, 50_000, 1_000_000])
def test_a_number_of_trials_makes_a_plan_without_a_clock(rows):
    plans = {make_plan(rows, 20, seconds=s, threads=2, trials=5, judged=rows >= 1000) for s in (1, 60, math.inf)}
    assert len(plans) == 1
    assert plans.pop().rows == rows


def test_short_budgets_on_many_rows_score_on_fewer():
    short = make_plan(1_000_000, 50, seconds=10, threads=2, trials=None, judged=True)
    long = make_plan(1_000_000, 50, seconds=36_000, threads=2, trials=None, judged=True)
    assert short.rows < 100_000
    assert (short.folds, long.folds, long.rows) == (1, 3, 1_000_000)


def test_small_but_wide_tables_are_gone_through_once():
    wide = make_plan(500, 10_000, seconds=10, threads=2, trials=None, judged=False)
    narrow = make_plan(500, 10, seconds=10, threads=2, trials=None, judged=False)
    assert (wide.folds, wide.repeats, narrow.folds, narrow.repeats) == (3, 1, 5, 2)


def test_patience_grows_with_rows():
    assert [patience(n) for n in (20, 500, 5_000, 500_000)] == sorted(patience(n) for n in (20, 500, 5_000, 500_000))


def test_what_cannot_be_refitted_in_time_is_left_out_and_the_best_is_kept():
    _, trials = search([Toy("linear", shifts=(5.0,)), Toy("toy", shifts=(0.0, 1.0))])
    rows, scored = material(), np.ones(90, dtype=bool)
    best = best_first(trials, greater_is_better=False)

    policy = Policy(PREFERENCES["balanced"])

    def choose(seconds: float, cost: dict[str, float]):
        names = lambda members: sum(cost[trial.entry.learner.name] for trial in members)  # noqa: E731
        return choose_affordable(best, rows, scored, policy=policy, seconds=seconds, cost=names)[0]

    assert choose(math.inf, {"toy": 9.0, "linear": 1.0})[0].trial is best[0]
    # Only the linear one can be refitted, but the best by itself scores better: it was fitted on the folds already.
    assert [one.trial for one in choose(2.0, {"toy": 9.0, "linear": 1.0})] == [best[0]]
    assert [one.trial for one in choose(0.0, {"toy": 9.0, "linear": 1.0})] == [best[0]]


def test_where_folds_judge_the_scored_rows_choose_nothing():
    rows = material()
    order = Order(ROW_TASKS["regression"].strata(rows.target))
    seen = []

    class Watching(Toy):
        def fit(self, problem, configuration, valid, effort):
            seen.append((len(problem.y), None if valid is None else len(valid.y), effort.rounds))
            return super().fit(problem, configuration, valid, effort)

    for judging in (False, True):
        made = Folds(rows, folds(order, 3, 1, 0), 0, judging=judging)
        Search(made, PLAN, Budget(None), threads=1, seed=0, growth=1.0).run({"toy": Watching()}, Silent())
    assert seen == [(60, 30, None)] * 3 + [(48, 12, None), (60, None, 7)] * 3


def test_numbers_are_standardised_and_classes_are_not():
    assert standard(Target(np.array([1.0, 3.0]))) == (2.0, 1.0)
    assert standard(Target(np.array([0.0, 1.0]), classes=("a", "b"))) == (0.0, 1.0)
    assert standard(Target(np.array([5.0, 5.0]))) == (5.0, 1.0)
    assert standard(Target(np.array([1.0, 3.0, 99.0])), np.array([1.0, 1.0, 0.0])) == (2.0, 1.0)
