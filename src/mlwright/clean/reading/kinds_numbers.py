"""Columns of numbers: written plainly or in disguise, codes, row numbers, epochs, and numbers that mean "missing"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.distinct import LOOKED_AT, Distinct
from mlwright.clean.names import counts_time, says_code, says_id, says_time
from mlwright.schema import Kind
from mlwright.values import Scan, parse_duration, parse_number, scan_number
from mlwright.values.numbers import decimal_sign, first_word, has_unit, is_multiplier
from mlwright.values.times import EPOCHS

ENOUGH = 0.95
"""A column is what 95 % of its values are; the rest is dirt, and a finding."""
MOSTLY = 0.6
"""So many exact numbers make amounts of a column in which the others are rough, or words for "missing"."""
SEVERAL = 20
"""Fewer different numbers may be codes or levels, and then a word or a bound among them is one too."""

PLAIN = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_BOUNDS = frozenset("<>\u2264\u2265")
_GROUPS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "oz ounce ounces", "lb lbs pound pounds", "kg kgs kilo kilos kilogram kilograms", "g gr gram grams gm",
        "mg milligram milligrams", "t ton tons tonne tonnes", "m meter meters metre metres", "cm centimeter centimetre",
        "mm millimeter millimetre", "km kilometer kilometers kilometre kilometres kms", "mi mile miles",
        "ft feet foot", "in inch inches", "l liter liters litre litres ltr", "ml milliliter millilitre cl",
        "°c c celsius", "°f f fahrenheit", "cc", "hp ps bhp", "kw", "kwh", "km/h kmh kph", "mph", "mpg",
        "sqft", "m² m2 sqm", "acres acre ac", "gb", "mb", "kb", "kcal cal", "x", "pts points pt", "stars star",
    )
)  # fmt: skip
_KNOWN = {unit: group for group in _GROUPS for unit in group}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberReading:
    """How the texts of a column are read as numbers."""

    decimal: Literal[".", ","]
    units: tuple[str, ...]
    disguised: tuple[str, ...]
    """Texts that are numbers in disguise, the most frequent first, at most 10,000."""
    disguised_rows: int
    unreadable: tuple[str, ...]
    padded: bool
    """Whole numbers are written with leading zeros: they are codes."""
    both_signs: bool
    """The decimal comma and the decimal point both occur."""
    currencies: tuple[str, ...]
    bounds: bool
    """Some are bounds, such as "> 90"."""


def read_numbers(distinct: Distinct, *, several: int = SEVERAL) -> NumberReading | None:
    """Say how the column is read as numbers, or None where it is not one of numbers.

    Rough numbers and bounds ("ca. 40", "> 90") make up more than dirt only beside `several` different exact ones.
    """
    plain = distinct.matching(PLAIN)
    rest = distinct.where(~plain)
    share_plain = distinct.share(plain)
    if share_plain < 1.0:
        sample = rest.spread(400)
        hits = [_scan(text) is not None for text in sample.texts]
        if share_plain + (1.0 - share_plain) * sample.share(hits) < ENOUGH - 0.05:
            return None
    rest = rest.spread(LOOKED_AT)
    scans = [_scan(text) for text in rest.texts]
    units = _units(scans, rest.counts, distinct.present, rest.texts.to_list())
    readable = np.array([_is_readable(scan, units) for scan in scans], dtype=np.bool_)
    if share_plain + (1.0 - share_plain) * rest.share(readable) < ENOUGH:
        return None
    exact = readable & np.array([scan is None or not scan.rough for scan in scans], dtype=np.bool_)
    share_exact = share_plain + (1.0 - share_plain) * rest.share(exact)
    if share_exact < ENOUGH:
        firm = [*distinct.where(plain).spread(LOOKED_AT).texts, *rest.where(exact).texts]
        if share_exact < MOSTLY or different_numbers(firm, sorted(units)) < several:
            return None
    decimal, both = _decimal(distinct.where(plain), rest, scans)
    return NumberReading(
        decimal=decimal,
        units=tuple(sorted(units)),
        disguised=tuple(rest.where(readable).texts.head(10_000).to_list()),
        disguised_rows=int(rest.counts[readable].sum()),
        unreadable=tuple(rest.where(~readable).texts.to_list()),
        padded=_is_padded(distinct),
        both_signs=both,
        currencies=tuple(sorted({scan.currency for scan in scans if scan is not None and scan.currency})),
        bounds=any(text[0] in _BOUNDS for text in rest.where(readable).texts),
    )


def different_numbers(texts: Iterable[str], units: Sequence[str] = ()) -> int:
    """Count the different numbers that the texts write: "1" and "1.0" are the same one."""
    return len({parse_number(text, units=tuple(units)) for text in texts} - {None})


def _scan(text: str) -> Scan | None:
    scan = scan_number(text)
    return scan if scan is not None and decimal_sign(scan.body) is not None else None


def _is_readable(scan: Scan | None, units: frozenset[str]) -> bool:
    return scan is not None and (not scan.unit or has_unit(scan, units) or is_multiplier(scan))


def _units(scans: list[Scan | None], counts: NDArray[np.int64], present: int, texts: list[str]) -> frozenset[str]:
    """Return the one unit of the column in all its spellings, or nothing where there is none or more than one."""
    rows: Counter[frozenset[str]] = Counter()
    metres = worded = 0
    for scan, count, text in zip(scans, counts.tolist(), texts, strict=True):
        if scan is None or not scan.unit:
            continue
        word = first_word(scan.unit)
        if is_multiplier(scan):
            metres += count if scan.unit == "m" and text.endswith("m") and not scan.currency else 0
        elif parse_duration(f"1 {scan.unit}") is None:
            rows[_KNOWN.get(word, frozenset({scan.unit}))] += count
            worded += count if word in _KNOWN and word != scan.unit else 0
    if metres >= ENOUGH * present:  # nothing but a small "m": metres, not millions
        return _KNOWN["m"]
    if not rows or worded > 0.2 * present:
        return frozenset()
    group, most = rows.most_common(1)[0]
    if most < ENOUGH * sum(rows.values()):
        return frozenset()
    telling = group in _GROUPS and max(map(len, group)) > 1
    return group if most >= 0.5 * present or telling else frozenset()


def _decimal(plain: Distinct, rest: Distinct, scans: list[Scan | None]) -> tuple[Literal[".", ","], bool]:
    """Decide the decimal sign from every value that proves one; where none does, "1,234" has a thousands comma."""
    rows: Counter[str] = Counter()
    for scan, count in zip(scans, rest.counts.tolist(), strict=True):
        if scan is not None:
            rows[decimal_sign(scan.body) or ""] += count
    if not rows[","]:
        return ".", False
    pointed = plain.matching(r"[0-9]?\.[0-9]") & ~plain.matching(r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$")
    point = rows["."] + int(plain.counts[pointed].sum())
    return ("," if rows[","] > point else "."), point > 0


def _is_padded(distinct: Distinct) -> bool:
    whole = distinct.share(distinct.matching(r"^[0-9]+$"))
    return whole >= ENOUGH and distinct.share(distinct.matching(r"^0[0-9]+$")) >= 0.01


def missing_numbers(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the numbers such as -999 that mean "missing": extreme, far from all others, and repeated.

    >>> missing_numbers(np.array([*range(60)] * 10 + [-999.0] * 6))
    (-999.0,)
    >>> missing_numbers(np.array([*range(980, 1010)] * 10, dtype=float))
    ()
    """
    known = values[np.isfinite(values)]
    distinct, counts = np.unique(known, return_counts=True)
    found: list[float] = []
    while len(distinct) > 2:
        at = next((at for at in (0, len(distinct) - 1) if _is_stand_in(distinct, counts, at, len(known))), None)
        if at is None:
            break
        found.append(float(distinct[at]))
        distinct, counts = np.delete(distinct, at), np.delete(counts, at)
    return tuple(sorted(found))


