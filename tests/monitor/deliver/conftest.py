"""Alarms, and those who take them: a web server and a mail server on this machine, each ended by its test."""

from __future__ import annotations

import base64
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from mlwright.monitor.alarm import Alarm

DAY = "2026-11-03T09:41:27+00:00"


def alarm(**changed: Any) -> Alarm:
    """Return an alarm with all that one can say."""
    told: dict[str, Any] = {
        "id": "churn/3/risk/1200",
        "kind": "risk",
        "level": "page",
        "model": "churn",
        "version": 3,
        "at": DAY,
        "since": "2026-11-01T00:00:00+00:00",
        "since_interval": ("2026-10-30T00:00:00+00:00", "2026-11-02T00:00:00+00:00"),
        "message": "The model is wrong more often than it was: 15 % of answers, not 10 %.",
        "columns": ("plan", "age"),
        "slices": ("plan is basic",),
        "evidence": {
            "e_value": 530.0, "threshold": 20.0, "reference": 0.1, "now": 0.15, "interval": [0.13, 0.17], "rows": 4000,
        },
        "causes": {"inputs": 0.25, "relation": 0.75},
        "cost": "About 1,200 EUR a day.",
        "action": "Teach the model again: mlwright adapt churn.",
        "ended": None,
    }  # fmt: skip
    return Alarm(**{**told, **changed})


@dataclass
class Outbox:
    """Alarms in memory, as the monitor's store keeps them."""

    alarms: list[Alarm]
    told: dict[str, list[str]] = field(default_factory=dict)

    def undelivered(self, channel: str) -> list[Alarm]:
        return [each for each in self.alarms if each.id not in self.told.get(channel, [])]

    def delivered(self, id: str, channel: str) -> None:  # noqa: A002
        self.told.setdefault(channel, []).append(id)


@dataclass
class Received:
    """What a web server was sent, and what it says to that."""

    address: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """What is answered, one after the other; then 200."""
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None
    """Until when nothing is answered, but for a letter now and then."""


@pytest.fixture
def web() -> Iterator[Received]:
    """A web server that keeps what it is sent."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        timeout = 60

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if received.wait is not None:
                self._drip(received.wait)
                return
            self.send_response(received.statuses.pop(0) if received.statuses else 200)
            for name, value in received.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def _drip(self, ends: threading.Event) -> None:
            """Say a letter every now and then, so that no single step takes long."""
            for letter in b"HTTP/1.0 200 OK" * 1000:
                if ends.wait(0.05):
                    return
                try:
                    self.wfile.write(bytes([letter]))
                except OSError:
                    return

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    received.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield received
    if received.wait is not None:
        received.wait.set()
    server.shutdown()
    thread.join(5)
    server.server_close()


@dataclass
class Mailed:
    """What a mail server was sent, and how it behaves."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Commands, with "(tls)" before those that came encrypted."""
    login: tuple[str, str] | None = None
    offers_tls: bool = True
    data_status: int = 250
    refuses: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "cert.pem", folder / "key.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(made),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@pytest.fixture
def mail(certificate: tuple[Path, Path]) -> Iterator[Mailed]:
    """A mail server that keeps what it is sent."""
    mailed = Mailed()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, certificate))
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(mailed, context))
    mailed.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield mailed
    server.shutdown()
    thread.join(5)
    server.server_close()


def _handler(mailed: Mailed, context: ssl.SSLContext) -> Callable[..., socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.is_tls = False
            self.request.settimeout(60)
            self.file = self.request.makefile("rb")
            self.say("220 ready")
            try:
                while line := self.file.readline():
                    if not self.take(line.decode().rstrip("\r\n")):
                        return
            except OSError:  # the client hung up
                pass
            finally:
                self.file.close()
                self.request.close()

        def say(self, text: str) -> None:
            self.request.sendall((text + "\r\n").encode())

        def take(self, line: str) -> bool:
            word = line.split(" ", maxsplit=1)[0].upper()
            mailed.said.append(("(tls) " if self.is_tls else "") + word)
            if word == "EHLO":
                tls = mailed.offers_tls and not self.is_tls
                self.say("250-me" + ("\r\n250-STARTTLS" if tls else "") + "\r\n250 AUTH PLAIN")
            elif word == "STARTTLS" and mailed.offers_tls:
                self.say("220 go on")
                self.request = context.wrap_socket(self.request, server_side=True)
                self.file, self.is_tls = self.request.makefile("rb"), True
            elif word == "AUTH":
                _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                self.say("235 welcome" if (user, password) == mailed.login else "535 who are you?")
            elif word == "MAIL":
                mailed.senders.append(line)
                self.say("250 ok")
            elif word == "RCPT":
                is_refused = any(each in line for each in mailed.refuses)
                if not is_refused:
                    mailed.recipients.append(line)
                self.say("550 nobody of that name" if is_refused else "250 ok")
            elif word == "DATA":
                self.say("354 go on")
                self.read_message()
            elif word == "QUIT":
                self.say("221 bye")
                return False
            else:
                self.say("250 ok" if word in {"RSET", "NOOP"} else "502 not here")
            return True

        def read_message(self) -> None:
            lines = []
            while (line := self.file.readline()) not in {b".\r\n", b""}:
                lines.append(line)
            if mailed.data_status == 250:
                mailed.messages.append(b"".join(lines))
            self.say(f"{mailed.data_status} that is it")

    return Handler
