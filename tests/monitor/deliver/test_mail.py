"""E-mail goes encrypted to those in the settings alone, and no text of an alarm can write a header or a tag."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from tests.monitor.deliver.conftest import Mailed, alarm

from mlwright.errors import OptionError
from mlwright.monitor.deliver.base import UndeliveredError
from mlwright.monitor.deliver.mail import Mail

TO = ("ann@example.org", "bob@example.org")
PASSWORD = "a password"


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]) -> None:
    """The mail server's certificate is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


def mailer(mail: Mailed, **changed: Any) -> Mail:
    options = {"host": "localhost", "port": mail.port, "sender": "mlwright@example.org", "to": TO, "timeout_s": 5.0}
    made = Mail(**{**options, **changed})
    made.check()
    return made


def read(mail: Mailed) -> EmailMessage:
    (raw,) = mail.messages
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_message_arrives_encrypted_and_signed_in(mail: Mailed) -> None:
    mail.login = ("me", PASSWORD)
    mailer(mail, user="me", password=PASSWORD).send(alarm(), link="https://m.example.org/monitor/churn")
    message = read(mail)
    assert message["subject"].startswith("Alarm: churn, version 3: The model is wrong more often")
    assert (message["from"], message["to"]) == ("mlwright@example.org", "ann@example.org, bob@example.org")
    assert message["auto-submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        text = part(message, kind)
        assert "Teach the model again: mlwright adapt churn." in text
        assert "https://m.example.org/monitor/churn" in text
        assert "2026-10-30 00:00" in text
    after = mail.said[mail.said.index("STARTTLS") + 1 :]
    assert all(word.startswith("(tls) ") for word in after)
    assert "(tls) AUTH" in after
    assert [each.split("<")[1].rstrip(">") for each in mail.recipients] == [*TO]


def test_the_same_alarm_has_the_same_message_id(mail: Mailed) -> None:
    for _ in range(2):
        mailer(mail).send(alarm(), link=None)
    first, again = (message_from_bytes(raw, policy=policy.default)["message-id"] for raw in mail.messages)
    assert first == again


def test_without_encryption_nothing_is_sent(mail: Mailed) -> None:
    mail.offers_tls, mail.login = False, ("me", PASSWORD)
    with pytest.raises(UndeliveredError, match="cannot do what the settings want"):
        mailer(mail, user="me", password=PASSWORD).send(alarm(), link=None)
    assert mail.messages == []
    assert "AUTH" not in mail.said


def test_a_certificate_nobody_knows_is_refused(mail: Mailed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(UndeliveredError, match="its certificate is not good"):
        mailer(mail).send(alarm(), link=None)
    assert mail.messages == []


def test_a_wrong_password_is_said_without_it(mail: Mailed) -> None:
    mail.login = ("me", "another")
    with pytest.raises(UndeliveredError, match="does not know the user or the password") as told:
        mailer(mail, user="me", password=PASSWORD).send(alarm(), link=None)
    assert PASSWORD not in str(told.value)
    assert PASSWORD not in repr(mailer(mail, user="me", password=PASSWORD))


def test_some_who_do_not_exist_do_not_keep_it_from_the_others(mail: Mailed, caplog: pytest.LogCaptureFixture) -> None:
    mail.refuses = ("ann@",)
    mailer(mail, security="none").send(alarm(), link=None)
    assert len(mail.messages) == 1
    assert "does not write to 1 of 2 addresses" in caplog.text


def test_nobody_exists(mail: Mailed) -> None:
    mail.refuses = ("@",)
    with pytest.raises(UndeliveredError, match="none of those"):
        mailer(mail, security="none").send(alarm(), link=None)


@pytest.mark.parametrize(("status", "is_refused"), [(552, True), (451, False)])
def test_a_message_that_is_not_taken(mail: Mailed, status: int, is_refused: bool) -> None:
    mail.data_status = status
    with pytest.raises(UndeliveredError, match=str(status)) as told:
        mailer(mail, security="none").send(alarm(), link=None)
    assert told.value.is_refused is is_refused


def test_no_server() -> None:
    with pytest.raises(UndeliveredError, match="cannot be reached: Connection refused"):
        Mail(host="127.0.0.1", port=9, security="none", sender="a@b.org", to=TO).send(alarm(), link=None)


@pytest.mark.parametrize("field", ["model", "message", "action", "cost", "id"])
def test_no_text_writes_a_header_or_a_tag(mail: Mailed, field: str) -> None:
    hostile = 'x\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script><img src="//evil">'
    mailer(mail, security="none").send(alarm(**{field: hostile, "columns": (hostile,)}), link=None)
    message = read(mail)
    assert message["bcc"] is None
    assert {*message.keys()} == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(mail.recipients) == 2
    assert "<script" not in part(message, "html")
    assert "<img" not in part(message, "html")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"to": ()}, "nobody"),
        ({"to": ("Ann <ann@example.org>",)}, "no e-mail address"),
        ({"to": ("ann@example.org\r\nBcc: eve@example.org",)}, "no e-mail address"),
        ({"sender": "ann"}, "no e-mail address"),
        ({"security": "ssl"}, "security cannot be 'ssl'"),
        ({"security": "none", "host": "mail.example.org"}, "not encrypted"),
        ({"port": 0}, "no port"),
        ({"host": "mail example"}, "no name of a host"),
        ({"user": "me"}, "needs a password"),
    ],
)
def test_settings_that_cannot_be(changed: dict[str, Any], match: str) -> None:
    options: dict[str, Any] = {"host": "mail.example.org", "sender": "a@b.org", "to": TO}
    with pytest.raises(OptionError, match=match):
        Mail(**{**options, **changed}).check()
