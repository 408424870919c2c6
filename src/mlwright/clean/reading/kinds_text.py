"""Columns of words: categories, free text, or names of rows."""

from __future__ import annotations

from mlwright.clean.distinct import Distinct
from mlwright.clean.names import says_id
from mlwright.schema import Kind

_UUID = r"^[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"


def text_kind(distinct: Distinct) -> tuple[Kind, str]:
    """Say whether a column of words holds categories, text or names of rows, and why where it is not obvious."""
    rows, different = distinct.present, len(distinct.texts)
    ratio = different / rows
    if _names_rows(distinct, ratio):
        return "id", "Its values differ in every row and look like identifiers."
    if ratio >= 0.5 and _numbered(distinct):
        if ratio >= 0.99:
            return "id", "Its values are one word with a number that differs in every row."
        return "category", ""
    sample = distinct.spread(5000)
    words = float((sample.texts.str.count_matches(r"\s+") + 1).mean())  # type: ignore[arg-type]  # a mean of integers
    length = float(sample.texts.str.len_chars().mean())  # type: ignore[arg-type]
    wordy = words >= 3 or length >= 40
    if different > 20 and wordy and (ratio >= 0.5 or different > 1000 or (words >= 8 and ratio >= 0.2)):
        return "text", f"It has {different:,} different values of {words:.1f} words on average."
    if ratio >= 0.7 and different > 20 and not distinct.share(distinct.matching(r"^[0-9]+$")) >= 0.9:
        return "text", f"Nearly every value is different ({different:,} in {rows:,} rows), so its parts are looked at."
    return "category", ""


def _numbered(distinct: Distinct) -> bool:
    """Tell whether the values are "customer 1", "customer 2", ...: the same but for one number."""
    shapes = distinct.spread(5000).texts.str.replace(r"[0-9]+", "0").unique()
    return len(distinct.texts) > 20 and len(shapes) == 1 and "0" in str(shapes[0])


def _names_rows(distinct: Distinct, ratio: float) -> bool:
    rows = distinct.present
    if ratio < 0.99 or rows < 10:
        return False
    if distinct.share(distinct.matching(_UUID)) >= 0.95:
        return True
    if distinct.share(distinct.matching(r"\s")) > 0.01:
        return False
    if says_id(distinct.name):
        return True
    digits = distinct.share(distinct.matching(r"[0-9]"))
    return rows >= 20 and (digits >= 0.9 or distinct.share(distinct.matching(r"^[^@]+@[^@]+\.[^@]+$")) >= 0.95)
