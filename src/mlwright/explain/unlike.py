"""What is said of rows that are unlike the rows that taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate import wording
from mlwright.explain.contributions.words import Typed, shown
from mlwright.explain.usual import MOST_LEVEL, Oddness, Usual
from mlwright.learn.base import Floats
from mlwright.schema import Column

__all__ = ["MOST_LEVEL", "Odd", "Unlike", "Usual", "unlike"]

NAMED = 3
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Odd:
    """What is odd about one column, or about how several meet."""

    columns: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class Unlike:
    """Whether rows are unlike the rows that taught, and what is odd about them.

    `p` is, of each row, about the share of rows like the training data that are at least as odd; `unlike` says whether
    that is at most `level`, the share of false alarms among such rows.
    """

    p: Floats
    unlike: NDArray[np.bool_]
    level: float
    cases: int
    tells: bool
    """Whether there are cases enough to call a row unlike them; else `unlike` is False everywhere."""
    odd: tuple[tuple[Odd, ...], ...] = field(repr=False)
    """Of each row that is unlike them, why."""
    new: tuple[tuple[Odd, ...], ...] = field(repr=False)
    """Of each row, the values beyond all that the training data held: categories never seen, numbers out of range."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.p)

    def __iter__(self) -> Iterator[bool]:
        """Iterate over the verdicts."""
        return iter(self.unlike.tolist())

    @property
    def text(self) -> list[str]:
        """One sentence for each row."""
        return [self._sentence(row) for row in range(len(self))]

    def _sentence(self, row: int) -> str:
        new = "; ".join(each.said for each in self.new[row][:NAMED])
        more = len(self.new[row]) - NAMED
        new += f"; and {more} more like this" if more > 0 else ""
        if not self.tells:
            few = f"The model keeps only {wording.count(self.cases, 'past row')}: too few to call a row unlike them."
            return f"{few} {wording.sentence(new)}" if new else few
        if not self.unlike[row]:
            like = f"This row is like the training data: {_share(self.p[row])} are as unusual."
            return f"{like} Still, {new}." if new else like
        named = {name for each in self.new[row] for name in each.columns}
        odd = [each for each in self.odd[row] if not named.issuperset(each.columns)]
        said = "; ".join([*([new] if new else []), *(each.said for each in odd)])
        opening = f"This row is unlike the training data: {_share(self.p[row])} are as unusual"
        return f"{opening}; {said}." if said else f"{opening}."

    def to_dict(self) -> dict[str, Any]:
        """Return JSON: for each row its p-value, the verdict, the reasons and a sentence."""

        def told(odd: Sequence[Odd]) -> list[dict[str, Any]]:
            return [{"columns": list(each.columns), "text": each.said} for each in odd]

        return {
            "level": self.level,
            "cases": self.cases,
            "rows": [
                {
                    "unlike": bool(self.unlike[row]),
                    "p": float(self.p[row]),
                    "odd": told(self.odd[row]),
                    "new": told(self.new[row]),
                    "text": text,
                }
                for row, text in enumerate(self.text)
            ],
        }

    def __repr__(self) -> str:
        """Return how many are unlike, and the first sentences."""
        lines = "".join(f"\n  {row}: {text}" for row, text in enumerate(self.text[:SHOWN]))
        more = f"\n  ... {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        return f"<Unlike: {int(self.unlike.sum()):,} of {wording.count(len(self), 'row')}>{lines}{more}"

    def _repr_html_(self) -> str:
        """Return the first sentences as a list."""
        lines = "".join(f"<li>{escape(text)}</li>" for text in self.text[:SHOWN])
        return f"<div><ol start='0'>{lines}</ol></div>"


def unlike(usual: Usual, columns: Columns) -> Unlike:
    """Return whether typed rows are unlike the cases, and why."""
    odd = usual.judge(columns)
    called = usual.is_unlike(odd)
    at = np.flatnonzero(called)
    why: dict[int, tuple[Odd, ...]] = {}
    if len(at):
        part = columns.take(at.astype(np.intp))
        apart, rare = usual.apart(part), usual.rare(odd)[at]
        why = {
            int(row): _why(usual, odd, int(row), part.row(place), apart[place], rare[place])
            for place, row in enumerate(at)
        }
    new = tuple(tuple(_new(usual.space.columns, columns.row(row))) for row in range(columns.rows))
    reasons = tuple(why.get(row, ()) for row in range(columns.rows))
    return Unlike(odd.p, called, usual.level, usual.space.rows, usual.tells, reasons, new)


def _why(
    usual: Usual, odd: Oddness, row: int, values: Mapping[str, Typed], apart: Floats, rare: NDArray[np.bool_]
) -> tuple[Odd, ...]:
    """Return the values that are rare by themselves, or the columns whose meeting is."""
    columns = usual.space.columns
    if odd.of_values[row] <= odd.of_meeting[row]:
        order = [at for at in np.argsort(-odd.rarity[row], kind="stable").tolist() if rare[at]][:NAMED]
        return tuple(_rare(columns[at], values[columns[at].name]) for at in order)
    order = [at for at in np.argsort(-apart, kind="stable").tolist()[:NAMED] if apart[at] > 0]
    if not order:
        return ()
    told = [f"{columns[at].name} ({shown(values[columns[at].name], columns[at])})" for at in order]
    said = "how its values meet is unusual" if len(told) < 2 else f"unusual is how {_listed(told)} meet"
    return (Odd(tuple(columns[at].name for at in order), said),)


def _rare(column: Column, value: Typed) -> Odd:
    if (new := _beyond(column, value)) is not None:
        return new
    return Odd((column.name,), f"{column.name} is {shown(value, column)}, which is rare")


def _new(columns: Sequence[Column], values: Mapping[str, Typed]) -> Iterator[Odd]:
    """Return the values beyond all that the training data held."""
    for column in columns:
        if (found := _beyond(column, values[column.name])) is not None:
            yield found


def _beyond(column: Column, value: Typed) -> Odd | None:
    """Return what is said of a value that no row of the training data had, or None."""
    if value is None:
        if column.missing_share > 0 or not (column.distinct or column.quantiles):
            return None
        return Odd((column.name,), f"{column.name} is missing, which it never was")
    said = f"{column.name} is {shown(value, column)}"
    if isinstance(value, str):
        known = column.categories
        if known is None or not known or len(known) < column.distinct or value in known or column.kind == "text":
            return None
        return Odd((column.name,), f"{said}, which was never seen")
    if column.low is None or column.high is None or column.low <= value <= column.high:
        return None
    where = "above" if value > column.high else "below"
    return Odd(
        (column.name,),
        f"{said}, {where} all that was seen ({shown(column.low, column)} to {shown(column.high, column)})",
    )


def _share(p: float) -> str:
    """Return a p-value in words."""
    if p < 0.01:
        return "fewer than 1 in 100 past rows"
    return f"about {round(100 * p)} in 100 past rows" if p < 0.5 else "at least half of all past rows"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
