"""Text that was read in another encoding than it was written in, that lost letters, or that is markup read as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from mlwright.clean.base import Cells, Context, Detection, shown
from mlwright.clean.distinct import LOOKED_AT, Distinct
from mlwright.clean.measures.likeness import plain_letters
from mlwright.clean.measures.text_cells import how_many, rows_with, short
from mlwright.clean.repairs import Recode, Repair, Replace
from mlwright.findings import Finding
from mlwright.schema import Column
from mlwright.table import Table

CODECS = ("cp1252", "latin-1", "mac_roman", "cp1250", "cp437", "cp850", "cp1251")
SEQUENCE = (
    r"[ÂÃÅÄÆÈÐÑÎÏĂâðđÊ][\u0080-\u00bf\u0100-\u02ff\u2000-\u2bff]|[├┬┼─╨╤√¬][\u0080-\u2bff]|[РС][\u0080-\u00bf°-ћ]{1}"
    r"[РС]|\ufffd"
)
"""What UTF-8 in two or more bytes looks like in these encodings, or the mark of a lost letter."""
LOST = "\ufffd"
QUESTIONED = r"\p{L}\?\p{L}"
LEAST_QUESTIONED = 3
MOST_QUESTIONED = 0.2
ENTITY = (
    r"&(?:#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,6}|amp|lt|gt|quot|apos|nbsp|(?:nd|md)ash|[lr][sd]quo|hellip|euro|pound|copy|"
    r"reg|deg|bull|middot|[a-zA-Z]{1,2}(?:acute|grave|circ|uml|tilde|cedil|ring|slash|lig));"
)
TAG = (
    r"</?(?i:a|b|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|span|strong|table|td|tr|u|ul)"
    r"(?:\s[^<>]{0,200})?\s?/?>"
)
ESCAPE = (
    r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\p{L}%(?:20|2C|2F|26|27|C3%[89AB][0-9A-F])\p{L}|"
    r"[^:\\]\\[nrt](?:[^\p{L}]|$)|\S\\n\p{Lu}"
)
INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{ad}\x{200b}\x{2060}\x{feff}\x{202a}-\x{202e}]"
PATHS = r"[A-Za-z]:\\\\?|://"
SURE, LIKELY = 0.95, 0.8
MARKED_TEXTS = 0.01
AROUND = 15
"""So many letters are shown before what is damaged in a long text."""


@dataclass(frozen=True, slots=True)
class Markup:
    """Text that was meant for a machine: how it looks, what it is called, and what mends it."""

    pattern: str
    way: str
    said: str


MARKUP = (
    Markup(f"{ENTITY}|{TAG}", "html", "the markup of web pages"),
    Markup(ESCAPE, "escapes", "escapes of a file format"),
    Markup(INVISIBLE, "invisible", "signs that nobody sees"),
)


class EncodingDamage:
    """Finds "MÃ¼nchen" and "M?nchen" for "München", and "Marks &amp; Spencer"."""

    name: ClassVar[str] = "encoding_damage"
    kinds: ClassVar[tuple[str, ...]] = ("encoding_damage", "markup_in_text")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return at most one finding of each sort for each damaged column."""
        for column in context.schema:
            if table.frame[column.name].dtype.is_numeric() or column.is_float:
                continue
            if context.stop():
                return
            distinct = context.distinct(column.name)
            odd = distinct.where(distinct.matching(SEQUENCE))
            if len(odd.texts):
                yield from _damaged(odd)
            yield from _questioned(distinct, column)
            told = odd.texts.filter(pl.Series(map(_is_mended, odd.texts.to_list()), dtype=pl.Boolean))
            free = ~distinct.texts.is_in(told.implode()).to_numpy()  # of what is read anew, no sign is markup
            for markup in MARKUP:
                marked = distinct.where(distinct.matching(markup.pattern) & ~distinct.matching(PATHS) & free)
                if len(marked.texts):
                    yield from _marked(marked, markup, free=column.kind == "text")


def _damaged(odd: Distinct) -> Iterator[Detection]:
    """Choose the encoding that explains most of the odd texts, and say what they would be."""
    texts = odd.texts.head(LOOKED_AT).to_list()
    best, new = "", dict[str, str]()
    for codec in CODECS:
        repair = Recode(odd.name, codec)
        read = {text: mended for text in texts if (mended := repair.mend(text)) != text and _better(mended, text)}
        if len(read) > len(new):
            best, new = codec, read
    lost = [text for text in texts if LOST in text and text not in new]
    told: dict[str, str | None] = {**new, **dict.fromkeys(lost)}
    if not told:
        return
    first = next(iter(told))
    becomes = f", which was {short(new[first])}" if first in new else ", in which letters are lost"
    yield _told(
        odd,
        told,
        f"read in the wrong encoding, such as {short(first)}{becomes}",
        f"Read the text as UTF-8 instead of {best}." if new else "Get the text from its source again.",
        Recode(odd.name, best) if new else None,
    )


