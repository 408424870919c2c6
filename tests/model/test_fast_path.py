"""The fast path of a model: the same bits as NumPy, checked when the model is loaded, and never missed."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlwright.columns import read_frame
from mlwright.errors import ModelError
from mlwright.learn.forests import TRIAL
from mlwright.learn.sandbox import Sandbox
from mlwright.learn.wasm import Code
from mlwright.model import Model, load

pytest.importorskip("wasmtime")

Made = dict[str, tuple[Model, pl.DataFrame]]
TASKS = ["binary", "multiclass", "regression"]
ODD: list[dict[str, Any]] = [
    {"age": None, "income": None, "city": None, "shop [id]": None, "since": None, "active": None, "note": None},
    {"age": math.nan, "income": -0.0, "city": "Atlantis", "shop [id]": "s999", "since": "?", "active": 1, "note": "x"},
    {"age": math.inf, "income": 1e300, "city": 5, "shop [id]": "", "since": "9999-12-31", "active": "no", "note": ""},
    {"age": -1e308, "income": 5e-324, "city": "Oslo", "shop [id]": 1, "since": "0001-01-01", "active": 0, "note": "!"},
]


@pytest.mark.parametrize("task", TASKS)
def test_batch_and_row_give_the_bits_that_numpy_gives(task: str, models: Made) -> None:
    model, frame = models[task]
    ensemble = model.parts.ensemble
    columns = read_frame(pl.concat([frame] * (3 * TRIAL // len(frame) + 1)), model.parts.columns)
    assert ensemble.forests.sandbox is not None
    np.testing.assert_array_equal(ensemble.predict(columns), ensemble.predict(columns, numpy_only=True))
    assert ensemble.forests.path in {"sandbox", "numpy"}
    for rows in (frame.head(40).to_dicts(), ODD):
        one_by_one = np.concatenate([model._predict(row) for row in rows])
        np.testing.assert_allclose(model._predict(rows), one_by_one, rtol=0, atol=1e-9)
        assert np.isfinite(one_by_one).all()


@pytest.mark.parametrize("task", TASKS)
def test_without_wasmtime_the_answers_are_the_same(
    task: str, models: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, frame = models[task]
    place = model.save(tmp_path / "model")
    expected = load(place)._predict(frame)
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    Code.ready.cache_clear()
    without = load(place)
    assert without.parts.ensemble.forests.path == "numpy"
    np.testing.assert_array_equal(without._predict(frame), expected)


def test_a_loaded_model_is_warm(built: Model, tmp_path: Path) -> None:
    loaded = load(built.save(tmp_path / "model"))
    assert "sandbox" in loaded.parts.ensemble.forests.__dict__


@pytest.mark.parametrize("wrong", [1e-3, math.nan])
def test_a_fast_path_that_answers_otherwise_is_refused(
    wrong: float, built: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = built.save(tmp_path / "model")
    right = Sandbox.sums
    monkeypatch.setattr(Sandbox, "sums", lambda self, blocks: [each + wrong for each in right(self, blocks)])
    with pytest.raises(ModelError, match="fast path does not answer its test rows as NumPy does") as caught:
        load(place)
    assert "pip uninstall wasmtime" in str(caught.value.hint)
    assert caught.value.where == str(place)


def test_models_are_copied_and_pickled_without_their_sandbox(built: Model, frame: pl.DataFrame) -> None:
    expected = built._predict(frame)
    for other in (copy.deepcopy(built), pickle.loads(pickle.dumps(built))):
        np.testing.assert_array_equal(other._predict(frame), expected)
