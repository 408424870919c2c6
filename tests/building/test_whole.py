"""What a build tells of the whole model: of the right shape, the same twice, and nothing where a person ended it."""

from __future__ import annotations

import mlwright as mw
from mlwright.building.whole import whole
from mlwright.learn.budget import Budget


def test_a_build_tells_what_moves_answers_rules_and_pairs_the_same_twice(large_table):
    one, two = (mw.build(large_table.head(1_500), target="spent", trials=2).evaluation for _ in range(2))
    for key in ("contributions", "rules", "interactions", "readable"):
        assert one[key] == two[key]
    one.check()
    moved = {entry["column"]: entry["value"] for entry in one["contributions"]["columns"]}
    assert set(list(moved)[:2]) == {"age", "income"}
    assert moved["age"] > 10  # 3 a year
    assert one["rules"]["fidelity"] > 0.5
    assert one["interactions"]["tested"] > 0


def test_few_rows_are_judged_by_a_fold_that_did_not_teach(table):
    evaluation = mw.build(table, target="left", trials=2).evaluation
    assert evaluation["question"]["rows_held_out"] == 0
    assert 20 <= evaluation["contributions"]["rows"] <= len(table) / 4
    evaluation.check()


def test_after_ctrl_c_nothing_is_told():
    budget = Budget(None)
    budget.cancel()
    assert whole(*[None] * 6, budget) == {}
