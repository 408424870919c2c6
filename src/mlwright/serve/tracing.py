"""Traces for OpenTelemetry: one span for each request, joined to the trace that the client's `traceparent` names.

Where to, how often and under which name is said as everywhere in OpenTelemetry: by OTEL_EXPORTER_OTLP_ENDPOINT,
OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME and the like.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from mlwright.errors import MissingExtraError
from mlwright.serve.http import Request, Response

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

NAME = "mlwright"


class Tracer:
    """Makes a span of each request. Raises MissingExtraError where OpenTelemetry is not installed."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        try:
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.trace import SpanKind, Status, StatusCode
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ModuleNotFoundError as error:
            raise MissingExtraError.of("otel", "Sending traces") from error
        os.environ.setdefault("OTEL_SERVICE_NAME", NAME)
        self._provider = TracerProvider(resource=Resource.create())
        self._provider.add_span_processor(BatchSpanProcessor(exporter or _exporter()))
        self._tracer = self._provider.get_tracer(NAME)
        self._propagator = TraceContextTextMapPropagator()
        self._kind, self._failed = SpanKind.SERVER, Status(StatusCode.ERROR)

    def note(self, request: Request, response: Response) -> None:
        """Make the span of a request that was answered."""
        taken = time.perf_counter() - request.started
        now = time.time_ns()
        carrier = {
            name: value.decode("latin-1")
            for name in ("traceparent", "tracestate")
            if (value := request.headers.get(name.encode())) is not None
        }
        attributes: dict[str, Any] = {
            "http.request.method": request.method[:20],
            "http.route": request.route or "",
            "url.path": request.path[:200],
            "http.response.status_code": response.status,
            "mlwright.request": request.id,
        }
        attributes |= {f"mlwright.{name}": value[:100] for name, value in request.named.items()}
        span = self._tracer.start_span(
            f"{request.method[:20]} {request.route or ''}".strip(),
            context=self._propagator.extract(carrier),
            kind=self._kind,
            attributes=attributes,
            start_time=now - int(taken * 1e9),
        )
        if response.status >= 500:
            span.set_status(self._failed)
        span.end(now)

    def close(self) -> None:
        """Send what was not sent yet."""
        self._provider.shutdown()


def _exporter() -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
