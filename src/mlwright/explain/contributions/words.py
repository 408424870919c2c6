"""The reasons of one answer in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from mlwright.evaluate import wording
from mlwright.schema import Column
from mlwright.tasks.base import Label
from mlwright.values import as_text

Typed = float | str | None

MAIN, OTHERS = 2, 3
"""So many reasons are named as the main ones, and at most so many beside them."""
WORTH_NAMING = 0.05
"""A reason is named among the others where it is at least this share of the largest one."""
CLIPPED = 40


@dataclass(frozen=True, slots=True)
class Reason:
    """What one column, or a group of columns that say nearly the same, does to the answer of one row."""

    columns: tuple[str, ...]
    said: str
    """The columns with their values, as a clause: "tenure is 2"."""
    value: float
    """In the unit of the explanation (log-odds, or the target's unit)."""
    shift: float
    """In what people read: a difference of probability, or the same as `value`."""


@dataclass(frozen=True, slots=True)
class Told:
    """One answer as people read it: the probability of a label, or a number; and that of a typical row."""

    target: str
    label: Label | None
    answer: float
    typical: float

    @property
    def percent(self) -> bool:
        """Whether a probability is told of."""
        return self.label is not None

    def shown(self, value: float) -> str:
        """Return a value of the answer as people read it."""
        return wording.percent(value) if self.percent else wording.number(value)

    def moved(self, shift: float, *, unit: bool) -> str:
        """Return a shift with its sign: "+21 points", "-3", "+24,000"."""
        sign = "+" if shift >= 0 else "-"
        if not self.percent:
            return sign + wording.number(abs(shift), 2)
        points = 100.0 * abs(shift)
        amount = f"{points:.0f}" if points >= 0.95 else wording.number(points, 1)
        return f"{sign}{amount}" + ((" point" if amount == "1" else " points") if unit else "")


def reasons(
    values: Sequence[float],
    row: Mapping[str, Typed],
    columns: Mapping[str, Column],
    groups: Sequence[tuple[str, ...]],
    scale: float,
) -> list[Reason]:
    """Return the reasons of one row, the largest first.

    `values` are contributions in the order of `columns`; `scale` turns them into what people read.
    """
    by_name = dict(zip(columns, values, strict=True))
    grouped = {name for group in groups for name in group}
    sets = [*groups, *((name,) for name in columns if name not in grouped)]
    found = []
    for names in sets:
        value = float(sum(by_name[name] for name in names))
        found.append(Reason(tuple(names), _clause(names, row, columns), value, scale * value))
    return sorted(found, key=lambda reason: -abs(reason.value))


def sentence(told: Told, found: Sequence[Reason]) -> str:
    """Say the answer and its main reasons in one sentence.

    >>> because = [Reason(("plan",), "plan is monthly", 1.1, 0.21), Reason(("age",), "age is 61", -0.2, -0.04)]
    >>> sentence(Told("churn", "yes", 0.44, 0.27), because).split(", mainly ")[0]
    'A chance of 44 % that churn is yes, where a typical row has 27 %'
    >>> sentence(Told("churn", "yes", 0.44, 0.27), because).split(", mainly ")[1]
    'because plan is monthly (+21 points); age is 61 takes 4 points off.'
    """
    answer, typical = told.shown(told.answer), told.shown(told.typical)
    if told.percent:
        opening = f"A chance of {answer} that {told.target} is {as_text(told.label)}, where a typical row has {typical}"
    else:
        opening = f"{told.target}: {answer}, where a typical row has {typical}"
    size = abs(found[0].value) if found else 0.0
    moving = [reason for reason in found if abs(reason.value) > max(WORTH_NAMING * size, 1e-12)]
    if not moving:
        return f"{opening}; nothing about this row moves the answer."
    net = sum(reason.value for reason in found)
    along = [reason for reason in moving if reason.value * net > 0]
    # Where reasons cancel out, the net difference is no direction to look along.
    main = (along if abs(net) > WORTH_NAMING * size and along else moving)[:MAIN]
    others = [reason for reason in moving if reason not in main][:OTHERS]
    because = " and ".join(
        f"{reason.said} ({told.moved(reason.shift, unit=place == 0)})" for place, reason in enumerate(main)
    )
    beside = "".join(f"; {reason.said} {_adds(told, reason.shift)}" for reason in others)
    return f"{opening}, mainly because {because}{beside}."


def _adds(told: Told, shift: float) -> str:
    amount = told.moved(shift, unit=True)[1:]
    return f"adds {amount}" if shift >= 0 else f"takes {amount} off"


def _clause(names: Sequence[str], row: Mapping[str, Typed], columns: Mapping[str, Column]) -> str:
    first, *rest = names
    clause = f"{first} is {shown(row.get(first), columns[first])}"
    if not rest:
        return clause
    beside = [f"{name} ({shown(row.get(name), columns[name])})" for name in rest[:MAIN]]
    if len(rest) > MAIN:
        beside.append(f"{len(rest) - MAIN} more like them")
    return f"{clause}, together with {' and '.join(beside)}"


def shown(value: Typed, column: Column) -> str:  # noqa: PLR0911  one line per kind
    """Return a typed value as people read it.

    >>> shown(1987.0, Column(name="year", kind="integer")), shown(None, Column(name="age", kind="number"))
    ('1987', 'missing')
    >>> shown(1.0, Column(name="paid", kind="boolean")), shown(86400.0, Column(name="day", kind="datetime"))
    ('yes', '1970-01-02')
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "missing"
    if isinstance(value, str):
        text = " ".join(value.split())
        clipped = text if len(text) <= CLIPPED else text[: CLIPPED - 1].rstrip() + "…"
        return f"“{clipped}”" if column.kind == "text" else clipped
    if column.kind == "boolean":
        return "yes" if value else "no"
    if column.kind == "datetime":
        return _moment(value)
    if column.kind == "duration":
        return str(timedelta(seconds=value)) if abs(value) < 1e12 else wording.number(value)
    if value == round(value) and abs(value) < 1e15:
        return wording.whole(value, column.low, column.high)
    return wording.brief(value, 4)


def _moment(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return wording.number(seconds)
    return moment.strftime("%Y-%m-%d" if seconds % 86_400 == 0 else "%Y-%m-%d %H:%M")
