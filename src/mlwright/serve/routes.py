"""Routes: every address of the service, who may use it, what it takes; one table that the door, OpenAPI and docs read.

A route says its scope: what a key has to allow. There is no default: an address without a key says `OPEN`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlwright.serve.http import JSON, Request, Response
from mlwright.serve.problems import Problem

if TYPE_CHECKING:
    from mlwright.serve.service import Service

OPEN = "open"
"""The scope of an address that everybody may use."""
SCOPES = frozenset({OPEN, "predict", "outcomes", "read", "admin"})
MOST_PATH = 2_000

Handler = Callable[["Service", Request], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method; `{name}` in the path stands for one part of it."""

    method: str
    path: str
    scope: str
    handler: Handler
    summary: str
    takes: Sequence[str] = ()
    """Kinds of content that a body may be; none: there is no body."""
    parameters: Sequence[str] = ()
    """Parameters of the query."""
    own: bool = False
    """Whether a key for one model alone may use it, though no model is named: the handler shows it only its own."""
    largest: str = "body"
    """Which limit of the settings holds for the body: "body" or "file"."""
    gives: Sequence[str] = (JSON,)
    """Kinds of content that an answer may be."""
    status: int = 200
    """Of an answer."""
    body: str | None = None
    """The JSON Schema of a body, by its name in `schemas`."""
    answer: str | None = None
    """The JSON Schema of an answer in JSON, by its name in `schemas`; None: any object."""
    link: str = ""
    """What other pages call it where they link to it; empty: they do not."""
    problems: Sequence[str] = ()
    """Kinds of problems that it may tell besides those that follow from the above."""


class Router:
    """Finds the route of a path: by its parts, one after the other."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._exact: dict[str, dict[str, Route]] = {}
        self._tree: dict[str, Any] = {}
        for route in routes:
            if route.scope not in SCOPES:
                raise ValueError(f"{route.path} has no scope")
            if "{" not in route.path:
                self._exact.setdefault(route.path, {})[route.method] = route
                continue
            node = self._tree
            for part in route.path[1:].split("/"):
                node = node.setdefault("{}" if part.startswith("{") else part, {})
            node.setdefault("", {})[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a path, and what its named parts are. Raises Problem where there is none."""
        methods, parts = self._exact.get(path), list[str]()
        if methods is None:
            methods, parts = self._walk(path)
        if methods is None:
            raise Problem(
                "no-such-path", "There is nothing at this address.", hint="/openapi.json lists what there is."
            )
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise Problem(
                "wrong-method",
                f"This address does not take {method[:20]}.",
                hint=f"it takes {allowed}.",
                headers=[(b"allow", allowed.encode())],
            )
        names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
        return route, dict(zip(names, parts, strict=True))

    def _walk(self, path: str) -> tuple[dict[str, Route] | None, list[str]]:
        if len(path) > MOST_PATH or not path.startswith("/"):
            return None, []
        node = self._tree
        parts = []
        for part in path[1:].split("/"):
            if part in node and part not in {"", "{}"}:
                node = node[part]
            elif part and "{}" in node:
                parts.append(part)
                node = node["{}"]
            else:
                return None, []
        return node.get(""), parts
