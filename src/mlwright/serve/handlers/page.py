"""Pages for people: the list of models, a model's form, and its answer to what was filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlwright.serve.auth import allows_some
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.handlers import recommend_page, row_page
from mlwright.serve.http import FORM, HTML, Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.service import Service
from mlwright.serve.serving import Serving

Links = list[tuple[str, str]]


async def first(service: Service, request: Request) -> Response:
    """List the models, or open the only one."""
    endpoints = _allowed(service, request)
    if len(endpoints) == 1:
        page, asked, _ = await _asked(service, request, endpoints[0].name)
        return await page.blank(asked)
    links = links_for(service, request)
    return Response(await service.in_background(lambda: _list(endpoints, links)), HTML)


def _allowed(service: Service, request: Request) -> list[Endpoint]:
    """Return what may be asked by whoever asks."""
    key = request.key
    return [each for each in service.endpoints.values() if key is None or key.allows("predict", each.name)]


def links_for(service: Service, request: Request) -> list[tuple[str, str]]:
    """Return the other pages that whoever asks may see: addresses, and what they are called."""
    key = request.key
    return [
        (route.path, route.link)
        for route in service.routes
        if route.link and (key is None or allows_some(key, route.scope) or key.allows(route.scope))
    ]


def _list(endpoints: list[Endpoint], links: list[tuple[str, str]]) -> bytes:
    from mlwright.serve.pages.models import list_page

    return list_page(endpoints, links)


async def form(service: Service, request: Request) -> Response:
    """Show a model's page, with an example."""
    page, asked, _ = await _asked(service, request, request.named["name"])
    return await page.blank(asked)


async def answer(service: Service, request: Request) -> Response:
    """Answer what was filled in, on the same page."""
    page, asked, named = await _asked(service, request, request.named["name"])
    return await page.answer(asked, request, named)


@dataclass(frozen=True, slots=True)
class _Page:
    """How the page of a form of models is shown first, and how it answers."""

    made: Callable[[Service, Endpoint, Serving, str, Links], Any]
    blank: Callable[[Any], Awaitable[Response]]
    answer: Callable[[Any, Request, Serving | None], Awaitable[Response]]


_PAGES: Mapping[str, _Page] = {
    "rows": _Page(row_page.Asked, row_page.blank, row_page.answer),
    "log": _Page(recommend_page.Asked, recommend_page.blank, recommend_page.answer),
}


async def _asked(service: Service, request: Request, reference: str) -> tuple[_Page, Any, Serving | None]:
    """Return the page of a model, what it is about, and the version where one was named."""
    endpoint, named = await service.asked(reference)
    served = named or endpoint.main
    page = _PAGES[served.model.task.form]
    return page, page.made(service, endpoint, served, reference, links_for(service, request)), named


def asset(_: Service, request: Request) -> Response:
    """Give what the pages refer to."""
    from mlwright.serve.pages import STATIC, static

    name = request.named["file"]
    if name not in STATIC:
        raise Problem("no-such-path", "There is nothing at this address.")
    return Response(static(name), STATIC[name][0])


ROUTES = (
    Route(method="GET", path="/", scope="predict", handler=first, own=True,
          summary="The page: which models are served", gives=(HTML,)),
    Route(method="GET", path="/models/{name}", scope="predict", handler=form, summary="The page: a model's form",
          gives=(HTML,)),
    Route(method="POST", path="/models/{name}", scope="predict", handler=answer, takes=(FORM,),
          summary="The page: the answer to a form", gives=(HTML,)),
    Route(method="GET", path="/static/{file}", scope=OPEN, handler=asset, summary="What the pages look like",
          gives=("text/css", "image/svg+xml")),
)  # fmt: skip
