"""Why a model answers as it does: contributions add up to the answer, for every task, row by row and together."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.columns import Columns, read_frame
from mlwright.errors import ColumnError, OptionError
from mlwright.explain.contributions import Explainer
from mlwright.explain.contributions.flow import settled
from mlwright.explain.contributions.walk import Walk
from mlwright.learn.calibration import Powers
from mlwright.model import Model, RowModel

Made = dict[str, tuple[Model, pl.DataFrame]]
TASKS = ("binary", "multiclass", "regression")


def in_unit(model: Model, frame: pl.DataFrame, of: int | None = None) -> np.ndarray:
    """The answer in the unit of the explanation, from what the model predicts."""
    if not len(model.classes_):
        return model.predict(frame)
    P = model.predict_proba(frame)
    position = np.full(len(P), of) if of is not None else P.argmax(axis=1) if P.shape[1] > 2 else np.ones(len(P), int)
    p = P[np.arange(len(P)), position]
    return np.log(p / (1 - p))


@pytest.mark.parametrize("task", TASKS)
def test_contributions_add_up_to_the_answer(task: str, models: Made) -> None:
    model, frame = models[task]
    found = model.explain(frame)
    expected = in_unit(model, frame)
    np.testing.assert_allclose(found.prediction, expected, atol=1e-9, rtol=1e-9)
    total = found.base + found.contributions.sum_horizontal().to_numpy()
    np.testing.assert_allclose(total, expected, atol=1e-6)
    assert found.contributions.columns == [column.name for column in model.schema.features]
    assert found.unit == ("log-odds" if len(model.classes_) else "spend")
    assert found.exact


@pytest.mark.parametrize("task", TASKS)
def test_a_row_alone_gets_what_it_gets_among_others(task: str, models: Made) -> None:
    model, frame = models[task]
    many, rows = model.explain(frame), frame.to_dicts()
    for place in (0, 17, 250):
        alone = model.explain(rows[place])
        np.testing.assert_allclose(alone.values[0], many.values[place], atol=1e-9)
        assert alone.text == [many.text[place]]
        assert model.target in many.text[place]


def test_any_class_can_be_told_of(models: Made) -> None:
    model, frame = models["multiclass"]
    found = model.explain(frame, of="pro")
    np.testing.assert_allclose(found.prediction, in_unit(model, frame, of=2), atol=1e-9)
    assert set(found.labels) == {"pro"}
    assert isinstance(found.base, float)
    with pytest.raises(OptionError, match=r"class.*'prod'"):
        model.explain(frame, of="prod")


def test_what_the_model_learned_is_what_moves_it(models: Made) -> None:
    """The target was made of age and city alone."""
    model, frame = models["regression"]
    size = np.abs(model.explain(frame).values).mean(axis=0)
    by_name = dict(zip(model.explain(frame).columns, size.tolist(), strict=True))
    assert sorted(by_name, key=lambda name: -by_name[name])[:2] == ["age", "city"]


def test_missing_values_and_missing_columns(models: Made) -> None:
    model, frame = models["binary"]
    nothing = dict.fromkeys(frame.columns)
    found = model.explain(nothing)
    np.testing.assert_allclose(found.base + found.values.sum(), found.prediction[0], atol=1e-9)
    assert "is missing" in found.text[0]
    with pytest.raises(ColumnError, match="age"):
        model.explain({"income": 3})
    assert len(model.explain([])) == 0
    assert model.explain([]).text == []


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_calibration_is_gone_through(task: str, models: Made) -> None:
    model, frame = models[task]
    powers = np.linspace(0.7, 1.4, len(model.classes_))
    from dataclasses import replace

    ensemble = replace(model.parts.ensemble, calibration=Powers(powers, np.linspace(1.0, 2.0, len(powers))))
    bent = RowModel(replace(model.parts, ensemble=ensemble))
    found = bent.explain(frame)
    np.testing.assert_allclose(found.prediction, in_unit(bent, frame), atol=1e-9)
    explainer = Explainer(ensemble, bent.parts.background)
    rows = read_frame(frame, bent.parts.columns)
    assert found.values.sum() == pytest.approx(explainer.explain(rows).values.sum(), abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_the_line_to_the_answer_is_followed_closely(task: str, models: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left to be settled is rounding: the sums along the line are right by themselves."""
    from mlwright.explain.contributions import explainer as module

    left: list[float] = []

    def watched(said: np.ndarray, total: np.ndarray) -> np.ndarray:
        left.extend(np.abs(said.sum(axis=1) - total).tolist())
        return settled(said, total)

    monkeypatch.setattr(module, "settled", watched)
    model, frame = models[task]
    RowModel(model.parts).explain(frame)
    assert max(left) < 1e-5 * model.parts.ensemble.scale


def test_numpy_says_what_the_sandbox_says(models: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    model, frame = models["binary"]
    expected = Explainer(model.parts.ensemble, model.parts.background).explain(_typed(model, frame))
    monkeypatch.setattr(Walk, "of", lambda *_: None)
    slow = Explainer(model.parts.ensemble, model.parts.background).explain(_typed(model, frame))
    np.testing.assert_allclose(slow.values, expected.values, atol=1e-9)


def _typed(model: Model, frame: pl.DataFrame) -> Columns:
    return read_frame(frame, model.parts.columns)


def test_a_floor_below_the_answers_is_kept(models: Made) -> None:
    from dataclasses import replace

    model, frame = models["regression"]
    floor = float(np.median(model.predict(frame)))
    cut = RowModel(replace(model.parts, ensemble=replace(model.parts.ensemble, floor=floor)))
    found = cut.explain(frame)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), cut.predict(frame), atol=1e-6)
    assert (cut.predict(frame) == floor).any()


def test_its_face(models: Made) -> None:
    model, frame = models["binary"]
    found = model.explain(frame.head(3))
    assert repr(found).startswith("<Explanation of 3 rows in log-odds.")
    assert "that churn is yes, " in repr(found)
    assert "<li>A chance of " in found._repr_html_()
    told = found.to_dict()
    assert [row["class"] for row in told["rows"]] == ["yes"] * 3
    row = told["rows"][0]
    assert row["base"] + sum(row["contributions"].values()) == pytest.approx(row["prediction"], abs=1e-6)
    shifts = sum(reason["shift"] for reason in row["reasons"])
    p, typical = (1 / (1 + np.exp(-value)) for value in (row["prediction"], row["base"]))
    assert shifts == pytest.approx(p - typical, abs=1e-9)
