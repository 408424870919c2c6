"""What came of it: outcomes that arrive late, twice, out of order, before their answer, or to correct earlier ones.

The newest by `at` counts, and of two at the same moment the one with the greater digest: whatever the order in which
outcomes with an `at` arrive, and however often, the end is the same.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from mlwright.errors import DataError
from mlwright.registry.database import reading, writing
from mlwright.serve.record.answered import as_json, storable
from mlwright.serve.record.tables import ANSWERS, OUTCOME_HISTORY, OUTCOMES
from mlwright.serve.record.upsert import insert

TOGETHER = 500
"""Outcomes in one transaction: small, so that answers are not kept waiting."""
_EARLIEST, _LATEST = -2_208_988_800, 7_258_118_400  # the years 1900 and 2200
_LONGEST_ID = _LONGEST_TEXT = 200
MOST_TAKEN = 1_000
"""Items of one outcome."""
_DAY = 86_400_000_000  # in microseconds


Item = str | int | float | bool


class Outcome(msgspec.Struct, frozen=True):
    """What came of an answer.

    Parameters
    ----------
    id
        The answer's.
    outcome
        The class or the number that turned out to be true; or the list of what was taken of a recommendation.
    at
        Since when this is known, in microseconds since 1970 (see `microseconds`); by default when it arrives. Whoever
        sends corrections should give it: without it, the last to arrive counts.
    """

    id: str
    outcome: Item | list[Item]
    at: int | None = None


def microseconds(moment: object) -> int:
    """Return a moment in microseconds since 1970: a datetime, ISO 8601, or a number of seconds since 1970.

    Without an offset it is taken as UTC. Raises DataError.

    >>> microseconds("2026-11-02T10:00:00+02:00"), microseconds(1.5)
    (1793606400000000, 1500000)
    """
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment.strip())
        except ValueError:
            moment = None
    if isinstance(moment, datetime):
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        seconds = since.days * 86400 + since.seconds
        if _EARLIEST <= seconds < _LATEST:
            return seconds * 1_000_000 + since.microseconds
    elif isinstance(moment, int | float) and not isinstance(moment, bool) and _EARLIEST <= moment < _LATEST:
        return round(moment * 1_000_000)
    raise DataError(
        "This is no moment between the years 1900 and 2200.",
        hint='write "2026-11-02T10:00:00Z", or the seconds since 1970.',
    )


def keep_outcomes(engine: sa.Engine, model: str, given: Iterable[Outcome]) -> dict[str, int]:
    """Keep outcomes of a model's answers; return how many were what.

    Each is one of `accepted` (the first of its answer), `repeated` (known already), `corrected` (newer than what was
    known, or at the same moment and decided for) and `late` (older than what is known: kept, changes nothing). Of all
    of them, `unknown` are those whose answer is not there (yet). Raises OutputError; and, before any is kept, DataError
    for an outcome that is no class and no number or is of the future, and for the id of another model's answer.
    """
    latest = time.time_ns() // 1000 + _DAY
    known = [_checked(each, place, latest) for place, each in enumerate(given)]
    models = _models_of(engine, [each[0] for each in known])
    for place, each in enumerate(known):
        if models.get(each[0], model) != model:
            raise DataError(
                f"{each[0]!r:.60} is the id of an answer of another model than {model!r}.",
                where=f"outcome {place}",
                hint="tell an outcome to the model that gave the answer.",
            )
    counts = dict.fromkeys(("accepted", "repeated", "corrected", "late", "unknown"), 0)
    known.sort(key=lambda each: each[0])  # processes that lock the same rows do it in the same order
    for start in range(0, len(known), TOGETHER):
        with writing(engine) as connection:
            _keep(connection, model, known[start : start + TOGETHER], counts)
    return counts


def unanswered(engine: sa.Engine, model: str, ids: Sequence[str]) -> set[str]:
    """Return those of the ids that no recorded answer of the model has (yet)."""
    models = _models_of(engine, [storable(each) or "" for each in ids])
    return {each for each in ids if models.get(storable(each) or "") != model}


def _models_of(engine: sa.Engine, ids: Sequence[str]) -> dict[str, str]:
    """Return the models that gave the answers of these ids, as far as they are recorded."""
    found: dict[str, str] = {}
    with reading(engine) as connection:
        for start in range(0, len(ids), TOGETHER):
            part = ids[start : start + TOGETHER]
            rows = connection.execute(sa.select(ANSWERS.c.id, ANSWERS.c.model).where(ANSWERS.c.id.in_(part)))
            found |= {row.id: row.model for row in rows}
    return found


_Checked = tuple[str, int | None, str, str]
"""Id, moment, outcome as JSON, its digest."""


def _checked(given: Outcome, place: int, latest: int) -> _Checked:
    value = given.outcome
    if isinstance(value, list) and len(value) > MOST_TAKEN:
        raise DataError(
            f"The outcome of {given.id!r:.60} has {len(value):,} items; at most {MOST_TAKEN:,} are taken.",
            where=f"outcome {place}",
        )
    told = [_value(each, given.id, place) for each in (value if isinstance(value, list) else [value])]
    if given.at is not None and given.at > latest:
        raise DataError(
            f"The outcome of {given.id!r:.60} is said to be known only in the future.",
            where=f"outcome {place}",
            hint='"at" says since when it is known; check its year, and its offset.',
        )
    if not 0 < len(given.id) <= _LONGEST_ID:
        raise DataError(f"{given.id!r:.60} is not the id of an answer.", where=f"outcome {place}")
    text = as_json(told if isinstance(value, list) else told[0])
    return storable(given.id) or "", given.at, text, hashlib.sha256(text.encode()).hexdigest()[:32]


def _value(value: Item, name: str, place: int) -> Item:
    """Return a class, a number or an item as it is kept. Raises DataError where it is none."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)  # 1.0 and 1 are the same outcome
    number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if not number and not (isinstance(value, str) and value.strip()):
        raise DataError(
            f"The outcome of {name!r:.60} is {value!r:.60}, which is neither a class nor a number.",
            where=f"outcome {place}",
        )
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        raise DataError(
            f"The outcome of {name!r:.60} is a text of {len(value):,} letters; at most {_LONGEST_TEXT} are taken.",
            where=f"outcome {place}",
        )
    return value


