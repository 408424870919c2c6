"""What is counted, for Prometheus: how long answers take by model and version, problems by kind, flags by kind.

With several workers each counts in files of its own (`PROMETHEUS_MULTIPROC_DIR`, set before the workers start), and any
of them can tell the sum of all.
"""

from __future__ import annotations

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SHARED = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MEDIA_TYPE = CONTENT_TYPE_LATEST
# Else each counter and histogram has a gauge beside it that says when it began: twice the lines, for nobody.
disable_created_metrics()  # type: ignore[no-untyped-call]


def forget(pid: int | None) -> None:
    """Count no longer what a worker that ended said of itself at that moment; what it counted stays."""
    if pid is not None and os.environ.get(SHARED):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._latency = Histogram(
            "mlwright_answer_seconds", "Time to answer a request, without the network.", ["model", "version"],
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self._rows = Counter("mlwright_rows", "Rows that were answered.", ["model", "version"], registry=registry)
        self._problems = Counter(
            "mlwright_problems", "Requests that got no answer.", ["kind", "status"], registry=registry
        )
        self._flags = Counter("mlwright_flags", "Values and answers that were flagged.", ["model", "kind"],
                              registry=registry)  # fmt: skip
        self._version = Gauge("mlwright_model_version", "The version that a name means.", ["model"],
                              registry=registry, multiprocess_mode="mostrecent")  # fmt: skip
        self.in_flight = Gauge("mlwright_requests_in_flight", "Requests that are being answered.", registry=registry,
                               multiprocess_mode="livesum")  # fmt: skip
        self.turned_away = Counter("mlwright_turned_away", "Requests that were told to come again.", registry=registry)
        self.recorded = Gauge("mlwright_recorded", "Answers that the record has written.", registry=registry,
                              multiprocess_mode="livesum")  # fmt: skip
        self.dropped = Gauge("mlwright_record_dropped", "Answers that the record could not keep.", registry=registry,
                             multiprocess_mode="livesum")  # fmt: skip
        self.pending = Gauge("mlwright_record_pending", "Answers that wait to be written.", registry=registry,
                             multiprocess_mode="livesum")  # fmt: skip
        self.unshadowed = Gauge("mlwright_shadows_left_out", "Requests that were too many to be shadowed.",
                                registry=registry, multiprocess_mode="livesum")  # fmt: skip
        self.registry_fault = Gauge("mlwright_registry_fault", "Whether the registry cannot be followed.",
                                    registry=registry, multiprocess_mode="livemax")  # fmt: skip
        self.beside = CollectorRegistry()
        """What is not counted here but looked up when it is asked for, by collectors of layers above."""
        self._children: dict[tuple[str, int], tuple[Any, Any]] = {}

    def answered(self, model: str, version: int, seconds: float, rows: int) -> None:
        """Count a request that was answered."""
        found = self._children.get((model, version))
        if found is None:
            labels = model, str(version)
            found = self._children[model, version] = self._latency.labels(*labels), self._rows.labels(*labels)
        found[0].observe(seconds)
        found[1].inc(rows)

    def problem(self, kind: str, status: int) -> None:
        """Count a request that got no answer."""
        self._problems.labels(kind, str(status)).inc()

    def flagged(self, model: str, kind: str) -> None:
        """Count a flag."""
        self._flags.labels(model, kind).inc()

    def serving(self, model: str, version: int) -> None:
        """Note which version a name means."""
        self._version.labels(model).set(version)

    def text(self) -> bytes:
        """Return everything that was counted, as Prometheus reads it."""
        if os.environ.get(SHARED):
            from prometheus_client.multiprocess import MultiProcessCollector

            together = CollectorRegistry()
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]
            return bytes(generate_latest(together)) + bytes(generate_latest(self.beside))
        return bytes(generate_latest(self.registry)) + bytes(generate_latest(self.beside))
