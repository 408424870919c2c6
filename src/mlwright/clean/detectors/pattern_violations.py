"""Values that are not written as nearly all others of a column are: phone numbers, plates, post codes, part numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.distinct import Distinct
from mlwright.clean.measures.likeness import distance
from mlwright.clean.measures.text_cells import how_many, replaced, rows_with, short
from mlwright.clean.names import words
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table

SAMPLED = 20_000
LEAST_VALUES = 20
"""So many different values must follow a pattern before one that does not is odd."""
MOST_PATTERNS = 3
LEAST_SHARE = 0.05
"""A pattern that counts is followed by so large a share of the values."""
COVERED = 0.97
MOST_ODD = 0.03
OTHER_FORM = 5
"""So many different values of one other pattern are another form, not errors, unless only signs or case differ."""
FIXED = frozenset(
    {
        "zip", "zipcode", "postcode", "postalcode", "postal", "plz", "phone", "telephone", "tel", "fax", "mobile",
        "ssn", "iban", "isbn", "ean", "upc", "fips", "imei", "vin",
    }
)  # fmt: skip
"""What is called so has a fixed number of digits."""
MOST_FORMS = 2
"""Errors break a pattern in many ways, another form in one or two."""
REPEATED = 5.0
"""Where values are repeated so often, other forms would be too."""
AS_OFTEN = 0.2
PADDED = 0.01
LONG_RUN = 5
DIVERSE = 0.6
LONGEST = 40
LONGEST_LETTERS = 5
"""Codes of letters alone, such as those of states or airports, are no longer than this and all of one length."""
CONFIDENCE = 0.85


@dataclass(frozen=True, slots=True)
class Pattern:
    """How nearly all values of a column are written."""

    shapes: tuple[str, ...]
    """With 9 for a digit, A for a capital and a for a small letter; a plus behind it for one or more."""
    level: int
    """0: every letter counts; 1: not how many digits; 2: nor how many letters; 3: nor their case."""
    share: float

    @property
    def said(self) -> str:
        """The shapes as a message names them."""
        return " or ".join(self.shapes)


class PatternViolations:
    """Finds "555-12-3456" and "5551234567" among phone numbers that are all written 999-999-9999."""

    name: ClassVar[str] = "pattern_violations"
    kinds: ClassVar[tuple[str, ...]] = ("pattern_violation",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column with values that break its pattern."""
        for column in context.schema:
            if column.is_float or column.kind == "constant" or table.frame[column.name].dtype.is_numeric():
                continue
            if context.stop():
                return
            distinct = _known(context.distinct(column.name), column)
            pattern = pattern_of(distinct)
            if pattern is not None and len(odd := breaking(distinct, pattern)):
                yield _told(distinct, pattern, odd, table.rows)


def _known(distinct: Distinct, column: Column) -> Distinct:
    if not column.missing_tokens:
        return distinct
    return distinct.where(~distinct.texts.str.to_lowercase().is_in(list(column.missing_tokens)).to_numpy())


def shape(texts: pl.Series, level: int) -> pl.Series:
    """Return how texts are written, at a level of `Pattern`.

    >>> shape(pl.Series(["AB-1234"]), 0)[0], shape(pl.Series(["AB-1234"]), 2)[0]
    ('AA-9999', 'A+-9+')
    """
    plain = texts.str.replace_all(r"[0-9]", "9").str.replace_all(r"\p{Lu}", "A")
    plain = plain.str.replace_all(r"[\p{Ll}\p{Lo}\p{Lt}]", "a")
    if level == 0:
        return plain
    if level == 3:
        plain = plain.str.replace_all("a", "A", literal=True)
    plain = plain.str.replace_all(r"9+", "9+")
    return plain if level == 1 else plain.str.replace_all(r"A+", "A+").str.replace_all(r"a+", "a+")


def pattern_of(distinct: Distinct) -> Pattern | None:
    """Return the pattern that nearly all values follow; None where they are words, texts, or of many forms."""
    if len(distinct.texts) < LEAST_VALUES:
        return None
    sample = distinct.spread(SAMPLED)
    if sample.share((sample.texts.str.len_chars() > LONGEST).to_numpy()) > 1 - COVERED:
        return None
    for level in range(4):
        found = _at_level(sample, level)
        if found is not None:
            return found
    return None


def _at_level(sample: Distinct, level: int) -> Pattern | None:
    counted = pl.DataFrame({"shape": shape(sample.texts, level), "rows": sample.counts})
    counted = counted.group_by("shape").agg(pl.col("rows").sum(), pl.len().alias("values"))
    counted = counted.sort(["rows", "shape"], descending=[True, False])
    rows = int(counted["rows"].sum())
    main = counted.head(MOST_PATTERNS).filter(pl.col("rows") >= LEAST_SHARE * rows)
    if main.is_empty() or main["values"].sum() < LEAST_VALUES:
        return None
    share = float(main["rows"].sum()) / rows
    if share < COVERED:
        return None
    shapes = tuple(main["shape"].to_list())
    if any(re.fullmatch(r"9+\+?\.9+\+?", each) for each in shapes):
        return None
    return Pattern(shapes, level, share) if all(_is_code(each, level) for each in shapes) else None


