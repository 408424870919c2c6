"""Clients that are slow, silent, half gone, too many, or do not wait for answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.serve.conftest import Running, rows_of
from tests.serve.faults.wire import GOOD, MODEL, PATH, get, read, request, rows_body, spoken, still_right

HEAD = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n".encode()


@pytest.fixture
def connection(target: Running) -> Iterator[socket.socket]:
    """A plain connection."""
    with socket.create_connection(("127.0.0.1", target.port), 15) as made:
        yield made


def trickle(connection: socket.socket, data: bytes, pause_s: float) -> None:
    """Send a byte now and then, until nobody listens."""
    try:
        for place in range(len(data)):
            connection.sendall(data[place : place + 1])
            time.sleep(pause_s)
    except OSError:
        pass


def test_half_closed_clients_get_their_answer(target: Running) -> None:
    """Also where the answer takes a while, on another thread."""
    assert spoken(target, request(GOOD), shut=True).status == 200
    many = rows_body(*rows_of(MODEL, 300))
    said = spoken(target, request(many, path=f"{PATH}?explain=true"), shut=True)
    assert said.status == 200
    assert len(said.json["predictions"]) == 300


def test_a_request_that_never_ends_is_not_answered(target: Running) -> None:
    assert spoken(target, HEAD + b"content-length: %d\r\n\r\n" % (len(GOOD) + 10) + GOOD, shut=True).status == 0
    assert spoken(target, HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n", shut=True).status == 0


def test_a_body_that_does_not_come_is_not_waited_for(target: Running) -> None:
    started = time.monotonic()
    said = spoken(target, HEAD + b"content-length: %d\r\n\r\n" % (len(GOOD) + 10) + GOOD)
    assert said.status == 408
    assert said.is_problem
    assert time.monotonic() - started < 5


def test_a_byte_now_and_then_holds_nothing(connection: socket.socket) -> None:
    """The time for a body, here one second, begins with its headers, not anew with each byte."""
    connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(GOOD))
    sender = threading.Thread(target=trickle, args=(connection, GOOD, 0.1))
    started = time.monotonic()
    sender.start()
    assert read(connection).status == 408
    assert time.monotonic() - started < 5
    connection.close()
    sender.join(60)


def test_requests_behind_one_another_are_answered_in_their_order(connection: socket.socket) -> None:
    connection.sendall(get(b"/health/live") + request(GOOD) + get(b"/nothing") + get(b"/health/ready"))
    found = []
    rest = b""
    while rest.count(b"HTTP/1.1 ") < 4:
        rest += connection.recv(1 << 16)
    found = [int(part[:3]) for part in rest.split(b"HTTP/1.1 ")[1:]]
    assert found == [200, 200, 404, 200]


def test_too_many_requests_behind_one_another_end_the_connection(connection: socket.socket) -> None:
    """Those that wait are answered, the last of them says that the connection ends."""
    sender = threading.Thread(target=trickle, args=(connection, b"", 0))
    sender.start()
    connection.sendall(get(b"/health/live") * 2000)
    got = b""
    try:
        while part := connection.recv(1 << 16):
            got += part
    except ConnectionResetError:
        pass
    sender.join(60)
    assert 100 < got.count(b"HTTP/1.1 200") < 2000
    assert b"connection: close" in got[got.rindex(b"HTTP/1.1 200") :]


def test_500_silent_connections_hold_up_nobody(target: Running) -> None:
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(socket.create_connection(("127.0.0.1", target.port), 15))
        started = time.monotonic()
        assert still_right(target)
        assert time.monotonic() - started < 2


def test_a_client_that_goes_away_takes_nobody_with_it(target: Running) -> None:
    many = request(rows_body(*rows_of(MODEL, 500)))
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", target.port), 15) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closing resets
            made.sendall(many)
    assert still_right(target)
