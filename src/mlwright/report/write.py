"""Write the report and its twins: beside first, then renamed, so that nothing half-written is ever left."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlwright.errors import OutputError
from mlwright.report.html import render_html
from mlwright.report.markdown import render_markdown
from mlwright.report.ours import check_ours
from mlwright.report.twin import render_json

ENDINGS = frozenset({".html", ".htm", ".json", ".md"})


def write_report(
    evidence: Mapping[str, Any], run: Mapping[str, Any], path: Path, *, force: bool = False
) -> tuple[Path, ...]:
    """Write r.html with its twins r.json and r.md beside it, and return their paths, the page first.

    Any of the three endings may be given; without one, they are added. Raises OutputError where it cannot be written,
    or where one of the files is there and is not ours, unless `force` says that it may be replaced.
    """
    if not force:
        check_report_place(path, hint="name another file, or say --force (force=True) to replace it.")
    texts = {page_ending(path): render_html(evidence, run), ".json": render_json(evidence, run)}
    texts[".md"] = render_markdown(evidence, run)
    return write_twins(texts, Path(path))


def check_report_place(path: Path, *, hint: str = "name another file, or move that one away.") -> None:
    """Raise OutputError where a report at this path would take the place of somebody's own file."""
    check_ours(places(Path(path), (page_ending(path), ".json", ".md")), path, hint=hint)


def page_ending(path: Path) -> str:
    """Return how the page's name ends: as it was asked for, else .html."""
    return ".htm" if Path(path).suffix.casefold() == ".htm" else ".html"


def write_twins(texts: Mapping[str, str], path: Path) -> tuple[Path, ...]:
    """Write a text for each ending, all beside each other, and return their paths. Raises OutputError."""
    targets = dict(zip(places(path, texts), texts.values(), strict=True))
    write_texts(targets, path)
    return tuple(targets)


def write_texts(texts: Mapping[Path, str], path: Path) -> None:
    """Write texts to their files, all of them or none; `path` is what was asked for. Raises OutputError."""
    try:
        _write(texts)
    except OSError as error:
        raise _refusal(error, path) from error


def places(path: Path, endings: Iterable[str]) -> list[Path]:
    """Return where the texts of these endings go: beside each other, whichever ending was given."""
    stem = path.with_suffix("") if path.suffix.casefold() in ENDINGS else path
    return [stem.with_name(stem.name + ending) for ending in endings]


def check_writable(path: Path, endings: Iterable[str]) -> None:
    """Raise OutputError where texts of these endings could not be written there afterwards."""
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "is not there", str(path.parent))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "no permission", str(path.parent))
        for target in places(path, endings):
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "is a folder", str(target))
            with suppress(FileNotFoundError):
                os.lstat(_part(target))  # a name that is too long is refused here
    except OSError as error:
        raise _refusal(error, path) from error


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def _write(targets: Mapping[Path, str]) -> None:
    beside = {target: _part(target) for target in targets}
    for target in targets:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(target))
    try:
        for target, part in beside.items():
            with part.open("w", encoding="utf-8", newline="\n") as file:
                # A lone surrogate in somebody's column name has no place in UTF-8.
                file.write(targets[target].encode("utf-8", "replace").decode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
        for target, part in beside.items():
            part.replace(target)
    finally:
        for part in beside.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _refusal(error: OSError, path: Path) -> OutputError:
    """Return the sentence for what the system refused."""
    where = str(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = f"create the folder {str(path.parent)!r} first."
        return OutputError("The report cannot be written: its folder does not exist.", where=where, hint=hint)
    if isinstance(error, IsADirectoryError):
        hint = f"give a file in it, such as {str(path / 'report.html')!r}."
        return OutputError(f"The report cannot be written: {error.filename!r} is a folder.", where=where, hint=hint)
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        hint = "choose a folder that you may write to."
        return OutputError("The report cannot be written: no permission.", where=where, hint=hint)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        hint = "free some space or choose another disk."
        return OutputError("The report cannot be written: the disk is full.", where=where, hint=hint)
    reason = error.strerror or type(error).__name__
    return OutputError(f"The report cannot be written: {reason}.", where=where, hint="choose another name or folder.")
