"""Predicting needs NumPy alone: nothing else may even be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlwright.model import Model

SCRIPT = """
import importlib.abc, json, sys

AT_START = {name.split(".")[0] for name in sys.modules}
STANDARD = set(sys.stdlib_module_names) | {"numpy", "mlwright"}

class OnlyNumPy(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in STANDARD and not name.startswith("_"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, OnlyNumPy())
for name in ("polars", "scipy", "sklearn", "pandas", "lightgbm", "xgboost", "catboost", "narwhals", "pyarrow"):
    sys.modules[name] = None
import mlwright
model = mlwright.load(sys.argv[1])
rows = json.loads(sys.stdin.read())
print(json.dumps({
    "one": model._predict(rows[0]).tolist(),
    "many": model._predict(rows).tolist(),
    "answers": model.answer(rows).values.tolist(),
    "why": model.explain(rows[0]).text[0],
    "repr": repr(model),
    "loaded": sorted(
        {name.split(".")[0] for name, module in sys.modules.items() if module is not None} - STANDARD - AT_START
    ),
}))
"""


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_model_answers_where_only_numpy_is(
    task: str, models: dict[str, tuple[Model, pl.DataFrame]], tmp_path: Path
) -> None:
    model, frame = models[task]
    rows = frame.to_dicts()
    place = model.save(tmp_path / "model.zip")
    source = Path(sys.modules["mlwright"].__file__ or "").parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(place)],
        input=json.dumps(rows),
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(source)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found["one"], model._predict(rows[0]), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found["many"], model._predict(frame), rtol=1e-6, atol=1e-6)
    assert found["answers"] == model.predict(rows).tolist()
    assert found["repr"] == repr(model)
    assert found["why"].split(", mainly")[0] == model.explain(rows[0]).text[0].split(", mainly")[0]
    assert not [name for name in found["loaded"] if not name.startswith("_")]
