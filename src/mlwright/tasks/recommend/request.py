"""The request: what somebody who wants a list may say, and what it means.

`FIELDS` says it once, as data: reading a request, a service's schema, the help and the documentation all come from it.
A policy is the same fields without those about one person: what a service says once for all requests.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mlwright.errors import OptionError, nearest
from mlwright.schema import Column
from mlwright.tasks.recommend.wants import (
    MOST_CAPS,
    MOST_CONDITIONS,
    MOST_CONDITIONS_IN_ALL,
    MOST_VALUES,
    MOST_WHERES,
    Boost,
    Condition,
    Wanted,
    read_boosts,
    read_caps,
    read_conditions,
    read_count,
    read_flag,
    read_ids,
    read_moment,
    read_number,
    read_share,
    read_text,
)
from mlwright.values import as_text

MOST_HISTORY = 10_000
"""Entries that a history may have ..."""
USED_HISTORY = 1_000
"""... and those of them, the last ones, that are looked at; all of them count as seen."""
MOST_RECOMMENDED = 100
MOST_IDS = 10_000
_POINT_ZERO = re.compile(r"(-?[0-9]+)\.0+")
_PLAIN = frozenset({str, int})
_NUMBERS = frozenset({int, float})
_SOON = 1e11
"""Seconds up to the year 5138: no number below counts parts of a second."""


class Taken(NamedTuple):
    """An entry of a history: what was taken, when (seconds since 1970), and how it was rated."""

    item: object
    at: float | None = None
    rating: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is wanted, read and checked; ids are as they were given."""

    id: str | None = None
    user: str | None = None
    history: tuple[Taken, ...] = ()
    at: float | None = None
    k: int = 10
    filters: tuple[Condition, ...] = ()
    only: tuple[object, ...] | None = None
    exclude: tuple[object, ...] = ()
    exclude_seen: bool = True
    diversity: float = 0.0
    pinned: tuple[object, ...] = ()
    boosted: tuple[Boost, ...] = ()
    buried: tuple[Boost, ...] = ()
    caps: tuple[tuple[str, int], ...] = ()
    explore: float = 0.0
    stated: frozenset[str] = field(default_factory=frozenset)
    """The fields that were given."""

    def under(self, policy: Request) -> Request:
        """Return the request under a policy: limits of both hold, lists are joined, else what the request says."""
        kept = {name: getattr(policy, name) for name in policy.stated - self.stated}
        both: dict[str, Any] = {}
        for name in policy.stated & self.stated:
            if (join := _JOINED.get(name)) is not None:
                both[name] = join(getattr(policy, name), getattr(self, name))
        return replace(self, **kept, **both, stated=self.stated | policy.stated)


