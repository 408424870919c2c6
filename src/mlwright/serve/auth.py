"""Who may do what: one place that every request passes, and that refuses unless something allows it.

Keys are random secrets of the registry, of which only hashes are kept; they are held in memory and renewed with the
registry, so that a key which was revoked opens nothing a second later. A service that only its own machine can reach
needs none as long as none was ever made; one that others can reach does not start without.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mlwright.errors import OptionError
from mlwright.registry.keys import ENVIRONMENT, Key
from mlwright.serve.http import Request
from mlwright.serve.problems import Problem
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.settings import Settings

FROM_ENVIRONMENT = "MLWRIGHT_API_KEY"
SHORTEST = 20
"""A key from the environment has at least so many letters: no guessable ones."""
LONGEST = 1_000
HOSTS = 'in the settings file: [network] hosts = ["models.example.org"].'
ORIGINS = 'in the settings file: [network] origins = ["https://shop.example"].'
"""Hints at how the settings name what is to be let in."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Keyring:
    """The keys that are known now, by the sha256 of their secret."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    was_locked: bool = False
    """Whether a key was ever made: a service whose last key has ended answers nobody, rather than everybody."""

    @property
    def locked(self) -> bool:
        """Whether nobody asks without a key."""
        return self.was_locked or bool(self.keys)

    def may(self, request: Request, route: Route) -> None:
        """Raise Problem unless the request may use the route; note who asks."""
        if route.scope == OPEN or not self.locked:
            return
        secret = _secret(request.headers.get(b"authorization", b""))
        key = self.keys.get(hashlib.sha256(secret).hexdigest()) if secret else None
        if key is None or key.ended():
            said = "This key is not known, or no longer." if secret else "This address needs an API key."
            raise Problem(
                "no-key",
                said,
                hint=f"send the header authorization: Bearer KEY; {_makes(route)} one.",
                # Two headers: browsers read one scheme of each, and ask for the password of Basic.
                headers=[
                    (b"www-authenticate", b'Bearer realm="mlwright"'),
                    (b"www-authenticate", b'Basic realm="mlwright"'),
                ],
            )
        name = request.named.get("name", "").partition("@")[0]
        if not key.allows(route.scope, name) and not (route.own and allows_some(key, route.scope)):
            raise Problem(
                "not-allowed",
                f"The key {key.label!r} does not allow {route.scope!r} here.",
                hint=f"ask with a key that has the scope {route.scope}: {_makes(route)} one.",
            )
        request.key = key


def _makes(route: Route) -> str:
    """Return the words that say how a key for a route is made."""
    return f"`mlwright keys add LABEL --scope {route.scope}` makes"


def allows_some(key: Key, scope: str) -> bool:
    """Tell whether a key allows something of at least one model."""
    return any(allowed.partition(":")[0] == scope for allowed in key.scopes)


def _secret(header: bytes) -> bytes:
    """Return the secret of an authorization header: that of Bearer, or the password of Basic, as browsers send it."""
    kind, _, value = header.strip().partition(b" ")
    value = value.strip()
    if len(value) > LONGEST:
        return b""
    if kind.lower() == b"bearer":
        return value
    if kind.lower() == b"basic":
        try:
            return base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""


def environment_key() -> dict[str, Key]:
    """Return the key that the environment gives, by its hash; none where it gives none. Raises OptionError."""
    secret = os.environ.get(FROM_ENVIRONMENT, "")
    if not secret:
        return {}
    if len(secret) < SHORTEST:
        raise OptionError(
            f"{FROM_ENVIRONMENT} has {len(secret)} letters, too few to be a secret.",
            hint="`mlwright keys add LABEL --scope predict` makes a good one.",
        )
    key = Key(label=ENVIRONMENT, scopes=("predict", "outcomes", "read"), created="", expires=None, revoked=None, who="")
    return {hashlib.sha256(secret.encode()).hexdigest(): key}


def refuse_open_door(settings: Settings, keyring: Keyring) -> None:
    """Raise OptionError where others could reach a service for which there is no key that is valid now."""
    if settings.is_loopback or any(not key.ended() for key in keyring.keys.values()):
        return
    whom = "nobody" if keyring.locked else "everybody"
    why = "every API key was revoked or has expired" if keyring.locked else "there is no API key"
    raise OptionError(
        f"The service would answer {whom} who reaches {settings.host}, because {why}.",
        hint=f"`mlwright keys add LABEL --scope predict` makes one; or set {FROM_ENVIRONMENT}.",
    )


def refuse_strangers(request: Request, settings: Settings, hosts: frozenset[str] | None) -> None:
    """Raise Problem for another host name than the service's, and for what a page of a foreign site sends."""
    host = request.headers.get(b"host", b"").decode("latin-1").casefold()
    if hosts is not None and _without_port(host) not in hosts:
        raise Problem("wrong-host", f"This service is not called {host[:100]!r}.", hint=HOSTS)
    if request.method in SAFE:
        return
    origin = request.headers.get(b"origin")
    if origin is not None and not _is_own(origin.decode("latin-1"), host, settings):
        raise Problem(
            "foreign-origin",
            "A page of another site may not ask this service.",
            hint=ORIGINS,
        )
    if origin is None and request.headers.get(b"sec-fetch-site", b"none") not in {b"none", b"same-origin"}:
        raise Problem(
            "foreign-origin",
            "A page of another site may not ask this service.",
            hint=ORIGINS,
        )


def _is_own(origin: str, host: str, settings: Settings) -> bool:
    if origin in settings.network.origins:
        return True
    try:
        return urlsplit(origin).netloc.casefold() == host
    except ValueError:  # no address at all
        return False


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdecimal() or not port) and not host.endswith("]") else host
