"""The server's HTTP protocol with bounds that it lacks, and without ways to lose an answer.

Without the bounds, a client that opens connections and sends nothing, or a byte now and then, or does not read what it
is told, holds them for ever. And an answer must arrive at a client that has closed its half of the connection, that is
still sending what is refused, or that asks by the way whether another protocol is spoken here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mlwright.serve.problems import Problem

HEADER_SECONDS = 10.0
SLOWEST = 64 << 10
"""So many bytes a second of a body are fast enough, however long it is: a file of a job."""
MOST_HEADER_BYTES = 64 << 10
MOST_HEADERS = 100
MOST_PIPELINED = 128
"""So many requests may wait on one connection for the answers to earlier ones."""
LINGER_SECONDS = 2.0
"""So long a connection takes in what is still sent after the answer to it: a reset would take the answer with it."""
READ_SECONDS = 30.0
"""So long a client may take nothing of the answer that it is sent."""
_HEAD, _CONTINUE = b"HTTP/1.1 ", b"HTTP/1.1 100"
_UPGRADES = frozenset({b"connection", b"upgrade", b"http2-settings"})


def _raw(problem: Problem) -> bytes:
    """Return the bytes of a whole response that closes the connection."""
    body = problem.body("none")
    phrase = HTTPStatus(problem.status).phrase
    head = f"HTTP/1.1 {problem.status} {phrase}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


_TOO_LARGE = _raw(
    Problem("headers-too-large", f"The headers are longer than {MOST_HEADER_BYTES >> 10} KB, or over {MOST_HEADERS}.")
)
_TOO_SLOW = _raw(Problem("too-slow", "The request did not arrive in time."))
_MALFORMED = _raw(Problem("malformed-request", "This is not HTTP as it is spoken here."))


class _Deaf(Exception):  # noqa: N818  a way out of the parser, not an error
    """Nothing more of what arrives on this connection is listened to."""


class _Flow(FlowControl):
    """Reads no more while requests wait for the answers to earlier ones."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


