"""Where alarms go: webhooks, chats that take Slack's format, e-mail; a new kind is one file and one line."""

from __future__ import annotations

from mlwright.monitor.deliver.base import Channel, UndeliveredError
from mlwright.monitor.deliver.deliverer import Deliverer, Round
from mlwright.monitor.deliver.kinds import CHANNELS
from mlwright.monitor.deliver.settings import DeliverySettings, Place, read_delivery
from mlwright.monitor.deliver.told import Told, told_of

__all__ = [
    "CHANNELS",
    "Channel",
    "Deliverer",
    "DeliverySettings",
    "Place",
    "Round",
    "Told",
    "UndeliveredError",
    "read_delivery",
    "told_of",
]
