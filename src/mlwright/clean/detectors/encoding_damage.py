"""Text that was read in another encoding than it was written in, or that lost letters on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Cells, Context, Detection, shown
from mlwright.clean.distinct import Distinct
from mlwright.clean.repairs import Recode
from mlwright.findings import Finding, percent
from mlwright.table import Table

CODECS = ("cp1252", "latin-1", "mac_roman", "cp1250", "cp437")
SEQUENCE = r"[ÂÃÅÄĂâÐÑ├√┬][\u0080-\u00bf\u0100-\u02ff\u2000-\u2bff]|\ufffd"
"""What UTF-8 in two or more bytes looks like in these encodings, or the mark of a lost letter."""
LOST = "\ufffd"


class EncodingDamage:
    """Finds "MÃ¼nchen" for "München": UTF-8 that was read as something else, and letters that became "\ufffd"."""

    name: ClassVar[str] = "encoding_damage"
    kinds: ClassVar[tuple[str, ...]] = ("encoding_damage",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each damaged column."""
        for column in context.schema:
            if table.frame[column.name].dtype.is_numeric() or column.is_float:
                continue
            distinct = context.distinct(column.name)
            odd = distinct.where(distinct.matching(SEQUENCE))
            if len(odd.texts):
                yield from _damaged(odd)


def _damaged(odd: Distinct) -> Iterator[Detection]:
    """Choose the encoding that explains most of the odd texts, and say what they would be."""
    texts = odd.texts.to_list()
    best, new = "", dict[str, str]()
    for codec in CODECS:
        read = {text: mended for text in texts if (mended := Recode(odd.name, codec).mend(text)) != text}
        if len(read) > len(new):
            best, new = codec, read
    lost = [text for text in texts if LOST in text and text not in new]
    told = [*new, *lost]
    if not told:
        return
    rows = np.flatnonzero(odd.stripped.is_in(told).fill_null(value=False).to_numpy()).astype(np.intp)
    cells = tuple(new.get(text) for text in odd.stripped.gather(rows).to_list())
    first = told[0]
    becomes = f", which was {new[first]!r}" if first in new else ", in which letters are lost"
    yield Detection(
        finding=Finding(
            kind="encoding_damage",
            columns=(odd.name,),
            rows=shown(rows),
            message=f"{len(rows):,} value{'s' if len(rows) > 1 else ''} of {odd.name!r} "
            f"({percent(len(rows) / max(len(odd.stripped), 1))} of the rows) "
            f"{'were' if len(rows) > 1 else 'was'} read in the wrong encoding, such as {first!r}{becomes}.",
            severity="warning",
            confidence=0.95,
            repair=f"Read the text as UTF-8 instead of {best}." if new else "Get the text from its source again.",
        ),
        rows=rows,
        cells=(Cells(odd.name, rows, cells, np.full(len(rows), 0.95)),),
        repair=Recode(odd.name, best) if new else None,
    )
