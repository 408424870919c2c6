"""Adaptations as they are kept: where each stands, and all steps of its way, with who decided on which evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from mlwright.monitor.store.tables import ADAPTATIONS, TRAIL
from mlwright.registry.state import person, storable
from mlwright.serve.record.upsert import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """One attempt to put a better version in the champion's place. Moments are ISO 8601 in UTC."""

    id: str
    name: str
    stage: str
    champion: int
    challenger: int | None = None
    trigger: Mapping[str, Any]
    """What began it."""
    state: Mapping[str, Any]
    """All that is needed to go on."""
    begun: str
    changed: str
    ended: str | None = None
    verdict: str | None = None
    reason: str = ""
    """The last sentence: what it waits for, or why it ended so."""
    step: int = 0
    """How often it was changed: who changes it writes one more than they have read."""

    def to_dict(self) -> dict[str, Any]:
        """Return what people and programs are told of it: all but the state."""
        plain = asdict(self)
        del plain["state"]
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One line of the audit trail: who or what did what, when, on which evidence."""

    at: str
    who: str
    what: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


_ADAPTATION = [ADAPTATIONS.c[each.name] for each in fields(Adaptation)]


def begin(connection: sa.Connection, adaptation: Adaptation, lines: Sequence[TrailEntry]) -> bool:
    """Keep a new one; False where one of that model has not ended, or one has this id."""
    # Of what begins at once, the index lets one in that has not ended.
    made = insert(connection, ADAPTATIONS).values(**_row(adaptation)).on_conflict_do_nothing()
    if connection.execute(made.returning(ADAPTATIONS.c.id)).first() is None:
        return False
    _add(connection, adaptation.id, lines)
    return True


def move(connection: sa.Connection, adaptation: Adaptation, lines: Sequence[TrailEntry]) -> bool:
    """Put it in the place of the one with the step before; False where that is not there, or has ended."""
    before = (ADAPTATIONS.c.id == adaptation.id) & (ADAPTATIONS.c.step == adaptation.step - 1)
    change = sa.update(ADAPTATIONS).where(before, ADAPTATIONS.c.ended.is_(None)).values(**_row(adaptation))
    if connection.execute(change).rowcount != 1:
        return False
    _add(connection, adaptation.id, lines)
    return True


def current(connection: sa.Connection, name: str) -> Adaptation | None:
    """Return the one of a model that has not ended."""
    query = sa.select(*_ADAPTATION).where(ADAPTATIONS.c.name == name, ADAPTATIONS.c.ended.is_(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else _read(row)


def adaptations(connection: sa.Connection, name: str) -> list[Adaptation]:
    """Return all of a model, the newest first."""
    query = sa.select(*_ADAPTATION).where(ADAPTATIONS.c.name == name)
    order = (ADAPTATIONS.c.begun.desc(), ADAPTATIONS.c.id.desc())
    return [_read(row) for row in connection.execute(query.order_by(*order))]


def trail(connection: sa.Connection, adaptation: str) -> list[TrailEntry]:
    """Return the lines about one, the oldest first."""
    columns = (TRAIL.c.at, TRAIL.c.who, TRAIL.c.what, TRAIL.c.evidence)
    query = sa.select(*columns).where(TRAIL.c.adaptation == adaptation).order_by(TRAIL.c.id)
    return [
        TrailEntry(at=row.at, who=row.who, what=row.what, evidence=json.loads(row.evidence))
        for row in connection.execute(query)
    ]


def _add(connection: sa.Connection, adaptation: str, lines: Sequence[TrailEntry]) -> None:
    rows = [
        {
            "adaptation": adaptation,
            "at": line.at,
            "who": person(line.who),
            "what": storable(line.what),
            "evidence": json.dumps(dict(line.evidence)),
        }
        for line in lines
    ]
    if rows:
        connection.execute(sa.insert(TRAIL), rows)


def _row(adaptation: Adaptation) -> dict[str, Any]:
    row = {each.name: getattr(adaptation, each.name) for each in fields(adaptation)}
    row |= {name: json.dumps(dict(row[name])) for name in ("trigger", "state")}
    return row | {"reason": storable(adaptation.reason)}


def _read(row: sa.Row[Any]) -> Adaptation:
    found = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it
    return Adaptation(**{**found, "trigger": json.loads(row.trigger), "state": json.loads(row.state)})
