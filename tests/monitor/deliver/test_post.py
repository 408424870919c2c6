"""Only the address that was written is called, and it cannot hold anybody up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.monitor.deliver.conftest import Received, alarm

from mlwright.errors import OptionError
from mlwright.monitor.deliver.base import UndeliveredError
from mlwright.monitor.deliver.mail import Mail
from mlwright.monitor.deliver.post import checked_url, post


def send(url: str, timeout_s: float = 5.0) -> None:
    post(checked_url(url, "the test"), b"{}", {"content-type": "application/json"}, timeout_s=timeout_s)


def test_what_is_sent_arrives(web: Received) -> None:
    send(f"{web.address}/a/b?c=d")
    ((path, headers, body),) = web.requests
    assert (path, body, headers["content-type"]) == ("/a/b?c=d", b"{}", "application/json")


def test_no_redirect_is_followed(web: Received) -> None:
    web.statuses, web.headers = [307], {"location": f"{web.address}/elsewhere"}
    with pytest.raises(UndeliveredError, match="another address") as told:
        send(web.address)
    assert [path for path, _, _ in web.requests] == ["/"]
    assert not told.value.is_refused


def test_no_proxy_of_the_environment_is_asked(web: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    send(web.address)
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("status", "is_refused"), [(400, True), (404, True), (413, True), (408, False), (429, False), (500, False)]
)
def test_who_does_not_take_it_is_told_apart_from_who_cannot(web: Received, status: int, is_refused: bool) -> None:
    web.statuses, web.headers = [status], {"retry-after": "7"}
    with pytest.raises(UndeliveredError, match=str(status)) as told:
        send(web.address)
    assert (told.value.is_refused, told.value.retry_after_s) == (is_refused, 7.0)


@pytest.mark.parametrize("asked", ["soon", "-5", "1e9", "", "99999999999999999999"])
def test_an_odd_wish_to_wait_is_none(web: Received, asked: str) -> None:
    web.statuses, web.headers = [503], {"retry-after": asked}
    with pytest.raises(UndeliveredError) as told:
        send(web.address)
    assert told.value.retry_after_s is None


def test_who_answers_a_letter_a_second_is_cut_off(web: Received) -> None:
    web.wait = threading.Event()
    began = time.monotonic()
    with pytest.raises(UndeliveredError, match="cannot be reached"):
        send(web.address, timeout_s=0.4)
    assert time.monotonic() - began < 3


def dripping(first: bytes) -> Iterator[int]:
    """A server that says something, and then a letter every now and then."""
    ends = threading.Event()

    def serve() -> None:
        with server:
            called, _ = server.accept()
            with called, suppress(OSError):
                called.sendall(first)
                while not ends.wait(0.05):
                    called.sendall(b"2")

    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(60)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        ends.set()
        thread.join(5)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("ending", ["Connection: close", "Connection: keep-alive"])
def test_a_body_a_letter_at_a_time_is_cut_off(scheme: str, ending: str) -> None:
    for port in dripping(f"HTTP/1.1 500 No\r\n{ending}\r\nContent-Length: 60\r\n\r\n".encode()):
        began = time.monotonic()
        with pytest.raises(UndeliveredError):
            send(f"{scheme}://127.0.0.1:{port}/", timeout_s=0.4)
        assert time.monotonic() - began < 2


def test_a_handshake_a_letter_at_a_time_is_cut_off() -> None:
    for port in dripping(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03"):
        began = time.monotonic()
        with pytest.raises(UndeliveredError, match="does not answer in time"):
            send(f"https://127.0.0.1:{port}/", timeout_s=0.4)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_mail_server_that_greets_a_letter_at_a_time_is_cut_off(security: str) -> None:
    first = b"" if security != "tls" else b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03"
    for port in dripping(first):
        mail = Mail(
            host="127.0.0.1", port=port, sender="a@b.org", to=("c@d.org",), security=security, timeout_s=0.4
        )  # fmt: skip
        began = time.monotonic()
        with pytest.raises(UndeliveredError, match="does not answer in time"):
            mail.send(alarm(), link=None)
        assert time.monotonic() - began < 2


def test_nobody_there() -> None:
    with pytest.raises(UndeliveredError, match=r"127\.0\.0\.1 cannot be reached: Connection refused\."):
        send("http://127.0.0.1:9/secret-path")


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.org/", "file:///etc/passwd", "https://", "https://me:pw@example.org/", "https://a.org/#x",
        "https://example.org/\r\nx: y", "https://exa mple.org/", "https://example.org:99999/", "example.org",
        "http://example.org/", "http://8.8.8.8/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_called(url: str) -> None:
    with pytest.raises(OptionError) as told:
        checked_url(url, "the webhook")
    assert "pw" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["https://example.org/x", "http://127.0.0.1:80", "http://alerts:9093/", "http://10.0.0.1"]
)
def test_addresses_that_are_called(url: str) -> None:
    assert checked_url(url, "the webhook").hostname
