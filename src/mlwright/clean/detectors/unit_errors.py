"""Numbers in another unit or scale than the rest of their column: pounds among kilograms, cents among euros."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, ks_2samp

from mlwright.clean.base import Cells, Context, Detection, Rows, shown
from mlwright.clean.measures.expectation import Expected, askable, expected_of, spread_of
from mlwright.clean.measures.units import CONVERSIONS, Conversion, conversions_of, decimals_of, is_round, written
from mlwright.clean.names import words
from mlwright.clean.repairs import Rescale
from mlwright.columns import Floats
from mlwright.findings import Finding, percent
from mlwright.table import Table

APART = 5.5
"""The wrong values must lie so many spreads from where the others expect them: nearer ones cannot be told apart."""
WIDEST = 3.0
"""Values so many spreads around a place are counted as being there."""
FEWEST = {True: 3, False: 8}
"""So few wrong values make a power of ten, and any other factor."""
LEAST_SHARE, MOST_SHARE = 0.001, 0.2
VALLEY = 0.3
"""Beside the wrong values, on either side, there must be fewer than this share of their number: a bump, no tail."""
OF_THE_TAIL = 0.4
"""Of all values so far out, at least this share lies just where the factor says."""
BY_A_TAIL = 0.005
"""A tail that falls, however slowly, must have no more than this chance of so many values there and so few before."""
FEW = 8
OFF, NEARLY = 0.5, 0.3
"""The middle of the converted values may be so many spreads off, and their distribution function so far."""
UNLIKE = 1e-5
"""A probability below which the wrong values, converted, are not like the right ones."""
DISTINCT = 8
"""A column of fewer different numbers has levels, such as 1, 10 and 100, and no unit to mistake."""
BACK = 0.9
"""At least so many of the converted values are as round as the right ones."""
MOST_BY_CHANCE = 0.2
"""A conversion is proved by the roundness of what it gives only where any number is so round this rarely."""
CODE_ROWS, CODE_TIMES = 10, 5.0
"""A number is a code where so many of the wrong values are that one, so many times more than others, and than those
that are what it would be."""
NEAR_BY = 1e-3
"""A converted number is found again where one differs by no more than this part of it: it was rounded."""
WITHIN = 5.0
"""Of the rows, those are named that lie so many spreads at most from where the factor says."""


_FACTORS = tuple(each for each in CONVERSIONS if not each.affine)
_ZEROS = tuple(sorted((c for c in CONVERSIONS if c.ten and c.times >= 100.0), key=lambda c: -c.times))


@dataclass(frozen=True, slots=True)
class _Minority:
    """A part of a column that a conversion brings back among the others."""

    expected: Expected
    conversion: Conversion
    rows: Rows
    """All of its rows, not only those of the sample."""
    strength: float


class UnitErrors:
    """Finds values that come back among the others once they are divided by a known factor.

    Evidence is a bump in what is left after the other columns have had their say: exactly one factor away, as wide and
    as round as the body, with a valley before it. A heavy tail has no bump.
    """

    name: ClassVar[str] = "unit_errors"
    kinds: ClassVar[tuple[str, ...]] = ("unit_errors",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column and factor."""
        asked = set(askable(context))
        found: list[_Minority] = []
        for column in context.of_kind("number", "integer"):
            if context.stop():
                break
            if column.distinct < DISTINCT:
                continue
            found += _minorities(context, column.name, alone=column.name not in asked)
        for minority in _convincing(context, found):
            codes = _codes(context, minority)
            scaled = np.setdiff1d(minority.rows, codes).astype(np.intp)
            if len(scaled) >= FEWEST[minority.conversion.ten]:
                yield _told(context, replace(minority, rows=scaled), table.rows, codes)


