"""Player: answers rows as the service does, into a record, in a time of its own: for simulations and for tests."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlwright.adapt.forms import learning
from mlwright.errors import OutputError
from mlwright.registry.database import writing
from mlwright.registry.traffic import Traffic
from mlwright.registry.workspace import Workspace
from mlwright.serve.answers import Answer
from mlwright.serve.checking import Raw
from mlwright.serve.endpoint import Share, fraction, shares
from mlwright.serve.forms import in_service
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.problems import Problem
from mlwright.serve.record import Private, Record, microseconds
from mlwright.serve.record.answered import Answered, as_json, line
from mlwright.serve.record.tables import OUTCOME_HISTORY, OUTCOMES
from mlwright.serve.record.upsert import insert
from mlwright.serve.record.writer import Writer
from mlwright.serve.recording import line_of
from mlwright.serve.serving import Serving
from mlwright.values import as_text

LATENCY_US = 1_000
"""An answer takes so long."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Given:
    """What one row was answered."""

    id: str
    at: datetime
    version: int
    prediction: Any


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an answer, and when that was received."""

    id: str
    outcome: Any
    received: datetime


class Player:
    """Answers rows at moments that its caller chooses: by the model's traffic, with shadows, into the record.

    Which version answers which row follows from the row's moment (or from its sticky column) alone, so that the same
    rows at the same moments give the same record.
    """

    def __init__(self, workspace: Workspace, record: Record, name: str, *, private: Private | None = None) -> None:
        self._workspace, self._record, self._name = workspace, record, name
        self._private = private or Private()
        self._served: dict[int, Serving] = {}

    def answer(self, rows: Sequence[Raw], at: datetime, *, over: timedelta = DAY) -> list[Given | None]:
        """Answer rows, evenly within a time from a moment on; None for those that the service refuses.

        Raises ModelError where there is no such model, OutputError where the record cannot be written.
        """
        traffic = self._workspace.traffic(self._name)
        main = self._of(self._workspace.find(self._name).version)
        split = shares(main, [(self._target(target), share) for target, share in traffic.weights.items()])
        moments = [at + place * over / len(rows) for place in range(len(rows))]
        names = [f"{microseconds(moment):016x}{place:05d}" for place, moment in enumerate(moments)]
        heard: dict[int, tuple[Share, list[int]]] = {}
        for place, (row, name) in enumerate(zip(rows, names, strict=True)):
            chosen = _chosen(split, self._point(traffic, row, name)) or Share(main, 1.0, 1.0)
            heard.setdefault(chosen.served.version, (chosen, []))[1].append(place)
        given: list[Given | None] = [None] * len(rows)
        lines: list[tuple[int, Answered]] = []
        for share, places in heard.values():
            propensity = share.share if split else None
            for place, answer in _answers(share.served, rows, places, names):
                at_us = microseconds(moments[place])
                kept = line_of(answer, rows[place], share.served, at_us, LATENCY_US, names[place], propensity)
                lines.append((place, kept))
                given[place] = Given(names[place], moments[place], share.served.version, answer.prediction)
        lines.sort(key=lambda each: each[0])
        for served in map(self._target, traffic.shadow):
            lines += self._shadowed(served, rows, given)
        refused = Writer(self._record).write([line(each, self._private) for _, each in lines])
        if refused:
            raise OutputError(f"The record refuses {len(refused):,} answers.", hint="look at the values of the rows.")
        return given

    def tell(self, came: Iterable[Came]) -> None:
        """Receive outcomes, at their own moments. Raises OutputError where the record cannot be written."""
        told = []
        for each in came:
            text, received = as_json(each.outcome), microseconds(each.received)
            digest = hashlib.sha256(text.encode()).hexdigest()[:32]
            told.append(
                {"model": self._name, "id": each.id, "at": received, "outcome": text, "digest": digest,
                 "received": received}
            )  # fmt: skip
        if not told:
            return
        with writing(self._record.engine) as connection:
            for table in (OUTCOME_HISTORY, OUTCOMES):
                connection.execute(insert(connection, table).on_conflict_do_nothing(), told)

    def _of(self, version: int) -> Serving:
        if version not in self._served:
            model = self._workspace.open(f"{self._name}@{version}")
            policy = ModelPolicy(subject=learning(model).subject(model))
            self._served[version] = in_service(model, self._name, version, policy)
        return self._served[version]

    def _target(self, target: str) -> Serving:
        """Return the version that an alias or a number means."""
        return self._of(self._workspace.find(f"{self._name}@{target}").version)

    def _point(self, traffic: Traffic, row: Raw, name: str) -> float:
        value = None if traffic.sticky is None else as_text(row.get(traffic.sticky))
        return fraction(self._name, name if value is None else value)

    def _shadowed(
        self, served: Serving, rows: Sequence[Raw], given: Sequence[Given | None]
    ) -> list[tuple[int, Answered]]:
        """Return what a version would have said of the rows that another one answered, also where it refuses them."""
        places = [place for place, each in enumerate(given) if each is not None and each.version != served.version]
        names = ["" if each is None else f"{each.id}~{served.version}" for each in given]
        said = dict(_answers(served, rows, places, names))
        lines = []
        for place in places:
            answer = said.get(place, Answer(names[place], None, [], "refer"))
            of = names[place].partition("~")[0]
            moment = int(of[:16], 16)
            lines.append((place, line_of(answer, rows[place], served, moment, LATENCY_US, of, None, of)))
        return lines


def _chosen(split: Sequence[Share], point: float) -> Share | None:
    """Return whose part of the numbers from 0 to 1 a point lies in; None where one version answers everybody."""
    return next(itertools.chain((share for share in split if point < share.upto), split[-1:]), None)


def _answers(
    served: Serving, rows: Sequence[Raw], places: Sequence[int], names: Sequence[str]
) -> list[tuple[int, Answer]]:
    """Return the answers to the rows at these places, without those that are refused."""
    if not places:
        return []
    try:
        said = served.answer([rows[place] for place in places], [names[place] for place in places])
    except Problem:
        if len(places) == 1:
            return []
        return [each for place in places for each in _answers(served, rows, [place], names)]
    return list(zip(places, said, strict=True))
