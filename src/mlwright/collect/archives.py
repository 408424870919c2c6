"""Compressed files: .gz, .bz2, .xz, .zst and .zip, whatever the format inside."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from mlwright.collect.files import File, ending_of
from mlwright.collect.options import ReadOptions
from mlwright.collect.spool import pieces, spooled
from mlwright.errors import SourceError
from mlwright.table import Table

ENDINGS = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})
TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".txt", ".data", ".parquet", ".json", ".jsonl", ".ndjson", ".xlsx", ".arrow"}
)
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


class CompressedConnector:
    """Unpacks a file and hands it to the connector of what is inside."""

    name = "compressed"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a compressed file."""
        return isinstance(source, File) and source.ending in ENDINGS

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the one table inside."""
        from mlwright.collect.sources import read_source

        if not isinstance(source, File):
            raise TypeError(source)
        with source.opened() as content:
            stream = _Window(content)
            if source.ending == ".zip":
                shown, chunks = _zip_member(stream, source.shown)
            else:
                shown, chunks = source.shown, _unpacked(stream, source)
            inner = ending_of(shown if source.ending == ".zip" else source.shown[: -len(source.ending)])
            with spooled(chunks, options, shown=shown, ending=inner or ".csv") as file:
                if file.size == 0:
                    raise SourceError("The compressed file is empty.", where=shown)
                return read_source(file, options)


class _Window:
    """The least of a binary stream over bytes or a memory map, without a copy of them."""

    def __init__(self, content: bytes | memoryview | object) -> None:
        self.content: bytes = content  # type: ignore[assignment]  # a memory map is sliced like bytes
        self.position = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self.content) if size < 0 else self.position + size
        piece = bytes(self.content[self.position : end])
        self.position += len(piece)
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = max(0, offset + (0, self.position, len(self.content))[whence])
        return self.position

    def tell(self) -> int:
        return self.position

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Close nothing: whoever opened the content closes it."""

    def flush(self) -> None:
        """Flush nothing."""


def _unpacked(stream: _Window, file: File) -> Iterator[bytes]:
    source: IO[bytes] = stream  # type: ignore[assignment]  # all that the unpackers call is there
    done = 0
    try:
        for chunk in pieces(_opener(source, file.ending)):
            done += len(chunk)
            yield chunk
    except DAMAGE as error:
        cut = isinstance(error, EOFError) or "incomplete" in str(error).lower()
        what = "it ends in the middle" if cut else "the bytes do not fit its format"
        raise SourceError(
            f"The compressed file is damaged: {what}, after {done:,} bytes of content.",
            where=file.shown,
            hint="copy or download it again.",
        ) from error


def _opener(stream: IO[bytes], ending: str) -> IO[bytes]:
    if ending == ".gz":
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]  # it reads, and that is all it is asked
    if ending == ".bz2":
        return bz2.BZ2File(stream)
    if ending == ".xz":
        return lzma.LZMAFile(stream)
    return _Zstandard(stream)  # type: ignore[return-value]


class _Zstandard:
    """A zstd stream that says when it was cut off, which zstandard's own reader does not."""

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard

        self.stream = stream
        self.new = zstandard.ZstdDecompressor().decompressobj
        self.worker = self.new()
        self.begun = False
        self.error: type[Exception] = zstandard.ZstdError

    def read(self, size: int) -> bytes:
        out = b""
        while not out:
            data = self.stream.read(size // 4)
            if not data:
                if self.begun:
                    raise EOFError
                return b""
            out = self._fed(data)
        return out

    def _fed(self, data: bytes) -> bytes:
        out = b""
        while data:  # a file may hold several frames, one after the other
            self.begun = True
            try:
                out += self.worker.decompress(data)
            except self.error as error:
                raise OSError(str(error)) from error
            if not self.worker.eof:
                return out
            data, self.worker, self.begun = self.worker.unused_data, self.new(), False
        return out


def _zip_member(stream: _Window, shown: str) -> tuple[str, Iterator[bytes]]:
    source: IO[bytes] = stream  # type: ignore[assignment]
    try:
        archive = zipfile.ZipFile(source)
    except DAMAGE as error:
        raise SourceError("The zip archive is damaged.", where=shown, hint="copy or download it again.") from error
    members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(members) > 1:
        members = [info for info in members if ending_of(info.filename) in TABLES] or members
    if len(members) != 1:
        names = ", ".join(repr(info.filename) for info in members[:10]) + (", ..." if len(members) > 10 else "")
        raise SourceError(
            f"The zip archive holds {len(members)} files that may be tables: {names}." if members else "It is empty.",
            where=shown,
            hint="unpack it and name the one you mean." if members else None,
        )
    member = members[0]
    if member.flag_bits & 1:
        raise SourceError(f"{member.filename!r} is encrypted.", where=shown, hint="unpack it with its password first.")
    return f"{shown}/{member.filename}", _member_pieces(archive, member, shown)


def _member_pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo, shown: str) -> Iterator[bytes]:
    try:
        with archive.open(member) as stream:
            yield from pieces(stream)
    except (*DAMAGE, NotImplementedError) as error:
        raise SourceError(f"{member.filename!r} in the zip archive is damaged.", where=shown) from error
