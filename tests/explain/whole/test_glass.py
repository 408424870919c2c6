"""A model that can be read: its terms, looked up, are the model."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.explain.whole.glass import terms, total
from mlwright.features.recipe import Recipe
from mlwright.learn.base import Effort, Problem
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.learners import LEARNERS, available
from mlwright.schema import Column

DESCRIBED = {
    "a": Column(name="a", kind="integer"),
    "b": Column(name="b", kind="integer"),
    "colour": Column(name="colour", kind="category"),
}


def table(rows=400):
    random = np.random.default_rng(0)
    a, b = random.integers(0, 6, (2, rows)).astype(float)
    a[::9] = np.nan
    colour = Coded(random.integers(0, 3, rows).astype(np.int32), ("red", "green", "blue"))
    return Columns({"a": a, "b": b, "colour": colour}, rows)


def fitted(name, classes):
    """Return a model of one learner, and the rows it learned from."""
    learner, columns = LEARNERS[name], table()
    if not available(learner):
        pytest.skip(f"{name} is not installed")
    random = np.random.default_rng(1)
    line = np.nan_to_num(columns["a"]) - columns["b"] + (columns["colour"].codes == 1) * 2.0
    line += 0.5 * np.nan_to_num(columns["a"]) * (columns["b"] > 2) + random.normal(size=columns.rows)
    cuts = np.quantile(line, np.linspace(0, 1, classes + 1)[1:-1]) if classes else []
    y = np.digitize(line, cuts).astype(float) if classes else line / 3
    recipe, X = Recipe.fit(columns, list(DESCRIBED.values()), y[:, None], variant=learner.variant, seed=0)
    objective = {0: "regression", 2: "binary"}.get(classes, "multiclass")
    problem = Problem(X, y, objective, classes, categorical=tuple(each.categorical for each in recipe.features))
    made = learner.fit(problem, learner.configurations[objective][0], None, Effort(rounds=60))
    member = Member(name, learner.label, {}, learner.variant, 1.0, made.pack())
    return Ensemble({learner.variant: recipe}, (member,), classes, scale=1.0 if classes else 3.0), columns


@pytest.mark.parametrize(("name", "classes"), [("linear", 0), ("linear", 2), ("linear", 3), ("ebm", 0), ("ebm", 2)])
def test_terms_looked_up_add_up_to_the_model(name, classes):
    ensemble, columns = fitted(name, classes)
    shown = 1 if classes else 0
    found, left_out = terms(ensemble, columns, DESCRIBED, shown)
    assert left_out == 0
    assert [each["size"] for each in found] == sorted((each["size"] for each in found), reverse=True)

    def looked_up(term, row):
        places = [
            term[axis].index(row[column]) if row[column] in term[axis] else 0
            for axis, column in zip(("x", "x2"), term["columns"], strict=False)
        ]
        return term["z"][places[0]][places[1]] if term["kind"] == "pair" else term["y"][places[0]]

    # A pair's table leaves out what is missing, so rows without gaps tell.
    rows = np.flatnonzero(np.isfinite(columns["a"]))[:60] if name == "ebm" else np.arange(60)
    sums = np.array([sum(looked_up(term, columns.row(int(at))) for term in found) for at in rows])
    P = ensemble.predict(columns.take(rows.astype(np.intp)))
    odds = np.log(P) if classes else P
    said = odds[:, 1] - odds[:, 0] if classes == 2 else odds[:, shown] - (odds.mean(axis=1) if classes else 0.0)
    assert np.allclose(sums - sums[0], said - said[0], atol=1e-6)


def test_what_is_missing_has_a_place_of_its_own_and_odds_are_told_as_times():
    ensemble, columns = fitted("linear", 2)
    found, _ = terms(ensemble, columns, DESCRIBED, 1)
    curve = next(term for term in found if term["columns"] == ["a"])
    assert curve["x"] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, None]
    assert "times the odds" in curve["sentence"]
    other, _ = terms(ensemble, columns, DESCRIBED, 0)
    assert np.allclose(next(term for term in other if term["columns"] == ["a"])["y"], -np.array(curve["y"]))


def test_a_model_of_several_members_cannot_be_read_and_time_leaves_terms_out():
    ensemble, columns = fitted("linear", 2)
    several = Ensemble(ensemble.recipes, (*ensemble.members, *ensemble.members), 2)
    assert terms(several, columns, DESCRIBED, 1) == ([], 0)
    assert terms(ensemble, columns, DESCRIBED, 1, stop=lambda: True) == ([], 3)


@pytest.mark.parametrize(("name", "classes"), [("linear", 0), ("linear", 2), ("linear", 3), ("ebm", 0), ("ebm", 2)])
@pytest.mark.parametrize("shown", [0, 1])
def test_an_answer_can_be_worked_out_from_what_is_told(name, classes, shown):
    ensemble, columns = fitted(name, classes)
    if not classes and shown:
        return
    found, _ = terms(ensemble, columns, DESCRIBED, shown)
    told = total(ensemble, columns, DESCRIBED, shown, found)
    made = told["example"]
    assert made["sum"] == pytest.approx(told["start"] + sum(made["added"]) + made["rest"])
    assert made["rest"] == pytest.approx(0.0)
    if classes == 3:
        assert told["probability"] is None
        return
    answer = 1 / (1 + np.exp(-made["sum"])) if classes else made["sum"]
    assert answer == pytest.approx(made["answer"])
    if classes:
        assert told["probability"] == pytest.approx(1 / (1 + np.exp(-told["start"])))
    for term, added in zip(found, made["added"], strict=True):
        if term["kind"] != "pair":
            (column,) = term["columns"]
            assert term["y"][term["x"].index(made["values"][column])] == pytest.approx(added)


def test_terms_left_out_are_counted_together():
    ensemble, columns = fitted("linear", 2)
    found, _ = terms(ensemble, columns, DESCRIBED, 1)
    made = total(ensemble, columns, DESCRIBED, 1, found[:1])["example"]
    assert made["rest"] != 0
    assert 1 / (1 + np.exp(-made["sum"])) == pytest.approx(made["answer"])
    assert total(ensemble, columns, DESCRIBED, 1, []) is None