_STAND_INS = frozenset(float(sign * int("9" * length)) for length in (2, 3, 4, 5, 6, 7, 8, 9) for sign in (1, -1)) | {
    -9.0, -99.99, -999.99, -9999.99, -999.9, 999.99, 9999.99, -8888.0, -7777.0, -888.0, -777.0,
    float(2**31 - 1), float(-(2**31)), -1e30, 1e30, 1e20, -1e20, -3.4028234663852886e38,
}  # fmt: skip


def _is_stand_in(distinct: NDArray[np.float64], counts: NDArray[np.int64], at: int, rows: int) -> bool:
    value, count = float(distinct[at]), int(counts[at])
    if value not in _STAND_INS or count < 3 or count < 0.005 * rows:
        return False
    others, weights = np.delete(distinct, at), np.delete(counts, at)
    if value < 0 and value <= -99 and others[0] >= 0:
        # nothing else is below zero: a large negative value is no measurement
        return value <= -999 or float(others[-1]) < 10 * abs(value)
    order = np.cumsum(weights) / weights.sum()
    low, high = (others[np.minimum(np.searchsorted(order, at), len(others) - 1)] for at in (0.005, 0.995))
    gap = others[0] - value if at == 0 else value - others[-1]
    return bool(gap > max(float(high - low), 1.0))


