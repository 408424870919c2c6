"""Numbers in one column that are written in different units: "154 lb" among kilograms, "5 %" among 0.05."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.distinct import LOOKED_AT, Distinct
from mlwright.clean.measures.text_cells import how_many, replaced, short
from mlwright.findings import Finding
from mlwright.table import Table
from mlwright.values import parse_number, scan_number
from mlwright.values.numbers import first_word

MOSTLY = 0.8
"""So large a share of the values must be numbers, with or without a unit."""
LEAST_ROWS = 10
FEWEST = 3
"""So many values in each of two ways are compared by their size."""
ALIKE = 3.0
"""Numbers are of the same size where their medians differ by no more than this factor."""
NEAR = 1.35
"""A conversion explains a difference where it leaves no more than this factor."""
SURE, LIKELY = 0.95, 0.8
HUNDRED = 100.0
MARKED = r"[0-9] ?[\p{L}%‰]|\p{Sc}"

FAMILIES: tuple[Mapping[str, float], ...] = (
    {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "lb": 0.45359237, "oz": 0.028349523, "t": 1e3},
    {"m": 1.0, "cm": 0.01, "mm": 1e-3, "km": 1e3, "in": 0.0254, "ft": 0.3048, "yd": 0.9144, "mi": 1609.344},
    {"l": 1.0, "ml": 1e-3, "cl": 0.01, "gal": 3.785411784, "oz": 0.0295735, "pt": 0.473176},
    {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0},
    {"kb": 1.0, "mb": 1e3, "gb": 1e6, "tb": 1e9},
    {"w": 1.0, "kw": 1e3, "mw": 1e6, "hp": 745.7},
)
"""Units that measure the same, and how large each is."""
SPELLED = {
    "kilogram": "kg", "kilograms": "kg", "kgs": "kg", "kilo": "kg", "kilos": "kg", "gram": "g", "grams": "g", "gr": "g",
    "lbs": "lb", "pound": "lb", "pounds": "lb", "ounce": "oz", "ounces": "oz", "ton": "t", "tons": "t", "tonnes": "t",
    "meter": "m", "meters": "m", "metre": "m", "metres": "m", "centimeter": "cm", "centimeters": "cm",
    "centimetre": "cm", "centimetres": "cm", "millimeter": "mm", "millimeters": "mm", "millimetre": "mm",
    "kilometer": "km", "kilometers": "km", "kilometre": "km", "kilometres": "km", "kms": "km", "inch": "in",
    "inches": "in", "foot": "ft", "feet": "ft", "yard": "yd", "yards": "yd", "mile": "mi", "miles": "mi",
    "liter": "l", "liters": "l", "litre": "l", "litres": "l", "milliliter": "ml", "milliliters": "ml", "gallon": "gal",
    "gallons": "gal", "fl": "oz", "second": "s", "seconds": "s", "sec": "s", "secs": "s", "minute": "min",
    "minutes": "min", "mins": "min", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d", "days": "d",
}  # fmt: skip
"""Other ways to write them."""


@dataclass(frozen=True, slots=True)
class Read:
    """The texts of a column that are numbers, with the unit that stands behind each."""

    distinct: Distinct
    numbers: NDArray[np.float64]
    units: NDArray[np.str_]
    """The unit as in `FAMILIES`, "%", a currency, "" where nothing stands behind the number, "?" where another word."""

    def of(self, unit: str) -> NDArray[np.bool_]:
        """Tell which texts are written in a unit."""
        return np.asarray(self.units == unit, dtype=np.bool_)

    def rows(self, unit: str) -> int:
        """Return how many rows are written in a unit."""
        return int(self.distinct.counts[self.of(unit)].sum())

    def size(self, unit: str) -> float:
        """Return the median of the numbers in a unit, without their signs."""
        held = self.of(unit)
        return float(np.median(np.repeat(np.abs(self.numbers[held]), np.minimum(self.distinct.counts[held], 1000))))


class MixedKinds:
    """Finds "154 lb" among "70 kg", and "5 %" among "0.07"."""

    name: ClassVar[str] = "mixed_kinds"
    kinds: ClassVar[tuple[str, ...]] = ("mixed_units_in_text",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return at most one finding for each column of numbers that are written as text."""
        kinds = {"number", "integer", "category", "text"}
        names = [column.name for column in context.of_kind(*kinds) if table.frame[column.name].dtype == pl.String]
        for name in _with_units(table, names):
            if context.stop():
                return
            read = read_units(context.distinct(name))
            if read is not None:
                yield from _units(read) or _percents(read) or _currencies(read)


def _with_units(table: Table, names: list[str]) -> list[str]:
    """Return the columns in which a letter or a sign stands behind some digit, looked for in all of them in one go."""
    if not names:
        return []
    found = table.frame.select(pl.col(name).str.contains(MARKED).any() for name in names).row(0)
    return [name for name, marked in zip(names, found, strict=True) if marked]


