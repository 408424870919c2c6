"""A chat that takes messages as Slack's incoming webhooks do (Slack, Mattermost, Rocket.Chat, Discord's /slack)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from mlwright.monitor.deliver.base import SECRET
from mlwright.monitor.deliver.post import checked_url, post
from mlwright.monitor.deliver.told import told_of
from mlwright.monitor.deliver.webhook import message_id

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm


@dataclass(frozen=True, kw_only=True)
class Slack:
    """POST of {"text": ...}. Who knows the address can write into the chat, so it is a secret."""

    kind: ClassVar[str] = "slack"
    url: str = field(repr=False, metadata=SECRET)
    timeout_s: float = 10.0

    def check(self) -> None:
        """Raise OptionError where the address cannot be called."""
        checked_url(self.url, "the chat")

    def send(self, alarm: Alarm, *, link: str | None) -> None:
        """Send one alarm. Raises UndeliveredError."""
        text = "\n".join(quoted(line) for line in told_of(alarm).lines(link))
        headers = {"content-type": "application/json", "idempotency-key": message_id(alarm)}
        body = json.dumps({"text": text}).encode()
        post(checked_url(self.url, "the chat"), body, headers, timeout_s=self.timeout_s)


def quoted(line: str) -> str:
    """Return a text that calls nobody and links nowhere, whatever a column is called.

    >>> quoted("<!channel> a & b @here")
    '&lt;!channel&gt; a &amp; b @\u200bhere'
    """
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Mattermost and others read a bare @channel, too: a space without width parts it.
    return escaped.replace("@", "@\u200b")
