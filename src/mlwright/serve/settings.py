"""Settings: all that can be chosen about a service, from its command line and an optional file; checked when it starts.

[limits]                 body_mb, file_mb, rows, seconds, requests, waiting
[record]                 durability, keep_days, place
[logs]                   requests, level
traces, refresh_s, drain_s
[network]                hosts, origins
[policy]                 how odd values are taken, by every model; [models.NAME.policy] by one of them
[models.NAME]            subject, private, humility
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlwright.errors import OptionError, nearest
from mlwright.evaluate.files import Written, read_written
from mlwright.serve.policy import ModelPolicy, Policy

Durability = Literal["off", "batch", "request"]
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
EXAMPLE = 'write [policy], and under it: unknown_category = "refuse".'


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much one client may ask, and all of them together."""

    body_mb: float = 16.0
    file_mb: float = 1024.0
    rows: int = 10_000
    explained: int = 500
    """At most so many rows are told their reasons at a time: they take a millisecond each."""
    seconds: float = 10.0
    """Until a body has to be there; a client that is slower is told so."""
    requests: int = 256
    """At most so many are taken at the same time by one worker; further ones are told to come again."""
    waiting: int = 16
    """At most so many large requests wait for a thread of one worker."""
    models: int = 8
    """At most so many versions of a model are held in memory besides those that are served."""


class RecordSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept of the answers, and how surely."""

    durability: Durability = "batch"
    keep_days: float | None = None
    place: str | None = None
    """A URL, or the path of an SQLite file; by default record.db in the workspace."""


class Logs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is written to standard error, one JSON object a line."""

    requests: bool = False
    level: Literal["debug", "info", "warning", "error"] = "info"


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Under which names the service answers, and to pages of which other sites."""

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a worker has to know; it travels to the workers as JSON."""

    models: tuple[str, ...] = ()
    """What is served: references to models of the workspace, or paths."""
    workspace: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    certificate: str | None = None
    private_key: str | None = None
    started: dict[str, int] = {}
    """The version that each name began with of which no champion was promoted: it stays until one is."""
    refresh_s: float = 1.0
    """So often the registry is asked whether anything has changed."""
    drain_s: float = 1.0
    """So long the service goes on answering after it was asked to stop, while it says that it is not ready."""
    limits: Limits = Limits()
    record: RecordSettings = RecordSettings()
    logs: Logs = Logs()
    traces: bool = False
    """Whether each request is told to OpenTelemetry."""
    network: Network = Network()
    policy: Policy = Policy()
    of_model: dict[str, ModelPolicy] = {}

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in LOOPBACK

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names that a request may ask for, in small letters; None: any.

        On loopback there are only loopback's own, so that no page of a stranger's site can reach the service by having
        its own name point here (DNS rebinding).
        """
        named = frozenset(name.casefold() for name in self.network.hosts)
        if self.is_loopback:
            return named | LOOPBACK | {"[::1]"}
        return named or None

    def policy_of(self, name: str) -> ModelPolicy:
        """Return how a model's odd values are taken, and when it does not answer."""
        own = self.of_model.get(name, ModelPolicy())
        return own if own.policy is not None else msgspec.structs.replace(own, policy=self.policy)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    limits: Limits = Limits()
    record: RecordSettings = RecordSettings()
    logs: Logs = Logs()
    traces: bool = False
    refresh_s: float = 1.0
    drain_s: float = 1.0
    network: Network = Network()
    policy: Policy = Policy()
    models: dict[str, ModelPolicy] = {}


def read_settings(path: Path | None, settings: Settings) -> Settings:
    """Return the settings with what a file says of them. Raises SourceError, OptionError."""
    if path is None:
        return checked(settings)
    written = read_written(path, what="settings", example=EXAMPLE)
    read = _converted(written)
    return checked(
        msgspec.structs.replace(
            settings,
            limits=read.limits,
            record=read.record,
            logs=read.logs,
            traces=read.traces,
            refresh_s=read.refresh_s,
            drain_s=read.drain_s,
            network=read.network,
            policy=read.policy,
            of_model=read.models,
        ),
        written,
    )


