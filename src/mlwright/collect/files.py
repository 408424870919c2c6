"""A File: bytes with a name and an ending, wherever they came from. What every file format reads."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mlwright.collect.names import slug
from mlwright.errors import SourceError, nearest

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", ".parquet"),
    (b"ARROW1", ".arrow"),
    (b"PK\x03\x04", ".zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    (b"\x1f\x8b", ".gz"),
    (b"\x28\xb5\x2f\xfd", ".zst"),
    (b"BZh", ".bz2"),
    (b"SQLite format 3\x00", ".sqlite"),
    (b"%PDF", ".pdf"),
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x7fELF", "program"),
)
"""The first bytes of files that say what they are, whatever they are called."""


@dataclass(frozen=True, slots=True)
class File:
    """One local file, or the bytes of one."""

    shown: str
    """As the user named it, for messages."""
    ending: str
    """In lower case, with the dot: ".csv"."""
    path: Path | None = None
    data: bytes | None = None

    @property
    def name(self) -> str:
        """The name of the table it holds."""
        return slug(self.shown)

    @property
    def head(self) -> bytes:
        """The first bytes."""
        with self.opened() as content:
            return bytes(content[:4096])

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data or b"") if self.path is None else self.path.stat().st_size

    @contextmanager
    def opened(self) -> Iterator[bytes | mmap.mmap]:
        """Give the content: mapped into memory, not read, where it is a file on disk."""
        if self.path is None:
            yield self.data or b""
            return
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise unreadable(error, self.shown) from error
        with stream:
            if self.size == 0:
                yield b""
                return
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield content

    def called(self, shown: str, ending: str) -> File:
        """Return the same content under another name."""
        return replace(self, shown=shown, ending=ending)


def ending_of(name: str) -> str:
    """Return the last ending of a file's name.

    >>> ending_of("a/b/Data.CSV"), ending_of("data.csv.gz"), ending_of("a.b/data")
    ('.csv', '.gz', '')
    """
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def signature_of(head: bytes) -> str | None:
    """Return the ending that the first bytes call for, or None where they say nothing."""
    return next((ending for start, ending in SIGNATURES if head.startswith(start)), None)


def local_file(source: str | Path) -> File:
    """Return the file at a path. Raises SourceError, with the nearest name there is, where it cannot be read."""
    path, shown = Path(source).expanduser(), str(source)
    try:
        if path.is_dir():
            raise _directory(path, shown)
        if not path.exists():
            raise _missing(path, shown)
        if not path.is_file():
            raise SourceError("This is no file that can be read from start to end.", where=shown)
        if path.stat().st_size == 0:
            raise SourceError("The file is empty.", where=shown)
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise unreadable(error, shown) from error
    return File(shown=shown, ending=ending_of(path.name), path=path)


def unreadable(error: Exception, shown: str) -> SourceError:
    """Return the sentence for what the system said."""
    if isinstance(error, PermissionError):
        return SourceError("You have no permission to read it.", where=shown, hint=f"chmod u+r {shown!r}")
    reason = getattr(error, "strerror", None) or str(error)
    return SourceError(f"It cannot be read: {reason}.", where=shown)


def _missing(path: Path, shown: str) -> SourceError:
    folder = path.parent
    if not folder.is_dir():
        return SourceError(f"There is no folder {str(folder)!r}.", where=shown)
    there = sorted(other.name for other in folder.iterdir())
    near = nearest(path.name, there)
    hint = f"did you mean {str(folder / near) if folder != Path() else near!r}?" if near else None
    return SourceError("There is no such file.", where=shown, hint=hint)


def _directory(path: Path, shown: str) -> SourceError:
    endings = sorted({ending_of(other.name) for other in path.iterdir() if other.is_file()} - {""})
    pattern = f"{shown.rstrip('/')}/*{endings[0] if len(endings) == 1 else '.csv'}"
    return SourceError("This is a directory.", where=shown, hint=f"name the files in it: {pattern!r}.")
