"""A column in plain words: one or two sentences for somebody who knows no statistics."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mlwright.report import format as words

KINDS: Final[dict[str, str]] = {
    "number": "number",
    "integer": "whole number",
    "category": "category",
    "boolean": "yes or no",
    "datetime": "date",
    "duration": "duration",
    "text": "text",
    "id": "identifier",
    "constant": "one value",
}
"""Kinds as people read them."""
PERIODS: Final[dict[str, tuple[str, str]]] = {
    "hour": ("hour", "hours"),
    "day": ("day", "days"),
    "weekday": ("working day", "working days"),
    "month": ("month", "months"),
    "quarter": ("quarter", "quarters"),
    "year": ("year", "years"),
    "decade": ("decade", "decades"),
}
SHORT = 50
YEARS: Final = (1000, 2999)
"""Whole numbers in this range are years where the column's name says so."""
_YEAR = re.compile(r"(?i)(?<![a-z])(?:years?|yr|jahr)(?![a-z])|(?<=[a-z])Year(?![a-z])")

Column = Mapping[str, Any]


def sentence(column: Column, rows: int) -> str:
    """Return what a column holds and how much of it is there."""
    present = rows - column["missing"]
    if not present:
        return "No row has a value." if rows else "There are no rows."
    return f"{TOLD[column['kind']](column, present)} {_missing(column)}"


def _missing(column: Column) -> str:
    missing = column["missing"]
    if not missing:
        return "Every row has a value."
    share = words.share(column["missing_share"])
    return f"{words.counted(missing, 'row')} ({share}) {'has' if missing == 1 else 'have'} none."


def writer(column: Column) -> Callable[[object], str]:
    """Return what writes the numbers of a column: years as years, not as amounts."""
    if column["kind"] == "duration":
        return words.duration
    low, high = column["numbers"]["low"], column["numbers"]["high"]
    if column["kind"] == "integer" and _YEAR.search(column.get("name", "")) and YEARS[0] <= low <= high <= YEARS[1]:
        return lambda value: f"{value:.0f}" if isinstance(value, (int, float)) else words.amount(value)
    return words.amount


def _numbers(column: Column, present: int) -> str:
    facts = column.get("numbers")
    if facts is None:
        return f"{words.counted(present, 'number')}."
    written = writer(column)
    what = {"integer": "Whole numbers", "duration": "Durations"}.get(column["kind"], "Numbers")
    low, high = written(facts["low"]), written(facts["high"])
    if facts["low"] == facts["high"]:
        return f"The same number in every row that has one: {low}."
    first, middle, third = (written(value) for value in facts["quartiles"])
    if first == third:
        return f"{what} from {low} to {high}, most of them {middle}."
    return f"{what} from {low} to {high}: half of them lie between {first} and {third}, the middle one is {middle}."


def _categories(column: Column, present: int) -> str:
    top, distinct = column.get("top") or [], column["distinct"]
    if not top:
        return f"{words.counted(distinct, 'different value')}."
    first = top[0]
    share = words.share(first["count"] / present)
    name = f"“{words.clipped(first['value'], SHORT)}”"
    if distinct == 1:
        return f"The same value wherever there is one: {name}."
    if distinct == 2 and len(top) == 2:
        other = f"“{words.clipped(top[1]['value'], SHORT)}”"
        return f"One of two values: {name} ({share}) or {other} ({words.share(top[1]['count'] / present)})."
    if first["count"] <= 1:
        return f"{words.count(distinct)} different values, none of them twice."
    return f"{words.count(distinct)} different values; the most frequent is {name} ({share})."


def _dates(column: Column, _present: int) -> str:
    facts = column.get("dates")
    if facts is None:
        return "Dates."
    if facts["first"] == facts["last"]:
        return f"The same moment wherever there is one: {facts['first']}."
    return f"Dates from {facts['first']} to {facts['last']}.{_gaps(facts.get('gaps'))}"


def _gaps(gaps: Mapping[str, Any] | None) -> str:
    if gaps is None:
        return ""
    one, many = PERIODS[gaps["unit"]]
    empty, longest = gaps["empty"], gaps["longest"]
    if not empty:
        return f" No {one} between is without a row."
    have = "has" if empty == 1 else "have"
    told = f" Of the {words.count(gaps['periods'])} {many} between, {words.count(empty)} {have} no row"
    if empty == 1:
        return f"{told}: {longest['first']}."
    if longest["periods"] == 1:
        return f"{told}, never two in a row."
    return f"{told}; the longest gap is {words.counted(longest['periods'], one, many)} from {longest['first']}."


def _texts(column: Column, present: int) -> str:
    facts = column.get("texts")
    if facts is None:
        return "Texts."
    low, middle, high = (facts[name] for name in ("shortest", "median", "longest"))
    told = f"Texts of {words.counted(high, 'character')}"
    if low != high:
        told = f"Texts of {words.count(low)} to {words.counted(high, 'character')}, half of them up to {middle:,}"
    if column["distinct"] == present:
        return f"{told}, each different from all others."
    return f"{told}; {words.count(column['distinct'])} of {words.count(present)} are different."


def _identifier(column: Column, present: int) -> str:
    if column["distinct"] == present:
        return "Says which row it is: no two rows have the same value."
    return (
        f"Says which row it is: {words.count(column['distinct'])} different values in {words.counted(present, 'row')}."
    )


TOLD: Final[dict[str, Callable[[Column, int], str]]] = {
    "number": _numbers,
    "integer": _numbers,
    "duration": _numbers,
    "boolean": _categories,
    "category": _categories,
    "constant": _categories,
    "datetime": _dates,
    "text": _texts,
    "id": _identifier,
}
