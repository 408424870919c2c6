"""Exports appear whole or not at all, and replace nothing but what is ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlwright.errors import OutputError
from mlwright.model.exports.place import write_file, write_folder

MARK = b"ours"
FILES = {"first": b"ours 1", "within/second": b"2"}


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_written_and_written_anew(tmp_path: Path) -> None:
    place = tmp_path / "made" / "file.onnx"
    for data in (b"ours 1", b"ours 2"):
        write_file(place, data, MARK)
        assert held(tmp_path) == {"made/file.onnx": data}


def test_a_folder_is_written_and_written_anew(tmp_path: Path) -> None:
    write_folder(tmp_path / "out", FILES, MARK, of="first")
    assert held(tmp_path / "out") == FILES
    write_folder(tmp_path / "out", {"first": b"ours too"}, MARK, of="first")
    assert held(tmp_path) == {"out/first": b"ours too"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", FILES, MARK, of="first")
    assert held(tmp_path / "out") == FILES


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a person's", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "first").write_text("a person's", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "notes")
    before = held(tmp_path)
    for name in ("notes", "folder", "link"):
        with pytest.raises(OutputError, match="is no such export of ours"):
            write_file(tmp_path / name, b"ours", MARK)
        with pytest.raises(OutputError, match="is no such export of ours"):
            write_folder(tmp_path / name, FILES, MARK, of="first")
    assert held(tmp_path) == before


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle: what stood there stands there, and nothing else."""
    write_folder(tmp_path / "out", FILES, MARK, of="first")
    write_file(tmp_path / "file", b"ours", MARK)
    before = sorted(tmp_path.rglob("*"))

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="the disk is full"):
        write_folder(tmp_path / "out", {"first": b"ours anew"}, MARK, of="first")
    with pytest.raises(OutputError, match="the disk is full"):
        write_file(tmp_path / "file", b"ours anew", MARK)
    assert sorted(tmp_path.rglob("*")) == before
    assert held(tmp_path / "out") == FILES


def test_a_place_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("a person's", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        write_file(tmp_path / "notes" / "file", b"ours", MARK)
