"""Every kind of channel, by the name that the settings give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.monitor.deliver.mail import Mail
from mlwright.monitor.deliver.slack import Slack
from mlwright.monitor.deliver.webhook import Webhook

CHANNELS: Mapping[str, type[Any]] = {kind.kind: kind for kind in (Webhook, Slack, Mail)}
