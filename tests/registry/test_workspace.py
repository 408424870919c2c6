"""Named models and their versions in the one folder that holds all state."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlwright.errors import ModelError, OptionError, OutputError
from mlwright.model import Model, load
from mlwright.registry import Workspace


def test_versions_count_up_and_resolve(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert workspace.models() == []
    assert workspace.add(model, "house-prices") == ("house-prices", 1, tmp_path / "w/models/house-prices/1")
    assert workspace.add(model, "house-prices")[1] == 2
    assert workspace.resolve("house-prices") == tmp_path / "w/models/house-prices/2"
    assert workspace.resolve("house-prices@1") == tmp_path / "w/models/house-prices/1"
    loaded = load(workspace.resolve("house-prices"))
    assert (loaded.name, loaded.version) == ("house-prices", 2)
    assert loaded.predict({"size": 3}).tolist() == [11.0]
    assert [(entry["name"], entry["version"]) for entry in workspace.models()] == [
        ("house-prices", 2),
        ("house-prices", 1),
    ]


def test_what_models_tells(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    _, _, path = workspace.add(model, "a", why="the first", who="ann")
    (entry,) = workspace.models()
    size, digest, registered = (entry.pop(name) for name in ("size_bytes", "digest", "registered"))
    assert 1_000 < size < 50_000
    assert digest == json.loads((path / "manifest.json").read_text())["digest"]
    assert abs((datetime.now(UTC) - datetime.fromisoformat(registered)).total_seconds()) < 60
    assert entry == {
        "name": "a",
        "version": 1,
        "task": "regression",
        "target": "price",
        "metric": "rmse",
        "score": 1.25,
        "interval": [1.0, 1.5],
        "created": "2026-01-02T03:04:05+00:00",
        "state": "ready",
        "who": "ann",
        "why": "the first",
        **dict.fromkeys(("parent", "data_hash", "code_version", "seed")),
        "aliases": [],
        "path": str(path),
    }


def test_a_damaged_version_is_shown_as_such(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    _, _, path = workspace.add(model, "a")
    (path / "evaluation.json").write_text("{}")
    (entry,) = workspace.models()
    assert "hash differs" in entry["problem"]


def test_unknown_names_get_the_nearest(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.add(model, "churn")
    with pytest.raises(ModelError, match=r"no model 'chrun'.*did you mean 'churn'"):
        workspace.resolve("chrun")
    with pytest.raises(ModelError, match=r"no version '7' of model 'churn'.*there are: 1"):
        workspace.resolve("churn@7")
    with pytest.raises(ModelError, match=r"no version 'x'"):
        workspace.resolve("churn@x")
    with pytest.raises(ModelError, match=r"no model '../churn'"):
        workspace.resolve("../churn")
    for odd in ("a" * 5000, "a\0b", ""):
        with pytest.raises(ModelError, match="no model"):
            workspace.resolve(odd)


def test_paths_resolve_too(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert workspace.resolve(model.save(tmp_path / "folder")) == tmp_path / "folder"
    assert workspace.resolve(str(model.save(tmp_path / "m.zip"))) == tmp_path / "m.zip"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a@1", "-a", ".a", "é", "a b", "con", "a" * 101, "a."])
def test_names_that_cannot_be(name: str, model: Model, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be named"):
        Workspace(tmp_path).add(model, name)
    assert not list(tmp_path.iterdir())


def test_many_writers_get_a_version_each(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: workspace.add(model, "busy"), range(18)))
    assert sorted(version for _, version, _ in made) == list(range(1, 19))
    for _, version, path in made:
        assert load(path).version == version


def test_home(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLWRIGHT_HOME", raising=False)
    assert Workspace().path == Path(".mlwright")
    monkeypatch.setenv("MLWRIGHT_HOME", str(tmp_path / "home"))
    assert Workspace().path == tmp_path / "home"
    Workspace().add(model, "a")
    assert (tmp_path / "home/models/a/1/manifest.json").is_file()


def test_a_failed_write_leaves_no_version(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full"):
        workspace.add(model, "a")
    monkeypatch.undo()
    assert list((tmp_path / "models/a").iterdir()) == []
    assert workspace.add(model, "a")[1] == 1


def test_a_workspace_that_cannot_be_written(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:  # root may write everywhere, so that a chmod would prove nothing
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="cannot be written"):
        Workspace(tmp_path / "w").add(model, "a")


def test_a_workspace_that_is_a_file(model: Model, tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        Workspace(tmp_path / "w").add(model, "a")
    assert Workspace(tmp_path / "w").models() == []
