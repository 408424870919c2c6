"""What an Arrow stream says of itself, looked at before anything is made of it.

A reader of Arrow believes the sizes that it is told: two hundred kilobytes that are compressed, or a column without
content, can ask for all memory there is, and where that is refused the process ends. So only the frame of a stream is
read here: its messages, their lengths, and how many rows they hold
(https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format; tables are written as FlatBuffers).
"""

from __future__ import annotations

import struct

from mlwright.serve.problems import Problem

CONTINUES = 0xFFFFFFFF
DICTIONARY, ROWS = 2, 3
"""Kinds of message that hold values."""
COMPRESSION = 3
"""The place of the field, in a batch, that says how its values are compressed."""


def refuse_hostile(body: bytes, limit: int) -> None:
    """Raise Problem for a stream that is no stream, is compressed, or holds more rows than `limit`.

    A dictionary, whose values rows refer to, may hold as many values as the stream has bytes.
    """
    try:
        rows = _rows(body)
    except (struct.error, OverflowError) as error:
        raise damaged() from error
    if rows > limit:
        raise Problem(
            "too-large",
            f"The request holds {rows:,} rows, more than the {limit:,} that are taken at a time.",
            hint="send fewer at a time, or give the file to a job: POST /v1/models/{name}/jobs.",
        )


def damaged() -> Problem:
    """Return what is said of bytes that are no Arrow stream."""
    return Problem("malformed-request", "The body is no Arrow stream, or a damaged one.")


def _rows(body: bytes) -> int:
    """Return how many rows all messages together say that they hold."""
    at, rows = 0, 0
    while at < len(body):
        (size,) = struct.unpack_from("<I", body, at)
        at += 4
        if size == CONTINUES:
            (size,) = struct.unpack_from("<I", body, at)
            at += 4
        if size == 0:
            break
        if size > len(body) - at:
            raise damaged()
        content, found = _message(body[at : at + size])
        at += size + content
        if content < 0 or at > len(body):
            raise damaged()
        rows += found
    return rows


def _message(data: bytes) -> tuple[int, int]:
    """Return how many bytes follow a message, and how many rows they hold."""
    message = _followed(data, 0)
    content = _whole(data, _field(data, message, 3), "<q")
    kind = _whole(data, _field(data, message, 1), "<B")
    if kind not in {DICTIONARY, ROWS}:
        return content, 0
    batch = _followed(data, _field(data, message, 2))
    if kind == DICTIONARY:
        batch = _followed(data, _field(data, batch, 1))
    if _field(data, batch, COMPRESSION):
        raise Problem("unknown-media-type", "Arrow that is compressed is not read here.", hint="write it uncompressed.")
    count = _whole(data, _field(data, batch, 0), "<q")
    if count < 0 or (kind == DICTIONARY and count > len(data) + content):
        raise damaged()
    return content, count if kind == ROWS else 0


def _field(data: bytes, table: int, place: int) -> int:
    """Return where a field of a table lies, or 0 where it is left out."""
    layout = table - _whole(data, table, "<i")
    slot = 4 + 2 * place
    if slot + 2 > _whole(data, layout, "<H"):
        return 0
    offset = _whole(data, layout + slot, "<H")
    return table + offset if offset else 0


def _followed(data: bytes, at: int) -> int:
    """Return where a reference points."""
    return at + _whole(data, at, "<I")


def _whole(data: bytes, at: int, form: str) -> int:
    """Return a whole number; one that is left out (at 0) is 0."""
    if at < 0:
        raise damaged()
    if at == 0 and form != "<I":
        return 0
    value: int = struct.unpack_from(form, data, at)[0]
    return value
