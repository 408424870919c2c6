"""The webhook sends the alarm, with a signature that whoever has the secret can check as the standard says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.deliver.conftest import Received, alarm

from mlwright.errors import OptionError
from mlwright.monitor.deliver.webhook import Webhook, message_id, signature

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def test_the_alarm_arrives_as_json(web: Received) -> None:
    Webhook(url=f"{web.address}/hook", secret=SECRET).send(alarm(), link="https://m.example.org/monitor/churn")
    ((path, headers, body),) = web.requests
    told: dict[str, Any] = json.loads(body)
    assert path == "/hook"
    assert (told["type"], told["link"]) == ("mlwright.alarm", "https://m.example.org/monitor/churn")
    assert told["alarm"] == json.loads(json.dumps(alarm().to_dict()))
    assert {"kind", "since", "message", "columns", "action"} <= told["alarm"].keys()
    assert headers["idempotency-key"] == headers["webhook-id"] == message_id(alarm())


def test_the_signature_is_that_of_the_standard(web: Received) -> None:
    Webhook(url=web.address, secret=SECRET).send(alarm(), link=None)
    ((_, headers, body),) = web.requests
    # By hand, as a receiver does it.
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.digest(b"0123456789abcdef0123456789abcdef", signed, hashlib.sha256)
    assert headers["webhook-signature"] == "v1," + base64.b64encode(expected).decode()
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_the_example_of_the_standard() -> None:
    """From the specification's own libraries."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed(web: Received) -> None:
    Webhook(url=web.address).send(alarm(), link=None)
    assert "webhook-signature" not in web.requests[0][1]


def test_the_same_alarm_has_the_same_id_and_another_has_not(web: Received) -> None:
    hook = Webhook(url=web.address)
    for ident, at in (("a", "2026"), ("a", "2026"), ("b", "2026"), ("a", "2027")):
        hook.send(alarm(id=ident, at=at), link=None)
    first, again, other, later = (headers["webhook-id"] for _, headers, _ in web.requests)
    assert first == again
    assert len({first, other, later}) == 3


@given(st.text())
def test_an_id_is_fit_for_a_header(ident: str) -> None:
    assert re.fullmatch(r"alarm_[0-9a-f]{32}", message_id(alarm(id=ident)))


def test_a_name_cannot_write_a_header(web: Received) -> None:
    Webhook(url=web.address).send(alarm(id="a\r\nx-evil: 1", model="m\r\nx-evil: 1"), link=None)
    assert "x-evil" not in web.requests[0][1]


def test_secrets_are_not_shown() -> None:
    assert "secret-path" not in repr(Webhook(url="https://a.org/secret-path", secret=SECRET))
    assert SECRET not in repr(Webhook(url="https://a.org", secret=SECRET))


@pytest.mark.parametrize("secret", ["tiny", "whsec_c2hvcnQ=", "whsec_???"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(OptionError) as told:
        Webhook(url="https://a.org", secret=secret).check()
    assert secret not in str(told.value)