def _minorities(context: Context, name: str, *, alone: bool, without: tuple[str, ...] = ()) -> list[_Minority]:
    """Return the strongest minority of a column, and the strongest of what it leaves."""
    found: list[_Minority] = []
    for affine in (False, True):
        conversions = conversions_of(name, affine=affine)
        if not conversions:
            continue
        expected = expected_of(context, name, without=without, alone=alone, logged=False if affine else None)
        if expected is None or not (affine or expected.logged) or context.stop():
            continue
        found += _by_format(context, expected, conversions if affine else _FACTORS)
        found += [] if affine else _by_zeros(context, expected)
        looked = [each for c in _possible(expected, conversions) if (each := _minority(context, expected, c))]
        if alone and looked:
            return _minorities(context, name, alone=False, without=without)
        found += looked
    found.sort(key=lambda each: -each.strength)
    kept: list[_Minority] = []
    for each in found:
        at = next((at for at, other in enumerate(kept) if len(np.intersect1d(each.rows, other.rows))), None)
        if at is None:
            kept.append(each)
        elif kept[at].conversion == each.conversion:
            kept[at] = replace(kept[at], rows=np.union1d(kept[at].rows, each.rows).astype(np.intp))
    return kept


def _possible(expected: Expected, conversions: Sequence[Conversion]) -> list[Conversion]:
    """Return the conversions that move values far enough, and to where there are any."""
    if not expected.logged:
        return list(conversions)
    here = np.sort(expected.residual)
    here = (here - here[len(here) // 2]) / _floor(expected)
    moved = np.array([np.log(each.times) for each in conversions]) / _floor(expected)
    near = np.searchsorted(here, moved + WIDEST) - np.searchsorted(here, moved - WIDEST)
    fewest = np.maximum([FEWEST[each.ten] for each in conversions], LEAST_SHARE * len(here))
    worth = (np.abs(moved) >= APART) & (near >= fewest)
    return [each for each, may in zip(conversions, worth.tolist(), strict=True) if may]


def _by_format(context: Context, expected: Expected, conversions: Sequence[Conversion]) -> list[_Minority]:
    """Return what explains values of more decimals than the rest: 154.32 among whole kilograms is 70 again in pounds.

    Which values are looked at is known before their size is asked about, so a much smaller shift is convincing.
    """
    values = context.numbers(expected.name)
    places = decimals_of(values[expected.rows])
    if places is None or not 0 < (~is_round(values[expected.rows], places)).mean() <= MOST_SHARE:
        return []
    known = np.flatnonzero(np.isfinite(expected.scaled(values))).astype(np.intp)
    odd = known[~is_round(values[known], places)]
    if not FEWEST[True] <= len(odd) or not LEAST_SHARE <= len(odd) / len(known) <= MOST_SHARE:
        return []
    if not expected.helps and places:  # where small values are written with more decimals, that is no other unit
        conversions = [conversion for conversion in conversions if not conversion.ten]
    more = decimals_of(values[odd], share=0.95)
    at, spread = expected.ask(odd), _floor(expected)
    centre = float(np.median(expected.residual)) / spread
    body = expected.residual[is_round(values[expected.rows], places)] / spread - centre
    here = (expected.scaled(values[odd]) - at) / spread - centre
    found = []
    for conversion in conversions:
        there = (expected.scaled(conversion.back(values[odd])) - at) / spread - centre
        back = conversion.back(values[odd]) * 10.0**places
        slack = 10.0 ** (places - more) * 0.51 / conversion.times if more is not None else 1e-6 * np.abs(back)
        fits = np.abs(back - np.round(back)) <= np.maximum(slack, 2e-6 * np.abs(back))
        chance = float(np.clip(2.0 * np.mean(np.maximum(slack, 2e-6 * np.abs(back))), 1e-6, 1.0))
        by_digits = not conversion.ten and chance <= MOST_BY_CHANCE
        if fits.mean() >= BACK and (by_digits or conversion.ten) and _is_back(here, there, body, by_digits, expected):
            rows = odd[fits & (np.abs(there) <= np.maximum(np.abs(here), 2.0 * WITHIN))]
            found.append(
                _Minority(expected, conversion, rows, _strength(conversion, expected.name, 2 * len(rows), there))
            )
    return [each for each in found if len(each.rows)]


def _is_back(here: Floats, there: Floats, body: Floats, by_digits: bool, expected: Expected) -> bool:  # noqa: FBT001
    """Tell whether values come nearer to what is expected by far more than luck, and are spread there like the rest."""
    doubt = 1.25 * max(1.0, spread_of(body)) / np.sqrt(len(here))
    before, after = abs(float(np.median(here))), abs(float(np.median(there)))
    if after > OFF + 3.0 * doubt or before - after < max(1.0, (3.0 if by_digits else 5.0) * doubt):
        return False
    if not by_digits and (len(here) < (5 if expected.helps else FEW)):
        return False
    if len(here) >= FEW and not 1 / 3 <= spread_of(there) / max(spread_of(body), 1e-9) <= 3:
        return False
    return _as_if_one(there, body, UNLIKE if expected.helps or by_digits else 0.01)


def _by_zeros(context: Context, expected: Expected) -> list[_Minority]:
    """Return what explains the largest values where they, and no others, end in zeros: 28 that became 28000.

    People round large numbers too; but these are, without their zeros, no rounder than the rest, and just as large.
    """
    values = context.numbers(expected.name)
    places = decimals_of(values[expected.rows])
    if places is None:
        return []
    known = np.flatnonzero(values > 0).astype(np.intp)
    whole = np.round(values[known] * 10.0**places)
    middle = np.median(whole) if len(whole) else np.nan
    found = []
    for conversion in _ZEROS:
        ends = (whole % conversion.times == 0) & (whole > middle * np.sqrt(conversion.times))  # nearer, taken back
        count = int(ends.sum())
        if count < FEW or not LEAST_SHARE <= ends.mean() <= MOST_SHARE:
            continue
        back, rest = whole[ends] / conversion.times, whole[~ends]
        largest = whole >= np.median(whole[ends])
        if ends[largest].mean() < BACK:
            continue
        as_round = max(float((rest % 10 == 0).mean()), 0.1)
        rounder = float(binom.sf(int((back % 10 == 0).sum()) - 1, count, as_round))
        if rounder >= 0.05 and ks_2samp(back, rest).pvalue >= 0.05 and len(np.unique(back)) >= 0.5 * FEW:
            strength = _strength(conversion, expected.name, count, np.zeros(1))
            found.append(_Minority(expected, conversion, known[ends], strength))
    return found[:1]


def _convincing(context: Context, found: list[_Minority]) -> list[_Minority]:
    """Leave out what another column's wrong values explain: a prediction made from them is wrong in the same rows."""
    found = sorted(found, key=lambda each: -each.strength)
    kept: list[_Minority] = []
    for each in found:
        name = each.expected.name
        shared = tuple(
            sorted(
                {
                    other.expected.name
                    for other in kept
                    if other.expected.name != name and len(np.intersect1d(each.rows, other.rows)) > 0.3 * len(each.rows)
                }
            )
        )
        if not shared:
            kept.append(each)
            continue
        again = _minorities(context, name, alone=False, without=shared)
        kept += [other for other in again if other.conversion == each.conversion]
    return kept


def _minority(context: Context, expected: Expected, conversion: Conversion) -> _Minority | None:
    """Return the part of the column that the conversion explains, or None where nothing speaks for it."""
    values = context.numbers(expected.name)
    sampled = values[expected.rows]
    at = expected.scaled(sampled) - expected.residual  # what is expected
    spread = _floor(expected)
    here = expected.residual / spread
    centre = float(np.median(here))
    there = (expected.scaled(conversion.back(sampled)) - at) / spread - centre
    here = here - centre
    near = _bump(here, there, conversion)
    if near is None or not _is_alike(here, there, near):
        return None
    wrong, right = sampled[near], sampled[np.abs(here) <= WIDEST]
    if not _is_as_round(wrong, right, conversion):
        return None
    rows = _all_rows(context, expected, conversion, centre, spread)
    if not len(rows):
        return None
    return _Minority(expected, conversion, rows, _strength(conversion, expected.name, len(rows), there[near]))


def _strength(conversion: Conversion, name: str, count: int, there: Floats) -> float:
    """Return how much speaks for a conversion: how many values, how near they come, how usual it is here."""
    usual = 2.0 if conversion.ten else 1.5 if conversion.hints.intersection(words(name)) else 1.0
    return usual * count * float(np.exp(-np.abs(np.median(there))))


def _floor(expected: Expected) -> float:
    """Return the spread of the residual, but no less than what rounding and luck make of it."""
    return max(expected.spread, 0.02 * expected.alone, 0.003 if expected.logged else 0.0)


def _bump(here: Floats, there: Floats, conversion: Conversion) -> NDArray[np.bool_] | None:
    """Return which values lie where the conversion says, if they stand out from what lies on either side of there."""
    moved = here - there  # how far the conversion moves each value, in spreads
    with np.errstate(invalid="ignore"):
        far = (np.abs(moved) >= APART) & (np.abs(here) > 2.5) & (np.sign(here) == np.sign(moved))
        apart = np.abs(moved[far])
        if not len(apart):
            return None
        middle = float(np.median(apart))
        half = float(np.clip((middle - 2.5) / 3.0, 0.5, WIDEST))
        beyond = np.where(moved > 0, there, -there)  # 0 is where the conversion says, negative is nearer to the body
        inside = max(0.5 * middle, 3.0) - middle
        near = far & (np.abs(there) <= half)
        inner = far & (beyond >= inside) & (beyond < -half)
        outer = far & (beyond > half) & (beyond <= 3.0 * half)
        tail = far & (beyond >= inside)
        body = float((np.abs(here) <= half).mean())
    count, before = int(near.sum()), int(inner.sum())
    if count < FEWEST[conversion.ten] or not LEAST_SHARE <= count / len(here) <= MOST_SHARE or body < 0.5:
        return None
    valley = max(-half - inside, 0.1)
    beside = max(1.2 * VALLEY, 1.5 * (1.0 - body) / body)  # the body itself may reach so far
    if before / valley > VALLEY * count / (2.0 * half) or int(outer.sum()) > beside * count:
        return None
    falling = float(binom.sf(count - 1, count + before, 2.0 * half / (2.0 * half + valley)))
    return near if count >= OF_THE_TAIL * int(tail.sum()) and falling <= BY_A_TAIL else None


def _is_alike(here: Floats, there: Floats, near: NDArray[np.bool_]) -> bool:
    """Tell whether the converted values are spread around what is expected as the right ones are."""
    wrong = there[near]
    reach = float(np.abs(wrong).max())
    right = here[np.abs(here) <= reach]
    if abs(float(np.median(wrong) - np.median(right))) > OFF + 3.0 * 1.25 / np.sqrt(len(wrong)):
        return False
    if len(wrong) >= FEW and not 1 / 3 <= spread_of(wrong) / max(spread_of(right), 1e-9) <= 3:
        return False
    return bool(len(right)) and _as_if_one(wrong, right, UNLIKE)


def _as_if_one(wrong: Floats, right: Floats, least: float) -> bool:
    """Tell whether both may come from one law, or nearly: of very many values every small difference is certain."""
    test = ks_2samp(wrong, right)
    return bool(test.pvalue >= least or test.statistic <= NEARLY)


def _is_as_round(wrong: Floats, right: Floats, conversion: Conversion) -> bool:
    """Tell whether powers of ten, taken back, are numbers of as many decimals as the right ones, and not all alike."""
    if len(np.unique(wrong)) < (3 if len(wrong) >= FEW else 2) or len(np.unique(right)) < DISTINCT:
        return False
    if not conversion.ten:
        return True
    places = decimals_of(right)
    if places is None:
        return True
    return bool(is_round(conversion.back(wrong), places).mean() >= BACK)


def _all_rows(context: Context, expected: Expected, conversion: Conversion, centre: float, spread: float) -> Rows:
    """Return every row of the table that lies where the conversion says, nearer than to where it is expected."""
    values = context.numbers(expected.name)
    at = expected.ask(np.arange(len(values), dtype=np.intp))
    here = (expected.scaled(values) - at) / spread - centre
    there = (expected.scaled(conversion.back(values)) - at) / spread - centre
    moved = here - there
    with np.errstate(invalid="ignore"):
        reach = np.minimum(np.maximum(WITHIN, 0.15 * np.abs(moved)), 0.45 * np.abs(moved))
        wrong = (np.abs(there) <= reach) & (np.abs(moved) >= APART) & (np.abs(here) > np.abs(there))
        if conversion.ten and (places := decimals_of(values[np.abs(here) <= WIDEST])) is not None:
            wrong &= is_round(conversion.back(values), places)
    return np.flatnonzero(wrong).astype(np.intp)


def _codes(context: Context, minority: _Minority) -> Rows:
    """Return the rows of numbers that stand there again and again, and whose converted value hardly ever does.

    85.0 eighty times among temperatures is what a sensor says that does not work, and no Fahrenheit.
    """
    values = context.numbers(minority.expected.name)
    numbers, counts = np.unique(values[minority.rows], return_counts=True)
    back = minority.conversion.back(numbers)
    known, often = np.unique(values[~np.isnan(values)], return_counts=True)
    first = np.searchsorted(known, back - NEAR_BY * np.abs(back), "left")
    last = np.searchsorted(known, back + NEAR_BY * np.abs(back), "right")
    odd = (counts >= CODE_ROWS) & (counts >= CODE_TIMES * np.median(counts))
    for at in np.flatnonzero(odd).tolist():
        odd[at] = counts[at] >= CODE_TIMES * often[first[at] : last[at]].max(initial=0)
    return minority.rows[np.isin(values[minority.rows], numbers[odd])]


def _told(context: Context, minority: _Minority, total: int, codes: Rows) -> Detection:
    name, conversion, rows = minority.expected.name, minority.conversion, minority.rows
    values = context.numbers(name)
    wrong = values[rows]
    places = decimals_of(values[np.setdiff1d(np.flatnonzero(~np.isnan(values)), rows)])
    new: tuple[str | None, ...] = tuple(written(value, places) for value in conversion.back(wrong))
    example = context.texts(name)[int(rows[0])]
    confidence = 0.95 if conversion.ten or len(rows) >= 20 else 0.85
    repair = _interval(values, rows, name, conversion)
    return Detection(
        finding=Finding(
            kind="unit_errors",
            columns=(name,),
            rows=shown(rows),
            message=f"{len(rows):,} value{'s' if len(rows) > 1 else ''} of {name!r} ({percent(len(rows) / total)} of "
            f"the rows) {conversion.words(name)}, such as {example!r}, which would be {new[0]!r}.",
            severity="warning",
            confidence=confidence,
            repair=f"Convert them: {repair.words}." if repair else "Convert these cells.",
        ),
        rows=rows,
        cells=(Cells(name, rows, new, np.full(len(rows), confidence)), *_unconverted(name, codes, confidence)),
        repair=repair,
    )


def _unconverted(name: str, codes: Rows, confidence: float) -> tuple[Cells, ...]:
    return (Cells(name, codes, None, np.full(len(codes), confidence)),) if len(codes) else ()


def _interval(values: Floats, rows: Rows, name: str, conversion: Conversion) -> Rescale | None:
    """Return the rule that converts what lies in one interval, where hardly a right value does."""
    wrong = values[rows]
    low, high = float(wrong.min()), float(wrong.max())
    others = np.delete(values, rows)
    others = others[~np.isnan(others)]
    if ((others >= low) & (others <= high)).any():
        return None
    below, above = others[others < low], others[others > high]
    if not len(below) and not len(above):
        return None
    bottom = 0.5 * (float(below.max()) + low) if len(below) else None
    top = 0.5 * (float(above.min()) + high) if len(above) else None
    return Rescale(name, bottom, top, conversion.factor, conversion.offset)
