"""`model.export` and `mlwright export`: what was written is told, and what cannot be is refused before anything is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlwright as mw
from mlwright.cli import main
from mlwright.errors import MissingExtraError, OptionError, OutputError
from mlwright.model import Model
from mlwright.model.exports import TARGETS, onnx_file
from mlwright.model.exports.to_onnx import Compared

onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("saved") / "customers")


@pytest.mark.parametrize("to", TARGETS)
def test_every_form_is_written_and_told(
    saved: Path, to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "out"
    assert main(["export", str(saved), "--to", to, "--out", str(place), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    assert told["bytes"] == sum(path.stat().st_size for path in files)
    assert (told["to"], told["path"], told["model"], told["note"]) == (to, str(place), "customers@3", None)
    assert main(["export", str(saved), "--to", to, "--out", str(place)]) == 0
    said = capsys.readouterr().out
    assert "next: " in said
    assert ("compared" in said) == (to == "onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_written_file_answers(model: Model, saved: Path, tmp_path: Path) -> None:
    written = model.export(tmp_path / "model.onnx", to="onnx")
    assert written.difference is not None
    assert written.difference <= 1e-9
    assert written.rows > 60
    session = onnxruntime.InferenceSession((tmp_path / "model.onnx").read_bytes())
    row = {"age": 41.0, "income": np.nan, "debt": -3.5, "rooms": 2.0, "active": 1.0, "since": 86_400.0}
    texts = {"city": "Rome", "shop [id]": ""}
    given: dict[str, Any] = {name: np.array([[value]]) for name, value in row.items()}
    given |= {name: np.array([[value]], dtype=object) for name, value in texts.items()}
    prediction, probabilities = session.run(None, {each.name: given[each.name] for each in session.get_inputs()})
    raw = {**row, **texts, "since": "1970-01-02", "active": "yes", "income": None}
    np.testing.assert_allclose(probabilities, model.predict_proba(raw), rtol=0, atol=1e-12)
    assert prediction.tolist() == model.predict(raw).tolist()


def test_a_column_named_as_an_output_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The input keeps the column's name, so that the output has another one: that is said, not found out."""
    rows = {"prediction": [*range(40)], "lower": ["a", "b"] * 20, "y": [place * 1.5 for place in range(40)]}
    model = mw.build(rows, target="y", trials=1, learners=["linear"]).renamed("odd")
    saved = model.save(tmp_path / "odd")
    written = model.export(tmp_path / "odd.onnx", to="onnx")
    names = {each.name for each in onnxruntime.InferenceSession((tmp_path / "odd.onnx").read_bytes()).get_outputs()}
    inputs = {column.name for column in model.parts.columns}
    assert "prediction" in inputs
    assert names == {f"{name}_" if name in inputs else name for name in ("prediction", "lower", "upper")}
    assert written.note is not None
    assert written.note.startswith("the output 'prediction' is called 'prediction_'")
    assert main(["export", str(saved), "--to", "onnx", "--out", str(tmp_path / "odd.onnx")]) == 0
    assert written.note in " ".join(capsys.readouterr().out.split())


def test_a_file_that_differs_never_appears(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def differ(*_: object) -> Compared:
        raise OptionError("differs")

    monkeypatch.setattr("mlwright.model.exports.to_onnx.compare", differ)
    with pytest.raises(OptionError, match="differs"):
        model.export(tmp_path / "model.onnx", to="onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_stands_there_is_left_alone(model: Model, tmp_path: Path) -> None:
    place = tmp_path / "model.onnx"
    place.write_bytes(b"a person's own")
    with pytest.raises(OutputError, match="no such export"):
        model.export(place, to="onnx")
    assert place.read_bytes() == b"a person's own"


def test_an_unknown_form_is_answered_with_the_nearest(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(saved), "--to", "onxn", "--out", "there"]) == 2
    error = capsys.readouterr().err
    assert "--to cannot be 'onxn'" in error
    assert "did you mean 'onnx'?" in error


def test_a_wheel_is_nothing_to_onnx(model: Model, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--wheel says nothing to --to onnx"):
        model.export(tmp_path / "model.onnx", to="onnx", wheel=tmp_path / "mlwright-1-py3-none-any.whl")


def test_a_missing_extra_is_named(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError) as raised:
        model.export(tmp_path / "model.onnx", to="onnx")
    assert raised.value.hint == "pip install 'mlwright[onnx]'"


def test_a_model_read_from_its_folder_gives_the_same_file(
    maker: Callable[..., Any], saved: Path, model: Model, tmp_path: Path
) -> None:
    mw.load(saved).export(tmp_path / "read.onnx", to="onnx")
    model.export(tmp_path / "made.onnx", to="onnx")
    assert (tmp_path / "read.onnx").read_bytes() == (tmp_path / "made.onnx").read_bytes()
