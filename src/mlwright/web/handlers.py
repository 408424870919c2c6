"""The addresses of the dashboard."""

from __future__ import annotations

from mlwright.serve.endpoint import Endpoint
from mlwright.serve.http import HTML, Request, Response, json_response
from mlwright.serve.problems import Problem
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.service import Service
from mlwright.web.reading import Reading


async def overview(service: Service, request: Request) -> Response:
    """Show how all models are doing."""
    return Response(await service.in_background(lambda: _overview(service, _allowed(service, request))), HTML)


async def one(service: Service, request: Request) -> Response:
    """Show how one model is doing, and why."""
    endpoint = _endpoint(service, request)
    has_list = len(_allowed(service, request)) > 1
    return Response(await service.in_background(lambda: _one(service, endpoint, has_list=has_list)), HTML)


async def every_state(service: Service, request: Request) -> Response:
    """Tell how all models are doing."""
    allowed = _allowed(service, request)
    reading = Reading.of(service)
    found = await service.in_background(lambda: [reading.health(each) for each in allowed])
    shown = [
        {
            "name": each.name,
            "version": each.version,
            "status": each.status,
            "pages": each.pages,
            "notices": each.notices,
        }
        for each in found
    ]
    return json_response({"models": shown})


async def state(service: Service, request: Request) -> Response:
    """Tell how one model is doing, and why."""
    endpoint = _endpoint(service, request)
    reading = Reading.of(service)
    return json_response(await service.in_background(lambda: reading.plain(endpoint)))


def style(_: Service, __: Request) -> Response:
    """Give the style sheet of the pages."""
    from mlwright.web.pages import static_style

    return Response(static_style(), "text/css")


def _allowed(service: Service, request: Request) -> list[Endpoint]:
    """Return the models of which whoever asks may know."""
    key = request.key
    return [each for each in service.endpoints.values() if key is None or key.allows("read", each.name)]


def _endpoint(service: Service, request: Request) -> Endpoint:
    name = request.named["name"]
    found = service.endpoints.get(name)
    if found is None:
        raise Problem(
            "no-such-model", f"No model {name[:100]!r} is served here.", hint="/monitor lists those there are."
        )
    return found


def _overview(service: Service, endpoints: list[Endpoint]) -> bytes:
    from mlwright.web.pages import overview_page

    reading = Reading.of(service)
    return overview_page([reading.health(each) for each in endpoints])


def _one(service: Service, endpoint: Endpoint, *, has_list: bool) -> bytes:
    from mlwright.web.pages import model_page

    return model_page(Reading.of(service).board(endpoint), has_list=has_list)


ROUTES = (
    Route(method="GET", path="/monitor", scope="read", handler=overview, own=True,
          summary="The page: how the models are doing", gives=(HTML,), link="How they are doing"),
    Route(method="GET", path="/monitor/{name}", scope="read", handler=one,
          summary="The page: how a model is doing, and why", gives=(HTML,)),
    Route(method="GET", path="/static/dashboard.css", scope=OPEN, handler=style,
          summary="What the dashboard looks like", gives=("text/css",)),
    Route(method="GET", path="/v1/monitor", scope="read", handler=every_state, own=True,
          summary="How are the models doing?"),
    Route(method="GET", path="/v1/models/{name}/monitor", scope="read", handler=state,
          summary="How is a model doing, and why?"),
)  # fmt: skip