def _converted(written: Written) -> _File:
    try:
        return msgspec.convert(dict(written.data), _File)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        keys = _keys(written.data, place)
        message, hint = f"{said[:1].upper()}{said[1:]}.", None
        if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", said):
            known = _known(keys)
            near = nearest(unknown[1], known)
            keys, message = (*keys, unknown[1]), f"There is no setting {unknown[1]!r} here."
            hint = (f"did you mean {near!r}? " if near else "") + f"Known here: {', '.join(known)}."
        elif wrong := re.fullmatch(r"Invalid enum value (.*)", said, re.DOTALL):
            allowed = _known(keys)
            near = nearest(wrong[1].strip("'"), allowed)
            message = f"{'.'.join(keys)} cannot be {wrong[1]:.120}."
            hint = (f"did you mean {near!r}? " if near else "") + f"Allowed: {', '.join(allowed)}."
        elif kinds := re.fullmatch(r"Expected `(.*)`, got `(.*)`", said):
            message = f"{'.'.join(keys) or 'This'} has to be {_words(kinds[1])}, and not {_words(kinds[2])}."
            hint = "a text stands in quotes; a number, true and false do not."
        raise OptionError(message, where=written.place(*keys) or written.path, hint=hint) from error


def _words(kinds: str) -> str:
    """Return what a person calls kinds of values.

    >>> _words("int"), _words("float | null")
    ('a whole number', 'a number')
    """
    words = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false",
             "object": "a section with names", "array": "a list"}  # fmt: skip
    return " or ".join(words.get(kind, kind) for kind in kinds.split(" | ") if kind != "null") or "nothing"


def _known(keys: Sequence[str]) -> list[str]:
    """Return what can stand at a place: the names of a section's settings, or the values that one of them can have."""
    from msgspec import inspect

    kind: inspect.Type = inspect.type_info(_File)
    for key in keys:
        if isinstance(kind, inspect.StructType):
            kind = next(field.type for field in kind.fields if field.encode_name == key)
        elif isinstance(kind, inspect.DictType):
            kind = kind.value_type
        if isinstance(kind, inspect.UnionType):  # something or nothing
            kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    if isinstance(kind, inspect.StructType):
        return [field.encode_name for field in kind.fields]
    return [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []


def _keys(data: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """Return the names that lead to a place which msgspec tells; it says [...] for a name that is anybody's choice."""
    keys: list[str] = []
    for part in re.findall(r"\[\.\.\.\]|[A-Za-z_]\w*", place):
        keys.append(_wrong_one(data, keys) if part == "[...]" else part)
    return tuple(keys)


def _wrong_one(data: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return the name of the first entry of a table that is wrong by itself."""
    table: Any = data
    for key in keys:
        table = table[key]
    for name, entry in table.items():
        alone: Any = {name: entry}
        for key in reversed(keys):
            alone = {key: alone}
        try:
            msgspec.convert(alone, _File)
        except msgspec.ValidationError:
            return str(name)
    return ""


def checked(settings: Settings, written: Written | None = None) -> Settings:
    """Return the settings, or raise OptionError where one of them cannot be."""
    limits = settings.limits
    for name, number, least in (
        ("limits.body_mb", limits.body_mb, 0.001),
        ("limits.file_mb", limits.file_mb, 0.001),
        ("limits.rows", limits.rows, 1),
        ("limits.explained", limits.explained, 1),
        ("limits.seconds", limits.seconds, 0.1),
        ("limits.requests", limits.requests, 1),
        ("limits.waiting", limits.waiting, 1),
        ("limits.models", limits.models, 0),
        ("--workers", settings.workers, 1),
        ("drain_s", settings.drain_s, 0),
        ("refresh_s", settings.refresh_s, 0.01),
        ("record.keep_days", 1 if settings.record.keep_days is None else settings.record.keep_days, 0.001),
    ):
        if not least <= number < 1e6:
            where = written.place(*name.split(".")) if written else None
            raise OptionError(
                f"{name} cannot be {number:g}.", where=where, hint=f"give a number of at least {least:g}."
            )
    if not 0 <= settings.port < 65536:
        raise OptionError(f"--port cannot be {settings.port}.", hint="give a number from 0 (any free one) to 65535.")
    if (settings.certificate is None) != (settings.private_key is None):
        raise OptionError("TLS needs both a certificate and its private key.", hint="--tls CERTIFICATE KEY names them.")
    if "*" in settings.network.origins:
        raise OptionError(
            "network.origins cannot be '*': every page that anybody visits could then ask this service.",
            where=written.place("network", "origins") if written else None,
            hint='name the sites: ["https://shop.example"].',
        )
    return settings


def to_json(settings: Settings) -> str:
    """Return the settings as a worker reads them."""
    return msgspec.json.encode(settings).decode()


def from_json(text: str) -> Settings:
    """Return the settings that `to_json` wrote."""
    return msgspec.json.decode(text, type=Settings)


def shown(settings: Settings) -> dict[str, Any]:
    """Return what of the settings may be told to whoever may read: no paths, no addresses of databases."""
    return {
        "limits": msgspec.to_builtins(settings.limits),
        "policy": msgspec.to_builtins(settings.policy),
        "durability": settings.record.durability,
    }
