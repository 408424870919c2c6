"""Keys of the service: random secrets that are shown once, kept as hashes, and allow what their scopes say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mlwright.errors import OptionError, nearest
from mlwright.registry.names import is_name
from mlwright.registry.state import State, now, person
from mlwright.registry.tables import keys

PREFIX = "mlw_"
ENVIRONMENT = "environment"
"""The label of the key that MLWRIGHT_API_KEY holds, in logs and in the record; no other key can be called so."""
SCOPES = ("predict", "outcomes", "read", "admin")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}")
_LONGEST = 200
"""No secret is longer: what a stranger sends is not hashed without end."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; never its secret."""

    label: str
    scopes: tuple[str, ...]
    created: str
    expires: str | None
    revoked: str | None
    who: str

    def allows(self, scope: str, model: str | None = None) -> bool:
        """Tell whether the key may do this, of this model where one is named. The scope admin may do everything.

        >>> key = Key("shop", ("predict:churn", "read"), "2026-01-01", None, None, "ann")
        >>> key.allows("predict", "churn"), key.allows("predict", "price"), key.allows("read", "price")
        (True, False, True)
        """
        wanted = {"admin", scope} if model is None else {"admin", scope, f"{scope}:{model}"}
        return not wanted.isdisjoint(self.scopes)

    def ended(self) -> bool:
        """Tell whether the key has expired or was revoked."""
        return self.revoked is not None or (self.expires is not None and self.expires <= now())

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        return {
            "label": self.label,
            "scopes": list(self.scopes),
            "created": self.created,
            "expires": self.expires,
            "revoked": self.revoked,
            "who": self.who,
            "ended": self.ended(),
        }


class Keys:
    """The keys of the service."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, label: str, scopes: Sequence[str], *, expires: datetime | None = None, who: str | None = None) -> str:
        """Make a key and return its secret, which is shown this once. Raises OptionError."""
        if not _LABEL.fullmatch(label):
            raise OptionError(
                f"A key cannot be called {label[:120]!r}.",
                hint="use up to 100 letters, digits, spaces and . _ @ -, starting with a letter or digit.",
            )
        if label.casefold() == ENVIRONMENT:
            raise OptionError(
                f"A key cannot be called {label!r}: that is the key that MLWRIGHT_API_KEY holds.",
                hint="choose another label, such as who holds it.",
            )
        chosen = list(dict.fromkeys(map(_scope, scopes)))
        if not chosen:
            raise OptionError("A key without a scope may do nothing.", hint=f"give some of: {', '.join(SCOPES)}.")
        moment = None if expires is None else expires.astimezone(UTC).isoformat(timespec="microseconds")
        if moment is not None and moment <= now():
            raise OptionError(f"The key would have expired already: {moment}.")
        secret = PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        with self._state.changing() as connection:
            if connection.execute(sa.select(keys.c.label).where(keys.c.label == label)).scalar() is not None:
                raise OptionError(f"There is a key {label!r} already.", hint="labels are never used twice.")
            values = {"label": label, "hash": _hash(secret), "scopes": json.dumps(chosen), "created": now()}
            connection.execute(sa.insert(keys).values(**values, expires=moment, revoked=None, who=person(who)))
        return secret

    def verify(self, secret: str) -> Key | None:
        """Return the key of a secret, or None where there is none, or it has expired or was revoked."""
        if len(secret) > _LONGEST:
            return None
        digest = _hash(secret)
        with self._state.reading() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.hash == digest)).one_or_none()
        if row is None or not hmac.compare_digest(row.hash, digest):
            return None
        key = _key(row)
        return None if key.ended() else key

    def revoke(self, label: str) -> bool:
        """End a key; False where it was revoked before. Raises OptionError where there is none."""
        with self._state.changing() as connection:
            labels = connection.execute(sa.select(keys.c.label)).scalars().all()
            if label not in labels:
                near = nearest(label, labels)
                hint = f"did you mean {near!r}?" if near else "`mlwright keys list` shows those there are."
                raise OptionError(f"There is no key {label[:120]!r}.", hint=hint)
            where = (keys.c.label == label) & keys.c.revoked.is_(None)
            return connection.execute(sa.update(keys).where(where).values(revoked=now())).rowcount > 0

    def all(self) -> list[Key]:
        """Return all keys there ever were, by label."""
        with self._state.reading() as connection:
            return [_key(row) for row in connection.execute(sa.select(keys).order_by(keys.c.label))]

    def were_made(self) -> bool:
        """Tell whether there ever was a key, be it revoked or expired by now: from then on nobody asks without one."""
        with self._state.reading() as connection:
            return connection.execute(sa.select(keys.c.label).limit(1)).scalar() is not None

    def active(self) -> dict[str, Key]:
        """Return the keys that are valid now, by the sha256 (in hexadecimal) of their secret, for who asks often."""
        with self._state.reading() as connection:
            found = {row.hash: _key(row) for row in connection.execute(sa.select(keys))}
        return {digest: key for digest, key in found.items() if not key.ended()}


def _hash(secret: str) -> str:
    """Return what is kept of a secret.

    A fast hash is right here: the secret is 256 random bits, which nobody finds by trying, unlike a password.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Any) -> Key:
    return Key(row.label, tuple(json.loads(row.scopes)), row.created, row.expires, row.revoked, row.who)


def _scope(scope: str) -> str:
    """Return a scope, or raise OptionError: one of SCOPES, or predict:NAME."""
    general, sign, name = scope.partition(":")
    if scope in SCOPES or (sign and general == "predict" and is_name(name)):
        return scope
    raise OptionError.unknown("The scope of a key", scope[:120], (*SCOPES, "predict:NAME"))
