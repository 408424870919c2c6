"""How the values of a request are read: every fault is one sentence that names its place."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from mlwright.errors import OptionError, nearest
from mlwright.values import as_text, is_null, parse_datetime, parse_number, plain
from mlwright.values.times import moment_seconds

MOST_CONDITIONS = 20
MOST_CAPS = 10
MOST_VALUES = 1_000
MOST_CONDITIONS_IN_ALL = 200
"""Conditions of a request, in its filters and in what it boosts and buries: each is looked up among all items."""
MOST_WHERES = 100
"""Boosts and burials of a request that have `where`; those that name an item may be many."""
MOST_LISTED = 10_000
MOST_CAP = 100
LONGEST_TEXT = 1_000
LARGEST_BOOST = 100.0
LATEST = 253_402_300_799.0
"""The last second of the year 9999."""
_EPOCHS = ((1e17, 1e9), (1e14, 1e6), (2.6e11, 1e3))
"""A number of at least the first can be no seconds of a year up to 9999: it counts these parts of a second."""
_PARTS = ("in", "not_in", "from", "to")


@dataclass(frozen=True, slots=True)
class Condition:
    """What an item has to be like in one column; texts are casefolded, moments and numbers are numbers."""

    column: str
    within: frozenset[str] | None = None
    """One of the item's values has to be one of these."""
    without: frozenset[str] = frozenset()
    """None of its values may be one of these."""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Boost:
    """Items that move: one by its id, or those that meet conditions; `by` is in standard deviations."""

    item: object = None
    where: tuple[Condition, ...] | None = None
    by: float = 1.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place in a request, as its faults name it, and the columns that items have (None: not known)."""

    place: str
    columns: Collection[str] | None = None

    def within(self, more: str) -> Wanted:
        """Return a place further inside."""
        return replace(self, place=self.place + more)

    def fault(self, wanted: str, value: object, hint: str | None = None) -> OptionError:
        """Return the error of a value that is not what is wanted here."""
        try:
            shown = f"{value!r:.80}" if isinstance(value, str | int | float) else type(value).__name__
        except ValueError:  # an integer of thousands of digits
            shown = type(value).__name__
        return OptionError(f"{self.place} has to be {wanted}; it is {shown}.", hint=hint)

    def listed(self, value: object, most: int) -> list[object]:
        """Return the entries of a list that has no more than so many."""
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise self.fault("a list", value, hint=f'write "{self.place}": [...]')
        try:
            found = value.tolist() if isinstance(value, np.ndarray) and value.ndim else list(value)
        except TypeError:  # an array of no dimension
            raise self.fault("a list", value, hint=f'write "{self.place}": [...]') from None
        if len(found) > most:
            raise OptionError(f"{self.place} has {len(found):,} entries; at most {most:,} are read.")
        return found

    def named(self, value: object, most: int) -> Mapping[str, object]:
        """Return an object that has no more than so many names, each a text."""
        if not isinstance(value, Mapping):
            raise self.fault("an object", value)
        if len(value) > most:
            raise OptionError(f"{self.place} has {len(value):,} entries; at most {most:,} are read.")
        return {str(name): one for name, one in value.items()}

    def check_names(self, value: Mapping[str, object], allowed: Collection[str], required: str = "") -> None:
        """Raise where an object has a name that it cannot have, or lacks one."""
        for name in value:
            if name not in allowed:
                near = nearest(str(name), allowed)
                raise OptionError(
                    f"{self.place} has no field {str(name)!r:.100}.",
                    hint=(f"did you mean {near!r}? " if near else "") + f"Fields: {', '.join(allowed)}.",
                )
        if required and required not in value:
            raise OptionError(f"{self.place} lacks the field {required!r}.")

    def column(self, name: str) -> str:
        """Return the name of a column that items have."""
        if self.columns is None or name in self.columns:
            return name
        if not self.columns:
            raise OptionError(
                f"{self.place} names the column {name!r:.100}, but nothing but ids is known of the items.",
                hint="build with a table of the items (--items).",
            )
        near = nearest(name, self.columns)
        raise OptionError(
            f"{self.place} names the column {name!r:.100}, which items do not have.",
            hint=(f"did you mean {near!r}? " if near else "") + f"Columns: {', '.join(sorted(self.columns)[:12])}.",
        )

    def id(self, value: object) -> object:
        """Return an id; None where there is none."""
        if isinstance(value, str | int | float | bool):
            return value
        if is_null(value):
            return None
        found = plain(value)
        if isinstance(found, Mapping | list | tuple | set):
            raise self.fault("an id", value)
        return found

    def is_absent(self, value: object) -> bool:
        """Tell whether there is no value."""
        return value is None or is_null(value)


def read_number(value: object, wanted: Wanted) -> float:
    """Return a finite number."""
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, int | float) or not _is_finite(found):
        raise wanted.fault("a number", value)
    return float(found)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def read_count(value: object, wanted: Wanted, low: int, high: int) -> int:
    """Return a whole number between two."""
    found = plain(value)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
        raise wanted.fault(f"a whole number from {low} to {high}", value)
    return found


def read_share(value: object, wanted: Wanted) -> float:
    """Return a number from 0 to 1."""
    found = plain(value)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        raise wanted.fault("a number from 0 to 1", value)
    return float(found)


def read_flag(value: object, wanted: Wanted) -> bool:
    """Return true or false."""
    found = plain(value)
    if not isinstance(found, bool):
        raise wanted.fault("true or false", value)
    return found


def read_text(value: object, wanted: Wanted) -> str | None:
    """Return a text of bounded length; a number as it is written."""
    found = as_text(wanted.id(value))
    if found is not None and len(found) > LONGEST_TEXT:
        raise OptionError(f"{wanted.place} has {len(found):,} characters; at most {LONGEST_TEXT:,} are read.")
    return found


def read_moment(value: object, wanted: Wanted) -> float:
    """Return seconds since 1970 of a text in ISO 8601, a date, or a number (also milli-, micro- and nanoseconds).

    >>> read_moment("1970-01-02", Wanted("at")), read_moment(1_700_000_000_000, Wanted("at"))
    (86400.0, 1700000000.0)
    """
    found = plain(value)
    seconds: float | None = None
    if isinstance(found, date):
        seconds = moment_seconds(found)
    elif isinstance(found, str):
        seconds = parse_datetime(found.strip())
    elif isinstance(found, int | float) and not isinstance(found, bool) and _is_finite(found):
        scale = next((parts for least, parts in _EPOCHS if abs(found) >= least), 1.0)
        seconds = float(found) / scale
    if seconds is None or abs(seconds) > LATEST:
        raise wanted.fault(
            "a time", value, hint="write it as 2026-01-31T18:00:00Z, or as a number of seconds since 1970."
        )
    return seconds


def read_ids(value: object, wanted: Wanted) -> tuple[object, ...]:
    """Return a list of ids; None among them is nothing."""
    listed = wanted.listed(value, MOST_LISTED)
    found = (wanted.within(f"[{place}]").id(one) for place, one in enumerate(listed))
    return tuple(one for one in found if one is not None)


def read_conditions(value: object, wanted: Wanted) -> tuple[Condition, ...]:
    """Return the conditions by column: {"class": {"in": [...]}, "year": {"from": 1990}}, or a value or list alone."""
    return tuple(
        _condition(wanted.within(f".{name:.100}").column(name), one, wanted.within(f".{name:.100}"))
        for name, one in wanted.named(value, MOST_CONDITIONS).items()
    )


def _condition(column: str, value: object, wanted: Wanted) -> Condition:
    if not isinstance(value, Mapping):
        many = isinstance(value, Iterable) and not isinstance(value, str | bytes)
        return Condition(column, within=_values(value if many else [value], wanted))
    wanted.check_names(value, _PARTS)
    if not value:
        raise wanted.fault('an object with "in", "not_in", "from" or "to"', value)
    low, high = (
        None if value.get(name) is None else _edge(value[name], wanted.within(f".{name}")) for name in ("from", "to")
    )
    if low is not None and high is not None and low > high:
        raise OptionError(f"{wanted.place} goes from {value['from']!r:.40} to {value['to']!r:.40}: nothing lies there.")
    return Condition(
        column,
        within=None if value.get("in") is None else _values(value["in"], wanted.within(".in")),
        without=frozenset() if value.get("not_in") is None else _values(value["not_in"], wanted.within(".not_in")),
        low=low,
        high=high,
    )


def _values(value: object, wanted: Wanted) -> frozenset[str]:
    found = (as_text(wanted.id(one)) for one in wanted.listed(value, MOST_VALUES))
    return frozenset(text.casefold() for text in found if text is not None)


def _edge(value: object, wanted: Wanted) -> float:
    """Return the number, or the seconds of the moment, that a range begins or ends with."""
    found = plain(value)
    if isinstance(found, int | float) and not isinstance(found, bool) and _is_finite(found):
        return float(found)
    if isinstance(found, date):
        return moment_seconds(found)
    number = parse_number(found) if isinstance(found, str) else None
    moment = parse_datetime(found.strip()) if isinstance(found, str) and number is None else number
    if moment is None:
        raise wanted.fault("a number or a time", value)
    return moment


def read_boosts(value: object, wanted: Wanted) -> tuple[Boost, ...]:
    """Return the items that move: ids, or objects with "item" or "where", and "by"."""
    found = []
    for place, entry in enumerate(wanted.listed(value, MOST_LISTED)):
        at = wanted.within(f"[{place}]")
        if not isinstance(entry, Mapping):
            found.append(Boost(at.id(entry)))
            continue
        at.check_names(entry, ("item", "where", "by"))
        if ("item" in entry) == ("where" in entry):
            raise OptionError(f'{at.place} has to have either "item" or "where".')
        by = 1.0 if entry.get("by") is None else read_number(entry["by"], at.within(".by"))
        if not 0 < by <= LARGEST_BOOST:
            raise at.within(".by").fault(f"a number above 0, at most {LARGEST_BOOST:g}", by)
        where = read_conditions(entry["where"], at.within(".where")) if "where" in entry else None
        found.append(Boost(at.id(entry.get("item")), where, by))
    return tuple(found)


def read_caps(value: object, wanted: Wanted) -> tuple[tuple[str, int], ...]:
    """Return how many items may share a value, by column."""
    return tuple(
        (wanted.within(f".{name:.100}").column(name), read_count(most, wanted.within(f".{name:.100}"), 1, MOST_CAP))
        for name, most in wanted.named(value, MOST_CAPS).items()
    )
