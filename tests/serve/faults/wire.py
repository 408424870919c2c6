"""Bytes over a plain socket, for requests that no client library would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.serve.conftest import Running, rows_of

MODEL = "binary"
PATH = f"/v1/models/{MODEL}/predict"
PATIENCE_S = 15.0
"""What takes longer is a hang."""


@dataclass
class Said:
    """What came back."""

    status: int
    """0: nothing came, the connection was closed."""
    head: bytes
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def is_problem(self) -> bool:
        """Whether it is a client's error that is told with a sentence."""
        kind = b"content-type: application/problem+json" in self.head.lower()
        return 400 <= self.status < 500 and kind and len(self.json["detail"]) > 10


def request(body: bytes, *headers: bytes, path: str = PATH, kind: bytes = b"application/json") -> bytes:
    """Return a request for answers."""
    lines = [b"POST %b HTTP/1.1" % path.encode(), b"host: 127.0.0.1", b"content-length: %d" % len(body)]
    return b"\r\n".join([*lines, b"content-type: " + kind, *headers, b"", body])


def get(path: bytes, *headers: bytes, method: bytes = b"GET", host: bytes = b"host: 127.0.0.1") -> bytes:
    """Return a request without a body."""
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", host, *headers, b"", b""])


def rows_body(*rows: dict[str, Any]) -> bytes:
    """Return a body of rows, by default of a good one."""
    return json.dumps({"rows": list(rows) or rows_of(MODEL, 1)}).encode()


GOOD = rows_body()


def with_value(text: bytes, column: bytes = b"income") -> bytes:
    """Return a good body in which one value is written like this."""
    before, _, rest = rows_body({**rows_of(MODEL, 1)[0], column.decode(): 12345.5}).partition(b"12345.5")
    return before + text + rest


def spoken(running: Running, sent: bytes | Sequence[bytes], *, shut: bool = False) -> Said:
    """Send bytes and return the first answer; `shut`: say that nothing more comes, and read to the end.

    Raises TimeoutError where neither an answer nor the end comes in time.
    """
    with socket.create_connection(("127.0.0.1", running.port), PATIENCE_S) as connection:
        try:
            for part in [sent] if isinstance(sent, bytes) else sent:
                connection.sendall(part)
            if shut:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before all was sent: the answer is there
        return read(connection)


def read(connection: socket.socket) -> Said:
    """Return one answer."""
    got = b""
    while True:
        head, end, body = got.partition(b"\r\n\r\n")
        if end and len(body) >= (length := _length(head)):
            return Said(int(head[9:12]), head, body[:length])
        try:
            part = connection.recv(1 << 16)
        except ConnectionResetError:
            part = b""
        if not part:
            return Said(0, got, b"")
        got += part


def _length(head: bytes) -> int:
    found = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(found[0]) if found else 0


def still_right(running: Running) -> bool:
    """Tell whether a good request is answered, and as it always is."""
    said = spoken(running, request(GOOD))
    first = FIRST.setdefault(running.pid, said.json["predictions"][0]["probabilities"])
    return bool(said.status == 200 and said.json["predictions"][0]["probabilities"] == first)


FIRST: dict[int, Any] = {}
