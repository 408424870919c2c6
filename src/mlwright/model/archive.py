"""A folder of files, or its zip, as bytes by name: read without trusting it, written beside and then renamed.

What is refused: names that lead out of the folder, links, devices, more files or bytes than a model has, an archive
that unpacks to more than it says. Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlwright.errors import ModelError, OutputError

MANIFEST = "manifest.json"
MAX_FILES = 2_000
MAX_DEPTH = 4
MAX_TOTAL = 2 << 30
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # among them: needs a password, NotImplementedError for a method nobody here uses
    ValueError,
    OverflowError,
    struct.error,
    LookupError,
    OSError,
)
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,3}")
_LEFT_BY_SYSTEMS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_BLOCK = 1 << 20


class Store(Protocol):
    """Files by relative name."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """The size of each file as the file system or the archive's directory says."""

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's bytes; raises ModelError where there are more than `limit`."""


def safe_name(name: str) -> bool:
    """Tell whether a relative name stays inside: no "..", no drive, no backslash, no odd characters.

    >>> safe_name("members/0.npz"), safe_name("../x"), safe_name("/etc/x"), safe_name("C:x")
    (True, False, False, False)
    """
    return len(name) <= 200 and _NAME.fullmatch(name) is not None and "\n" not in name


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Open a model folder or zip for reading. Raises ModelError where it is neither, or holds what no model holds."""
    # os.path, because a name that no system can have is then simply not there.
    if os.path.isdir(path):  # noqa: PTH112
        yield Folder.of(path)
        return
    if not os.path.exists(path):  # noqa: PTH110
        raise ModelError("There is no such model.", where=str(path))
    if not path.is_file() or not zipfile.is_zipfile(path):
        raise ModelError("is neither a model folder nor its zip.", where=str(path))
    if path.stat().st_size > MAX_TOTAL:
        raise ModelError(f"is larger than any model: over {MAX_TOTAL:,} bytes.", where=str(path))
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_ERRORS as error:
        raise ModelError("is a damaged zip.", where=str(path)) from error
    with archive:
        yield Zip.of(archive, str(path))


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of a folder."""

    root: Path
    sizes: dict[str, int]

    @classmethod
    def of(cls, root: Path) -> Folder:
        """List a folder; links, devices and deep trees are refused."""
        sizes: dict[str, int] = {}
        try:
            _walk(root, "", sizes)
        except OSError as error:
            raise ModelError(f"cannot be read: {error.strerror}.", where=str(root)) from error
        return cls(root, sizes)

    def read(self, name: str, limit: int) -> bytes:
        """Return a file's bytes, without following a link that was put there since."""
        where = str(self.root / name)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(where, flags), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise ModelError("is not a plain file.", where=where)
                data = file.read(limit + 1)
        except OSError as error:
            raise ModelError(f"cannot be read: {error.strerror}.", where=where) from error
        if len(data) > limit:
            raise ModelError("is longer than the manifest says.", where=where)
        return data


def _walk(folder: Path, prefix: str, sizes: dict[str, int]) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            name, facts = prefix + entry.name, entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(facts.st_mode):
                if name.count("/") >= MAX_DEPTH:
                    raise ModelError("holds folders that no model has.", where=name)
                _walk(folder / entry.name, name + "/", sizes)
                continue
            if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
                raise ModelError(
                    "is a link or a device; a model holds plain files only.",
                    where=str(folder / entry.name),
                    hint="copy the folder with its links resolved (cp -rL).",
                )
            if entry.name not in _LEFT_BY_SYSTEMS:
                sizes[name] = facts.st_size
            if len(sizes) > MAX_FILES:
                raise ModelError(f"holds more than {MAX_FILES} files.", where=str(folder))


