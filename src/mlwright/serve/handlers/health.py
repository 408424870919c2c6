"""Whether the service lives, is ready and has started, for those who restart and route; and what was counted."""

from __future__ import annotations

from mlwright.serve.http import Request, Response, json_response
from mlwright.serve.metrics import MEDIA_TYPE
from mlwright.serve.problems import Problem
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.service import Service


def live(_: Service, __: Request) -> Response:
    """Say that the process answers at all."""
    return json_response({"status": "live"})


def ready(service: Service, _: Request) -> Response:
    """Say whether requests should be sent here: not before all models are loaded, and not while stopping."""
    if not service.is_ready or service.is_draining:
        why = "It is stopping." if service.is_draining else "It is starting."
        raise Problem("not-ready", f"The service is not ready. {why}", retry_after=1)
    return json_response({"status": "ready"})


def startup(service: Service, _: Request) -> Response:
    """Say whether the service has started."""
    if not service.is_ready and not service.is_draining:
        raise Problem("not-ready", "The service is still starting.", retry_after=1)
    return json_response({"status": "started"})


async def metrics(service: Service, _: Request) -> Response:
    """Tell what was counted, as Prometheus reads it; some of it is looked up in databases."""
    service.note_gauges()
    return Response(await service.in_background(service.metrics.text), MEDIA_TYPE)


ROUTES = (
    Route(method="GET", path="/health/live", scope=OPEN, handler=live, summary="Does the process answer?",
          answer="Health"),
    Route(method="GET", path="/health/ready", scope=OPEN, handler=ready, summary="Should requests be sent here?",
          answer="Health", problems=("not-ready",)),
    Route(method="GET", path="/health/startup", scope=OPEN, handler=startup, summary="Has the service started?",
          answer="Health", problems=("not-ready",)),
    Route(method="GET", path="/metrics", scope="read", handler=metrics, summary="What was counted, for Prometheus",
          gives=(MEDIA_TYPE,)),
)  # fmt: skip
