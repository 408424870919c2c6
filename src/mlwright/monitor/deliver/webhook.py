"""A webhook: the alarm as JSON, signed as Standard Webhooks says (standardwebhooks.com): libraries can check it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from mlwright import __version__
from mlwright.errors import OptionError
from mlwright.monitor.deliver.base import SECRET
from mlwright.monitor.deliver.post import checked_url, post

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm

TYPE = "mlwright.alarm"
PREFIX = "whsec_"
"""What a secret begins with whose rest is base64."""
SHORTEST = 16


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """POST of {"type", "alarm", "link"}; the header webhook-id is the same whenever the same alarm is sent again."""

    kind: ClassVar[str] = "webhook"
    url: str = field(repr=False)
    secret: str = field(default="", repr=False, metadata=SECRET)
    """Signs what is sent; nothing is signed without."""
    timeout_s: float = 10.0

    def check(self) -> None:
        """Raise OptionError where the address cannot be called, or the secret can be guessed."""
        checked_url(self.url, "the webhook")
        if self.secret and len(secret_bytes(self.secret)) < SHORTEST:
            raise OptionError(
                "The secret of the webhook is too short to be one.", hint=f"{SHORTEST} random bytes or more."
            )

    def send(self, alarm: Alarm, *, link: str | None) -> None:
        """Send one alarm. Raises UndeliveredError."""
        told = {"type": TYPE, "alarm": alarm.to_dict(), "link": link}
        body = json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
        ident, moment = message_id(alarm), str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "user-agent": f"mlwright/{__version__}",
            "idempotency-key": ident,
            "webhook-id": ident,
            "webhook-timestamp": moment,
        }
        if self.secret:
            headers["webhook-signature"] = signature(self.secret, ident, moment, body)
        post(checked_url(self.url, "the webhook"), body, headers, timeout_s=self.timeout_s)


def message_id(alarm: Alarm) -> str:
    """Return the id of a message, which a header can hold whatever a model is called.

    An alarm that is raised again after it had ended has the same id, and not the same moment.
    """
    told = f"{alarm.id}\0{alarm.at}"
    return "alarm_" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def secret_bytes(secret: str) -> bytes:
    """Return the bytes that a secret stands for. Raises OptionError where it says that it is base64 and is not."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise OptionError("The secret of the webhook is not base64 behind 'whsec_'.") from error


def signature(secret: str, ident: str, moment: str, body: bytes) -> str:
    """Return the header by which the receiver knows who sent a body, and that it is not an old one."""
    signed = hmac.new(secret_bytes(secret), f"{ident}.{moment}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(signed.digest()).decode()
