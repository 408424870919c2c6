"""A model that can be read: made where it is asked for, told of where it is as good, never at the cost of the truth."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building import find as module
from mlwright.building.readable import _measured
from mlwright.errors import OptionError
from mlwright.learn.base import is_readable
from mlwright.learn.learners import LEARNERS, available
from mlwright.learn.portfolio import portfolio

READABLE = {name for name, learner in LEARNERS.items() if is_readable(learner)}


def test_the_model_is_one_that_can_be_read_and_what_it_costs_is_told(large_table):
    model = mw.build(large_table.head(1_000), target="left", trials=3, prefer="readable")
    (member,) = model.parts.ensemble.members
    assert member.learner in READABLE
    told = model.evaluation["readable"]
    assert told["is_readable"]
    assert told["sentence"].startswith("This model can be read whole")
    value, low, high = told["lost"]
    assert low <= value <= high
    assert {term["columns"][0] for term in told["terms"]} <= {"age", "city", "income", "plan", "spent"}
    assert told["left_out"] == 0
    model.evaluation.check()
    json.dumps(dict(model.evaluation), allow_nan=False)


def test_without_asking_a_readable_model_that_is_as_good_is_told_of():
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 4))
    frame = {f"x{place}": X[:, place] for place in range(4)}
    frame["y"] = X @ [1.0, 2.0, -1.0, 0.5] + random.normal(size=600)
    told = mw.build(pl.DataFrame(frame), target="y", trials=2).evaluation["readable"]
    assert told["within"]
    if not told["is_readable"]:
        assert "--prefer readable" in told["sentence"]


def test_learners_none_of_which_can_be_read_are_refused(table):
    with pytest.raises(OptionError, match="--prefer readable needs a learner whose models can be read") as caught:
        mw.build(table, target="left", trials=2, prefer="readable", learners=["lightgbm"])
    assert "linear or ebm" in str(caught.value)


def test_a_missing_extra_leaves_the_line_and_its_pip_line_is_named(table, monkeypatch):
    for place in ("mlwright.learn.portfolio.available", "mlwright.building.find.available"):
        monkeypatch.setattr(place, lambda learner: learner.name != "ebm" and available(learner))
    model = mw.build(table, target="left", trials=2, prefer="readable")
    assert [member.learner for member in model.parts.ensemble.members] == ["linear"]
    (finding,) = (f for f in model.evaluation["findings"] if f["kind"] == "readable_only_linear")
    assert finding["repair"].startswith("pip install 'mlwright[ebm]'")
    assert module.LEARNERS["ebm"].label in finding["message"]


def test_the_readable_come_first_and_nothing_comes_twice():
    entries = list(portfolio(LEARNERS, "binary", 1_000, readable_first=True))
    plain = list(portfolio(LEARNERS, "binary", 1_000))
    assert entries[0].learner.name == "linear"
    if available(LEARNERS["ebm"]):
        assert entries[1].learner.name == "ebm"
    key = [(each.learner.name, json.dumps(dict(each.configuration), sort_keys=True), each.variant) for each in entries]
    assert len(set(key)) == len(key)
    assert len(entries) == len(plain)


def test_it_is_said_which_rows_tell_and_which_do_not():
    assert _measured(3_200, 800, doubted=False).endswith(", not on the 800 rows that judge the model.")
    told = _measured(3_200, 800, doubted=True)
    assert "3,200 rows of the search" in told
    assert told.endswith(": those do not show the model to be better than the best simple rule.")
    assert _measured(150, 0, doubted=True).endswith("that had not seen it.")


def test_a_limit_about_people_and_law_comes_first(large_table):
    model = mw.build(large_table.head(300), target="left", trials=1, sensitive=["city"])
    assert model.evaluation["limits"][0] == "It may look at 'city': check the law before it decides about people."
