"""Calibration, floor and sets in a model's folder: saved, read back, and refused where they cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.model.test_hostile import Files, put, signed

from mlwright.errors import ModelError
from mlwright.learn.calibration import Powers
from mlwright.model import Model, RowModel, load
from mlwright.model.folder import to_files
from mlwright.model.text import write_json

Made = dict[str, tuple[Model, pl.DataFrame]]
POWERS = {2: [1.5, 0.7], 3: [1.5, 0.7, 1.1]}


def calibrated(model: Model) -> Model:
    """Return the same model with a calibration."""
    powers = np.array(POWERS[len(model.parts.classes)])
    ensemble = replace(model.parts.ensemble, calibration=Powers(powers, powers / 3))
    return RowModel(replace(model.parts, ensemble=ensemble))


def changed(files: Files, name: str, change: dict[str, Any]) -> Files:
    """Return files of which one has other values, with hashes that fit."""
    return signed({**files, name: write_json({**json.loads(files[name]), **change})})


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_calibration_travels(models: Made, task: str, tmp_path: Path) -> None:
    plain, frame = models[task]
    model = calibrated(plain)
    assert np.abs(model.predict_proba(frame) - plain.predict_proba(frame)).max() > 0.01
    for name in ("folder", "zip.zip"):
        loaded = load(model.save(tmp_path / name))
        np.testing.assert_array_equal(loaded.predict_proba(frame), model.predict_proba(frame))
        one = np.concatenate([loaded.predict_proba(row) for row in frame.head(40).to_dicts()])
        np.testing.assert_allclose(one, model.predict_proba(frame.head(40)), rtol=0, atol=1e-9)
        assert loaded.answer(frame).sets == model.answer(frame).sets


def test_a_floor_travels(models: Made, tmp_path: Path) -> None:
    plain, frame = models["regression"]
    floor = float(np.median(plain.predict(frame)))
    model = RowModel(replace(plain.parts, ensemble=replace(plain.parts.ensemble, floor=floor)))
    loaded = load(model.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict(frame), np.maximum(plain.predict(frame), floor))
    one = np.concatenate([loaded.predict(row) for row in frame.head(40).to_dicts()])
    np.testing.assert_allclose(one, loaded.predict(frame.head(40)), rtol=1e-9)


def test_a_model_without_these_steps_is_read(models: Made, tmp_path: Path) -> None:
    model, frame = models["binary"]
    files = to_files(model.parts)
    ensemble, decision = json.loads(files["ensemble.json"]), json.loads(files["decision.json"])
    del ensemble["calibration"], ensemble["floor"], decision["decision"]["cutoffs"]
    older = signed({**files, "ensemble.json": write_json(ensemble), "decision.json": write_json(decision)})
    loaded = load(put(older, tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(frame), model.predict_proba(frame))
    assert loaded.answer(frame).sets is None


@pytest.mark.parametrize(
    "calibration",
    [
        {},
        "powers",
        [1, 2],
        {"kind": "other"},
        {"kind": ["powers"]},
        {"kind": "powers"},
        {"kind": "powers", "powers": [1.0], "factors": [1.0]},
        {"kind": "powers", "powers": [1.0, 1e3], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [0.0, 1.0], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [1.0, 1.0], "factors": [0.0, 0.0]},
        {"kind": "powers", "powers": [1.0, 1.0], "factors": [1.0, 1e300]},
        {"kind": "powers", "powers": [1.0, 1.0], "factors": [1.0, 10**400]},
        {"kind": "powers", "powers": ["1", "1"], "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": {"0": 1.0, "1": 1.0}, "factors": [1.0, 1.0]},
        {"kind": "powers", "powers": [2.0, 2.0], "factors": [1.0, 1.0]},
    ],
)
def test_a_calibration_that_cannot_be_or_answers_otherwise_is_refused(
    calibration: object, built: Model, tmp_path: Path
) -> None:
    with pytest.raises(ModelError):
        load(put(changed(to_files(built.parts), "ensemble.json", {"calibration": calibration}), tmp_path / "model"))


def test_numbers_are_not_calibrated_and_floors_are_numbers(models: Made, tmp_path: Path) -> None:
    files = to_files(models["regression"][0].parts)
    hostile: list[dict[str, Any]] = [
        {"calibration": {"kind": "powers", "powers": [1.0], "factors": [1.0]}},
        {"calibration": {"kind": "powers", "powers": [], "factors": []}},
        *({"floor": floor} for floor in ("0", True, [0.0], 1e12)),
    ]
    for place, change in enumerate(hostile):
        with pytest.raises(ModelError):
            load(put(changed(files, "ensemble.json", change), tmp_path / str(place)))


@pytest.mark.parametrize("cutoffs", [[0.5], [0.5, 0.5, 0.5], "ab", [None, 0.5], [[0.5], [0.5]], {"0": 1.0}, 0.5, []])
def test_cutoffs_that_do_not_fit_are_refused(cutoffs: object, built: Model, tmp_path: Path) -> None:
    decision = {**built.parts.decision, "cutoffs": cutoffs}
    with pytest.raises(ModelError):
        load(put(changed(to_files(built.parts), "decision.json", {"decision": decision}), tmp_path / "model"))


@pytest.mark.parametrize(
    "change",
    [
        {"widths": [-1.0]},
        {"at": []},
        {"at": [0.0], "widths": [1.0, 2.0]},
        {"widths": ["wide"]},
        {"at": None},
        {"floor": "0"},
    ],
)
def test_intervals_that_cannot_be_are_refused(change: dict[str, Any], models: Made, tmp_path: Path) -> None:
    parts = models["regression"][0].parts
    decision = {**parts.decision, "at": [0.0], "widths": [1.0], **change}
    with pytest.raises(ModelError):
        load(put(changed(to_files(parts), "decision.json", {"decision": decision}), tmp_path / "model"))
