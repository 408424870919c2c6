"""Idempotency: a request that is sent again with the same key gets the response it got, and is not worked on twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection

import sqlalchemy as sa

from mlwright.errors import InputError
from mlwright.registry.database import writing
from mlwright.serve.record.tables import KEYS
from mlwright.serve.record.upsert import insert

KEPT_S = 24 * 3600
"""So long a response is kept."""
BUSY_S = 60
"""After that, a claim without a response is taken for one of a process that ended."""


class KeyReusedError(InputError):
    """The same idempotency key came with another request."""


class KeyBusyError(InputError):
    """The first request with this idempotency key is still being answered."""


def claim_key(engine: sa.Engine, key: str, digest: str, request: str | None) -> bytes | None:
    """Return the response that was kept under a key, or None: then the key is the caller's, who answers and keeps.

    Of many processes that claim at once, one gets None. Raises KeyReusedError where the key came with another digest,
    KeyBusyError where another process is at work on it, and OutputError.
    """
    now, name = time.time_ns() // 1000, _name(key)
    fresh = {"digest": digest, "made": now, "request": request, "response": None, "subjects": None}
    with writing(engine) as connection:
        made = insert(connection, KEYS).values(key=name, **fresh).on_conflict_do_nothing().returning(KEYS.c.key)
        if connection.execute(made).first() is not None:
            return None
        found = connection.execute(sa.select(KEYS).where(KEYS.c.key == name).with_for_update()).one_or_none()
        age = KEPT_S if found is None else (now - found.made) / 1e6
        if found is None or age >= KEPT_S or (found.response is None and age >= BUSY_S):
            connection.execute(sa.delete(KEYS).where(KEYS.c.key == name))
            connection.execute(sa.insert(KEYS).values(key=name, **fresh))
            return None
    if found.digest != digest:
        raise KeyReusedError(
            "This idempotency key was sent before with another request.", hint="make a new key for each new request."
        )
    if found.response is None:
        raise KeyBusyError("The first request with this idempotency key is still being answered.", hint="ask again.")
    return bytes(found.response)


def keep_response(engine: sa.Engine, key: str, digest: str, response: bytes, *, subjects: Collection[str] = ()) -> None:
    """Keep the response of a key that was claimed; the first that is kept stays. Raises OutputError.

    `subjects`: whom it is about. They lie beside it as hashes, so that it is found when one of them is forgotten.
    """
    mine = (KEYS.c.key == _name(key)) & (KEYS.c.digest == digest) & KEYS.c.response.is_(None)
    about = " ".join(sorted(map(mark_of, subjects))) or None
    with writing(engine) as connection:
        connection.execute(sa.update(KEYS).where(mine).values(response=response, subjects=about))


def release_key(engine: sa.Engine, key: str, digest: str) -> None:
    """Give a claimed key back, where the request failed and may be sent again. Raises OutputError."""
    mine = (KEYS.c.key == _name(key)) & (KEYS.c.digest == digest) & KEYS.c.response.is_(None)
    with writing(engine) as connection:
        connection.execute(sa.delete(KEYS).where(mine))


def mark_of(subject: str) -> str:
    """Return by what a kept response knows a subject: of one length, and without a letter of it."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _name(key: str) -> str:
    """Return how a key is stored: of one length, whatever a client sends."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
