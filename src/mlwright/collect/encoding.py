"""Encodings: whatever a text file is written in, as UTF-8."""

from __future__ import annotations

import codecs
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlwright.collect.files import File
from mlwright.collect.options import ReadOptions
from mlwright.collect.spool import CHUNK, spooled
from mlwright.errors import SourceError
from mlwright.findings import Finding

Content = bytes | mmap.mmap

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
FOREIGN_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
HIGH = re.compile(rb"[\x80-\xff]+")
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
SAMPLE = 2**20
ENOUGH = 16
"""Bytes of words beyond ASCII below which statistics tell nothing."""
UTF8_CHECKED = "utf8"
UTF8 = frozenset({UTF8_CHECKED, "utf-8", "utf-8-sig"})


@contextmanager
def as_utf8(file: File, options: ReadOptions) -> Iterator[tuple[File, list[Finding]]]:
    """Give the file in UTF-8 with lines that end in a line feed: itself where it is so, else a copy."""
    with file.opened() as content:
        encoding, errors, findings = _encoding_of(content, options, file.shown)
        head = bytes(content[:SAMPLE])
        old_mac = b"\r" in head and b"\n" not in head
        plain = encoding in UTF8 and errors == "strict" and not old_mac
        if plain:
            offset = None if encoding == UTF8_CHECKED else _first_bad_byte(content)
            if offset is not None:
                raise _bad_byte(content, offset, encoding, file.shown)
            _refuse_binary(content, head.decode("utf-8", errors="ignore"), file.shown)
        chunks = iter(()) if plain else _transcoded(content, encoding, errors, old_mac, file.shown)
        with spooled(chunks, options, shown=file.shown, ending=file.ending) as copy:
            if not plain:
                with copy.opened() as text:
                    _refuse_binary(text, bytes(text[:SAMPLE]).decode("utf-8", errors="ignore"), file.shown)
            yield (file if plain else copy), findings


def line_and_byte(content: Content, offset: int) -> tuple[int, int]:
    """Return where a byte stands, both counted from 1."""
    before = content[:offset]
    return before.count(b"\n") + 1, offset - before.rfind(b"\n")


def _encoding_of(content: Content, options: ReadOptions, shown: str) -> tuple[str, str, list[Finding]]:
    head = bytes(content[:SAMPLE])
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding, "strict", []
    if options.encoding is not None:
        encoding = codecs.lookup(options.encoding).name
        # Python decodes ISO 8859-1 without fail, and files called so hold Windows' quotes and euro signs.
        return ("utf-8" if encoding == "ascii" else encoding), "strict", []
    if (unmarked := _unmarked_utf16(head)) is not None:
        return unmarked, "strict", []
    offset = _first_bad_byte(content)
    if offset is None:
        return UTF8_CHECKED, "strict", []
    sample = head + bytes(content[max(SAMPLE, offset - SAMPLE // 2) : offset + SAMPLE // 2])
    letters = sum(map(len, UTF8_LETTER.findall(sample)))
    high = sum(map(len, HIGH.findall(sample)))
    if letters >= 10 * max(1, high - letters):
        line, byte = line_and_byte(content, offset)
        place = f"line {line}, byte {byte}"
        message = f"The file is UTF-8 but for a few bytes, the first in {place}; they are read as \ufffd."
        return "utf-8", "replace", [Finding(kind="encoding", severity="warning", message=message, applied=True)]
    encoding = _guessed(sample, content)
    _refuse_controls(head.decode(encoding, errors="replace"), shown)
    message = f"The file is not UTF-8 and was read as {encoding}."
    # A guess that fails on a byte is not worth refusing the file for; where it does, the character shows it.
    return encoding, "replace", [Finding(kind="encoding", message=message, confidence=0.8, applied=True)]


def _unmarked_utf16(head: bytes) -> str | None:
    """Return the byte order where every other byte is often zero, as it is for the commas and line ends of UTF-16."""
    head = head[: len(head) // 2 * 2]
    first, second = head[::2].count(0), head[1::2].count(0)
    for zeros, others, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if zeros > len(head) * 0.02 and others * 20 < zeros:
            try:
                text = head.decode(encoding)
            except UnicodeDecodeError:
                text = head[:-2].decode(encoding, errors="replace")
            # Zero bytes in a file of another encoding make no line ends.
            if re.search("[\r\n]", text) and len(CONTROL.findall(text)) + text.count("\ufffd") < 0.01 * len(text):
                return encoding
    return None


def _first_bad_byte(content: Content) -> int | None:
    """Return the offset of the first byte that is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), CHUNK):
        chunk = bytes(content[start : start + CHUNK])
        waiting = len(decoder.getstate()[0])
        if not waiting and chunk.isascii():
            continue
        try:
            decoder.decode(chunk, final=start + CHUNK >= len(content))
        except UnicodeDecodeError as error:
            return start - waiting + error.start
    return None


def _guessed(sample: bytes, content: Content) -> str:
    """Return the likeliest encoding of text that is not Unicode.

    Accents stand among ASCII letters, and there statistics on a short text guess wildly where cp1252 is nearly always
    right; in other alphabets whole words are beyond ASCII, and those charset-normalizer tells apart well.
    """
    words = b"".join(FOREIGN_WORD.findall(sample))
    if len(words) >= ENOUGH and sum(map(len, HIGH.findall(words))) > 0.7 * len(words):
        from charset_normalizer import from_bytes

        lines = [line for line in sample.split(b"\n") if not line.isascii()]
        best = from_bytes(b"\n".join(lines)[:65536]).best()
        if best is not None and not best.encoding.startswith(("utf", "ascii")):
            return codecs.lookup(best.encoding).name
    return "latin-1" if re.search(rb"[\x81\x8d\x8f\x90\x9d]", content) else "cp1252"


def _transcoded(content: Content, encoding: str, errors: str, old_mac: bool, shown: str) -> Iterator[bytes]:  # noqa: FBT001
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for start in range(0, len(content), CHUNK):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(bytes(content[start : start + CHUNK]), final=start + CHUNK >= len(content))
        except UnicodeError as error:
            offset = max(0, start - waiting + getattr(error, "start", 0))
            raise _bad_byte(content, offset, encoding, shown) from error
        yield (text.replace("\r", "\n") if old_mac else text).encode("utf-8", errors="replace")


def _bad_byte(content: Content, offset: int, encoding: str, shown: str) -> SourceError:
    line, byte = line_and_byte(content, offset)
    return SourceError(
        f"The byte 0x{content[offset]:02x} is not {encoding}.",
        where=f"{shown}, line {line}, byte {byte}",
        hint="leave the encoding away to have it found out, or name the right one.",
    )


def _refuse_binary(content: Content, head: str, shown: str) -> None:
    offset = content.find(b"\x00")
    if offset >= 0:
        line, byte = line_and_byte(content, offset)
        raise SourceError(
            "The file holds binary data (a zero byte), not text.", where=f"{shown}, line {line}, byte {byte}"
        )
    _refuse_controls(head, shown)


def _refuse_controls(head: str, shown: str) -> None:
    if len(CONTROL.findall(head)) > 0.02 * len(head):
        raise SourceError("The file holds binary data, not text.", where=shown)
