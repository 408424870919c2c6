"""One answer as it is handed to the record, and as it lies in the database."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from mlwright.serve.record.private import Private
from mlwright.values import as_text, plain, well_formed

Kind = Literal["answer", "shadow"]
Line = tuple[Any, ...]
"""An answer as the values of the columns of the table, in the order of COLUMNS."""
COLUMNS = (
    "id",
    "at",
    "model",
    "version",
    "kind",
    "request",
    "subject",
    "of",
    "propensity",
    "latency_us",
    "row",
    "answer",
    "flags",
)
_ROW = COLUMNS.index("row")
_BESIDE = 250
"""Bytes that a line takes beside its JSON."""


class Answered(msgspec.Struct, frozen=True, gc=False):
    """What was answered to one row.

    Parameters
    ----------
    id
        Names the answer; an outcome comes back with it. See `new_ids`.
    at
        When, in microseconds since 1970 (UTC).
    model, version
        Which model answered.
    row
        The raw values by column. It is written later: it must not be changed any more.
    answer
        The prediction, with probabilities or lower and upper.
    kind
        "answer", or "shadow" for what a challenger would have said.
    flags
        What was odd about the row.
    latency_us
        How long the request took, in microseconds.
    request
        The request that asked.
    subject
        Whom the row is about: `forget` deletes by it.
    propensity
        The share of the traffic for which this version was chosen, where there was a choice.
    of
        The answer that a shadow belongs to.
    """

    id: str
    at: int
    model: str
    version: int
    row: Mapping[str, Any]
    answer: Mapping[str, Any]
    kind: Kind = "answer"
    flags: Sequence[Any] = ()
    latency_us: int | None = None
    request: str | None = None
    subject: str | None = None
    propensity: float | None = None
    of: str | None = None


def new_ids(count: int = 1) -> list[str]:
    """Return names for answers: ordered by time, with 64 bits that nobody can guess.

    >>> len(new_ids(3)), len(new_ids()[0])
    (3, 27)
    """
    now = f"{time.time_ns() // 1_000_000:011x}"
    return [now + _chance() for _ in range(count)]


def _chance() -> str:
    """Return 64 bits of chance in hexadecimal. The system is asked for many at once: a call takes 10 microseconds."""
    try:
        return _kept.pop()
    except IndexError:
        drawn = os.urandom(8 * _DRAWN).hex()
        _kept.extend(drawn[start : start + 16] for start in range(16, 16 * _DRAWN, 16))
        return drawn[:16]


_DRAWN = 512
_kept: deque[str] = deque()
os.register_at_fork(after_in_child=_kept.clear)


def line(answered: Answered, private: Private) -> Line:
    """Return an answer as it lies in the database; what is private is hashed or left out."""
    row, answer, flags, subject = answered.row, answered.answer, answered.flags, answered.subject
    if private := private.of(answered.model):
        row, answer, flags = private.hidden(row, answer, flags)
        subject = private.subject(subject)
    return (
        storable(answered.id),
        answered.at,
        answered.model,
        answered.version,
        answered.kind,
        storable(answered.request),
        storable(subject),
        storable(answered.of),
        answered.propensity,
        answered.latency_us,
        as_json(row),
        as_json(answer),
        as_json(flags) if flags else None,
    )


def weight(made: Line) -> int:
    """Return about how many bytes of memory a line takes."""
    return sum(len(text) for text in made[_ROW:] if text) + _BESIDE


def storable(text: str | None) -> str | None:
    """Return a text as both databases can hold it: without NUL, which PostgreSQL refuses, and well-formed."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return well_formed(text).replace("\0", "\ufffd")


def as_json(value: object) -> str:
    r"""Return any value as JSON: NaN and infinity are null, lone surrogates U+FFFD, what JSON has no word for is text.

    >>> as_json({"a": float("nan"), "b": 2**70, "c": "\ud800"})
    '{"a":null,"b":1180591620717411303424,"c":"\ufffd"}'
    """
    try:
        return _ENCODER.encode(value).decode()
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError):
        return _ENCODER.encode(_cleaned(value, depth=0)).decode()


def _odd(value: object) -> object:
    """Return what a value of another type is written as."""
    made = plain(value)
    return as_text(value) if made is value else made


_ENCODER = msgspec.json.Encoder(enc_hook=_odd)
_DEEPEST = 50


def _cleaned(value: object, *, depth: int) -> object:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value, enc_hook=_odd)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {well_formed(str(name)): _cleaned(each, depth=depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_cleaned(each, depth=depth + 1) for each in value]
    made = plain(value)
    return as_text(value) if made is value or depth >= _DEEPEST else _cleaned(made, depth=depth + 1)
