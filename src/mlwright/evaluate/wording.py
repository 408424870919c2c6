"""Wording: numbers and counts as people read them. The one place that formats."""

from __future__ import annotations

import math

from mlwright.evaluate.intervals import Scored
from mlwright.tasks.base import Metric


def number(value: float, significant: int = 3) -> str:
    """Return a number with so many significant digits (all those before the point) and thousands separators.

    >>> number(1234567), number(0.123456), number(12.345), number(-0.00001234), number(3.0)
    ('1,234,567', '0.123', '12.3', '-0.0000123', '3.00')
    """
    if not math.isfinite(value):
        return "unknown"
    if value == 0.0:
        return "0"
    digits = significant - 1 - math.floor(math.log10(abs(value)))
    # Rounding may bring one more digit in front: 0.9996 is 1.00.
    digits = significant - 1 - math.floor(math.log10(abs(round(value, digits)))) if digits < 300 else digits
    return f"{value:,.{min(max(digits, 0), 12)}f}"


def brief(value: float, significant: int = 3) -> str:
    """Return a number as `number` does, without zeros that say nothing behind the point.

    >>> brief(2.4, 4), brief(46.4, 4), brief(0.2, 4), brief(3991.0), brief(1.0), brief(1200.0)
    ('2.4', '46.4', '0.2', '3,991', '1', '1,200')
    """
    text = number(value, significant)
    return text.rstrip("0").rstrip(".") if "." in text else text


YEARS = 1_000.0, 3_000.0
"""Whole numbers between these may be years, where all of a column's are."""


def whole(value: float, low: float | None = None, high: float | None = None) -> str:
    """Return a whole number with thousands separators, but for what may be a year, as far as its column's ends tell.

    >>> whole(3991.0, 0.0, 12000.0), whole(1987.0, 1950.0, 2020.0), whole(1987.0), whole(12000.0)
    ('3,991', '1987', '1987', '12,000')
    """
    ends = [value if end is None else end for end in (low, high)]
    return f"{value:.0f}" if YEARS[0] <= min(ends) and max(ends) <= YEARS[1] else f"{value:,.0f}"


def percent(value: float) -> str:
    """Return a share as a percentage.

    >>> percent(0.1234), percent(0.0042), percent(1.0), percent(0.9996)
    ('12.3 %', '0.42 %', '100 %', '99.96 %')
    """
    if not math.isfinite(value):
        return "unknown"
    hundredths = 100.0 * value
    near = min(abs(hundredths), abs(100.0 - hundredths))
    shown = f"{hundredths:.{1 if near >= 1.0 else 2}f}"
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} %"


def amount(value: float) -> str:
    """Return a number as it would be written by hand: all of a whole number, four digits of another.

    >>> amount(0.42), amount(12000.0), amount(11.61234), amount(1234.5)
    ('0.42', '12,000', '11.61', '1,234')
    """
    if not math.isfinite(value):
        return "unknown"
    if abs(value) < 1e15 and (value == round(value) or abs(value) >= 1_000):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def count(many: int, noun: str, several: str | None = None) -> str:
    """Return a count with its noun.

    >>> count(1, "row"), count(1234, "row"), count(2, "category", "categories")
    ('1 row', '1,234 rows', '2 categories')
    """
    return f"{many:,} {noun if many == 1 else several or noun + 's'}"


def scored(metric: Metric, value: float) -> str:
    """Return a score as people read this metric."""
    return percent(value) if metric.percent else number(value)


def gained(metric: Metric, value: float) -> str:
    """Return a difference of scores as people read this metric: percentage points where it is a percentage."""
    return f"{number(100.0 * value, 2)} percentage points" if metric.percent else number(value, 2)


def bettered(metric: Metric, value: float) -> str:
    """Return what an improvement does to the score: "add about 0.004 to the ROC AUC"."""
    amount = gained(metric, value)
    if metric.greater_is_better:
        return f"add about {amount} to the {named(metric)}"
    return f"take about {amount} off the {named(metric)}"


def named(metric: Metric) -> str:
    """Return the metric's name as people write it."""
    return metric.label or metric.name


def clause(metric: Metric, score: Scored) -> str:
    """Return what the model does, as a clause after "the model"."""
    template = metric.verdict or f"comes to {{score}} in {named(metric)} (95 % interval {{low}} to {{high}})"
    return template.format(
        score=scored(metric, score.value),
        low=scored(metric, score.low),
        high=scored(metric, score.high),
        score_100=hundred(score.value),
        low_100=hundred(score.low),
        high_100=hundred(score.high),
    )


def short(metric: Metric, value: float) -> str:
    """Return a score alone, in the unit that the metric's clause uses."""
    return hundred(value) if "{score_100}" in metric.verdict else scored(metric, value)


def hundred(value: float) -> str:
    """Return a share as a whole number of 100, with more digits where it would read 0 or 100 and is not.

    >>> hundred(0.894), hundred(0.9997), hundred(1.0), hundred(0.002)
    ('89', '99.97', '100', '0.2')
    """
    if not math.isfinite(value):
        return "unknown"
    if value in {0.0, 1.0}:
        return f"{100.0 * value:.0f}"
    shown = [f"{100.0 * value:.{digits}f}" for digits in range(4)]
    return next((text for text in shown if float(text) not in {0.0, 100.0}), shown[0])


def sentence(text: str) -> str:
    """Return the text as a sentence: a capital letter in front, a full stop behind."""
    text = text.strip()
    closed = text if text.endswith((".", "!", "?")) else text + "."
    return closed[:1].upper() + closed[1:]
