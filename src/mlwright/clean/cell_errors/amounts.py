"""Amounts: numbers as their column writes them, without a unit only where it is the column's own one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mlwright.clean.cell_errors.forms import COMMA, GROUPED, number_ways, usual_way
from mlwright.clean.cell_errors.signs import Signs
from mlwright.clean.cell_errors.written import Written
from mlwright.clean.detectors.mixed_kinds import FAMILIES, SPELLED
from mlwright.clean.names import words
from mlwright.values import OUTER, scan_number
from mlwright.values.numbers import PLAIN, Scan, decimal_sign, first_word, is_multiplier, parse_number

PLAIN_SHARE = 0.05
OWN = 0.8
"""A currency, or a word that is no known unit, is the column's own one where so many of the rows with any have it."""
MONEY = {"€": "eur", "euro": "eur", "euros": "eur", "$": "usd", "dollars": "usd", "£": "gbp", "¥": "jpy", "₹": "inr",
         "rs": "inr"}  # fmt: skip
CODES = frozenset({"eur", "usd", "gbp", "jpy", "inr", "chf", "cny", "cad", "aud", "sek", "nok", "dkk", "pln", "czk"})
MIXED_UNITS = "mixed_units_in_text"
MOST_DECIMALS = 6
SAME = 0.02
"""A number that was corrected by hand says the same as a factor where it differs by no more than this part of it."""

