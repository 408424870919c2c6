"""A later log as a stream: each event is answered before it happens, from what the person had taken until then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.model.recommender.later import check_has_history, read_later
from mlwright.model.recommender.recommend import Answer
from mlwright.model.recommender.recommender import recommender
from mlwright.model.recommender.replay import asked, is_new, once_a_day, request_of
from mlwright.monitor.events import SECOND, Cursor, Events
from mlwright.monitor.recorded_lists import marks_of
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.signals import signals
from mlwright.values import as_text

if TYPE_CHECKING:
    from mlwright.model import Model

TOGETHER = 1_000
"""So many events make a block."""


class LogSource:
    """The events of a log that came after the log that taught, one after another.

    Parameters
    ----------
    model
        The model; it answers as it is, and learns nothing on the way.
    source, query
        The log, as `build` reads it. What lies before the end of the log that taught counts as people's history alone.
    time
        The column of times, by default that of the log that taught; without any, rows are taken to be in order, one a
        second from 1970 on.

    Nobody counts more than once a day, and things that somebody had taken before do not count: they are not listed.
    Raises what `collect` raises, ColumnError, DataError where nothing came later.
    """

    has_outcomes = True

    def __init__(self, model: Model, source: object, *, time: str | None = None, query: str | None = None) -> None:
        from mlwright.collect import collect

        self._parts = recommender(model).parts
        self._version = model.version or 0
        table = collect(source, query=query)
        self._log = read_later(self._parts, table, time=time).interactions
        self.has_moments = self._log.has_time
        check_has_history(self._log, self._parts.answering.catalogue, table.origin)
        end = self._parts.answering.catalogue.end
        places = np.arange(len(self._log), dtype=np.intp)
        if self._log.has_time and end is not None:
            places = places[self._log.time > end]
            if not len(places):
                raise DataError(
                    f"Nothing in the log came after {_day(end)}, when the log that taught ended.",
                    where=table.origin,
                    hint="give a newer log, best with what people took before in it, too.",
                )
        places = places[is_new(self._log)[places]]
        counting = once_a_day(self._log.user[places], self._log.time[places], np.random.default_rng(len(places)))
        self._places = places[counting]

    def blocks(self, cursor: Cursor | None = None) -> Iterator[tuple[Events, Cursor]]:
        """Give the events behind the cursor in blocks, each with the new cursor; what was taken is their outcome."""
        start = max(0, (cursor or Cursor()).moment)
        while len(places := self._places[start : start + TOGETHER]):
            start += len(places)
            yield self._events(places), Cursor(start)

    def _events(self, places: NDArray[np.intp]) -> Events:
        log, answering, rows = self._log, self._parts.answering, len(places)
        queries = log.histories(log.user[places], log.time[places])
        requests = [request_of(log, queries, row) for row in range(rows)]
        answers = [answering.answer(request) for request in requests]
        P = np.zeros((rows, LIST))
        for row, (answer, place) in enumerate(zip(answers, places.tolist(), strict=True)):
            taken = [log.items[int(log.item[place])]]
            marks = marks_of(answering.catalogue, [one.item for one in answer.items], taken, ())
            if marks is not None:
                P[row] = marks[1]
        return Events(
            ids=tuple(f"{place:012d}" for place in places.tolist()),
            at=np.rint(log.time[places] * SECOND).astype(np.int64),
            version=self._version,
            columns=asked(answers),
            P=P,
            answered=np.full(rows, np.nan),
            given=np.ones(rows, dtype=np.bool_),
            interval=np.full((rows, 2), np.nan),
            y=np.ones(rows),
            flags=((),) * rows,
            latency=np.full(rows, np.nan),
            propensity=np.full(rows, np.nan),
            subjects=tuple(as_text(log.users[int(log.user[place])]) for place in places.tolist()),
            requests=(None,) * rows,
            signals=self._signals(answers),
            counting=np.ones(rows, dtype=np.bool_),
        )

    def _signals(self, answers: list[Answer]) -> Floats:
        catalogue = self._parts.answering.catalogue
        codes = [[catalogue.find(one.item) for one in answer.items] for answer in answers]
        levels = [[one.level for one in answer.items] for answer in answers]
        return signals(catalogue.popularity, codes, levels, [float(LIST)] * len(answers))


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"
