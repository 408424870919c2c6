"""Wording: numbers and counts as people read them. The one place that formats."""

from __future__ import annotations

import math

from mlwright.evaluate.intervals import Scored
from mlwright.tasks.base import Metric


def number(value: float) -> str:
    """Return a number with three significant digits and thousands separators.

    >>> number(1234567), number(0.123456), number(12.345), number(-0.00001234), number(3.0)
    ('1,234,567', '0.123', '12.3', '-0.0000123', '3.00')
    """
    if not math.isfinite(value):
        return "unknown"
    if value == 0.0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    # Rounding may bring one more digit in front: 0.9996 is 1.00.
    digits = 2 - math.floor(math.log10(abs(round(value, digits)))) if digits < 300 else digits
    return f"{value:,.{min(max(digits, 0), 12)}f}"


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


def count(number_of: int, noun: str, several: str | None = None) -> str:
    """Return a count with its noun.

    >>> count(1, "row"), count(1234, "row"), count(2, "category", "categories")
    ('1 row', '1,234 rows', '2 categories')
    """
    return f"{number_of:,} {noun if number_of == 1 else several or noun + 's'}"


def scored(metric: Metric, value: float) -> str:
    """Return a score as people read this metric."""
    return percent(value) if metric.percent else number(value)


def gained(metric: Metric, value: float) -> str:
    """Return a difference of scores as people read this metric: percentage points where it is a percentage."""
    if metric.percent:
        return f"{number(100.0 * value)} percentage points"
    return f"{number(value)} {named(metric)}".strip()


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
    """Return a share as a whole number of 100, with a digit more where it would read 0 or 100."""
    if not math.isfinite(value):
        return "unknown"
    whole = f"{100.0 * value:.0f}"
    return f"{100.0 * value:.1f}" if whole in {"0", "100"} and value not in {0.0, 1.0} else whole


def sentence(text: str) -> str:
    """Return the text as a sentence: a capital letter in front, a full stop behind."""
    text = text.strip()
    closed = text if text.endswith((".", "!", "?")) else text + "."
    return closed[:1].upper() + closed[1:]
