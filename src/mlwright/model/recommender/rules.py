"""What a request and a policy forbid and prefer, as arrays over the items, and what is worth telling of that."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlwright.errors import OptionError, nearest
from mlwright.model.recommender.known import Catalogue, ItemColumn
from mlwright.tasks.recommend.decide import Links, Mask, Scores
from mlwright.tasks.recommend.request import Request
from mlwright.tasks.recommend.wants import Boost, Condition
from mlwright.values import as_text

MOST_TOLD = 5
MOST_NOTES = 20
MOST_SEARCHES = 5
"""Values of a request for which the nearest is looked for ..."""
MOST_COMPARED = 300
"""... among so many: it takes some 10 microseconds each, ..."""
LONGEST_COMPARED = 100
"""... where texts are short: it grows with the square of their length."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing of an answer."""

    kind: str
    message: str


@dataclass(slots=True)
class Notes:
    """What is worth telling of one request: the first few notes, how many more there are, searches made."""

    told: list[Note] = field(default_factory=list)
    more: int = 0
    searches: int = 0

    def tell(self, kind: str, message: str) -> None:
        """Add a note, or count it where there are many."""
        if len(self.told) < MOST_NOTES:
            self.told.append(Note(kind, message))
        else:
            self.more += 1

    def nearest(self, text: str, among: Sequence[str]) -> str | None:
        """Return the closest of the given texts; None where none is close, or where it takes long to look for it."""
        if self.searches >= MOST_SEARCHES or len(among) > MOST_COMPARED or len(text) > LONGEST_COMPARED:
            return None
        self.searches += 1
        return nearest(text, (other for other in among if len(other) <= LONGEST_COMPARED))

    def all(self) -> tuple[Note, ...]:
        """Return the notes, the last of which counts those that are left out."""
        if not self.more:
            return tuple(self.told)
        noun = "note is" if self.more == 1 else "notes are"
        return (*self.told, Note("more", f"{self.more:,} more {noun} left out."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What forbids and what moves items, by position."""

    allowed: Mask
    pinned: tuple[int, ...] = ()
    lift: Scores | None = None
    buried: Mask | None = None
    caps: tuple[tuple[Links, int], ...] = ()
    notes: tuple[Note, ...] = field(default=())


def rules_of(request: Request, catalogue: Catalogue, moment: float, seen: Sequence[int]) -> Rules:
    """Return what holds for a request at a moment (NaN: not known); `seen` are the items of the history.

    Raises OptionError where a column that is named is not one of the items'.
    """
    notes = Notes()
    allowed = catalogue.there(moment)
    for condition in request.filters:
        allowed &= _meeting(condition, catalogue, notes)
    if request.only is not None:
        only = np.zeros(len(catalogue), dtype=np.bool_)
        only[_codes(request.only, catalogue, "only", notes)] = True
        allowed &= only
    allowed[_codes(request.exclude, catalogue, "exclude", notes)] = False
    if request.exclude_seen:
        allowed[list(seen)] = False
    return Rules(
        allowed=allowed,
        pinned=tuple(dict.fromkeys(_codes(request.pinned, catalogue, "pinned", notes))),
        lift=_lift(request.boosted, catalogue, notes),
        buried=_buried(request.buried, catalogue, notes),
        caps=tuple((_column(name, catalogue).links, most) for name, most in request.caps),
        notes=notes.all(),
    )


def _codes(items: Iterable[object], catalogue: Catalogue, field_name: str, notes: Notes) -> list[int]:
    """Return the positions of items; those that are not known are told."""
    given = list(items)
    found = [catalogue.find(item) for item in given]
    if -1 in found:
        unknown = [as_text(item) or "" for item, code in zip(given, found, strict=True) if code < 0]
        shown = ", ".join(f"{text:.60}" for text in unknown[:MOST_TOLD]) + (", ..." if len(unknown) > MOST_TOLD else "")
        noun = "item" if len(unknown) == 1 else "items"
        notes.tell(
            "unknown_items", f"{field_name} names {len(unknown):,} {noun} that the model does not know: {shown}."
        )
    return [code for code in found if code >= 0]


def _column(name: str, catalogue: Catalogue) -> ItemColumn:
    if name in catalogue.columns:
        return catalogue.columns[name]
    near = nearest(name, catalogue.columns)
    raise OptionError(
        f"The items have no column {name!r:.100}.",
        hint=f"did you mean {near!r}?" if near else "build with a table of the items (--items) that has it.",
    )


def _meeting(condition: Condition, catalogue: Catalogue, notes: Notes) -> Mask:
    """Return (items,) which meet a condition. What an item's table does not say meets nothing but `not_in`."""
    column = _column(condition.column, catalogue)
    found = np.ones(len(catalogue), dtype=np.bool_)
    if condition.within is not None:
        found &= column.having(condition.within)
        _tell_unknown(condition, column, notes)
    if condition.without:
        found &= ~column.having(condition.without)
    if condition.low is not None or condition.high is not None:
        if column.numbers is None:
            raise OptionError(
                f"The column {column.name!r} holds no numbers or times, so that it has no from and to.",
                hint=f'write "{column.name}": {{"in": [...]}}.',
            )
        low = -np.inf if condition.low is None else condition.low
        high = np.inf if condition.high is None else condition.high
        found &= (column.numbers >= low) & (column.numbers <= high)
    return found


def _tell_unknown(condition: Condition, column: ItemColumn, notes: Notes) -> None:
    unknown = heapq.nsmallest(MOST_TOLD, (text for text in condition.within or () if text not in column.folded))
    for text in unknown:
        near = notes.nearest(text, column.parts)
        notes.tell(
            "unknown_value",
            f"No item has {text!r:.60} in the column {column.name!r}"
            + (f"; did you mean {near!r:.60}?" if near else "."),
        )


def _where(conditions: Sequence[Condition], catalogue: Catalogue, notes: Notes) -> Mask:
    found = np.ones(len(catalogue), dtype=np.bool_)
    for condition in conditions:
        found &= _meeting(condition, catalogue, notes)
    return found


def _lift(boosts: Sequence[Boost], catalogue: Catalogue, notes: Notes) -> Scores | None:
    """Return how far items move up; what several boosts name moves by all of them."""
    if not boosts:
        return None
    found = np.zeros(len(catalogue), dtype=np.float32)
    _codes([boost.item for boost in boosts if boost.where is None], catalogue, "boosted", notes)  # one note for all
    for boost in boosts:
        if boost.where is None:
            if (code := catalogue.find(boost.item)) >= 0:
                found[code] += boost.by
        else:
            found[_where(boost.where, catalogue, notes)] += boost.by
    return found


def _buried(boosts: Sequence[Boost], catalogue: Catalogue, notes: Notes) -> Mask | None:
    if not boosts:
        return None
    found = np.zeros(len(catalogue), dtype=np.bool_)
    found[_codes([boost.item for boost in boosts if boost.where is None], catalogue, "buried", notes)] = True
    for boost in boosts:
        if boost.where is not None:
            found |= _where(boost.where, catalogue, notes)
    return found
