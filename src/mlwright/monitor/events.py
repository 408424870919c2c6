"""Events: answered rows in blocks, and their outcomes, from the service's record or from a file and a model.

What is given, and in which order, is a function of the record (or the file) alone, so that a monitor that starts again,
or replays, sees the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns, read_frame
from mlwright.errors import ColumnError, ModelError
from mlwright.model import row_model
from mlwright.model.labelled import described_for
from mlwright.model.rows import require
from mlwright.monitor.reading import reading_of
from mlwright.monitor.recorded import RecordedAnswers
from mlwright.serve.record.following import (
    Followed,
    Row,
    answers_after,
    answers_of,
    count_answers,
    first_outcomes,
    latest_answers,
    outcomes_after,
    outcomes_by,
)
from mlwright.serve.record.histories import histories
from mlwright.tasks.base import Floats

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import Model
    from mlwright.schema import Column
    from mlwright.serve.record import Record

PAGE = 10_000
MARGIN_S = 60.0
"""What is younger than so many seconds is left for later: other processes may still write what belongs before it."""
MINUTE = 60_000_000
MARGIN = round(MARGIN_S * 1_000_000)
LOOKED_BACK = 10
"""For so many minutes it is watched whether answers come behind a cursor."""
SECOND = 1_000_000


@dataclass(frozen=True)
class Events:
    """Answered rows in their order; all arrays have one entry for each row, and NaN is what is not known."""

    ids: tuple[str, ...]
    at: NDArray[np.int64]
    """When each was answered, in microseconds since 1970."""
    version: int
    columns: Columns
    """Typed raw values of what the model reads, and of sensitive columns; not those that the record does not hold."""
    P: Floats
    """(n, k): what was predicted; NaN where the answer was withheld and no probabilities are recorded. Of lists: where
    what was then taken stood in them, and NaN as long as that is not known."""
    answered: Floats
    """What the model answers, also where something else was given: class positions, or numbers."""
    given: NDArray[np.bool_]
    """Whether that was given: not where a policy withheld it or put a default in its place."""
    interval: Floats
    """(n, 2): the ends of a number's interval."""
    y: Floats
    """Outcomes: class positions, or numbers; of lists how much was taken."""
    flags: tuple[tuple[Mapping[str, Any], ...], ...]
    """What was odd about each row: dicts with "kind" and "message", often with "column"."""
    latency: Floats
    """Microseconds."""
    propensity: Floats
    """The share of the traffic for which this version was chosen."""
    subjects: tuple[str | None, ...]
    requests: tuple[str | None, ...]
    signals: Floats
    """(n, s): what is watched of the answers: the predictions, or what is known of a list when it is given."""
    counting: NDArray[np.bool_] | None = None
    """(n,) which rows count, where whoever gives them has settled that nobody counts too often."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.ids)

    def take(self, index: NDArray[np.intp]) -> Events:
        """Return the rows at these positions."""
        places = index.tolist()
        return Events(
            ids=tuple(self.ids[place] for place in places),
            at=self.at[index],
            version=self.version,
            columns=self.columns.take(index),
            P=self.P[index],
            answered=self.answered[index],
            given=self.given[index],
            interval=self.interval[index],
            y=self.y[index],
            flags=tuple(self.flags[place] for place in places),
            latency=self.latency[index],
            propensity=self.propensity[index],
            subjects=tuple(self.subjects[place] for place in places),
            requests=tuple(self.requests[place] for place in places),
            signals=self.signals[index],
            counting=None if self.counting is None else self.counting[index],
        )


@dataclass(frozen=True)
class Cursor:
    """A place behind which a source goes on: a moment (or a row's number), and of those of that moment an id."""

    moment: int = -(2**62)
    id: str = ""
    behind: int = 0
    """How many came too late to be seen: answers behind the cursor, outcomes of which there was no answer."""
    minutes: tuple[tuple[int, int], ...] = ()
    """How many answers were seen of each of the last minutes."""

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"moment": self.moment, "id": self.id, "behind": self.behind, "minutes": list(map(list, self.minutes))}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cursor:
        """Return the cursor that `to_dict` wrote. Raises ModelError where it wrote no such thing."""
        try:
            minutes = tuple((int(minute), int(seen)) for minute, seen in data["minutes"])
            return cls(int(data["moment"]), str(data["id"]), int(data["behind"]), minutes)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError("The place of a monitor in its record is damaged.") from error


