"""Formats: the same value written otherwise gets the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlwright.clean.contract.fields import Field, NotOne
from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds.common import EARLIEST, LATEST, columns_of, farthest, moved_by, shown
from mlwright.learn.base import Floats
from mlwright.schema import Column
from mlwright.values.times import EPOCHS

Write = Callable[[Any, Any, Column], Iterator[Any]]


def _plain(typed: float, column: Column) -> str | None:
    """Return a number as text, with the column's decimal mark; None where it takes an exponent."""
    text = str(int(typed)) if typed.is_integer() and abs(typed) < 1e15 else repr(typed)
    return None if "e" in text else text.replace(".", column.decimal)


def _text(raw: Any, typed: Any, column: Column) -> Iterator[Any]:
    """Yield a number as text, and a text of a number as number."""
    if column.kind not in {"number", "integer"}:
        return
    if not isinstance(raw, str):
        yield _plain(typed, column)
    else:
        yield typed


def _thousands(raw: Any, typed: Any, column: Column) -> Iterator[Any]:  # noqa: ARG001  one signature for all
    """Yield a number of four digits or more with marks between thousands: "1,234.5"."""
    if column.kind not in {"number", "integer"} or abs(typed) < 1_000:
        return
    plain = _plain(typed, column)
    if plain is not None:
        whole, mark, fraction = plain.partition(column.decimal)
        yield f"{int(whole):,}".replace(",", "." if column.decimal == "," else ",") + mark + fraction


def _spaces(raw: Any, typed: Any, column: Column) -> Iterator[Any]:
    """Yield the text between spaces that nobody meant."""
    text = raw if isinstance(raw, str) else _plain(typed, column) if column.kind in {"number", "integer"} else None
    if text is not None:
        yield f"  {text} "


def _case(raw: Any, typed: Any, column: Column) -> Iterator[Any]:  # noqa: ARG001  one signature for all
    """Yield the text in capitals and in small letters."""
    if isinstance(raw, str) and column.kind in {"boolean", "category", "text"}:
        yield from (raw.upper(), raw.lower())


def _dates(raw: Any, typed: Any, column: Column) -> Iterator[Any]:  # noqa: ARG001  one signature for all
    """Yield a moment in ISO 8601 with and without a zone, and as a date of Python."""
    if column.kind != "datetime" or not EARLIEST <= typed <= LATEST or column.datetime_format in EPOCHS:
        return
    moment = datetime.fromtimestamp(typed, UTC)
    yield from (moment.isoformat(), moment.replace(tzinfo=None).isoformat(" "), moment)


def _words(raw: Any, typed: Any, column: Column) -> Iterator[Any]:  # noqa: ARG001  one signature for all
    """Yield yes and no in other words."""
    if column.kind == "boolean":
        yield from ("yes", "true", "1", True, 1) if typed else ("no", "false", "0", False, 0)


WAYS: dict[str, tuple[Write, str]] = {
    "text": (_text, "as text"),
    "thousands": (_thousands, "with marks between thousands"),
    "spaces": (_spaces, "between spaces"),
    "case": (_case, "in capitals or small letters"),
    "dates": (_dates, "as a date in another format"),
    "words": (_words, "as yes/no in other words"),
}
"""Ways to write a value otherwise, with how they are called."""


def _ways(value: object) -> tuple[str, ...]:
    given = (value,) if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not given or not all(each in WAYS for each in given):
        raise NotOne(f"a list of some of {', '.join(map(repr, WAYS))}")
    return tuple(given)


class Formats:
    """Writes the value of each row in every other way there is."""

    name = "formats"
    meaning = "the same value in another format gets the same answer"
    options: Mapping[str, Field] = {"ways": Field(_ways, f"how else it is written: {', '.join(WAYS)}; by default all")}
    needs_columns = True
    strict = False

    def suits(self, column: Column) -> str | None:
        """Pass over durations: they are numbers of seconds here."""
        return "holds durations, which are written in one way here" if column.kind == "duration" else None

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield each row with its value written otherwise."""
        column = setting.column(test)
        for place, raw, typed in sample.known(column):
            for way in test.options.get("ways") or WAYS:
                for value in WAYS[way][0](raw, typed, column):
                    if value is not None and (value != raw or type(value) is not type(raw)):
                        yield Case(place, sample.changed(place, column.name, value), shown(raw), shown(value))

    def tried(
        self, test: BehaviourTest, cases: Sequence[Case], before: Floats, after: Floats, setting: Setting
    ) -> list[Tried]:
        """Return for each row the format that moved its answer farthest."""
        return farthest(cases, before, after, setting.watched(test))

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done."""
        ways = test.options.get("ways") or ()
        how = " or ".join(WAYS[way][1] for way in ways) if ways else "in another format"
        return f"Writing {columns_of(test)} {how}"

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:
        """Return what the answer must not do."""
        return moved_by(setting.answer(test), most)
