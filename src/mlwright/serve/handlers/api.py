"""The service's own description, for programs that make clients of it."""

from __future__ import annotations

from mlwright.serve.http import Request, Response, json_response
from mlwright.serve.routes import Route
from mlwright.serve.service import Service


def openapi(service: Service, _: Request) -> Response:
    """Describe every address, and the rows and answers of every model that is served."""
    from mlwright.serve.openapi import document

    return json_response(document(service.routes, service.endpoints, locked=service.keyring.locked))


ROUTES = (
    Route(method="GET", path="/openapi.json", scope="read", handler=openapi, summary="This description, as OpenAPI"),
)