def _least(one: tuple[tuple[str, int], ...], other: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    found = dict(one)
    for name, most in other:
        found[name] = min(most, found.get(name, most))
    return tuple(found.items())


def _common(one: tuple[object, ...] | None, other: tuple[object, ...] | None) -> tuple[object, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    known = {_composed(item) for item in one}
    whole = {_whole(text) for text in known}
    texts = ((item, _composed(item)) for item in other)
    # Whichever of "1" and "1.0" the items have: "1" is found only where it means both.
    return tuple(item if text in known else _whole(text) for item, text in texts if _whole(text) in whole)


def _composed(item: object) -> str:
    return unicodedata.normalize("NFC", as_text(item) or "")


def _whole(text: str) -> str:
    """Return the text of an id without a point and noughts behind a whole number, as items are looked up."""
    return found[1] if (found := _POINT_ZERO.fullmatch(text)) else text


_JOINED: dict[str, Callable[[Any, Any], Any]] = {
    "filters": lambda one, other: one + other,
    "exclude": lambda one, other: one + other,
    "pinned": lambda one, other: one + other,
    "boosted": lambda one, other: one + other,
    "buried": lambda one, other: one + other,
    "only": _common,
    "caps": _least,
    "exclude_seen": lambda one, other: one or other,
}


def _read_history(value: object, wanted: Wanted) -> tuple[Taken, ...]:
    return tuple(
        Taken(entry) if type(entry) in _PLAIN else _quick(entry) or _read_taken(entry, wanted.within(f"[{place}]"))
        for place, entry in enumerate(wanted.listed(value, MOST_HISTORY))
    )


def _quick(entry: object) -> Taken | None:
    """Return an entry of plain JSON at once; None where it wants a closer look. Histories are long and asked often."""
    if type(entry) is not dict:
        return None
    item, at, rating = entry.get("item"), entry.get("at"), entry.get("rating")
    known = (item is not None) + ("at" in entry) + ("rating" in entry)
    if type(item) not in _PLAIN or known != len(entry):
        return None
    if not (at is None or (type(at) in _NUMBERS and -_SOON < at < _SOON)):
        return None
    if not (rating is None or (type(rating) in _NUMBERS and -_SOON < rating < _SOON)):
        return None
    return Taken(item, None if at is None else float(at), None if rating is None else float(rating))


def _read_taken(entry: object, wanted: Wanted) -> Taken:
    if not isinstance(entry, Mapping):
        return Taken(wanted.id(entry))
    wanted.check_names(entry, ("item", "at", "rating"), required="item")
    moment, rating = entry.get("at"), entry.get("rating")
    return Taken(
        wanted.id(entry["item"]),
        None if wanted.is_absent(moment) else read_moment(moment, wanted.within(".at")),
        None if wanted.is_absent(rating) else read_number(rating, wanted.within(".rating")),
    )


_ID: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_IDS = {"type": "array", "items": _ID, "maxItems": MOST_IDS}
_MOMENT = {"type": ["string", "number", "null"]}
_VALUES = {"type": "array", "items": _ID, "maxItems": MOST_VALUES}
_CONDITION = {
    "type": ["object", "array", "string", "number", "boolean"],
    "properties": {
        "in": _VALUES,
        "not_in": _VALUES,
        "from": {"type": ["number", "string"]},
        "to": {"type": ["number", "string"]},
    },
    "additionalProperties": False,
    "maxItems": MOST_VALUES,
}
_CONDITIONS = {"type": "object", "additionalProperties": _CONDITION, "maxProperties": MOST_CONDITIONS}
_BOOST = {
    "type": ["object", "string", "number"],
    "properties": {"item": _ID, "where": _CONDITIONS, "by": {"type": "number", "exclusiveMinimum": 0, "maximum": 100}},
    "additionalProperties": False,
}
_BOOSTS = {"type": "array", "items": _BOOST, "maxItems": MOST_IDS}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_TAKEN = {
    "type": [*_ID["type"], "object"],
    "properties": {"item": _ID, "at": _MOMENT, "rating": {"type": ["number", "null"]}},
    "required": ["item"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a request: what it means, how it is read, and its JSON Schema."""

    name: str
    meaning: str
    read: Callable[[object, Wanted], Any]
    schema: Mapping[str, Any]
    example: Any
    in_policy: bool = True
    """Whether a policy may say it for all requests."""


FIELDS: dict[str, Field] = {
    one.name: one
    for one in (
        Field(
            "history",
            "What the person took, the oldest first: ids as your data writes them, or objects with the time and the"
            " rating where they are known. Items that the model does not know are counted and ignored. The last"
            f" {USED_HISTORY:,} entries are looked at.",
            _read_history,
            {"type": "array", "items": _TAKEN, "maxItems": MOST_HISTORY},
            [50, {"item": 181, "at": "1998-04-01T20:15:00", "rating": 5}],
            in_policy=False,
        ),
        Field(
            "user",
            "Who asks, as a key of your own: a service that keeps histories finds the person's by it. It never changes"
            " what a given history gets.",
            read_text,
            {"type": ["string", "number", "null"]},
            "u-196",
            in_policy=False,
        ),
        Field(
            "k",
            "How many items to recommend.",
            lambda value, wanted: read_count(value, wanted, 1, MOST_RECOMMENDED),
            {"type": "integer", "minimum": 1, "maximum": MOST_RECOMMENDED},
            10,
        ),
        Field(
            "at",
            "The moment of asking: a time in ISO 8601 (UTC where no zone is said), or a number of seconds since 1970."
            " Items that did not exist then are not recommended.",
            read_moment,
            _MOMENT,
            "1998-04-02T19:00:00",
            in_policy=False,
        ),
        Field(
            "filters",
            "What recommended items have to be like, by column of the items' table: one of some values, none of some"
            " values, from a number or date, to one. All of them have to hold.",
            read_conditions,
            _CONDITIONS,
            {"class": {"in": ["Comedy"]}, "release_year": {"from": 1990, "to": 1999}},
        ),
        Field("only", "Nothing but these items may be recommended.", read_ids, _IDS, [1, 2, 3]),
        Field("exclude", "These items are never recommended.", read_ids, _IDS, [4]),
        Field(
            "exclude_seen",
            "Whether what stands in the history is left out of the list.",
            read_flag,
            {"type": "boolean"},
            example=True,
        ),
        Field(
            "diversity",
            "0 recommends by score alone; towards 1, items that are like those above them count for less.",
            read_share,
            _SHARE,
            0.3,
        ),
        Field(
            "pinned",
            "These items stand first, in this order, where nothing forbids them.",
            read_ids,
            {**_IDS, "maxItems": MOST_RECOMMENDED},
            [50],
        ),
        Field(
            "boosted",
            "These items move up: ids, or objects with an item or with `where` (as in filters), and `by` how much, in"
            " standard deviations of the person's scores (1 where it is not said). At most"
            f" {MOST_WHERES} entries of boosted and buried have `where`, and a request has at most"
            f" {MOST_CONDITIONS_IN_ALL} conditions.",
            read_boosts,
            _BOOSTS,
            [{"where": {"release_year": {"from": 1998}}, "by": 0.5}],
        ),
        Field("buried", "These items come after all others: ids, or objects with `where`.", read_boosts, _BOOSTS, [4]),
        Field(
            "caps",
            "At most so many items of the list may share a value of these columns of the items' table.",
            read_caps,
            {
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 1, "maximum": MOST_RECOMMENDED},
                "maxProperties": MOST_CAPS,
            },
            {"class": 3},
        ),
        Field(
            "explore",
            "0 always gives the same list; above, places are drawn by chance, better items more often, and each item"
            " comes with the probability that it was drawn: 0.1 changes little, 1 nearly everything.",
            read_share,
            _SHARE,
            0.1,
        ),
        Field(
            "id",
            "The request's own id: chance is drawn from it, so that the same request gets the same list.",
            read_text,
            {"type": ["string", "number", "null"]},
            "r-1",
            in_policy=False,
        ),
    )
}


def read_request(given: Mapping[str, Any], *, columns: Collection[str] | None = None) -> Request:
    """Read and check a request; `columns` are those of the items' table, None where they are not known.

    Raises OptionError, which names the field.
    """
    return _read(given, FIELDS, columns, "A request")


def read_policy(given: Mapping[str, Any], *, columns: Collection[str] | None = None) -> Request:
    """Read and check what holds for all requests. Raises OptionError, which names the field."""
    allowed = {name: one for name, one in FIELDS.items() if one.in_policy}
    return _read(given, allowed, columns, "A policy")


def _read(given: object, fields: Mapping[str, Field], columns: Collection[str] | None, what: str) -> Request:
    if not isinstance(given, Mapping):
        raise OptionError(f"{what} is an object with fields, not {type(given).__name__}.", hint='{"history": [...]}')
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            near = nearest(str(name), fields)
            raise OptionError(
                f"{what} has no field {str(name)!r:.100}.",
                hint=(f"did you mean {near!r}? " if near else "") + f"Fields: {', '.join(fields)}.",
            )
        if value is not None:
            values[name] = fields[name].read(value, Wanted(name, columns))
    found = Request(**values, stated=frozenset(values))
    _check_bounds(found, what)
    return found


def _check_bounds(request: Request, what: str) -> None:
    """Raise where there are so many conditions that the answer would take long."""
    wheres = [boost.where for boost in (*request.boosted, *request.buried) if boost.where is not None]
    if len(wheres) > MOST_WHERES:
        raise OptionError(
            f"{what} has {len(wheres):,} entries with `where` in boosted and buried; at most {MOST_WHERES} are read.",
            hint="give several values to one condition, or name the items by their ids.",
        )
    conditions = len(request.filters) + sum(map(len, wheres))
    if conditions > MOST_CONDITIONS_IN_ALL:
        raise OptionError(
            f"{what} has {conditions:,} conditions in filters, boosted and buried;"
            f" at most {MOST_CONDITIONS_IN_ALL} are read.",
            hint="give several values to one condition.",
        )


def request_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a request."""
    properties = {
        one.name: {**one.schema, "description": one.meaning, "examples": [one.example]} for one in FIELDS.values()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


ASKED: tuple[Column, ...] = (
    Column(name="history_length", kind="integer", low=0.0, note="How many entries the history has."),
    Column(name="unknown_items", kind="integer", low=0.0, note="Entries whose item the model does not know."),
    Column(name="days_since_last", kind="number", low=0.0, note="Days from the last entry with a time to the asking."),
    Column(name="days_spanned", kind="number", low=0.0, note="Days from the first entry with a time to the last."),
    Column(
        name="history_popularity",
        kind="number",
        low=0.0,
        high=1.0,
        note="How popular what was taken is: the average share of items that are taken less often.",
    ),
    Column(name="rated_share", kind="number", low=0.0, high=1.0, note="The share of entries that have a rating."),
    Column(name="k", kind="integer", low=1.0, high=float(MOST_RECOMMENDED), note="How many items were wanted."),
    Column(name="filters_used", kind="integer", low=0.0, note="Conditions on items, and a list of allowed ones."),
    Column(name="rules_used", kind="integer", low=0.0, note="Items pinned, boosted or buried, and caps."),
    Column(name="diversity", kind="number", low=0.0, high=1.0, note="How much diversity was wanted."),
)
"""What a request is like, in columns: a monitor watches these as it watches the columns of a row."""