def _keep(connection: sa.Connection, model: str, given: Sequence[_Checked], counts: dict[str, int]) -> None:
    ids = sorted({each[0] for each in given})
    newest, told, answered = _what_is_known(connection, model, ids)
    now = time.time_ns() // 1000
    history: list[dict[str, Any]] = []
    changed: dict[str, dict[str, Any]] = {}
    for name, moment, outcome, digest in given:
        counts["unknown"] += name not in answered
        before = newest.get(name)
        if (name, moment, digest) in told or (moment is None and before is not None and before[1] == digest):
            counts["repeated"] += 1
            continue
        # What comes without a moment is the newest, also where a clock jumped back.
        at = moment if moment is not None else max(now, before[0] + 1 if before else now)
        told.add((name, at, digest))
        line = {"model": model, "id": name, "at": at, "digest": digest, "outcome": outcome, "received": now}
        history.append(line)
        if before is not None and (at, digest) < before:
            counts["late"] += 1
            continue
        counts["accepted" if before is None else "corrected"] += 1
        newest[name] = (at, digest)
        changed[name] = line
    if history:
        connection.execute(insert(connection, OUTCOME_HISTORY).on_conflict_do_nothing(), history)
    if changed:
        _replace(connection, list(changed.values()))


def _what_is_known(
    connection: sa.Connection, model: str, ids: Sequence[str]
) -> tuple[dict[str, tuple[int, str]], set[tuple[str, int | None, str]], set[str]]:
    """Return the newest outcome by id, all that was told, and the ids of answers that are there."""
    history, current = OUTCOME_HISTORY.c, OUTCOMES.c
    newest = connection.execute(
        sa.select(current.id, current.at, current.digest).where(current.model == model, current.id.in_(ids))
    )
    told = connection.execute(
        sa.select(history.id, history.at, history.digest).where(history.model == model, history.id.in_(ids))
    )
    answered = connection.execute(
        sa.select(ANSWERS.c.id).where(ANSWERS.c.model == model, ANSWERS.c.id.in_(ids))
    ).scalars()
    return {row.id: (row.at, row.digest) for row in newest}, {tuple(row) for row in told}, set(answered)


def _replace(connection: sa.Connection, lines: Sequence[dict[str, Any]]) -> None:
    """Write the newest outcomes, unless another process wrote a newer one meanwhile."""
    statement = insert(connection, OUTCOMES)
    new, old = statement.excluded, OUTCOMES.c
    newer = sa.or_(new.at > old.at, sa.and_(new.at == old.at, new.digest > old.digest))
    values = {name: new[name] for name in ("at", "outcome", "digest", "received")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=[old.model, old.id], set_=values, where=newer), lines
    )