@dataclass(frozen=True, slots=True)
class NumberKind:
    """What a column of numbers is."""

    kind: Kind
    datetime_format: str | None = None
    note: str = ""


def number_kind(name: str, values: NDArray[np.float64], *, padded: bool = False) -> NumberKind:  # noqa: PLR0911
    """Say what a column of numbers is: amounts, truths, codes, row numbers or points in time. NaN is missing."""
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) <= 1:
        return NumberKind("constant", note="It has one value only." if len(distinct) else "It has no values.")
    if set(distinct[:3].tolist()) == {0.0, 1.0} and not padded:
        return NumberKind("boolean")
    whole = bool((distinct == np.floor(distinct)).all())
    if form := _time_format(name, distinct, whole=whole):
        return NumberKind("datetime", form, f"Its numbers are points in time ({form}).")
    if not whole:
        return NumberKind("number")
    if _names_rows(name, known, distinct):
        return NumberKind("id", note="Its whole numbers differ in every row and only name it.")
    if padded:
        return NumberKind("category", note="Its whole numbers have leading zeros: they are codes, not amounts.")
    if says_code(name) and distinct[0] >= 0:
        return NumberKind("category", note="Its name says that its whole numbers are codes, not amounts.")
    return NumberKind("integer")


def _names_rows(name: str, known: NDArray[np.float64], distinct: NDArray[np.float64]) -> bool:
    """Tell whether whole numbers are row numbers (1, 2, 3, ... in order), or names of rows by the column's name."""
    if says_id(name) or (says_code(name) and len(distinct) == len(known) >= 50):
        return len(known) >= 3 and len(distinct) >= 0.99 * len(known)
    return len(known) >= 50 and bool((np.diff(known) == 1.0).all()) and not counts_time(name)


def _time_format(name: str, distinct: NDArray[np.float64], *, whole: bool) -> str | None:
    if says_id(name):
        return None
    if whole and _are_calendar_days(distinct) and (says_time(name) or len(distinct) >= 5):
        return "%Y%m%d"
    if not says_time(name):
        return None
    for form, scale in EPOCHS.items():
        within = (distinct >= 631152000.0 * scale) & (distinct < 4102444800.0 * scale)  # 1990 to 2100
        if within.mean() >= 0.98:
            return form
    return None


def _are_calendar_days(distinct: NDArray[np.float64]) -> bool:
    """Tell whether whole numbers are dates such as 20240131."""
    if distinct[0] < 19000101 or distinct[-1] > 21001231:
        return False
    days = distinct.astype(np.int64)
    month, day = days // 100 % 100, days % 100
    longest = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.clip(month, 0, 12)]
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= longest)).mean() >= 0.99)