class RecordSource:
    """What a service recorded of one version of a model.

    Parameters
    ----------
    record
        The record.
    name, version
        Which answers.
    model
        The same version, which knows how its rows are read.
    delay
        Seconds after which an answer's outcome is taken to be what is known by then; 0: when it is first received.
    kind
        "answer", or "shadow" for what a challenger would have said.
    """

    def __init__(
        self, record: Record, name: str, version: int, model: Model, *, delay: float = 0.0, kind: str = "answer"
    ) -> None:
        self._record, self._who = record, Followed(name, version, kind)
        self._delay = round(delay * SECOND)
        self._reading = reading_of(model, partial(histories, record.engine, name))

    def blocks(self, cursor: Cursor | None = None, *, now: int | None = None) -> Iterator[tuple[Events, Cursor]]:
        """Give answers behind the cursor, in the order (at, id), in blocks of up to 10,000, each with the new cursor.

        Those of the last minute before `now` (microseconds; by default the clock's) are left for later. y is NaN.
        Raises OutputError.
        """
        cursor, until = cursor or Cursor(), self._until(now)
        while rows := answers_after(self._engine, self._who, (cursor.moment, cursor.id), until=until, limit=PAGE):
            cursor = self._moved(cursor, rows)
            yield self._events(rows, [None] * len(rows)), cursor

    def matured(self, cursor: Cursor | None = None, *, now: int | None = None) -> Iterator[tuple[Events, Cursor]]:
        """Give answers behind the cursor whose outcome counts, each once; in blocks, each with the new cursor.

        With a delay, all answers that are so old, in the order (at, id), with the outcome that was received by then (y
        is NaN where there was none). Without, in the order (received, id) of the first outcome; corrections that come
        more than a minute later do not count. Of the columns only the sensitive ones are read. Raises OutputError.
        """
        return self._delayed(cursor or Cursor(), now) if self._delay else self._received(cursor or Cursor(), now)

    def latest(self, rows: int, until: int, *, known: bool = False) -> Events:
        """Return so many of the latest answers before a moment (microseconds), the oldest of them first.

        `known`: of those that have an outcome, with it. Raises OutputError.
        """
        found = latest_answers(self._engine, self._who, until, rows, known=known)
        named = [row.of or row.id for row in found]
        told = outcomes_by(self._engine, self._who.model, dict.fromkeys(named, until)) if known else {}
        return self._events(found, [told.get(name) for name in named])

    def _delayed(self, cursor: Cursor, now: int | None) -> Iterator[tuple[Events, Cursor]]:
        until = self._until(now) - self._delay
        while rows := answers_after(self._engine, self._who, (cursor.moment, cursor.id), until=until, limit=PAGE):
            named = [row.of or row.id for row in rows]
            deadlines = {name: row.at + self._delay for name, row in zip(named, rows, strict=True)}
            known = outcomes_by(self._engine, self._who.model, deadlines)
            cursor = replace(cursor, moment=rows[-1].at, id=rows[-1].id)
            yield self._events(rows, [known.get(name) for name in named], beside=True), cursor

    def _received(self, cursor: Cursor, now: int | None) -> Iterator[tuple[Events, Cursor]]:
        until, model = self._until(now), self._who.model
        while told := outcomes_after(self._engine, model, (cursor.moment, cursor.id), until=until, limit=PAGE):
            first = first_outcomes(self._engine, model, told)
            found, unanswered = answers_of(self._engine, self._who, [row.id for row in first])
            behind = cursor.behind + len(unanswered)
            cursor = replace(cursor, moment=told[-1].received, id=told[-1].id, behind=behind)
            ours = [row for row in first if row.id in found]
            known = outcomes_by(self._engine, model, {row.id: row.received + MARGIN for row in ours})
            outcomes = [known.get(row.id) for row in ours]
            yield self._events([found[row.id] for row in ours], outcomes, beside=True), cursor

    @property
    def _engine(self) -> Any:
        return self._record.engine

    def _until(self, now: int | None) -> int:
        return (time.time_ns() // 1000 if now is None else now) - round(MARGIN_S * SECOND)

    def _moved(self, cursor: Cursor, rows: Sequence[Row]) -> Cursor:
        """Return the cursor behind these rows; minutes long passed are counted again, for what came behind it."""
        seen = dict(cursor.minutes)
        for row in rows:
            seen[row.at // MINUTE] = seen.get(row.at // MINUTE, 0) + 1
        settled = sorted(minute for minute in seen if minute < rows[-1].at // MINUTE - LOOKED_BACK)
        behind = cursor.behind
        if settled:
            span = settled[0] * MINUTE, (settled[-1] + 1) * MINUTE
            there = count_answers(self._engine, self._who, *span, each=MINUTE)
            behind += sum(max(0, there.get(minute, 0) - seen.pop(minute)) for minute in settled)
        return Cursor(rows[-1].at, rows[-1].id, behind, tuple(sorted(seen.items())))

    def _events(self, rows: Sequence[Row], outcomes: Sequence[str | None], *, beside: bool = False) -> Events:
        # Beside outcomes only the groups of people are looked at: all else of a row was seen when it was answered.
        said = self._reading.read(rows, outcomes, beside=beside)
        return Events(
            ids=tuple(row.id for row in rows),
            at=np.array([row.at for row in rows], dtype=np.int64),
            version=self._who.version,
            columns=said.columns,
            P=said.P,
            answered=said.answered,
            given=said.given,
            interval=said.interval,
            y=said.y,
            flags=tuple(tuple(msgspec.json.decode(row.flags)) if row.flags else () for row in rows),
            latency=_floats([row.latency_us for row in rows]),
            propensity=_floats([row.propensity for row in rows]),
            subjects=tuple(row.subject for row in rows),
            requests=tuple(row.request for row in rows),
            signals=said.signals,
        )


class FileSource:
    """Rows of a file (or of anything `collect` reads) as if a model had answered them, one after another.

    Parameters
    ----------
    model
        The model; it predicts block by block.
    source, query
        As `build` reads them. A single Parquet file without `time` is read block by block and never held whole.
    time
        The column that orders the rows; without it they are taken to be in order, one a second from 1970 on.
    """

    def __init__(self, model: Model, source: object, *, time: str | None = None, query: str | None = None) -> None:
        from mlwright.collect import collect

        self._parts = row_model(model).parts
        self._answers = RecordedAnswers(self._parts)
        self._version = model.version or 0
        if time is None and query is None and (lazy := _parquet(source)) is not None:
            self._frame: pl.LazyFrame = lazy
        else:
            self._frame = collect(source, query=query, sample=False).frame.lazy()
        self.names = tuple(self._frame.collect_schema().names())
        """The columns of the file."""
        require(self._parts.columns, self.names)
        self.has_outcomes = self._parts.target in self.names
        """Whether the file has the target."""
        self.has_moments = time is not None
        self._at: NDArray[np.int64] | None = None
        if time is not None:
            self._order(time)

    def blocks(self, cursor: Cursor | None = None) -> Iterator[tuple[Events, Cursor]]:
        """Give the rows behind the cursor in blocks of 10,000, each with the new cursor.

        y is the target where that is there.
        """
        start = max(0, (cursor or Cursor()).moment)
        while (frame := self._frame.slice(start, PAGE).collect()).height:
            yield self._events(frame, start), Cursor(start + frame.height)
            start += frame.height

    def matured(self, cursor: Cursor | None = None) -> Iterator[tuple[Events, Cursor]]:
        """Give the same where the file has the target; else nothing."""
        if self.has_outcomes:
            yield from self.blocks(cursor)

    def _order(self, time: str) -> None:
        if time not in self.names:
            raise ColumnError.missing(time, self.names, what="--time column")
        frame = self._frame.collect()
        column = self._parts.schema[time] if time in self._parts.schema else _inferred(frame.select(time))
        values = read_frame(frame.select(time), [column])[time]
        if not isinstance(values, np.ndarray):
            raise ColumnError(f"{time!r} holds neither times nor numbers: it cannot order the rows.")
        # Rows without a time come first, at the moment of the first that has one.
        filled = np.where(np.isnan(values), np.nanmin(values) if np.isfinite(values).any() else 0.0, values)
        order = np.lexsort((np.arange(len(values)), ~np.isnan(values), filled))
        self._frame, self._at = frame[order].lazy(), np.rint(filled[order] * SECOND).astype(np.int64)

    def _events(self, frame: pl.DataFrame, start: int) -> Events:
        parts, rows = self._parts, frame.height
        numbers = np.arange(start, start + rows, dtype=np.int64)
        columns = read_frame(frame, described_for(parts, frame, ()))
        P = parts.ensemble.predict(columns)
        answers = parts.answer(columns, P)
        ends = np.full((rows, 2), np.nan)
        if answers.lower is not None and answers.upper is not None:
            ends = np.stack([answers.lower, answers.upper], axis=1)
        target = frame[parts.target].to_list() if self.has_outcomes else [None] * rows
        return Events(
            ids=tuple(f"{number:012d}" for number in numbers.tolist()),
            at=numbers * SECOND if self._at is None else self._at[start : start + rows],
            version=self._version,
            columns=columns,
            P=P,
            answered=self._answers.known(answers.values.tolist()),
            given=np.ones(rows, dtype=bool),
            interval=ends,
            y=self._answers.known(target),
            flags=((),) * rows,
            latency=np.full(rows, np.nan),
            propensity=np.full(rows, np.nan),
            subjects=(None,) * rows,
            requests=(None,) * rows,
            signals=P,
        )


def _inferred(frame: pl.DataFrame) -> Column:
    """Return what a column holds that the model has never seen."""
    from mlwright.clean.question import Question
    from mlwright.clean.roles import infer_schema
    from mlwright.collect import collect

    return infer_schema(collect(frame), Question())[0].columns[0]


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _parquet(source: object) -> pl.LazyFrame | None:
    """Return a single Parquet file as it is read block by block; None where the source is something else."""
    import os
    from pathlib import Path

    import polars as pl

    if not isinstance(source, str | os.PathLike):
        return None
    path = Path(source)
    return pl.scan_parquet(path, glob=False) if path.suffix == ".parquet" and path.is_file() else None
