"""Spooling: a stream of bytes becomes a File, in memory while it is small and in a temporary file beyond that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from mlwright.collect.files import File
from mlwright.collect.memory import limit_of
from mlwright.collect.options import ReadOptions
from mlwright.errors import SourceError

MOST = 256 * 2**20
"""Bytes kept in memory at most; a local temporary file is nearly as fast."""
CHUNK = 4 * 2**20


@contextmanager
def spooled(chunks: Iterable[bytes], options: ReadOptions, *, shown: str, ending: str) -> Iterator[File]:
    """Give the bytes as a File, which is gone afterwards."""
    most = min(limit_of(options), MOST)
    with tempfile.TemporaryDirectory(prefix="mlwright-") as folder:
        yield _collected(iter(chunks), most, Path(folder) / f"spool{ending}", shown, ending)


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Return a stream's bytes in pieces."""
    return iter(lambda: stream.read(CHUNK), b"")


def _collected(chunks: Iterator[bytes], most: int, path: Path, shown: str, ending: str) -> File:
    memory = BytesIO()
    for chunk in chunks:
        memory.write(chunk)
        if memory.tell() > most:
            break
    else:
        return File(shown=shown, ending=ending, data=memory.getvalue())
    try:
        with path.open("wb") as stream:
            stream.write(memory.getbuffer())
            for chunk in chunks:
                stream.write(chunk)
    except OSError as error:
        if error.errno is None:  # not the disk: what reads the chunks has its own words for it
            raise
        raise SourceError(
            f"It cannot be unpacked into a temporary file: {error.strerror}.",
            where=shown,
            hint="set TMPDIR to a folder with more room.",
        ) from error
    return File(shown=shown, ending=ending, path=path)
