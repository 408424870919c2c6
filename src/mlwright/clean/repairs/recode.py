"""Recode: text that was written in one way and read in another: encodings, entities, escapes, signs nobody sees."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from urllib.parse import unquote

from mlwright.clean.repairs.base import Value, coded_of, damaged, mapped, text_in
from mlwright.columns import Coded, Columns
from mlwright.values import well_formed

CODECS = frozenset({"cp1252", "latin-1", "cp1250", "cp1251", "cp437", "cp850", "mac_roman"})
WAYS: Mapping[str, str] = {
    "html": "entities such as '&amp;' become what they stand for, and tags go",
    "escapes": "escapes such as '\\u00e9' or '%20' become what they stand for",
    "invisible": "signs that nobody sees are left out",
}
"""What else may have been read as text, and what is done about it."""
MOST_TIMES = 3
"""Text may have been read wrongly so many times over."""

TAG = re.compile(
    r"</?(?:a|b|br|center|dd|div|dl|dt|em|font|h[1-6]|hr|i|img|li|ol|p|span|strong|sub|sup|table|tbody|td|th|tr|u|ul)"
    r"(?:\s[^<>]{0,200})?\s?/?>",
    re.IGNORECASE,
)
ENTITY = re.compile(r"&(?:#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,6}|[a-zA-Z]{2,8}[0-9]{0,2});")
ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[nrt]")
QUOTED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LEADS, _NEXT = "[ÂÃÅÄÆÈÐÑÎÏĂâðđÊ]", r"[\u0080-\u00bf\u0100-\u02ff\u2000-\u2bff]"
INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e]"
    rf"|(?<!{_LEADS})(?<!{_LEADS}{_NEXT})\u00ad"
)
"""Not a soft hyphen that is a byte of a letter read in the wrong encoding: "Ã" and one are an "í"."""
_RUN = re.compile(r"[^\x00-\x7f]{2,}")


@dataclass(frozen=True, slots=True)
class Recode:
    """Strings that are UTF-8 read as `codec`, or text in one of the other `WAYS`, become what was meant.

    >>> Recode("town", "cp1252").apply_one({"town": "MÃ¼nchen"})
    'München'
    >>> Recode("firm", "html").apply_one({"firm": "Marks &amp; Spencer"})
    'Marks & Spencer'
    """

    kind: ClassVar[str] = "recode"
    column: str
    codec: str

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it reads besides its own."""
        return ()

    @property
    def words(self) -> str:
        """What it does."""
        if self.codec in WAYS:
            return f"in {self.column!r}, {WAYS[self.codec]}"
        return f"in {self.column!r}, text that was read as {self.codec} and is UTF-8 is read anew"

    def apply(self, columns: Columns) -> Coded:
        """Return the mended values."""
        values = coded_of(columns, self.column)
        if self.codec in CODECS and all(text.isascii() for text in values.values):
            return values
        return mapped(values, self.mend)

    def apply_one(self, values: Mapping[str, Value]) -> Value:
        """Return the mended value of one row."""
        value = values[self.column]
        return self.mend(value) if isinstance(value, str) else value

    def mend(self, text: str) -> str:
        """Return what was written, or the text itself where nothing was read wrongly."""
        if self.codec in _MENDERS:
            return _MENDERS[self.codec](text)
        for _ in range(MOST_TIMES):
            mended = text if text.isascii() else _read_anew(text, self.codec)
            if mended == text:
                break
            text = mended
        return text

    def state(self) -> dict[str, Any]:
        """Return JSON."""
        return {"kind": self.kind, "column": self.column, "codec": self.codec}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any]) -> Self:
        """Return the repair of that state; raises ModelError where it cannot be one."""
        codec = text_in(plain, "codec")
        if codec not in CODECS and codec not in WAYS:
            raise damaged(f"{codec!r} is no encoding that a repair may read")
        return cls(text_in(plain, "column"), codec)


def _read_anew(text: str, codec: str) -> str:
    """Read the whole text anew, or those runs of it that can be: parts may have been right all along."""
    try:
        return _bytes(text, codec).decode("utf-8")
    except UnicodeError:
        return _RUN.sub(lambda match: _run_anew(match[0], codec), text)


def _run_anew(run: str, codec: str) -> str:
    try:
        return _bytes(run, codec).decode("utf-8")
    except UnicodeError:
        return run


def _bytes(text: str, codec: str) -> bytes:
    """Return the bytes that were read; the five that cp1252 leaves open are read as Latin-1 by most programs."""
    if codec != "cp1252":
        return text.encode(codec)
    return b"".join(letter.encode("latin-1" if "\x80" <= letter <= "\x9f" else codec) for letter in text)


def _without_markup(text: str) -> str:
    """Return a text with entities read and tags taken out."""
    for _ in range(MOST_TIMES):
        mended = ENTITY.sub(lambda match: html.unescape(match[0]), TAG.sub(" ", text))
        if mended == text:
            break
        text = " ".join(mended.split())
    return text


def _without_escapes(text: str) -> str:
    """Return a text with escapes read, as JSON and addresses of pages write them."""
    if "://" not in text:
        text = QUOTED.sub(lambda match: unquote(match[0], errors="strict") if _is_quoted(match[0]) else match[0], text)
    plain = {"\\n": " ", "\\r": " ", "\\t": " "}
    return well_formed(ESCAPE.sub(lambda match: plain.get(match[0]) or _letter(match[0]), text))


def _letter(escape: str) -> str:
    return chr(int(escape.lstrip("\\ux"), 16))


def _is_quoted(run: str) -> bool:
    try:
        return unquote(run, errors="strict").isprintable()
    except UnicodeError:
        return False


def _without_invisible(text: str) -> str:
    return INVISIBLE.sub("", text)


_MENDERS: dict[str, Callable[[str], str]] = {
    "html": _without_markup,
    "escapes": _without_escapes,
    "invisible": _without_invisible,
}