def _is_code(shape: str, level: int) -> bool:
    """Tell whether a shape is that of a code: it has digits, or is a few capitals, always the same number of them."""
    if "9" in shape:
        return level < 3 or re.search(r"\s.*\s", shape) is None
    return level == 0 and set(shape) == {"A"} and len(shape) <= LONGEST_LETTERS


def breaking(distinct: Distinct, pattern: Pattern) -> list[str]:
    """Return the texts that do not follow the pattern and are errors, not another form of writing."""
    follows = shape(distinct.texts, pattern.level).is_in(list(pattern.shapes)).to_numpy()
    if follows.all():
        return []
    odd = distinct.where(~follows)
    usual = distinct.where(follows)
    shapes = shape(odd.texts, pattern.level)
    kept = np.ones(len(odd.texts), dtype=np.bool_)
    if pattern.level == 0 and not _of_fixed_length(usual, pattern):
        longer = shape(odd.texts, 1).is_in(_without_lengths(pattern))
        kept &= ~longer.to_numpy()
    bare = {_bare(each) for each in pattern.shapes}
    many = pl.DataFrame({"shape": shapes}).group_by("shape").len().filter(pl.col("len") >= OTHER_FORM)
    forms = [each for each in many["shape"].to_list() if _bare(each) not in bare]
    if _often(usual) >= REPEATED or len(forms) > MOST_FORMS:
        forms = [each for each in forms if _is_longer(each, pattern)]
    if len(pattern.shapes) == 1:
        forms = [each for each in forms if distance(each, pattern.shapes[0], 1) is None]
    kept &= ~shapes.is_in(forms).to_numpy()
    wrong = odd.where(kept)
    if not len(wrong.texts) or wrong.present > MOST_ODD * distinct.present:
        return []
    return wrong.texts.to_list() if _often(wrong) <= max(AS_OFTEN * _often(usual), 1.0) else []


def _is_longer(shape: str, pattern: Pattern) -> bool:
    """Tell whether a shape is the pattern with more behind it: "99999-9999" of "99999"."""
    return any(shape.startswith(each) and not shape[len(each)].isalnum() for each in pattern.shapes if shape != each)


def _often(distinct: Distinct) -> float:
    """Return how often the value of a row is repeated, on average: values are, and errors are not."""
    return float(np.average(distinct.counts, weights=distinct.counts))


def _without_lengths(pattern: Pattern) -> list[str]:
    return [re.sub("9+", "9+", each) for each in pattern.shapes]


def _bare(shape: str) -> str:
    """Return a shape without signs and case."""
    return re.sub(r"[^A9+]", "", shape.upper())


def _of_fixed_length(usual: Distinct, pattern: Pattern) -> bool:
    """Tell whether runs of digits are of one length by rule, not because counting has come so far.

    So they are where several runs stand apart, where they are filled up with zeros, and where they are long and begin
    with many different digits.
    """
    if FIXED & set(words(usual.name)):
        return True
    runs = [len(run) for each in pattern.shapes for run in re.findall("9+", each)]
    if len(runs) > len(pattern.shapes):
        return True
    first = usual.texts.str.extract(r"([0-9])").to_numpy()
    digits = np.array([float(usual.counts[first == digit].sum()) for digit in "0123456789"]) / usual.present
    if digits[0] >= PADDED:
        return True
    return len(pattern.shapes) == 1 and bool(runs) and runs[0] >= LONG_RUN and bool(digits.max() <= DIVERSE)


def _told(distinct: Distinct, pattern: Pattern, odd: list[str], rows: int) -> Detection:
    cells = replaced(distinct, dict.fromkeys(odd), CONFIDENCE)
    examples = " and ".join(short(text) for text in odd[:2])
    return Detection(
        finding=Finding(
            kind="pattern_violation",
            columns=(distinct.name,),
            rows=shown(cells.rows),
            message=f"{how_many(len(cells), distinct.name, rows)} {'breaks' if len(cells) == 1 else 'break'} the "
            f"pattern {pattern.said} that {percent(pattern.share)} of its values follow (9 is a digit, A a letter), "
            f"such as {examples}.",
            severity="warning",
            confidence=CONFIDENCE,
            repair="Correct the values, or leave the cells empty.",
        ),
        rows=rows_with(distinct, odd),
        cells=(cells,),
    )
