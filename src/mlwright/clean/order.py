"""Order in time and repeated entities: where there is either, a random split flatters the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from mlwright.clean.names import words
from mlwright.columns import Coded, read_frame
from mlwright.schema import Schema

# --- time ------------------------------------------------------------------------------------------------------------

BORN = frozenset({"birth", "birthday", "birthdate", "born", "dob", "bday", "dateofbirth"})
LATER = frozenset({"due", "expiry", "expires", "expiration", "deadline", "until", "end", "ends", "valid", "planned"})
"""Words of dates that are written down before they come."""
WHEN = frozenset(
    {
        *("date", "time", "timestamp", "datetime", "created", "at", "day", "month", "week", "year", "when", "ts", "dt"),
        *("period", "occurred", "recorded", "observed", "sold", "posted", "transaction", "event", "quarter", "hour"),
    }
)
IN_ORDER = 0.9
FEWEST_MOMENTS = 5
PRESENT = 0.9
OLD = datetime(1930, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Moments:
    """A column of dates: whether the rows stand in its order, and whether its name says that it is when they were."""

    name: str
    in_order: bool
    says_when: bool
    first: str
    last: str

    @property
    def orders_rows(self) -> bool:
        """Whether a split has to respect it without being told so."""
        return self.in_order or self.says_when


def dated_columns(frame: pl.DataFrame, schema: Schema) -> list[Moments]:
    """Return the columns of dates that could order the rows, the best first.

    Dates of birth and dates that lie ahead (due, expiry) are no order of rows, whatever is in them.
    """
    found = []
    for column in schema:
        said = set(words(column.name))
        if column.kind != "datetime" or column.role != "feature" or said & BORN or said & LATER:
            continue
        values = read_frame(frame.select(column.name), [column])[column.name]
        if isinstance(values, Coded) or not len(values):
            continue
        present = values[~np.isnan(values)]
        moments = np.unique(present)
        if len(moments) < FEWEST_MOMENTS or len(present) < PRESENT * len(values) or np.median(present) < OLD:
            continue
        ends = (_day(float(moments[0])), _day(float(moments[-1])))
        found.append(Moments(column.name, _stands_in_order(present), bool(said & WHEN), *ends))
    return sorted(found, key=lambda moments: (not moments.in_order, not moments.says_when))


def _stands_in_order(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    """Tell whether nine of ten changes from row to row go one way: also where each series runs through time anew."""
    changes = np.diff(values)
    changes = changes[changes != 0]
    return len(changes) > 0 and max(np.mean(changes > 0), np.mean(changes < 0)) >= IN_ORDER


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f}"


# --- entities --------------------------------------------------------------------------------------------------------

ENTITIES = frozenset(
    {
        *("user", "customer", "patient", "subject", "household", "session", "person", "member", "account", "client"),
        *("employee", "student", "device", "driver", "player", "participant", "respondent", "visitor", "family"),
        *("applicant", "borrower", "machine", "sensor", "animal", "speaker", "author", "passenger", "worker"),
    }
)
NUMBERED = frozenset({"id", "ids", "uuid", "guid", "key", "no", "nr", "num", "number", "ref"})
VAGUE = frozenset({"no", "nr", "num", "number", "key", "ref"})
ATTRIBUTES = frozenset(
    {
        *("zip", "postal", "post", "phone", "fax", "product", "item", "sku", "type", "code", "category", "class"),
        *("region", "country", "state", "city", "county", "store", "shop", "department", "dept", "airport", "route"),
        *("area", "house", "street", "room", "floor", "model", "version", "line", "page", "row", "index", "district"),
        *("channel", "campaign", "brand", "currency", "language", "status", "location", "plan", "of"),
    }
)
"""What a number names that many unlike rows share: more of an attribute than of an entity."""
FEWEST_ENTITIES = 20
LARGEST_ENTITY = 0.5


@dataclass(frozen=True, slots=True)
class Entity:
    """A column that says whose row it is, where entities have several rows."""

    name: str
    distinct: int
    rows_each: float
    named: bool
    """Whether the name says what kind of entity it is ("patient_id"), not just that it is a number ("brewery_id")."""


def repeated_entities(frame: pl.DataFrame, schema: Schema) -> list[Entity]:
    """Return the columns that name entities with several rows each, the surest first.

    The name has to say so, and the values have to bear it out: at least 20 of them with two rows each on average, none
    of them in most rows; where the name only says that it is an id, a value for every 20 rows at least.
    """
    found = []
    for column in schema:
        if column.role not in {"feature", "ignored"} or column.kind not in {"id", "integer", "category", "text"}:
            continue
        named = _names_entity(column.name)
        if named is None:
            continue
        values = frame[column.name].drop_nulls()
        distinct = values.n_unique()
        if distinct < max(FEWEST_ENTITIES, 0 if named else len(values) / 20):
            continue
        rows_each = len(values) / distinct
        largest = values.value_counts()["count"].max()
        if rows_each >= 2 and isinstance(largest, int) and largest <= LARGEST_ENTITY * len(values):
            found.append(Entity(column.name, distinct, rows_each, named))
    return sorted(found, key=lambda entity: (not entity.named, -entity.distinct))


GLUED = re.compile(rf"({'|'.join(sorted(ENTITIES))})(id|key|no|nr|number)")


def _names_entity(name: str) -> bool | None:
    """Return True where a name says what kind of entity it is, False where it says an id only, None where neither.

    >>> [_names_entity(name) for name in ("customerID", "userid", "patient", "brewery_id", "zip_no", "user_age")]
    [True, True, True, False, None, None]
    """
    parts = words(name)
    if not parts:
        return None
    if GLUED.fullmatch(parts[-1]):
        return True
    numbered = parts[-1] in NUMBERED
    if ENTITIES.intersection(parts):
        return True if numbered or len(parts) == 1 else None
    if not numbered or ATTRIBUTES.intersection(parts) or (len(parts) == 1 and parts[0] in VAGUE):
        return None
    return False
