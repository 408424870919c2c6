"""Tags: what people note of a name or of one of its versions, as key and value."""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa

from mlwright.errors import OptionError
from mlwright.registry.names import Reference
from mlwright.registry.state import State, storable
from mlwright.registry.tables import tags
from mlwright.registry.versions import picked

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_LONGEST = 5_000


class Tags:
    """The tags of every model."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, name: str) -> dict[int | None, dict[str, str]]:
        """Return the tags of a name (under None) and of its versions, by their keys."""
        query = sa.select(tags.c.version, tags.c.key, tags.c.value).where(tags.c.name == name)
        found: dict[int | None, dict[str, str]] = {}
        with self._state.reading() as connection:
            for row in connection.execute(query.order_by(tags.c.version, tags.c.key)):
                found.setdefault(row.version, {})[row.key] = row.value
        return found

    def tag(self, reference: Reference, values: Mapping[str, str]) -> None:
        """Note values by their keys; those that were there are replaced. Raises OptionError, ModelError."""
        for key, value in values.items():
            if not _KEY.fullmatch(key):
                raise OptionError(
                    f"A tag cannot have the key {key[:120]!r}.",
                    hint="use up to 100 letters, digits and . _ / -, starting with a letter or digit.",
                )
            if len(value) > _LONGEST:
                raise OptionError(f"The tag {key!r} holds {len(value):,} characters, more than {_LONGEST:,}.")
        with self._state.changing() as connection:
            version = _version(connection, reference)
            for key, value in values.items():
                connection.execute(sa.delete(tags).where(_where(reference.name, version, key)))
                values_ = {"name": reference.name, "version": version, "key": key, "value": storable(value)}
                connection.execute(sa.insert(tags).values(**values_))

    def untag(self, reference: Reference, keys: tuple[str, ...]) -> None:
        """Remove tags. Raises OptionError where there is no such tag, ModelError where there is no such version."""
        with self._state.changing() as connection:
            version = _version(connection, reference)
            for key in keys:
                if connection.execute(sa.delete(tags).where(_where(reference.name, version, key))).rowcount == 0:
                    here = (tags.c.name == reference.name) & tags.c.version.is_not_distinct_from(version)
                    known = connection.execute(sa.select(tags.c.key).where(here)).scalars().all()
                    raise OptionError.unknown(f"The tag of {reference}", key, known)


def _version(connection: sa.Connection, reference: Reference) -> int | None:
    """Return the version that is tagged, or None where the name as a whole is."""
    number = picked(connection, reference)
    return number if reference.wanted else None


def _where(name: str, version: int | None, key: str) -> sa.ColumnElement[bool]:
    return (tags.c.name == name) & tags.c.version.is_not_distinct_from(version) & (tags.c.key == key)
