"""The application of one worker, as `mlwright serve` runs it: the service with the dashboard."""

from __future__ import annotations

from mlwright.serve import app
from mlwright.serve.handlers import ROUTES as SERVED
from mlwright.serve.routes import Route
from mlwright.serve.service import Service
from mlwright.web.gauges import Gauges
from mlwright.web.handlers import ROUTES as DASHBOARD
from mlwright.web.reading import Reading

ROUTES: tuple[Route, ...] = (*SERVED, *DASHBOARD)
"""Every address of the service and of its dashboard."""


def make() -> app.Worker:
    """Return the application of this process."""
    worker = app.make(ROUTES)
    add_gauges(worker.service)
    return worker


def add_gauges(service: Service) -> None:
    """Let /metrics tell how the models are doing, too."""
    service.metrics.beside.register(Gauges(Reading.of(service), service))
