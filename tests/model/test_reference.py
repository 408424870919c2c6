from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.model.test_hostile import changed, odd_array, places, put, signed

from mlwright import build, load
from mlwright.columns import read_frame
from mlwright.errors import ModelError
from mlwright.evaluate.reference import Reference
from mlwright.model import Model, RowModel
from mlwright.model.arrays import read_arrays, write_arrays
from mlwright.model.folder import to_files


def rows(count: int = 700, seed: int = 0) -> pl.DataFrame:
    """Rows of which a number and a group tell the target."""
    rng = np.random.default_rng(seed)
    x, sex = rng.normal(size=count), rng.choice(["f", "m"], count)
    return pl.DataFrame(
        {
            "x": x,
            "city": rng.choice(["Rome", "Oslo"], count),
            "sex": sex,
            "y": np.where(x + 0.8 * (sex == "m") + rng.normal(size=count) > 0, "yes", "no"),
            "price": 3 * x + rng.normal(size=count),
        }
    )


@pytest.fixture(scope="module")
def made() -> Model:
    """A model of a yes/no question."""
    return build(rows(3_000), "y", trials=1, sensitive=["sex"], exclude=["price"], clean=False)


def reference_of(model: Model) -> Reference:
    """Return the reference, which is there."""
    assert model.reference is not None
    return model.reference


def test_it_counts_the_rows_that_judged_under_the_models_own_decision(made: Model) -> None:
    found = reference_of(made)
    scores = {name: metric["score"] for name, metric in made.evaluation["metrics"].items()}
    means = {loss.metric: loss.mean for loss in found.losses}
    assert means["log_loss"] == pytest.approx(scores["log_loss"], abs=1e-9)
    assert 1 - means["accuracy"] == pytest.approx(scores["accuracy"], abs=1e-9)
    for loss in found.losses:
        assert loss.sketch.counts.sum() == found.rows
        assert loss.clipped <= loss.mean
    (group,) = found.groups
    assert group.sketch.counts.sum() == found.rows
    assert group.wrong.sum() == pytest.approx(means["accuracy"] * found.rows)
    assert group.positive is not None
    assert group.selected is not None
    assert group.positive.sum() == found.labels.counts[1]
    assert group.selected.sum() == found.answered.counts[1]
    (reliable,) = found.calibration
    assert reliable.observed.sum() == found.labels.counts[1]
    assert [each.column for each in found.columns] == ["x", "city", "sex"]
    assert found.column_counts.sum(axis=1).tolist() == [found.column_rows] * 3


def test_new_rows_fall_into_its_bins(made: Model) -> None:
    found, frame = reference_of(made), rows(500, seed=1)
    columns = read_frame(frame, made.parts.columns)
    P = made.predict_proba(frame)
    assert found.bin_columns(columns).shape == (500, 3)
    assert (found.bin_columns(columns)[:, 0] > 0).all()
    y = (frame["y"] == "yes").to_numpy().astype(float)
    y[:3] = np.nan
    answered = (made.predict(frame) == "yes").astype(float)
    losses = found.losses_of(y, P, answered)
    assert np.isnan(losses[:3]).all()
    place = [each.metric for each in found.losses].index("accuracy")
    assert losses[3:, place].tolist() == (answered != y)[3:].astype(float).tolist()
    assert (found.bin_losses(losses)[:3] == -1).all()
    assert (found.bin_losses(losses)[3:, place] == losses[3:, place]).all()


def test_it_is_kept_with_the_model_and_the_same_build_writes_the_same_bytes(made: Model, tmp_path: Path) -> None:
    read = load(made.save(tmp_path / "model"))
    assert reference_of(read).to_dict() == reference_of(made).to_dict()
    again = build(rows(3_000), "y", trials=1, sensitive=["sex"], exclude=["price"], clean=False)
    for name in ("reference.json", "reference.npz"):
        assert to_files(again.parts)[name] == to_files(made.parts)[name]
        assert len(to_files(made.parts)[name]) < 300_000
    sample, kept = reference_of(read).sample, reference_of(made).sample
    assert np.array_equal(sample.P, kept.P)
    assert sample.columns is not None
    with np.errstate(invalid="ignore"):
        assert np.array_equal(sample.columns["x"], kept.columns["x"])  # type: ignore[index,arg-type]


def test_without_cases_no_raw_value_is_kept(tmp_path: Path) -> None:
    model = build(rows(300), "y", trials=1, cases=0, clean=False, out=tmp_path / "model")
    sample = reference_of(load(tmp_path / "model")).sample
    assert reference_of(model).sample.columns is None
    assert sample.columns is None
    assert set(read_arrays(to_files(model.parts)["reference.npz"], "here")) == {"P", "y", "answered"}


def test_a_model_of_numbers_has_one_too() -> None:
    model = build(rows(300), "price", trials=1, clean=False)
    found = reference_of(model)
    assert found.classes == 0
    assert found.inside is not None
    assert 0.7 < found.inside[0] / found.inside[1] <= 1
    assert {loss.metric for loss in found.losses} >= {"rmse", "mae"}
    assert found.labels.counts.sum() == found.rows


def test_thresholds_by_group_change_what_it_says_of_answers(made: Model) -> None:
    fresh = rows(3_000, seed=2)
    fairer = made.mitigate(fresh, ["sex"], criterion="demographic_parity", tolerance=0.05)
    (group,) = reference_of(fairer).groups
    answered = fairer.predict(fresh) == "yes"
    for name, rows_there, selected in zip(group.sketch.names(), group.sketch.counts, group.selected, strict=True):  # type: ignore[arg-type]
        mine = (fresh["sex"] == name).to_numpy()
        assert (rows_there, selected) == (mine.sum(), (answered & mine).sum())


def test_a_model_without_one_is_read_as_ever(made: Model, tmp_path: Path) -> None:
    assert load(RowModel(replace(made.parts, reference=None)).save(tmp_path / "model")).reference is None


def test_hostile_references_are_refused_or_harmless(made: Model, tmp_path: Path) -> None:
    rng, generator = random.Random(3), np.random.default_rng(3)
    files, refused = to_files(made.parts), 0
    state, arrays = json.loads(files["reference.json"]), read_arrays(files["reference.npz"], "here")
    spots = places(state)
    columns = read_frame(rows(20), made.parts.columns)
    for turn in range(60):
        if turn % 2:
            broken = {**files, "reference.json": json.dumps(changed(state, rng.choice(spots), rng)).encode()}
        else:
            key = rng.choice(sorted(arrays))
            broken = {**files, "reference.npz": write_arrays({**arrays, key: odd_array(arrays[key], rng, generator)})}
        try:
            found = reference_of(load(put(signed(broken), tmp_path / "model")))
        except ModelError:
            refused += 1
            continue
        bins = found.bin_columns(columns)
        assert (bins < 32).all()
        assert (bins < [each.size for each in found.columns]).all()
    assert refused > 20