Rule = Callable[[int], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Amounts:
    """The units that stand in a column, and what each number is in the column's own one."""

    units: tuple[str, ...]
    """For each text, "" where no unit stands with the number."""
    factors: dict[str, float | None]
    """By unit, what makes the column's own one of it; None where nobody knows."""

    @classmethod
    def of(cls, signs: Signs, pairs: Sequence[tuple[str, str]] = ()) -> Amounts:
        """Look at a column's units, its name, what a finding says, and what (old and new) was corrected by hand."""
        written = signs.written
        units = tuple("" if gone else unit_of(text) for text, gone in zip(written.texts, written.missing, strict=True))
        rows = Counter[str]()
        for unit, count in zip(units, written.counts.tolist(), strict=True):
            rows[unit] += count if unit else 0
        rows = +rows
        said = _said(signs, units)
        most = max(rows, key=lambda unit: (rows[unit], unit), default="")
        own = next((unit for unit in named_units(written.name) if any(_comparable(unit, each) for each in rows)), "")
        clear = not rows or rows[most] >= OWN * rows.total()
        factors: dict[str, float | None] = {}
        for unit in rows:
            if own and _comparable(unit, own):
                factors[unit] = factor(unit, own)
            elif unit in said:
                factors[unit] = said[unit]
            elif unit == most:
                factors[unit] = 1.0 if clear or _family(unit) is not None else None
            else:
                factors[unit] = factor(unit, most)
        for unit in _refuted(pairs, factors):
            factors[unit] = None
        return cls(units, factors)

    def factor(self, code: int) -> float | None:
        """Return by what the number of a text is to be multiplied; None where its unit cannot be taken away."""
        unit = self.units[code] if self.factors else ""
        return self.factors.get(unit, 1.0) if unit else 1.0


def unit_of(text: str) -> str:
    """Return the unit or currency that stands with a number; "" where none does, also for a percent sign.

    >>> unit_of("22.9 miles"), unit_of("$5"), unit_of("3 EUR"), unit_of("1.2k"), unit_of("12 %"), unit_of("5 pieces")
    ('mi', 'usd', 'eur', '', '', 'pieces')
    """
    scan = None if PLAIN.fullmatch(text) else scan_number(text.strip(OUTER))
    if scan is None or scan.percent:
        return ""
    if scan.currency:
        return MONEY.get(scan.currency, scan.currency)
    if is_multiplier(scan):
        return ""
    word = first_word(scan.unit)
    return SPELLED.get(word, word)


def named_units(name: str) -> tuple[str, ...]:
    """Return the units that a column's name ends or begins with.

    >>> named_units("commute_km"), named_units("fare_eur"), named_units("age")
    (('km',), ('eur',), ())
    """
    parts = words(name)
    found = [MONEY.get(SPELLED.get(part, part), SPELLED.get(part, part)) for part in (*parts[-1:], *parts[:1])]
    return tuple(unit for unit in dict.fromkeys(found) if unit in CODES or _family(unit) is not None)


def factor(unit: str, other: str) -> float | None:
    """Return how many of the other unit one of this unit is; None where that cannot be said.

    >>> round(factor("mi", "km"), 6), factor("usd", "eur"), factor("kg", "km")
    (1.609344, None, None)
    """
    if unit == other:
        return 1.0
    family = next((each for each in FAMILIES if unit in each and other in each), None)
    return family[unit] / family[other] if family is not None else None


def _family(unit: str) -> int | None:
    return next((at for at, family in enumerate(FAMILIES) if unit in family), None)


def _comparable(unit: str, other: str) -> bool:
    """Tell whether two units measure the same: both are money, or both are lengths."""
    return (_is_money(unit) and _is_money(other)) or factor(unit, other) is not None


def _is_money(unit: str) -> bool:
    return unit in CODES or unit in MONEY or (len(unit) == 1 and not unit.isalpha())


def _said(signs: Signs, units: tuple[str, ...]) -> dict[str, float]:
    """Return by unit what the finding about mixed units multiplies it by."""
    found: dict[str, float] = {}
    for row, new in signs.detected_new.items():
        code = int(signs.written.codes[row])
        unit, number = units[code], signs.written.numbers[code]
        if unit and unit not in found and signs.detected_kind.get(row) == MIXED_UNITS and number:
            scan = scan_number(new)
            made = parse_number(scan.body) if scan is not None else None
            if made is not None:
                found[unit] = abs(made / float(number))
    return found


def _refuted(pairs: Sequence[tuple[str, str]], factors: dict[str, float | None]) -> set[str]:
    """Return the units whose numbers were corrected by hand to others than those that the factors give."""
    found = set()
    for old, new in pairs:
        times, scans = factors.get(unit_of(old)), (scan_number(old.strip(OUTER)), scan_number(new.strip(OUTER)))
        before, after = (None if scan is None else parse_number(scan.body) for scan in scans)
        if times is None or before is None or after is None:
            continue
        if abs(before * times - after) > SAME * abs(after):
            found.add(unit_of(old))
    return found


def plain_number(signs: Signs, amounts: Amounts) -> Rule | None:
    """Return the rule that writes a number in the way in which its column writes numbers."""
    written = signs.written
    if "units" not in signs.by_text:
        return None
    weights = signs.by_text["units"]
    ways, counts = number_ways(written)
    usual = usual_way(counts)
    plain = [text for text, way in zip(written.texts, ways, strict=True) if way == usual]
    padded = counts[usual] >= PLAIN_SHARE * counts.total() and any(_padded(text) for text in plain)
    comma = usual == COMMA or ("#" in usual and written.column.decimal == ",")
    places = _decimals(written, ways, usual)
    what = {COMMA: "with a decimal comma"}.get(usual, f"as {usual!r}")
    what = "only the number is kept" if usual in {"", GROUPED} else f"it is written {what}"
    why = f"numbers of this column are written in several ways: {what}"

    def mend(code: int) -> list[tuple[str, str]]:
        times = amounts.factor(code)
        if weights[code] <= 0 or times is None:
            return []
        text, number = written.texts[code], float(written.numbers[code])
        scan = scan_number(text.strip(OUTER))
        if times != 1.0:
            number, said = number * times, f"{why}, and {amounts.units[code]} is converted"
            # One decimal more than stood there: rounding loses no more than writing it in the other unit had lost.
            body = f"{number:.{max(places, _decimals_of(scan) + 1)}f}"
        else:
            body, said = _digits(scan, number, padded=padded or comma), why
        if usual == GROUPED:
            return [(f"{number:,.15g}" if number.is_integer() else body, said)]
        body = body.replace(".", ",") if comma else body
        return [(usual.replace("#", body, 1) if "#" in usual and usual != COMMA else body, said)]

    return mend


def _digits(scan: Scan | None, number: float, *, padded: bool) -> str:
    """Return a number with the decimals that it is written with, or as short as it can be."""
    short = f"{number:.15g}"
    if scan is None or not padded:
        return short
    body = scan.body.replace(",", ".") if decimal_sign(scan.body) == "," and "." not in scan.body else scan.body
    body = f"-{body}" if scan.negative else body
    return body if _reads(body, number) else short


def _decimals_of(scan: Scan | None) -> int:
    body = "" if scan is None else scan.body
    sign = decimal_sign(body)
    return min(MOST_DECIMALS, len(body.rpartition(sign)[2])) if sign else 0


def _decimals(written: Written, ways: list[str | None], usual: str) -> int:
    """Return how many decimals most numbers of a column are written with."""
    counted = Counter[int]()
    for text, way, count in zip(written.texts, ways, written.counts.tolist(), strict=True):
        if way == usual:
            counted[_decimals_of(scan_number(text.strip(OUTER)))] += count
    return counted.most_common(1)[0][0] if counted else 0


def _padded(text: str) -> bool:
    scan = scan_number(text.strip(OUTER))
    return scan is not None and "." in scan.body and scan.body.endswith("0")


def _reads(body: str, number: float) -> bool:
    try:
        return float(body) == number
    except ValueError:
        return False
