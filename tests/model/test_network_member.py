"""A model with a neural network in it: built, written, read back, and not trusted where it was tampered with."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright
from mlwright.building import find
from mlwright.errors import ModelError
from mlwright.learn.learners.linear import Linear
from mlwright.learn.learners.neural import Neural
from mlwright.model import Model, load
from mlwright.model.arrays import read_arrays, write_arrays
from mlwright.model.folder import to_files
from mlwright.model.text import write_json

Files = dict[str, bytes]


def frame_of(rows: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, rows))
    kind = rng.choice(["a", "b", "c"], rows)
    y = np.sin(2 * x) * z + (kind == "a") + 0.05 * rng.normal(size=rows)
    missing = np.where(rng.random(rows) < 0.1, None, z)
    return pl.DataFrame({"x": x, "z": missing, "kind": kind, "y": y}, strict=False)


@pytest.fixture(scope="module")
def built() -> Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "LEARNERS", {learner.name: learner for learner in (Linear(), Neural())})
        model = mlwright.build(frame_of(), target="y", trials=2, seed=1)
    assert {member.predictor.kind for member in model.parts.ensemble.members} == {"network"}
    return model


@pytest.fixture(scope="module")
def files(built: Model) -> Files:
    return to_files(built.parts)


def signed(files: Files) -> Files:
    """Recompute sizes, hashes and digest, as somebody with bad intent would."""
    table = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in files.items()
        if name != "manifest.json"
    }
    manifest = json.loads(files["manifest.json"])
    digest = hashlib.sha256(write_json(table)).hexdigest()
    return {**files, "manifest.json": write_json({**manifest, "files": table, "digest": digest})}


def put(files: Files, path: Path) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def test_it_answers_the_same_after_a_journey(built: Model, tmp_path: Path) -> None:
    rows = frame_of().head(50).to_dicts()
    again = load(built.save(tmp_path / "model.zip"))
    np.testing.assert_array_equal(again.predict(rows), built.predict(rows))
    alone = [float(again.predict([row])[0]) for row in rows]
    np.testing.assert_allclose(alone, again.predict(rows), rtol=0, atol=1e-9)


def test_numpy_is_enough(built: Model, tmp_path: Path) -> None:
    place = built.save(tmp_path / "model.zip")
    code = (
        "import sys\n"
        "for name in ('polars', 'scipy', 'sklearn', 'threadpoolctl', 'lightgbm'): sys.modules[name] = None\n"
        "import mlwright\n"
        f"print(mlwright.load({str(place)!r}).predict([{{'x': 0.5, 'z': None, 'kind': 'a'}}])[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert abs(float(done.stdout) - built.predict([{"x": 0.5, "z": None, "kind": "a"}])[0]) < 1e-6


@np.errstate(all="ignore")
def odd(array: np.ndarray, rng: random.Random) -> np.ndarray:
    what = rng.randrange(5)
    if what == 0:
        return array.reshape(-1)[: rng.randrange(array.size + 1)]
    if what == 1:
        return array.astype(rng.choice([np.int8, np.uint64, np.float64, "U3"]))
    if what == 2:
        return np.zeros(rng.choice([(0,), (3,), (2, 2, 2), (100_000,), ()]), dtype=array.dtype)
    copy = array.copy().reshape(-1)
    if copy.size:
        copy[rng.randrange(copy.size)] = rng.choice([np.nan, np.inf, 3e38, -3e38]) if copy.dtype.kind == "f" else 99
    return copy.reshape(array.shape)


def test_tampered_networks_are_refused_or_answer_with_numbers(files: Files, tmp_path: Path) -> None:
    """With hashes that fit; no other error than ModelError, and never a warning."""
    rng, refused = random.Random(0), 0
    arrays, rows = read_arrays(files["members/0.npz"], "here"), frame_of().head(20).to_dicts()
    ensemble = json.loads(files["ensemble.json"])
    for place in range(60):
        damaged = dict(files)
        if place % 4:
            key = rng.choice(sorted(arrays))
            damaged["members/0.npz"] = write_arrays({**arrays, key: odd(arrays[key], rng)})
        else:
            state = {
                **ensemble["members"][0]["state"],
                rng.choice(["link", "layers"]): rng.choice([0, 2, True, "x", []]),
            }
            damaged["ensemble.json"] = write_json({**ensemble, "members": [{**ensemble["members"][0], "state": state}]})
        try:
            model = load(put(signed(damaged), tmp_path / str(place)))
        except ModelError:
            refused += 1
        else:
            assert np.isfinite(model.predict(rows)).all()
    assert refused > 30