@dataclass(frozen=True, slots=True)
class Zip:
    """The files of a zip; a single folder around them all is looked through."""

    archive: zipfile.ZipFile
    where: str
    entries: dict[str, zipfile.ZipInfo]
    sizes: dict[str, int]

    @classmethod
    def of(cls, archive: zipfile.ZipFile, where: str) -> Zip:
        """List a zip; names that lead out of it, links and bombs are refused."""
        found = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(found) > MAX_FILES or sum(entry.file_size for entry in found) > MAX_TOTAL:
            raise ModelError(f"holds more than {MAX_FILES} files or {MAX_TOTAL:,} bytes.", where=where)
        entries: dict[str, zipfile.ZipInfo] = {}
        for entry in found:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.orig_filename != entry.filename or not safe_name(entry.filename) or kind not in {0, stat.S_IFREG}:
                raise ModelError(f"holds {entry.orig_filename!r:.200}, a link or a name that leads out.", where=where)
            if entry.filename in entries:
                raise ModelError(f"holds {entry.filename!r} twice.", where=where)
            entries[entry.filename] = entry
        tops = {name.split("/")[0] for name in entries}
        if MANIFEST not in entries and len(tops) == 1 and f"{(top := next(iter(tops)))}/{MANIFEST}" in entries:
            entries = {name.removeprefix(f"{top}/"): entry for name, entry in entries.items()}
        return cls(archive, where, entries, {name: entry.file_size for name, entry in entries.items()})

    def read(self, name: str, limit: int) -> bytes:
        """Return an entry's bytes, counted while they are unpacked."""
        where = f"{self.where}/{name}"
        try:
            return read_entry(self.archive, self.entries[name], limit=limit, where=where)
        except ZIP_ERRORS as error:
            raise ModelError("is damaged: it cannot be unpacked.", where=where) from error


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, limit: int, where: str) -> bytes:
    """Return the bytes of a zip's entry; ModelError beyond `limit`, whatever the archive's directory says."""
    if entry.flag_bits & 1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ModelError("is packed in a way that a model is not.", where=where)
    blocks, size = [], 0
    with archive.open(entry) as file:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > limit or size > entry.file_size:
                raise ModelError("unpacks to more bytes than it may.", where=where)
            blocks.append(block)
    if size != entry.file_size:
        raise ModelError("unpacks to fewer bytes than it says.", where=where)
    return b"".join(blocks)


def write_files(files: Mapping[str, bytes], path: Path) -> None:
    """Write files as a folder, or as a zip where the path ends in .zip: beside, then renamed; all or nothing.

    Replaces an older model at that path and nothing else. Raises OutputError.
    """
    as_zip = path.suffix.lower() == ".zip"
    path = Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow a link that is to be replaced
    _check_replaceable(path, as_zip=as_zip)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        (_write_zip if as_zip else _write_folder)(files, beside)
        _swap(beside, path)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if full else (error.strerror or str(error))
        raise OutputError(f"The model cannot be written: {reason}.", where=str(path)) from error
    finally:
        _remove(beside)


def _check_replaceable(path: Path, *, as_zip: bool) -> None:
    """Refuse to replace anything that is not a model of ours (or an empty folder)."""
    if not os.path.lexists(path):
        return
    if not as_zip and path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        return
    try:
        is_model = path.is_dir() != as_zip and not path.is_symlink()
        if is_model:
            with opened(path) as store:
                is_model = b'"mlwright-model"' in store.read(MANIFEST, MAX_TOTAL)
    except (ModelError, OSError):
        is_model = False
    if not is_model:
        raise OutputError(
            "exists and is not a model of ours, so it is not overwritten.",
            where=str(path),
            hint="name another place, or remove it yourself.",
        )


def _write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name in sorted(files):
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        with target.open("xb") as file:
            file.write(files[name])
            file.flush()
            os.fsync(file.fileno())


def _write_zip(files: Mapping[str, bytes], path: Path) -> None:
    with path.open("xb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files):
                info = zipfile.ZipInfo(name, date_time=ZIP_TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                info.create_system = 3
                archive.writestr(info, files[name], compresslevel=6)
        file.flush()
        os.fsync(file.fileno())


def _swap(new: Path, path: Path) -> None:
    """Put `new` at `path`; an older model there is moved away first and back where that fails."""
    if not path.is_dir() or not any(path.iterdir()):
        # Renaming over an empty folder keeps a claim on it: nobody else can make it in between (see registry).
        try:
            new.replace(path)
        except OSError:  # Windows renames over no folder
            if not path.is_dir():
                raise
            path.rmdir()
            new.rename(path)
        return
    old = path.with_name(f"{new.name}.old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink(missing_ok=True)
