"""How the models are doing, for Prometheus: looked up in the monitor's store whenever it asks, by whichever worker."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mlwright.report import format as words
from mlwright.web.facts import Status

if TYPE_CHECKING:
    from mlwright.serve.service import Service
    from mlwright.web.facts import Health
    from mlwright.web.reading import Reading

logger = logging.getLogger("mlwright.web")
CODES: dict[Status, float] = {"ok": 0.0, "notice": 1.0, "page": 2.0, "unwatched": -1.0, "unknown": math.nan}
STATUS = "mlwright_monitor_status"
STATUS_TOLD = "How a model is doing: 0 ok, 1 notice, 2 page, -1 not watched, NaN cannot be read."


class Gauges(Collector):
    """Collects the monitor's numbers of the models that a service serves."""

    def __init__(self, reading: Reading, service: Service) -> None:
        self._reading, self._service = reading, service

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Give what may be collected, without asking the store."""
        yield GaugeMetricFamily(STATUS, STATUS_TOLD, labels=["model"])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the numbers of now; a store that cannot be read is a model whose status is not known."""
        status = GaugeMetricFamily(STATUS, STATUS_TOLD, labels=["model"])
        alarms = GaugeMetricFamily("mlwright_monitor_alarms", "Open alarms.", labels=["model", "level"])
        evidence = GaugeMetricFamily(
            "mlwright_monitor_log_evidence", "The natural logarithm of the evidence of the gravest open alarm.",
            labels=["model"],
        )  # fmt: skip
        loss = GaugeMetricFamily(
            "mlwright_monitor_loss", "The mean loss of the newest period, and the ends of its 95 % interval.",
            labels=["model", "bound"],
        )  # fmt: skip
        rows = GaugeMetricFamily("mlwright_monitor_matured_rows", "Rows whose outcome is known.", labels=["model"])
        for endpoint in list(self._service.endpoints.values()):
            health = self._reading.health(endpoint)
            name = health.name
            status.add_metric([name], CODES[health.status])
            alarms.add_metric([name, "page"], health.pages)
            alarms.add_metric([name, "notice"], health.notices)
            if (strongest := _log_evidence(health)) is not None:
                evidence.add_metric([name], strongest)
            if health.performance is not None and health.performance.periods:
                last = health.performance.periods[-1]
                for bound, value in (("value", last.value), ("lower", last.lower), ("upper", last.upper)):
                    if value is not None:
                        loss.add_metric([name, bound], value)
                rows.add_metric([name], sum(each.rows for each in health.performance.periods))
        yield from (status, alarms, evidence, loss, rows)


def _log_evidence(health: Health) -> float | None:
    value = words.known(health.newest.evidence.get("e_value")) if health.newest is not None else None
    return math.log(value) if value is not None and value > 0 else None
