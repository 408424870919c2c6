"""Columns that the record may not hold as they are: hashed with a key, or left out, before anything is written."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlwright.errors import OptionError, OutputError
from mlwright.values import as_text

How = Literal["hash", "omit"]
KEY_BYTES = 32
HIDDEN = "(private)"
_ABOUT_THE_ANSWER = frozenset({
    "prediction", "model_prediction", "action", "probabilities", "lower", "upper", "set",
    "scores", "levels", "propensities", "fallback", "at",
})  # fmt: skip
"""Parts of an answer that hold no value of the row."""
MOST_QUOTED = 1_000
"""So many values of a list are looked for where a sentence may quote them."""
_ABOUT_A_COLUMN = frozenset({"column", "kind", "code", "contribution"})
"""What is kept of a flag or reason that speaks of a private column."""


class Private:
    """What to hide, and how: the same value has the same hash, which nobody without the key can turn back.

    Parameters
    ----------
    columns
        "hash" or "omit" by the column's name.
    key
        Secret bytes, see `private_key`; needed where something is hashed.
    hash_subjects
        Whether the subject of an answer is hashed too.
    models
        What is hidden of the answers of single models, by their names: those follow their own rules, not these.

    >>> private = Private({"email": "hash", "iban": "omit"}, key=bytes(32))
    >>> private.hidden({"email": "ann@example.org", "iban": "DE1", "age": 41}, {}, [])[0]
    {'email': 'hmac:7bfe6be90050b25667b66b0764d295c4', 'age': 41}
    """

    def __init__(
        self,
        columns: Mapping[str, How] | None = None,
        *,
        key: bytes = b"",
        hash_subjects: bool = False,
        models: Mapping[str, Private] | None = None,
    ) -> None:
        self.columns, self.key, self.hash_subjects = dict(columns or {}), key, hash_subjects
        self._models = dict(models or {})
        for how in self.columns.values():
            if how not in {"hash", "omit"}:
                raise OptionError.unknown("What is done with a private column", str(how), ["hash", "omit"])
        if len(key) < KEY_BYTES and (hash_subjects or "hash" in self.columns.values()):
            raise OptionError(f"To hash private values takes a key of {KEY_BYTES} bytes.", hint="see `private_key`.")

    def __bool__(self) -> bool:
        """Tell whether there is anything to hide."""
        return bool(self.columns) or self.hash_subjects or any(self._models.values())

    def of(self, model: str) -> Private:
        """Return what is hidden of the answers of a model."""
        return self._models.get(model, self)

    def hash(self, value: object) -> str | None:
        """Return the hash of a value's text; none where there is no value."""
        text = as_text(value)
        if text is None:
            return None
        return "hmac:" + hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def subject(self, subject: str | None) -> str | None:
        """Return the subject as the record holds it."""
        return self.hash(subject) if self.hash_subjects else subject

    def hidden(
        self, row: Mapping[str, Any], answer: Mapping[str, Any], flags: Sequence[Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, Any], Sequence[Any]]:
        """Return row, answer and flags without what is private, also where a flag or a reason quotes it."""
        found = [name for name in self.columns if name in row]
        if not found:
            return row, answer, flags
        quoted = tuple(text for name in found for text in _texts(row[name]))
        rest = {
            name: self.hash(value) if name in self.columns else value
            for name, value in row.items()
            if self.columns.get(name) != "omit"
        }
        said = {
            name: value if name in _ABOUT_THE_ANSWER else self._unquoted(value, quoted)
            for name, value in answer.items()
        }
        return rest, said, [self._unquoted(flag, quoted) for flag in msgspec.to_builtins(flags, enc_hook=as_text)]

    def _unquoted(self, value: object, quoted: tuple[str, ...]) -> object:
        if isinstance(value, str):
            for text in quoted:  # as a word of its own: a value "a" must not eat letters of the sentence
                value = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", HIDDEN, value)
            return value
        if isinstance(value, Mapping):
            if value.get("column") in self.columns:
                return {name: each for name, each in value.items() if name in _ABOUT_A_COLUMN}
            return {name: self._unquoted(each, quoted) for name, each in value.items() if name not in self.columns}
        if isinstance(value, list | tuple):
            return [self._unquoted(each, quoted) for each in value]
        return value


def _texts(value: object) -> list[str]:
    """Return what a value may be quoted as: itself, or what a list or an object holds."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return list(dict.fromkeys(text for each in value[-MOST_QUOTED:] for text in _texts(each)))
    text = as_text(value)
    return [] if text is None else [text]


def private_key(path: Path) -> bytes:
    """Return the key that a file holds; made, readable by its owner alone, where there is none.

    Raises OutputError where it can neither be read nor made, or is damaged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise OutputError(
            f"The key of the private columns cannot be used: {error.strerror}.", where=str(path)
        ) from error
    if len(key) != KEY_BYTES:
        raise OutputError(
            f"The key of the private columns is damaged: it holds {len(key)} bytes instead of {KEY_BYTES}.",
            where=str(path),
            hint="bring it back from a backup; with another key, the same value gets another hash.",
        )
    return key


def _make(path: Path) -> None:
    """Put a new key in its place, unless another process was faster: a key is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, os.urandom(KEY_BYTES))
        os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(beside, path)
    finally:
        os.close(descriptor)
        beside.unlink(missing_ok=True)
