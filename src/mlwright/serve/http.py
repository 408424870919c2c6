"""Requests and responses, as the handlers see them; the little of ASGI that is needed, and bounds on what is read.

The server below (uvicorn) parses HTTP. Here a body is put together, within its limits of size and time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from mlwright.serve.problems import Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = "application/json"
PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
HTML = "text/html"
FORM = "application/x-www-form-urlencoded"

MOST_PARAMETERS = 50
ONCE = frozenset(
    {b"authorization", b"content-encoding", b"content-type", b"host", b"idempotency-key", b"origin", b"x-request-id"}
)
"""Headers that may stand only once; the server sees to it for content-length and transfer-encoding."""


class DisconnectedError(Exception):
    """The client has gone: nobody waits for an answer."""


@dataclass(slots=True)
class Request:
    """One request whose headers are there; `body` is empty until the door has read it."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    id: str
    started: float
    """Of the performance counter, in seconds."""
    receive: Receive
    body: bytes = b""
    key: Any = None
    """Who asks: a Key of the registry, or None where no key is needed."""
    route: str | None = None
    """The path of the route that was found, with its {names}."""
    is_read: bool = False
    held: Any = None
    """Answers that wait until the response is kept (`recording.Held`); None where nothing waits for that."""
    """Whether the whole body was read; the rest of one that was not is not waited for."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The parts of the path that its route names."""

    @property
    def media_type(self) -> str:
        """What kind of content the body is, in small letters and without parameters."""
        return self.headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower().decode("latin-1")

    def parameters(self, *known: str) -> dict[str, str]:
        """Return the query's parameters. Raises Problem for one that is not known, or stands twice."""
        return parsed(self.query, known) if self.query else {}

    def flag(self, name: str, parameters: Mapping[str, str]) -> bool:
        """Return whether a parameter says yes. Raises Problem where it says neither yes nor no."""
        said = parameters.get(name, "false").casefold()
        if said not in {"true", "false", "1", "0", "yes", "no", ""}:
            raise Problem(
                "malformed-request", f"The parameter {name!r} cannot be {said[:60]!r}.", hint="true or false."
            )
        return said in {"true", "1", "yes", ""}


def parsed(query: bytes, known: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a query or form. Raises Problem for an unknown or repeated one."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )  # fmt: skip
    except ValueError as error:
        raise Problem("malformed-request", "The parameters of the address cannot be read.") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem("malformed-request", "A parameter of the address stands twice.")
    if unknown := [name for name in found if name not in known]:
        raise Problem(
            "malformed-request",
            f"There is no parameter {unknown[0][:60]!r} here.",
            hint=f"there are: {', '.join(known)}." if known else "this address takes none.",
        )
    return found


@dataclass(slots=True)
class Response:
    """What is sent back."""

    body: bytes
    media_type: str = JSON
    status: int = 200
    headers: Sequence[Header] = ()
    parts: AsyncIterator[bytes] | None = None
    """What is sent in the place of `body`, piece by piece, because it is too large to be held."""
    length: int = 0
    """The bytes of all parts together."""


def json_response(value: object, status: int = 200, headers: Sequence[Header] = ()) -> Response:
    """Return a response that holds a value as JSON."""
    return Response(msgspec.json.encode(value), JSON, status, headers)


def refuse_repeated_headers(headers: Sequence[Header]) -> None:
    """Raise Problem where a header stands twice that two readers would read differently."""
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in seen and name in ONCE:
            raise Problem("malformed-request", f"The header {name.decode('latin-1')!r} stands twice.")
        seen.add(name)


def _refuse_coded(headers: Mapping[bytes, bytes], limit: int) -> None:
    """Raise Problem for a body that is too long by its own account, or not written as it is."""
    length = headers.get(b"content-length")
    if length is not None and (len(length) > 18 or int(length) > limit):
        raise _too_large(limit)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(
            "unknown-media-type", "A body that is compressed is not read here.", hint="leave content-encoding out."
        )
    if headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
        raise Problem("malformed-request", "A body comes whole or chunked, in no other transfer-encoding.")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body; how long it may take to arrive, `protocol` knows.

    Raises Problem where it is longer than `limit` bytes, DisconnectedError where the client went away.
    """
    parts = [part async for part in body_parts(request, limit)]
    return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)


async def body_parts(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield a body as it arrives, for one that is too large to be held; raises what `read_body` raises."""
    _refuse_coded(request.headers, limit)
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        part = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        yield part
    request.is_read = True


def _too_large(limit: int) -> Problem:
    return Problem(
        "too-large",
        f"The body is longer than the {limit:,} bytes that are taken at this address.",
        hint="send fewer rows at a time, or give the file to a job: POST /v1/models/{name}/jobs.",
        headers=[(b"connection", b"close")],
    )