def read_units(distinct: Distinct) -> Read | None:
    """Read the texts as numbers with units; None where they are something else, or are all bare numbers."""
    if distinct.present < LEAST_ROWS or len(distinct.texts) > LOOKED_AT:
        return None
    if distinct.share(distinct.matching(r"^[^0-9]{0,4}[0-9][0-9.,' ]*[^0-9]{0,20}$")) < MOSTLY:
        return None
    numbers = np.full(len(distinct.texts), np.nan)
    units = np.full(len(distinct.texts), "?", dtype="U12")
    for at, text in enumerate(distinct.texts):
        scan = scan_number(text)
        if scan is None:
            continue
        number = parse_number(scan.body)
        if number is not None:
            numbers[at] = -number if scan.negative else number
            units[at] = "%" if scan.percent else scan.currency or _unit(scan.unit)
    known = ~np.isnan(numbers)
    if distinct.share(known) < MOSTLY:
        return None
    return Read(distinct.where(known), numbers[known], units[known])


def _unit(said: str) -> str:
    word = first_word(said)
    word = SPELLED.get(word, word)
    return word if not word or any(word in family for family in FAMILIES) else "?"


def _units(read: Read) -> list[Detection]:
    """Look for several units that measure the same, and for a unit that only some numbers need."""
    held = [unit for unit in np.unique(read.units).tolist() if unit not in {"", "?", "%"}]
    for family in FAMILIES:
        its = sorted((unit for unit in held if unit in family), key=lambda unit: (-read.rows(unit), unit))
        if len(its) > 1 and sum(map(read.rows, its)) >= MOSTLY * read.distinct.present:
            return [_converted(read, its[0], {unit: family[unit] / family[its[0]] for unit in its[1:]}, SURE)]
        if len(its) == 1 and min(read.rows(""), read.rows(its[0])) >= FEWEST:
            return _against_bare(read, its[0], family)
    return []


def _against_bare(read: Read, unit: str, family: Mapping[str, float]) -> list[Detection]:
    """Compare numbers with a unit to bare ones, where the bare ones are in another unit."""
    apart = read.size(unit) / max(read.size(""), 1e-300)
    if 1 / NEAR <= apart <= NEAR:
        return []
    left = {other: abs(np.log(max(apart, 1e-300) * family[unit] / size)) for other, size in family.items()}
    best = min(left, key=lambda other: (left[other], other))
    if best == unit or left[best] > np.log(NEAR):
        return []
    if read.rows(unit) <= read.rows(""):
        return [_converted(read, "", {unit: family[unit] / family[best]}, LIKELY, means=best)]
    return [_converted(read, unit, {"": family[best] / family[unit]}, LIKELY, means=best)]


def _percents(read: Read) -> list[Detection]:
    """Compare numbers with a percent sign to those without."""
    signed, bare = read.rows("%"), read.rows("")
    if min(signed, bare) < FEWEST:
        return []
    apart = read.size("%") / max(read.size(""), 1e-300)
    if HUNDRED / ALIKE <= apart <= HUNDRED * ALIKE:
        rare, usual = ("%", "") if signed <= bare else ("", "%")
        return [_converted(read, usual, {rare: 0.01 if rare == "%" else HUNDRED}, LIKELY)]
    if 1 / ALIKE <= apart <= ALIKE:
        return [_converted(read, "" if signed <= bare else "%", {"%" if signed <= bare else "": 1.0}, LIKELY)]
    return []


def _currencies(read: Read) -> list[Detection]:
    """Look for more than one currency."""
    held = [unit for unit in np.unique(read.units).tolist() if unit not in {"", "?", "%"}]
    held = sorted((unit for unit in held if not any(unit in family for family in FAMILIES)), key=read.rows)
    return [_converted(read, held[-1], dict.fromkeys(held[:-1], np.nan), SURE)] if len(held) > 1 else []


def _converted(
    read: Read, usual: str, factors: Mapping[str, float], sure: float, means: str | None = None
) -> Detection:
    """Say which numbers are written in another unit than most, and what they are in that one."""
    new: dict[str, str | None] = {}
    for unit, factor in factors.items():
        held = read.of(unit)
        for text, number in zip(read.distinct.texts.filter(pl.Series(held)), read.numbers[held], strict=True):
            new[text] = None if np.isnan(factor) else f"{_plain(number * factor)}{_behind(usual)}"
    cells = replaced(read.distinct, new, sure)
    example = next(iter(new))
    other = read.distinct.texts.filter(pl.Series(read.of(usual)))[0]
    becomes = new[example]
    said = f": {short(example)} is {short(becomes)} there" if becomes is not None else f", such as {short(example)}"
    unclear = f" (in {means} by their size)" if means is not None else ""
    return Detection(
        finding=Finding(
            kind="mixed_units_in_text",
            columns=(read.distinct.name,),
            rows=shown(cells.rows),
            message=f"{how_many(len(cells), read.distinct.name, len(read.distinct.stripped))} "
            f"{'is' if len(cells) == 1 else 'are'} written in {_names(factors)}, the others "
            f"{'bare' if not usual else 'in ' + usual}{unclear}, such as {short(other)}{said}.",
            severity="warning",
            confidence=sure,
            repair="Write all of them in one unit." if becomes is not None else "Convert them to one currency.",
        ),
        rows=cells.rows,
        cells=(cells,),
    )


def _names(units: Mapping[str, float]) -> str:
    return " and ".join(unit or "no unit" for unit in sorted(units))


def _behind(unit: str) -> str:
    return "" if not unit else "%" if unit == "%" else f" {unit}"


def _plain(number: float) -> str:
    """Return a number with six digits at most, without an exponent."""
    text = f"{number:.6g}"
    return text if "e" not in text else f"{number:f}".rstrip("0").rstrip(".")
