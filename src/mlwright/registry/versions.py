"""The versions of models in the registry: given out one by one, never changed, archived but never deleted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields

import sqlalchemy as sa

from mlwright.errors import ModelError, OptionError
from mlwright.registry.names import CHAMPION, LATEST, Reference, no_version
from mlwright.registry.state import State, now, storable
from mlwright.registry.tables import aliases, models, tags, traffic, versions
from mlwright.registry.traffic import Traffic
from mlwright.registry.version import ARCHIVED, READY, Version

_COLUMNS = [versions.c[field.name] for field in fields(Version)]


class Versions:
    """What the registry knows of versions."""

    def __init__(self, state: State) -> None:
        self._state = state

    def numbers(self, name: str | None = None) -> set[tuple[str, int]]:
        """Return the names and numbers of all versions, or of those of one name."""
        query = sa.select(versions.c.name, versions.c.version)
        query = query if name is None else query.where(versions.c.name == name)
        with self._state.reading() as connection:
            return {(row.name, row.version) for row in connection.execute(query)}

    def of(self, name: str) -> dict[int, Version]:
        """Return the versions of a name by their numbers, oldest first."""
        query = sa.select(*_COLUMNS).where(versions.c.name == name).order_by(versions.c.version)
        with self._state.reading() as connection:
            return {row.version: Version(*row) for row in connection.execute(query)}

    def claim(self, name: str, above: int) -> int:
        """Give out the next number of a name, larger than any before and than `above`; nobody else gets it.

        Raises OptionError where the name differs from another in its capital letters alone: many systems take the two
        for one folder.
        """
        with self._state.changing() as connection:
            alike = (sa.func.lower(models.c.name) == name.lower()) & (models.c.name != name)
            if other := connection.execute(sa.select(models.c.name).where(alike)).scalar():
                raise OptionError(f"There is a model {other!r}, so that none can be named {name!r}.")
            last = connection.execute(sa.select(models.c.last_version).where(models.c.name == name)).scalar()
            version = max(last or 0, above) + 1
            _note_model(connection, name, version, last)
            return version

    def give_back(self, name: str, version: int) -> bool:
        """Take back a number whose version did not come to be; False where another process has found it whole."""
        with self._state.finding() as connection:
            if version in _states(connection, name):
                return False
            this = (models.c.name == name) & (models.c.last_version == version)
            connection.execute(sa.update(models).where(this).values(last_version=version - 1))
            return True

    def register(self, version: Version) -> None:
        """Make a version known. Where another process has found its files first, what is said of it here is right."""
        where = (versions.c.name == version.name) & (versions.c.version == version.version)
        origin = {"who": version.who, "why": version.why, "parent": version.parent}
        with self._state.changing() as connection:
            if connection.execute(sa.update(versions).where(where).values(**origin)).rowcount == 0:
                connection.execute(sa.insert(versions).values(**asdict(version)))

    def adopt(self, found: Sequence[Version]) -> None:
        """Make versions known that were found on disk; those that another process has adopted stay as they are."""
        with self._state.finding() as connection:
            for version in found:
                last = connection.execute(
                    sa.select(models.c.last_version).where(models.c.name == version.name)
                ).scalar()
                _note_model(connection, version.name, max(last or 0, version.version), last)
                if version.version not in _states(connection, version.name):
                    connection.execute(sa.insert(versions).values(**asdict(version)))

    def pick(self, reference: Reference) -> Version:
        """Return the version that is meant: a number, an alias, or what the bare name means. Raises ModelError."""
        with self._state.reading() as connection:
            number = picked(connection, reference)
            where = (versions.c.name == reference.name) & (versions.c.version == number)
            return Version(*connection.execute(sa.select(*_COLUMNS).where(where)).one())

    def archive(self, name: str, version: int) -> bool:
        """Let a version answer only where its number is named; False where it was so. Raises ModelError."""
        with self._state.changing() as connection:
            number = picked(connection, Reference(name, str(version)))
            pointing = sa.select(aliases.c.alias).where((aliases.c.name == name) & (aliases.c.version == number))
            if held := sorted(connection.execute(pointing).scalars()):
                raise ModelError(
                    f"{name}@{version} cannot be archived: it is {', '.join(held)}.",
                    hint=f"promote another version first, as in `mlwright promote {name}@N --as {held[0]}`.",
                )
            if str(version) in _in_traffic(connection, name):
                raise ModelError(
                    f"{name}@{version} cannot be archived: requests are sent to it.",
                    hint=f"`mlwright traffic {name} --clear` ends that.",
                )
            return _set_state(connection, name, number, ARCHIVED)

    def unarchive(self, name: str, version: int) -> bool:
        """Take back that a version was archived; False where it was not. Raises ModelError where there is none."""
        with self._state.changing() as connection:
            return _set_state(connection, name, picked(connection, Reference(name, str(version))), READY)

    def search(
        self, text: str = "", *, tag: str | None = None, task: str | None = None, target: str | None = None
    ) -> list[Version]:
        """Return the versions for which all holds that is given, by name and newest first.

        `text` is looked for in names, targets, tasks, reasons, aliases and tags, in any case; `tag` is a key, or
        key=value.
        """
        query = sa.select(*_COLUMNS).order_by(versions.c.name, versions.c.version.desc())
        if text := storable(text):
            shown = (versions.c.name, versions.c.target, versions.c.task, versions.c.why)
            places = [column.icontains(text, autoescape=True) for column in shown]
            tagged = tags.c.key.icontains(text, autoescape=True) | tags.c.value.icontains(text, autoescape=True)
            query = query.where(sa.or_(*places, _has_tag(tagged), _has_alias(text)))
        if tag is not None:
            key, sign, value = storable(tag).partition("=")
            query = query.where(_has_tag((tags.c.key == key) & (tags.c.value == value if sign else sa.true())))
        if task is not None:
            query = query.where(versions.c.task == task)
        if target is not None:
            query = query.where(versions.c.target == target)
        with self._state.reading() as connection:
            return [Version(*row) for row in connection.execute(query)]

    def lineage(self, name: str, version: int) -> list[Version]:
        """Return a version, what it was made from, and so on to the root. Raises ModelError where there is none."""
        line = [self.pick(Reference(name, str(version)))]
        seen = {line[0].reference}
        while (parent := line[-1].parent) is not None and parent not in seen:
            seen.add(parent)
            before, _, number = parent.rpartition("@")
            found = self.of(before).get(int(number)) if number.isdecimal() else None
            if found is None:
                break
            line.append(found)
        return line


def picked(connection: sa.Connection, reference: Reference) -> int:
    """Return the number that a reference means now. Raises ModelError where there is no such version."""
    states, pointed = _states(connection, reference.name), alias_versions(connection, reference.name)
    number = reference.version
    if number is None and reference.wanted not in {"", LATEST}:
        number = pointed.get(reference.wanted)
    elif number is None and (reference.wanted == LATEST or (number := pointed.get(CHAMPION)) is None):
        ready = [version for version, state in states.items() if state == READY]
        if states and not ready:
            raise ModelError(
                f"All versions of {reference.name!r} are archived.",
                hint=f"name one by its number, as {reference.name}@{max(states)}.",
            )
        number = max(ready, default=None)
    if number not in states:
        raise no_version(reference, states, pointed)
    return number


def alias_versions(connection: sa.Connection, name: str) -> dict[str, int]:
    """Return the aliases of a name with the versions they point to, sorted."""
    query = sa.select(aliases.c.alias, aliases.c.version).where(aliases.c.name == name)
    return dict(sorted((row.alias, row.version) for row in connection.execute(query)))


def _states(connection: sa.Connection, name: str) -> dict[int, str]:
    query = sa.select(versions.c.version, versions.c.state).where(versions.c.name == name)
    return {row.version: row.state for row in connection.execute(query)}


def _in_traffic(connection: sa.Connection, name: str) -> set[str]:
    """Return the aliases and numbers that requests are sent to."""
    kept = connection.execute(sa.select(traffic.c.traffic).where(traffic.c.name == name)).scalar()
    found = Traffic() if kept is None else Traffic.from_dict(json.loads(kept))
    return {*found.weights, *found.shadow}


def _set_state(connection: sa.Connection, name: str, version: int, state: str) -> bool:
    where = (versions.c.name == name) & (versions.c.version == version) & (versions.c.state != state)
    return connection.execute(sa.update(versions).where(where).values(state=state)).rowcount > 0


def _note_model(connection: sa.Connection, name: str, last: int, before: int | None) -> None:
    if before is None:
        connection.execute(sa.insert(models).values(name=name, created=now(), last_version=last))
    elif before != last:
        connection.execute(sa.update(models).where(models.c.name == name).values(last_version=last))


def _has_tag(what: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    here = (tags.c.name == versions.c.name) & (tags.c.version.is_(None) | (tags.c.version == versions.c.version))
    return sa.exists().where(here & what)


def _has_alias(text: str) -> sa.ColumnElement[bool]:
    here = (aliases.c.name == versions.c.name) & (aliases.c.version == versions.c.version)
    return sa.exists().where(here & aliases.c.alias.icontains(text, autoescape=True))
