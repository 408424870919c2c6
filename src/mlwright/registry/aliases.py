"""Aliases: names for versions that move, one at a time, with a history that is never deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import sqlalchemy as sa

from mlwright.errors import ModelError, OptionError
from mlwright.registry.names import CHAMPION, Reference, checked_alias
from mlwright.registry.state import State, now, person, storable
from mlwright.registry.tables import alias_history, aliases, traffic, versions
from mlwright.registry.traffic import Traffic
from mlwright.registry.version import ARCHIVED
from mlwright.registry.versions import alias_versions, picked

PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True, slots=True)
class Move:
    """That an alias was moved: from which version to which, when, by whom and why."""

    name: str
    alias: str
    action: str
    """promote or rollback"""
    before: int | None
    after: int
    at: str
    who: str
    why: str

    @property
    def moved(self) -> bool:
        """False where the alias had pointed there already."""
        return self.before != self.after

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        return asdict(self)


_MOVE = [alias_history.c[field.name] for field in fields(Move)]


class Aliases:
    """The aliases of every model, and who answers which requests."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, name: str) -> dict[str, int]:
        """Return the aliases of a name with the versions they point to, sorted."""
        with self._state.reading() as connection:
            return alias_versions(connection, name)

    def promote(
        self,
        reference: Reference,
        *,
        alias: str = CHAMPION,
        why: str = "",
        who: str | None = None,
        instead_of: int | None = None,
    ) -> Move:
        """Let an alias point to a version. Raises OptionError, ModelError, also where it is not `instead_of` now."""
        move = Move(reference.name, checked_alias(alias), PROMOTE, None, 0, "", person(who), storable(why))
        with self._state.changing() as connection:
            number = picked(connection, reference)
            where = (versions.c.name == reference.name) & (versions.c.version == number)
            _refuse_archived(connection, reference.name, number, where)
            before = alias_versions(connection, reference.name).get(alias)
            _refuse_moved(reference.name, alias, before, instead_of)
            return _moved(connection, replace(move, before=before, after=number))

    def before(self, name: str, alias: str) -> int:
        """Return the version that `rollback` would lead to. Raises ModelError where there is none."""
        with self._state.reading() as connection:
            return _before(connection, name, alias)

    def rollback(
        self,
        name: str,
        alias: str,
        *,
        to: int,
        why: str = "",
        who: str | None = None,
        instead_of: int | None = None,
    ) -> Move | None:
        """Let an alias point to `to`, what it pointed to before; None where that is another version by now.

        Raises ModelError, also where it no longer points to `instead_of`.
        """
        move = Move(name, alias, ROLLBACK, None, to, "", person(who), storable(why))
        with self._state.changing() as connection:
            present = alias_versions(connection, name).get(alias)
            _refuse_moved(name, alias, present, instead_of)
            if _before(connection, name, alias) != to:
                return None
            _refuse_archived(connection, name, to, (versions.c.name == name) & (versions.c.version == to))
            return _moved(connection, replace(move, before=present))

    def history(self, name: str) -> list[Move]:
        """Return how the aliases of a name were moved, the newest first."""
        query = sa.select(*_MOVE).where(alias_history.c.name == name).order_by(alias_history.c.id.desc())
        with self._state.reading() as connection:
            return [Move(*row) for row in connection.execute(query)]

    def traffic(self, name: str) -> Traffic:
        """Return who answers which requests of a name."""
        with self._state.reading() as connection:
            kept = connection.execute(sa.select(traffic.c.traffic).where(traffic.c.name == name)).scalar()
            return Traffic() if kept is None else Traffic.from_dict(json.loads(kept))

    def set_traffic(self, name: str, wanted: Traffic) -> None:
        """Change who answers which requests of a name. Raises OptionError, ModelError."""
        wanted.check()
        with self._state.changing() as connection:
            for target in (*wanted.weights, *wanted.shadow):
                number = picked(connection, Reference(name, target))
                where = (versions.c.name == name) & (versions.c.version == number)
                _refuse_archived(connection, name, number, where)
            connection.execute(sa.delete(traffic).where(traffic.c.name == name))
            if wanted != Traffic():
                connection.execute(sa.insert(traffic).values(name=name, traffic=json.dumps(wanted.to_dict())))


def _moved(connection: sa.Connection, move: Move) -> Move:
    """Point an alias to another version and write that down; nothing where it points there already."""
    move = replace(move, at=now())  # now that nobody else can move it: the moments of a history only rise
    if not move.moved:
        return move
    where = (aliases.c.name == move.name) & (aliases.c.alias == move.alias)
    if move.before is None:
        values = {"name": move.name, "alias": move.alias, "version": move.after, "since": move.at}
        connection.execute(sa.insert(aliases).values(**values))
    else:
        connection.execute(sa.update(aliases).where(where).values(version=move.after, since=move.at))
    connection.execute(sa.insert(alias_history).values(**asdict(move)))
    return move


def _before(connection: sa.Connection, name: str, alias: str) -> int:
    """Return what an alias pointed to before what it points to now; a rollback takes its promotion off again."""
    where = (alias_history.c.name == name) & (alias_history.c.alias == alias)
    query = sa.select(alias_history.c.action, alias_history.c.after).where(where).order_by(alias_history.c.id)
    line = standing((row.action, row.after) for row in connection.execute(query))
    if not line:
        known = alias_versions(connection, name)
        if not known:
            raise ModelError(f"No alias of {name!r} was ever promoted.", hint=f"`mlwright promote {name}@N` does it.")
        raise OptionError.unknown(f"The alias of {name!r}", alias, known)
    if len(line) < 2:
        raise ModelError(
            f"There is nothing to roll back to: {name}@{line[-1]} is the first {alias}.",
            hint=f"`mlwright promote {name}@N` names another version.",
        )
    return line[-2]


def standing(moves: Iterable[tuple[str, int]]) -> list[int]:
    """Return the versions an alias was promoted to whose promotion was not rolled back, the last being the present one.

    >>> standing([("promote", 1), ("promote", 2), ("promote", 3), ("rollback", 2)])
    [1, 2]
    """
    line: list[int] = []
    for action, version in moves:
        if action == PROMOTE:
            line.append(version)
        else:
            line.pop()
    return line


def _refuse_moved(name: str, alias: str, present: int | None, expected: int | None) -> None:
    """Raise ModelError where an alias is not what somebody has decided on who wants to move it."""
    if expected is not None and present not in {None, expected}:
        raise ModelError(
            f"{name}@{present} is {alias} by now, not {name}@{expected}: nothing was moved.",
            hint=f"`mlwright models {name}` shows what there is.",
        )


def _refuse_archived(connection: sa.Connection, name: str, version: int, where: sa.ColumnElement[bool]) -> None:
    if connection.execute(sa.select(versions.c.state).where(where)).scalar() == ARCHIVED:
        raise ModelError(
            f"{name}@{version} is archived.", hint=f"`mlwright archive {name}@{version} --undo` brings it back."
        )
