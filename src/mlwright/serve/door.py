"""The door: the one way into the service. Each request is named, weighed, let in or not, answered, counted and logged.

It is a plain ASGI application: with its table of routes it does in a fifth of the time what a framework would do
(docs/decisions/0010-the-service.md).
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import re
import time
from collections.abc import Sequence
from os import urandom
from urllib.parse import unquote

from mlwright.errors import InputError, OutputError
from mlwright.serve.auth import ORIGINS, Keyring, refuse_strangers
from mlwright.serve.http import (
    HTML,
    PROBLEM,
    DisconnectedError,
    Header,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    read_body,
    refuse_repeated_headers,
)
from mlwright.serve.problems import Problem
from mlwright.serve.routes import Route, Router
from mlwright.serve.service import Service
from mlwright.serve.tracing import Tracer

logger = logging.getLogger("mlwright.serve")
_PROCESS, _count = urandom(8).hex(), itertools.count(1)
"""What the ids of this process's requests begin with, and what they end with."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})
SECURE: Sequence[Header] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGE: Sequence[Header] = (
    *SECURE[:2],
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser says of its own form that it comes from nowhere
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", _POLICY.encode()),
)
_CONTENT_TYPES: dict[str, bytes] = {}


class Door:
    """The ASGI application."""

    def __init__(self, service: Service, routes: Sequence[Route]) -> None:
        self.service = service
        self.router = Router(routes)
        service.routes = self.router.routes
        self.keyring: Keyring = service.keyring
        self._hosts = service.settings.hosts
        self._origins = frozenset(each.encode() for each in service.settings.network.origins)
        limits = service.settings.limits
        self._largest = {"body": int(limits.body_mb * 1e6), "file": int(limits.file_mb * 1e6)}
        self._most = limits.requests
        self._logs_requests = service.settings.logs.requests
        self._tracer = Tracer() if service.settings.traces else None
        self.failure: Exception | None = None
        """Why the service could not start, or None."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or begin and end the service's life."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._life(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = dict(scope["headers"])
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("ascii", "replace"),
            query=scope["query_string"],
            headers=headers,
            id=_request_id(headers),
            started=started,
            receive=receive,
        )
        service = self.service
        service.in_flight += 1
        try:
            if len(headers) != len(scope["headers"]):
                refuse_repeated_headers(scope["headers"])
            response = await self._answer(request)
        except DisconnectedError:
            return
        except Problem as problem:
            response = self._told(problem, request)
        except OutputError as error:  # a database or a disk of ours, not what was asked
            logger.error("What was sent cannot be kept. %s", error, extra={"request": request.id})  # noqa: TRY400
            said = Problem("not-recorded", error.message, hint=error.hint, retry_after=1)
            response = self._told(said, request)
        except InputError as error:
            response = self._told(Problem("invalid-rows", error.message, hint=error.hint), request)
        except Exception:
            logger.exception("a fault", extra={"request": request.id, "path": request.path[:200]})
            told = f"its log tells of the request {request.id}."
            fault = Problem("internal-error", "This is a fault of the service.", hint=told)
            response = self._told(fault, request)
        finally:
            service.in_flight -= 1
        await self._send(request, response, send)
        if self._logs_requests:
            self._log(request, response)
        if self._tracer is not None:
            self._tracer.note(request, response)

    async def _answer(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise Problem("wrong-method", f"The method {request.method[:20]!r} is not known here.")
        refuse_strangers(request, self.service.settings, self._hosts)
        if request.method == "OPTIONS":
            return self._preflight(request)
        route, named = self.router.find(request.method, request.path)
        request.named = {name: unquote(part) for name, part in named.items()} if named else named
        request.route = route.path
        self.keyring.may(request, route)
        if self.service.in_flight > self._most and route.scope != "open":
            self.service.metrics.turned_away.inc()
            raise Problem("busy", "Too many requests are being answered.", hint="come again.", retry_after=1)
        if route.takes and route.largest == "body":
            request.body = await read_body(request, self._largest["body"])
            request.is_read = True
        response = route.handler(self.service, request)
        return await response if inspect.isawaitable(response) else response

    def _preflight(self, request: Request) -> Response:
        """Answer a browser that asks whether a page of another site may ask."""
        origin = request.headers.get(b"origin", b"")
        if origin not in self._origins:
            raise Problem("foreign-origin", "Pages of that site may not ask this service.", hint=ORIGINS)
        allowed = [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-allow-headers", b"authorization, content-type, idempotency-key, x-request-id"),
            (b"access-control-max-age", b"600"),
        ]
        return Response(b"", status=204, headers=allowed)

    def _told(self, problem: Problem, request: Request) -> Response:
        self.service.metrics.problem(problem.kind, problem.status)
        if b"text/html" in request.headers.get(b"accept", b""):  # a person with a browser
            from mlwright.serve.pages import problem_page

            return Response(problem_page(problem, request.id), HTML, problem.status, problem.headers)
        in_tensors = request.path.partition("/")[2].partition("/")[0] == "v2"
        return Response(problem.body(request.id, error=in_tensors), PROBLEM, problem.status, problem.headers)

    async def _send(self, request: Request, response: Response, send: Send) -> None:
        kind = _CONTENT_TYPES.get(response.media_type)
        if kind is None:
            text = response.media_type.startswith("text/") and "charset" not in response.media_type
            kind = (response.media_type + ("; charset=utf-8" if text else "")).encode("latin-1")
            if len(_CONTENT_TYPES) < 64:
                _CONTENT_TYPES[response.media_type] = kind
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(response.body) if response.parts is None else response.length).encode()),
            (b"x-request-id", request.id.encode()),
            *(PAGE if response.media_type == HTML else SECURE),
            *response.headers,
        ]
        origin = request.headers.get(b"origin")
        if origin is not None and origin in self._origins:
            headers += [(b"access-control-allow-origin", origin), (b"vary", b"origin")]
        if self.service.is_draining or (not request.is_read and _has_body(request)):
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if response.parts is not None and request.method != "HEAD":
            async for part in response.parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        body = b"" if request.method == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    def _log(self, request: Request, response: Response) -> None:
        logger.info(
            "request",
            extra={
                "request": request.id,
                "method": request.method[:20],
                "path": request.path[:200],
                "status": response.status,
                "ms": round((time.perf_counter() - request.started) * 1e3, 3),
                "key": request.key.label if request.key is not None else None,
            },
        )

    async def _started(self) -> None:
        await self.service.start()

    async def _life(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._started()
        except Exception as error:  # noqa: BLE001  the server is told, and ends
            self.failure = error
            if self.service.settings.workers > 1:  # nobody else tells why
                logger.error("The service cannot start. %s", error)  # noqa: TRY400  a sentence, no traceback
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.service.stop()
        if self._tracer is not None:
            await asyncio.to_thread(self._tracer.close)
        await send({"type": "lifespan.shutdown.complete"})


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode("ascii")
    return f"{_PROCESS}-{next(_count):x}"


def _has_body(request: Request) -> bool:
    return b"transfer-encoding" in request.headers or request.headers.get(b"content-length", b"0") != b"0"
