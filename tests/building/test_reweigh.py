"""Reweighing in a build: groups are selected more alike, and what judges is not weighed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.errors import ColumnError, OptionError


def people(count: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    sex = random.choice(["f", "m"], count)
    skill = random.normal(size=count)
    hired = np.where(skill + 1.2 * (sex == "m") + random.normal(size=count) > 0.6, "yes", "no")
    return pl.DataFrame({"skill": skill, "sex": sex, "pay": random.normal(size=count), "hired": hired})


def gap(model: mw.Model, frame: pl.DataFrame) -> float:
    yes = model.predict(frame) == "yes"
    women = (frame["sex"] == "f").to_numpy()
    return float(abs(yes[women].mean() - yes[~women].mean()))


def test_groups_are_selected_more_alike_and_the_command_says_how() -> None:
    rows, fresh = people(900, 0), people(2000, 1)
    plain = mw.build(rows, target="hired", trials=2, threads=1)
    made = mw.build(rows, target="hired", trials=2, threads=1, reweigh=["sex"])
    assert gap(made, fresh) < 0.5 * gap(plain, fresh)
    told = made.evaluation["question"]["assumptions"]
    assert any("weights under which 'sex' and the target have nothing to do" in sentence for sentence in told)
    assert "--reweigh sex" in made.run["command"]
    # What judges weighs what it weighs: measured on fresh rows the model is about as right as it said.
    said = made.evaluation["metrics"]["accuracy"]["interval"]
    assert said[0] - 0.03 <= float((made.predict(fresh) == fresh["hired"].to_numpy()).mean()) <= said[1] + 0.03


def test_what_cannot_be_reweighed_is_refused() -> None:
    rows = people(100, 0)
    with pytest.raises(ColumnError, match="'sx'"):
        mw.build(rows, target="hired", trials=1, reweigh=["sx"])
    with pytest.raises(OptionError, match="names the target"):
        mw.build(rows, target="hired", trials=1, reweigh=["hired"])
    with pytest.raises(OptionError, match="needs a target of classes"):
        mw.build(rows, target="pay", trials=1, reweigh=["sex"])
