"""Thresholds by group found in the build itself, without rows kept back."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.errors import ColumnError, DataError, OptionError


def people(count: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    sex = random.choice(["f", "m"], count)
    skill = random.normal(size=count)
    hired = np.where(skill + 1.0 * (sex == "m") + 0.7 * random.normal(size=count) > 0.6, "yes", "no")
    return pl.DataFrame({"skill": skill, "sex": sex, "pay": random.normal(size=count), "hired": hired})


def gap(model: mw.Model, frame: pl.DataFrame) -> float:
    """Return the larger difference between the sexes in cases found and in false alarms."""
    yes, women = model.predict(frame) == "yes", (frame["sex"] == "f").to_numpy()
    case = (frame["hired"] == "yes").to_numpy()
    return max(abs(float(yes[women & side].mean() - yes[~women & side].mean())) for side in (case, ~case))


def test_the_model_is_fairer_on_fresh_rows_and_says_how_to_build_it_again() -> None:
    rows, fresh = people(900, 0), people(6000, 1)
    plain = mw.build(rows, target="hired", trials=2, threads=1)
    made = mw.build(rows, target="hired", trials=2, threads=1, fair=["sex"], tolerance=0.01)
    assert gap(plain, fresh) > 0.2
    assert gap(made, fresh) < 0.5 * gap(plain, fresh)
    told = made.evaluation["mitigation"]
    assert told["rows"] == 900  # every row was predicted once by what had not learned from it
    assert told["after"]["gap_interval"][0] - 0.02 <= gap(made, fresh) <= told["after"]["gap_interval"][1] + 0.02
    assert (made.predict_proba(fresh) == plain.predict_proba(fresh)).all()
    assert "--criterion equalized_odds --tolerance 0.01" in made.run["command"]
    assert "--fair sex" in made.run["command"]
    whole = made.evaluation
    right = (made.predict(fresh) == fresh["hired"].to_numpy()).mean()
    low, high = whole["metrics"]["accuracy"]["interval"]
    assert low - 0.04 <= right <= high + 0.04
    assert whole["metrics"]["accuracy"]["score"] == pytest.approx(told["after"]["value"])
    assert "threshold" not in whole["curves"]
    assert np.sum(whole["curves"]["confusion"]["counts"]) == told["rows"]
    assert {group["column"] for group in whole["fairness"]} == {"sex"}
    assert sum("Thresholds by group were set" in limit for limit in whole["limits"]) == 1


def test_without_the_group_the_column_need_not_be_there() -> None:
    made = mw.build(
        people(600, 0), target="hired", trials=1, threads=1, exclude=["sex"], fair=["sex"], without_group=True,
        criterion="demographic_parity",
    )  # fmt: skip
    assert len(made.predict(people(20, 1).drop("sex"))) == 20


def test_what_cannot_be_made_fair_is_refused_before_the_long_work() -> None:
    rows = people(400, 0)
    for kind, words, asked in (
        (ColumnError, "'sx'", {"target": "hired", "fair": ["sx"]}),
        (OptionError, "names 'hired'", {"target": "hired", "fair": ["hired"]}),
        (OptionError, "needs a yes/no question", {"target": "pay", "fair": ["sex"]}),
        (OptionError, "--criterion cannot be", {"target": "hired", "fair": ["sex"], "criterion": "x"}),
        (OptionError, "cannot be the text", {"target": "hired", "fair": "sex"}),
    ):
        with pytest.raises(kind, match=words):
            mw.build(rows, trials=1, **asked)
    with pytest.raises(DataError, match="fewer than two are large enough"):
        mw.build(rows.head(70), target="hired", trials=1, fair=["sex"])


def test_a_budget_is_kept() -> None:
    begun = time.monotonic()
    made = mw.build(people(3000, 0), target="hired", budget=5, threads=1, fair=["sex"], without_group=True)
    assert time.monotonic() - begun < 5 * 1.02 + 2
    assert made.parts.policy is not None