class _Wire:
    """A connection as uvicorn knows it: closed in the way that the protocol here knows, and written to in one go.

    uvicorn writes the head of a response and its body one after the other, each by a call to the system of its own, and
    the first wakes a client that can do nothing with it yet: that was a third of the time of a short answer.
    """

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport, self.close = transport, close
        self._write, self.is_closing = transport.write, transport.is_closing
        self._head = b""

    def write(self, data: bytes) -> None:
        """Send bytes behind the head that waits for them; let a head wait for what follows it."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(_HEAD) and data.endswith(b"\r\n\r\n") and not data.startswith(_CONTINUE):
            self._head = data
            return
        self._write(data)

    def flush(self) -> None:
        """Send a head that nothing follows."""
        if self._head:
            self.write(b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers are too many or too large, or whose request is too long in coming."""

    body_seconds = 10.0
    """So long a body may take after its headers, and once more for as much as a slow line brings in that time.

    A worker sets it from its settings.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = self._body_bytes = 0
        self._is_in_head, self._is_in_body = True, False
        self._is_upgrade = self._is_deaf = self._lingers = False
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._real: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for headers."""
        self._real = transport
        super().connection_made(_Wire(transport, self._leave))  # type: ignore[arg-type]
        self.flow = _Flow(self.transport, self.pipeline)
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_late)

    # --- what arrives ------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take bytes, within the bounds."""
        if self._is_deaf:
            return
        self._unset_keepalive_if_required()
        if self._is_in_head:
            self._head_bytes += len(data)
        else:
            self._body_bytes += len(data)
        rest = self._feed(data)
        if rest is not None:
            self._feed(self._without_upgrade(rest))
        self._go_on()

    def _go_on(self) -> None:
        """Wait for what is still to come of a request, or for the next one."""
        if self._is_deaf:
            return
        if self._is_in_head and self._head_bytes > MOST_HEADER_BYTES:
            self._end(_TOO_LARGE)
        elif self._is_in_head or self._is_in_body:
            if self._deadline is None:
                seconds = HEADER_SECONDS if self._is_in_head else self.body_seconds
                self._deadline = self.loop.call_later(seconds, self._too_late)
        elif not self._waits_for_an_answer():  # line ends between requests keep no connection open
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _feed(self, data: bytes) -> bytes | None:
        """Let the parser have bytes; return those behind a request to speak another protocol, where there is one."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return data[upgrade.args[0] :]
        except httptools.HttpParserError:
            if not self._is_deaf:
                self._end(_MALFORMED)
        return None

    def _without_upgrade(self, rest: bytes) -> bytes:
        """Return a request again, without its wish to speak another protocol: that is answered as any other.

        The parser would leave the body out. Clients that try HTTP/2 in this way, such as Java's, send one.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._end(_MALFORMED)
            return b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        lines = [b"%b %b HTTP/1.1" % (method, self.url)]
        lines += [b"%b: %b" % (name, value) for name, value in self.headers if name not in _UPGRADES]
        return b"\r\n".join([*lines, b"", rest])

    def on_message_begin(self) -> None:
        """Begin to count a request's head."""
        if self._is_deaf:
            raise _Deaf
        if len(self.pipeline) >= MOST_PIPELINED:  # those that wait are answered, and the last closes the connection
            self.cycle.keep_alive, self._is_deaf = False, True
            raise _Deaf
        super().on_message_begin()
        self._is_in_head, self._is_upgrade = True, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header, within the bounds."""
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            self._end(_TOO_LARGE)
            raise _Deaf

    def on_headers_complete(self) -> None:
        """End the head: what follows is the body, which the door weighs."""
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        self._is_in_head, self._is_in_body, self._head_bytes, self._body_bytes = False, True, 0, 0
        self._wait_no_longer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the body."""
        if self._is_upgrade:
            return
        self._is_in_body = False
        self._wait_no_longer()
        super().on_message_complete()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection for the answers to what was asked, where the client only says that it asks no more."""
        if self._is_deaf or self._is_in_body or self.scheme != "http" or not self._waits_for_an_answer():
            return False
        self.cycle.keep_alive, self._is_deaf = False, True
        return True

    def _waits_for_an_answer(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        del msg
        self._end(_MALFORMED)

    # --- what goes out -----------------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Give up a client that reads nothing for too long."""
        super().pause_writing()
        self._unread = self.loop.call_later(READ_SECONDS, self._real.abort)

    def resume_writing(self) -> None:
        """Go on: it reads."""
        super().resume_writing()
        self._read_again()

    def _read_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    # --- the end -----------------------------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        self._read_again()
        super().connection_lost(exc)

    def _wait_no_longer(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            is_asked = self._is_in_body and not self.cycle.response_started
            if is_asked and (self.flow.read_paused or self._body_bytes >= SLOWEST * self.body_seconds):
                self._body_bytes = 0
                self._deadline = self.loop.call_later(self.body_seconds, self._too_late)
                return
            self._end(_TOO_SLOW if is_asked or self._head_bytes else b"")

    def _end(self, said: bytes) -> None:
        if said and not self.transport.is_closing():
            self.transport.write(said)
            self._linger()
        else:
            self._leave()

    def _leave(self) -> None:
        """Close the connection: at once where all was read that was sent."""
        self.transport.flush()  # type: ignore[attr-defined]
        if self._is_in_body and not self.transport.is_closing():
            self._linger()
        elif not self._lingers:
            self._close()

    def _linger(self) -> None:
        """Say that nothing more comes, and take in what does: closing now would make the client lose the answer."""
        self.transport.flush()  # type: ignore[attr-defined]
        self._is_deaf = self._lingers = True
        self._wait_no_longer()
        if not self._real.can_write_eof():
            self._close()
            return
        self._real.write_eof()
        self.transport.is_closing = _yes  # type: ignore[method-assign]
        self._real.resume_reading()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self._real.abort)

    def _close(self) -> None:
        """Close the connection; over TLS, do not wait long for the client to say that it closes it, too.

        A client that keeps an idle connection says nothing, and a service that ends would wait for it to the last.
        """
        self._real.close()
        if self.scheme == "https":
            self._wait_no_longer()
            self._deadline = self.loop.call_later(LINGER_SECONDS, self._real.abort)


def _yes() -> bool:
    return True
