"""Where an export goes: written beside and moved there in one go, and nobody's own files are replaced."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from mlwright.errors import OutputError

LOOKED_AT: Final = 4096
"""So many bytes at the beginning of a file tell who wrote it."""


def write_file(path: Path, data: bytes, mark: bytes) -> None:
    """Write a file; one that is there is replaced where its beginning bears the mark. Raises OutputError."""
    path = _absolute(path)
    _check_ours(path, path if path.is_file() and not path.is_symlink() else None, mark)
    _write(path, {"": data})


def write_folder(path: Path, files: Mapping[str, bytes], mark: bytes, *, of: str) -> None:
    """Write a folder of files by their names, with '/' between folders; all of them are there, or none.

    A folder that is there is replaced where it is empty, or where the beginning of its file `of` bears the mark.
    Raises OutputError.
    """
    path = _absolute(path)
    is_folder = path.is_dir() and not path.is_symlink()
    if not (is_folder and not any(path.iterdir())):
        _check_ours(path, path / of if is_folder else None, mark)
    _write(path, files)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow a link that is to be replaced


def _check_ours(path: Path, told_by: Path | None, mark: bytes) -> None:
    """Raise OutputError where something is there that was not written by mlwright."""
    if not os.path.lexists(path):
        return
    beginning = b""
    if told_by is not None:
        with suppress(OSError), told_by.open("rb") as file:
            beginning = file.read(LOOKED_AT)
    if mark not in beginning:
        raise OutputError(
            "exists and is no such export of ours, so it is not overwritten.",
            where=str(path),
            hint="name another place, or remove it yourself.",
        )


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    old = beside.with_name(f"{beside.name}.old")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for name in sorted(files):
            target = beside / name if name else beside
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(files[name])
                file.flush()
                os.fsync(file.fileno())
        if path.is_dir():
            path.rename(old)
        try:
            beside.replace(path)
        except OSError:
            if old.is_dir():
                old.rename(path)
            raise
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if full else (error.strerror or str(error))
        raise OutputError(f"The export cannot be written: {reason}.", where=str(path)) from error
    finally:
        for left in (beside, old):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                with suppress(OSError):
                    left.unlink(missing_ok=True)
