"""Drift: a change that a simulation injects, from a day on, at once or slowly.

    KIND[:COLUMN][=AMOUNT][@DAY[-DAY]]      relation:age=0.5@60      inputs:income@60-90

With two days the change grows evenly from the first to the second; with one it is whole at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Values, read_frame
from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.tasks.base import Floats

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import RowModel

WRITTEN = re.compile(
    r"(?P<kind>[a-z]+)(?::(?P<column>.+?))?(?:=(?P<amount>\d+(?:\.\d+)?))?(?:@(?P<first>\d+)(?:-(?P<last>\d+))?)?"
)
SHAPE = "write KIND[:COLUMN][=AMOUNT][@DAY[-DAY]], such as relation:age=0.5@60 or inputs:income@60-90."
CANDIDATES = 6
"""Of so many rows one is drawn where some are to be likelier than others."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What may be injected."""

    meaning: str
    amount: float
    """How much, by default."""
    most: float
    wants_column: bool
    redraws: bool = False
    """Whether it changes which rows come, not what they hold."""


KINDS: Mapping[str, Kind] = {
    "none": Kind("nothing changes", 0.0, 0.0, wants_column=False),
    "relation": Kind(
        "outcomes turn round: in a share of the rows, or where a column is high, of a share of the rows",
        0.3, 1.0, wants_column=False,
    ),
    "inputs": Kind("rows with high values of a column come more often", 1.0, 10.0, wants_column=True, redraws=True),
    "classes": Kind("rarer outcomes come more often", 1.0, 10.0, wants_column=False, redraws=True),
    "missing": Kind("a column is empty in a share of the rows", 1.0, 1.0, wants_column=True),
    "unit": Kind("a column is written in another unit: so many times as much", 100.0, 1e9, wants_column=True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """A change, and when it comes."""

    kind: str
    column: str | None
    amount: float
    first: int
    last: int

    @classmethod
    def read(cls, text: str, *, days: int) -> Drift:
        """Return what a text writes; without a day it comes after a third of the `days`. Raises OptionError."""
        found = WRITTEN.fullmatch(text)
        if found is None:
            raise OptionError(f"{text!r:.80} is no drift.", hint=SHAPE)
        name = found["kind"]
        if name not in KINDS:
            raise OptionError.unknown("drift", name, KINDS)
        kind = KINDS[name]
        if kind.wants_column and found["column"] is None:
            raise OptionError(f"Drift {name!r} is one of a column.", hint=f"write {name}:COLUMN.")
        first = days // 3 if found["first"] is None else int(found["first"])
        last = first if found["last"] is None else int(found["last"])
        amount = kind.amount if found["amount"] is None else float(found["amount"])
        if not first <= last or first >= days:
            raise OptionError(
                f"{text!r:.80} does not begin within {days:,} days, or ends before it begins.", hint=SHAPE
            )
        if not 0.0 <= amount <= kind.most:
            raise OptionError(f"{text!r:.80}: the amount lies between 0 and {kind.most:g}.")
        return cls(name, found["column"], amount, first, last)

    def strength(self, day: int) -> float:
        """Return how much of the change is there: 0 before it, 1 from its last day on.

        >>> slow = Drift("inputs", "age", 1.0, 10, 20)
        >>> [slow.strength(day) for day in (9, 15, 20)]
        [0.0, 0.5, 1.0]
        """
        if day < self.first or self.kind == "none":
            return 0.0
        return 1.0 if day >= self.last else (day - self.first) / (self.last - self.first)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON, with the sentence that tells it."""
        return {"kind": self.kind, "column": self.column, "amount": self.amount, "first": self.first,
                "last": self.last, "sentence": self.sentence}  # fmt: skip

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        of = "" if self.column is None else f" ({self.column})"
        slow = "" if self.first == self.last else f", slowly until day {self.last}"
        return f"{self.kind}{of}: {KINDS[self.kind].meaning}; amount {self.amount:g}{slow}."


class Pool:
    """Rows of a source with a known outcome, drawn day by day as the drifts of a simulation say.

    Each row comes once before any comes again. What a day draws follows from the seed alone. Raises ColumnError where a
    column is not there, DataError where no outcome is known.
    """

    def __init__(self, model: RowModel, frame: pl.DataFrame, drifts: Sequence[Drift], *, seed: int) -> None:
        parts = model.parts
        if model.target not in frame.columns:
            raise ColumnError.missing(model.target, frame.columns, what="target column")
        y = model.task.encode_known(frame[model.target].to_list(), parts.schema[model.target], parts.classes)
        known = np.flatnonzero(np.isfinite(y))
        if not len(known):
            raise DataError("No row of the source has an outcome that the model knows.")
        self._frame, self._y = frame[known].drop(model.target), y[known]
        self._classes, self._drifts, self._seed = parts.classes, drifts, seed
        self._values: dict[str, Values] = {}
        for name in dict.fromkeys(drift.column for drift in drifts if drift.column is not None):
            if name not in self._frame.columns or name not in parts.schema:
                raise ColumnError.missing(name, self._frame.columns, what="drifting column")
            self._values[name] = read_frame(self._frame, [parts.schema[name]])[name]
            if any(each.kind == "unit" and each.column == name for each in drifts) and not _is_number(
                self._values[name]
            ):
                raise ColumnError(f"{name!r} holds no numbers: it has no unit.")

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self._y)

    def outcomes(self, y: Floats) -> list[Any]:
        """Return outcomes as they are told: labels, or numbers."""
        return [self._classes[int(place)] for place in y.tolist()] if self._classes else y.tolist()

    def day(self, day: int, rows: int) -> tuple[pl.DataFrame, Floats]:
        """Return the raw rows of a day and their outcomes (n,): class positions, or numbers."""
        redrawn = any(KINDS[drift.kind].redraws for drift in self._drifts)
        wanted = rows * CANDIDATES if redrawn else rows
        places = self._stream(day * wanted, wanted)
        return self._changed(places, rows, day, np.random.default_rng([self._seed, 1, day]))

    def at(self, day: int, rows: int) -> tuple[pl.DataFrame, Floats]:
        """Return rows as they are when every drift that has begun by a day is whole: what an oracle learns from."""
        whole = max((drift.last for drift in self._drifts if drift.first <= day), default=day)
        random = np.random.default_rng([self._seed, 2, day])
        wanted = min(rows * CANDIDATES, self.height)
        begun = [drift for drift in self._drifts if drift.first <= day]
        return self._changed(random.permutation(self.height)[:wanted], rows, whole, random, begun)

    def _stream(self, start: int, count: int) -> NDArray[np.intp]:
        """Return places of an endless stream of permutations of all rows."""
        found = []
        while count:
            turn, within = divmod(start, self.height)
            part = np.random.default_rng([self._seed, 0, turn]).permutation(self.height)[within : within + count]
            found.append(part)
            start, count = start + len(part), count - len(part)
        return np.concatenate(found)

    def _changed(
        self,
        places: NDArray[np.intp],
        rows: int,
        day: int,
        random: np.random.Generator,
        drifts: Sequence[Drift] | None = None,
    ) -> tuple[pl.DataFrame, Floats]:
        drifts = self._drifts if drifts is None else drifts
        weight = np.ones(len(places))
        for drift in drifts:
            if KINDS[drift.kind].redraws and (strength := drift.strength(day)):
                values = self._y if drift.column is None else self._values[drift.column]
                height = _rarity(values) if drift.kind == "classes" and self._classes else _height(values)
                weight *= np.exp(drift.amount * strength * height[places])
        rows = min(rows, len(places))
        taken = np.sort(random.choice(len(places), rows, replace=False, p=weight / weight.sum()))
        places = places[taken]
        frame, y = self._frame[places], self._y[places].copy()
        for drift in drifts:
            if (strength := drift.strength(day)) and not KINDS[drift.kind].redraws:
                frame, y = self._put(drift, strength, frame, y, places, random)
        return frame, y

    def _put(
        self,
        drift: Drift,
        strength: float,
        frame: pl.DataFrame,
        y: Floats,
        places: NDArray[np.intp],
        random: np.random.Generator,
    ) -> tuple[pl.DataFrame, Floats]:
        """Return rows and outcomes with a change in them."""
        import polars as pl

        chance = random.random(len(y))
        if drift.kind == "relation":
            inside = np.ones(len(y), dtype=np.bool_)
            share = drift.amount * strength
            if drift.column is not None:
                height = _height(self._values[drift.column])
                inside = height[places] >= np.quantile(height, 1.0 - drift.amount)
                share = strength
            return frame, np.where(inside & (chance < share), self._turned(y), y)
        name = str(drift.column)
        if drift.kind == "missing":
            gone = pl.Series(chance < drift.amount * strength)
            return frame.with_columns(pl.when(gone).then(None).otherwise(pl.col(name)).alias(name)), y
        values = np.asarray(self._values[name], dtype=np.float64)[places]
        values = np.where(chance < strength, values * drift.amount, values)
        return frame.with_columns(pl.Series(name, values, nan_to_null=True)), y

    def _turned(self, y: Floats) -> Floats:
        """Return each outcome turned round: the next class, or the number mirrored at the median."""
        if self._classes:
            return np.asarray((y + 1) % len(self._classes), dtype=np.float64)
        return np.asarray(2.0 * np.median(self._y) - y, dtype=np.float64)


def _is_number(values: Values) -> bool:
    return not isinstance(values, Coded)


def _height(values: Values) -> Floats:
    """Return (n,) how high each value is among all: ranks of mean 0 and variance 1; of categories, rarer is higher."""
    if isinstance(values, Coded):
        return _rarity(values.codes.astype(np.float64))
    numbers = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=np.nanmedian(values))
    _, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - counts / 2.0)[place] / len(numbers)
    return np.asarray((ranks - 0.5) * np.sqrt(12.0), dtype=np.float64)


def _rarity(codes: Values) -> Floats:
    """Return (n,) how rare each category is: places from the most frequent on, spread from -1 to 1."""
    _, place, counts = np.unique(np.asarray(codes), return_inverse=True, return_counts=True)
    order = np.empty(len(counts))
    order[np.argsort(-counts, kind="stable")] = np.linspace(-1.0, 1.0, len(counts)) if len(counts) > 1 else 0.0
    return order[place]
