"""Writing a model: all of it or nothing, and never over something that is not ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from mlwright.errors import ModelError, OutputError
from mlwright.model import Model, load
from mlwright.model.arrays import read_arrays, write_arrays
from mlwright.model.text import plain, read_json, write_json


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_older_model_is_replaced(built: Model, tmp_path: Path) -> None:
    for name in ("m", "m.zip"):
        built.save(tmp_path / name)
        built.renamed("newer").save(tmp_path / name)
        assert load(tmp_path / name).name == "newer"
    assert left(tmp_path) == ["m", "m.zip"]


def test_an_empty_folder_is_filled_and_missing_ones_are_made(built: Model, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    load(built.save(f"{tmp_path}/m/"))
    load(built.save(tmp_path / "a/b/c"))


@pytest.mark.parametrize("name", ["m", "m.zip"])
def test_anything_else_is_left_alone(name: str, built: Model, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "precious.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "file.zip").write_text("x")
    (tmp_path / "link").symlink_to(folder)
    for place in ("folder", "file", "file.zip", "link"):
        with pytest.raises(OutputError, match="not a model of ours, so it is not overwritten"):
            built.save(tmp_path / place)
    assert (folder / "precious.txt").read_text() == "x"
    assert left(tmp_path) == ["file", "file.zip", "folder", "link"]


@pytest.mark.parametrize("name", ["m", "m.zip"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_nothing_half_written_is_left(
    name: str, code: int, built: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail(_: int) -> None:
        calls.append(1)
        if len(calls) > (3 if name == "m" else 0):
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="the disk is full" if code == errno.ENOSPC else "cannot be written"):
        built.save(tmp_path / name)
    assert left(tmp_path) == []


def test_an_older_model_survives_a_failed_write(built: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built.save(tmp_path / "m")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError):
        built.renamed("newer").save(tmp_path / "m")
    assert load(tmp_path / "m").name == "customers"
    assert left(tmp_path) == ["m"]


def test_a_place_below_a_file(built: Model, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        built.save(tmp_path / "file" / "m")


def test_a_zip_with_one_folder_around_it(built: Model, tmp_path: Path) -> None:
    import shutil

    built.save(tmp_path / "in/model")
    shutil.make_archive(str(tmp_path / "around"), "zip", tmp_path / "in", "model")
    assert load(tmp_path / "around.zip").name == "customers"


def test_a_model_can_be_moved_and_is_reached_through_a_link(built: Model, tmp_path: Path) -> None:
    built.save(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "latest").symlink_to(tmp_path / "b", target_is_directory=True)
    assert load(tmp_path / "latest").name == "customers"


def test_loading_is_fast(built: Model, tmp_path: Path) -> None:
    import time

    built.save(tmp_path / "m")
    load(tmp_path / "m")
    start = time.process_time()
    load(tmp_path / "m")
    assert time.process_time() - start < 0.5


def test_arrays_come_back_as_they_were() -> None:
    arrays = {
        "a": np.arange(6.0).reshape(2, 3),
        "bits": np.array([True, False]),
        "empty": np.zeros((0, 4), dtype=np.float32),
        "words": np.array(["x", "üü"]),
        "scalar": np.array(3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "big": np.arange(3, dtype=">i4"),
        "deep/name": np.uint8([1]),
    }
    back = read_arrays(write_arrays(arrays), "here")
    assert sorted(back) == sorted(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].shape == array.shape
    assert back["big"].dtype == np.dtype("<i4")
    assert write_arrays(dict(reversed(arrays.items()))) == write_arrays(arrays)
    with pytest.raises(ValueError, match="cannot be kept"):
        write_arrays({"a": np.array([object()])})


def test_arrays_are_those_that_numpy_reads(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(write_arrays({"a": np.arange(3.5)}))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["a"], np.arange(3.5))


def test_json_is_plain() -> None:
    assert plain({"a": np.float32(0.5), "b": (np.int64(1), np.nan), "c": np.array([1.0, np.inf])}) == {
        "a": 0.5,
        "b": [1, None],
        "c": [1.0, None],
    }
    assert plain("caf\udce9") == "caf?"
    assert write_json({"b": 0.1, "a": "é"}) == '{\n "a": "é",\n "b": 0.1\n}\n'.encode()
    assert read_json(write_json({"x": "\x01\u2028"}), "here") == {"x": "\x01\u2028"}
    with pytest.raises(ValueError, match="JSON"):
        write_json(float("nan"))
    with pytest.raises(ModelError, match="bytes long"):
        read_json(b" " * 100, "here", limit=10)
