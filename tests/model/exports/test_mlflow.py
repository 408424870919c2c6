"""The folder is one that MLflow loads; that MLflow does so, benchmarks/export_mlflow.py finds out."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.model.exports import conftest

import mlwright as mw
from mlwright.errors import ColumnError, OutputError
from mlwright.model import Model
from mlwright.model.exports.facts import digest
from mlwright.model.exports.mlflow import LOADER, write


@pytest.fixture(scope="module")
def folder(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mlflow") / "out"
    assert write(model.parts, place).path == place
    return place


def test_it_says_what_mlflow_wants_to_know(model: Model, folder: Path) -> None:
    told = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    flavor = told["flavors"]["python_function"]
    assert flavor["loader_module"] == LOADER
    assert (folder / flavor["data"] / "manifest.json").is_file()
    assert (folder / flavor["env"]["virtualenv"]).is_file()
    assert told["metadata"]["mlwright"]["digest"] == digest(model.parts)
    inputs, outputs = (json.loads(told["signature"][side]) for side in ("inputs", "outputs"))
    assert [each["name"] for each in inputs] == [column.name for column in model.parts.columns]
    assert {each["type"] for each in inputs} == {"any"}
    assert [(each["name"], each["type"]) for each in outputs] == [
        ("prediction", "string"), ("probability_no", "double"), ("probability_yes", "double"),
    ]  # fmt: skip


def test_what_it_needs_is_there(folder: Path) -> None:
    environment = yaml.safe_load((folder / "python_env.yaml").read_text(encoding="utf-8"))
    assert environment["dependencies"] == ["-r requirements.txt"]
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("mlflow>=")
    assert (folder / lines[1]).is_file()
    assert lines[1].startswith("wheels/mlwright-")
    assert any(line.startswith("numpy==") for line in lines)


def test_the_loader_answers_as_the_model_does(model: Model, folder: Path) -> None:
    loaded = importlib.import_module(LOADER)._load_pyfunc(str(folder / "model"))
    rows = pd.DataFrame([dict(row) for row in model.parts.golden], index=range(100, 132))
    told = loaded.predict(rows)
    known = model.answer(rows)
    assert told.index.tolist() == rows.index.tolist()
    assert told["prediction"].tolist() == known.values.tolist()
    np.testing.assert_array_equal(told[["probability_no", "probability_yes"]], known.probabilities)
    assert len(loaded.predict(dict(model.parts.golden[0]), {})) == 1
    with pytest.raises(ColumnError, match="'age' is not in the data"):
        loaded.predict(rows.drop(columns="age"))


def test_the_example_is_answered_as_the_rows_it_stands_for(model: Model, folder: Path) -> None:
    told = json.loads((folder / "input_example.json").read_text(encoding="utf-8"))
    assert json.loads((folder / "serving_input_example.json").read_text(encoding="utf-8")) == {"dataframe_split": told}
    example = pd.DataFrame(told["data"], columns=told["columns"])
    expected = model.predict_proba([dict(row) for row in model.parts.golden[: len(example)]])
    np.testing.assert_array_equal(model.predict_proba(example), expected)


def test_a_number_has_its_interval(maker: Callable[..., Any], tmp_path: Path) -> None:
    model = maker("regression", (("lightgbm", "codes"),))[0]
    write(model.parts, tmp_path / "out")
    outputs = json.loads(yaml.safe_load((tmp_path / "out" / "MLmodel").read_text())["signature"]["outputs"])
    assert [each["name"] for each in outputs] == ["prediction", "lower", "upper"]
    loaded = importlib.import_module(LOADER)._load_pyfunc(str(tmp_path / "out" / "model"))
    told = loaded.predict(conftest.frame_of(5).to_pandas())
    assert (told["lower"] <= told["prediction"]).all()
    assert list(told) == ["prediction", "lower", "upper"]


@pytest.mark.parametrize(
    ("labels", "kind"), [((0, 1), "long"), ((False, True), "boolean"), ((0.5, 1.5), "double"), (("a", 1), "string")]
)
def test_labels_have_mlflows_types(model: Model, labels: tuple[Any, Any], kind: str, tmp_path: Path) -> None:
    write(replace(model.relabelled(labels, "kind").parts, golden=()), tmp_path / "out")
    outputs = json.loads(yaml.safe_load((tmp_path / "out" / "MLmodel").read_text())["signature"]["outputs"])
    assert outputs[0]["type"] == kind


def test_odd_names_stay_what_they_are(model: Model, tmp_path: Path) -> None:
    parts = replace(model.parts, name='a: "b"\n- c # d 🙂', target="churn")
    write(parts, tmp_path / "out")
    told = yaml.safe_load((tmp_path / "out" / "MLmodel").read_text(encoding="utf-8"))
    assert told["metadata"]["mlwright"]["model"] == 'a: "b"\n- c # d 🙂@3'


def test_it_is_written_anew_but_over_nothing_else(model: Model, folder: Path, tmp_path: Path) -> None:
    before = (folder / "MLmodel").read_bytes()
    write(model.parts, folder)
    assert (folder / "MLmodel").read_bytes() == before
    model.save(tmp_path / "saved")
    with pytest.raises(OutputError, match="no such export"):
        write(model.parts, tmp_path / "saved")
    assert mw.load(tmp_path / "saved").name == model.name