def _is_mended(text: str) -> bool:
    """Tell whether any of the encodings explains a text."""
    return any((mended := Recode("", codec).mend(text)) != text and _better(mended, text) for codec in CODECS)


def _better(mended: str, text: str) -> bool:
    """Tell whether what was read anew looks more like text: shorter, and of letters and marks, not of signs."""
    return len(mended) < len(text) and mended.isprintable()


def _questioned(distinct: Distinct, column: Column) -> Iterator[Detection]:
    """Look for words in which a question mark stands for a letter: another value says which."""
    odd = distinct.where(distinct.matching(QUESTIONED) & ~distinct.matching(r"://|\?.*=|\?\s|\?$"))
    if not len(odd.texts) or odd.present > MOST_QUESTIONED * max(distinct.present, 1) or len(odd.texts) > LOOKED_AT:
        return
    others = distinct.where(~distinct.matching(r"\?"))
    by_length: dict[int, list[str]] = {}
    for text in others.texts.head(LOOKED_AT):
        if not text.isascii():
            by_length.setdefault(len(text), []).append(text)
    new: dict[str, str | None] = {}
    for text in odd.texts:
        fits = re.compile("[^\\x00-\\x7f]".join(map(re.escape, text.split("?"))))
        found = [other for other in by_length.get(len(text), []) if fits.fullmatch(other)]
        if len(found) == 1:
            new[text] = found[0]
    left = [text for text in odd.texts if text not in new]
    if column.kind == "category" and (new or len(left) >= LEAST_QUESTIONED) and _are_words(left):
        new |= dict.fromkeys(left)
    if not new:
        return
    first = next(iter(new))
    becomes = f", which was {short(str(new[first]))}" if new[first] else ""
    known = {old: text for old, text in new.items() if text is not None}
    yield _told(
        distinct,
        new,
        f"written with '?' for a letter that was lost, such as {short(first)}{becomes}",
        "Write the letters that were lost." if known else "Get the text from its source again.",
        Replace(distinct.name, known) if known and column.kind == "category" else None,
        LIKELY,
    )


def _are_words(texts: list[str]) -> bool:
    return all(re.search(r"[^\W\d_]{2,}\?|\?[^\W\d_]{2,}", plain_letters(text)) for text in texts)


def _marked(odd: Distinct, markup: Markup, *, free: bool) -> Iterator[Detection]:
    """Say that texts hold what was meant for a machine; a little of it in free text is only worth knowing."""
    repair = Recode(odd.name, markup.way)
    new: dict[str, str | None] = {}
    for text in odd.texts.head(LOOKED_AT):
        mended = repair.mend(text).strip()
        if mended != text:
            new[text] = mended
    if not new:
        return
    first, becomes = next((_part(text, str(mended)) for text, mended in new.items()))
    cells = _cells(odd, new, SURE)
    yield Detection(
        finding=Finding(
            kind="markup_in_text",
            columns=(odd.name,),
            rows=shown(cells.rows),
            message=f"{how_many(len(cells), odd.name, len(odd.stripped))} {'holds' if len(cells) == 1 else 'hold'} "
            f"{markup.said}, such as {short(first)}, which means {short(becomes)}.",
            severity="info" if free and len(cells) < MARKED_TEXTS * len(odd.stripped) else "warning",
            confidence=SURE,
            repair="Read what it stands for.",
        ),
        rows=cells.rows,
        cells=(cells,),
        repair=repair,
    )


def _told(
    odd: Distinct, new: Mapping[str, str | None], said: str, advice: str, repair: Repair | None, sure: float = SURE
) -> Detection:
    cells = _cells(odd, new, sure)
    return Detection(
        finding=Finding(
            kind="encoding_damage",
            columns=(odd.name,),
            rows=shown(cells.rows),
            message=f"{how_many(len(cells), odd.name, len(odd.stripped))} {_were(cells)} {said}.",
            severity="warning",
            confidence=sure,
            repair=advice,
        ),
        rows=cells.rows,
        cells=(cells,),
        repair=repair,
    )


def _were(cells: Cells) -> str:
    return "was" if len(cells) == 1 else "were"


def _part(text: str, mended: str) -> tuple[str, str]:
    """Return where two texts begin to differ, with some letters around."""
    start = next((at for at, (a, b) in enumerate(zip(text, mended, strict=False)) if a != b), len(mended))
    start = max(0, start - AROUND)
    before = "..." if start else ""
    return f"{before}{text[start : start + 3 * AROUND]}", f"{before}{mended[start : start + 3 * AROUND]}"


def _cells(odd: Distinct, new: Mapping[str, str | None], sure: float) -> Cells:
    rows = rows_with(odd, tuple(new))
    held = odd.stripped.gather(rows).to_list()
    return Cells(odd.name, rows, tuple(new[text] for text in held), np.full(len(rows), sure))
