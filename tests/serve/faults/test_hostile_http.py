"""HTTP that is broken, ambiguous or too much: a sentence or a closed connection, never a fault, a hang or a lie."""

from __future__ import annotations

import gzip

import pytest
from tests.serve.conftest import Running
from tests.serve.faults.wire import GOOD, PATH, get, request, spoken

POST = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n".encode()
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)


def sized(length: bytes) -> bytes:
    return POST + b"content-length:" + length + b"\r\n\r\n" + GOOD


MALFORMED = {
    "bad chunk size": CHUNKED + b"zz\r\n",
    "negative chunk size": CHUNKED + b"-1\r\n",
    "endless chunk size": CHUNKED + b"f" * 18 + b"\r\n",
    "length and chunks": POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + CHUNK,
    "chunks and length": POST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n" + CHUNK,
    "unknown coding": POST + b"transfer-encoding: xchunked\r\n\r\n" + CHUNK,
    "coding behind chunks": POST + b"transfer-encoding: chunked, identity\r\n\r\n" + CHUNK,
    "coding before chunks": POST + b"transfer-encoding: gzip, chunked\r\n\r\n" + CHUNK,
    "two codings": POST + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n" + CHUNK,
    "two lengths": POST + b"content-length: %d\r\ncontent-length: 5\r\n\r\n%b" % (len(GOOD), GOOD),
    "negative length": sized(b"-5"),
    "signed length": sized(b"+5"),
    "hex length": sized(b"0x10"),
    "list of lengths": sized(b"5, 5"),
    "empty length": sized(b""),
    "length beyond all": sized(b"9" * 30),
    "space before colon": POST + b"content-length : 5\r\n\r\n12345",
    "folded header": POST + b"x: y\r\n z: q\r\n\r\n",
    "line feeds alone": request(GOOD).replace(b"\r\n", b"\n"),
    "carriage returns alone": request(GOOD).replace(b"\r\nhost", b"\rhost"),
    "no HTTP": b"SSH-2.0-OpenSSH_9\r\n\r\n",
    "zeros": b"\0" * 1000,
    "every byte": bytes(range(256)) * 4,
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "unknown method": get(b"/", method=b"BREW"),
    "small letters": get(b"/health/live", method=b"get"),
    "endless method": get(b"/", method=b"A" * 1000),
    "tunnel": get(b"127.0.0.1:80", method=b"CONNECT"),
    "tunnel to a path": get(b"/", method=b"CONNECT"),
    "letters beyond ASCII in the path": get(b"/v1/models/\xff\xfe"),
    "space in the path": get(b"/health /live"),
    "control letters in a header": request(GOOD, b"x-request-id: a\x00b"),
    "line end in a header": request(GOOD, b"x-request-id: a\rset-cookie: b"),
    "two hosts": get(b"/health/live", b"host: 127.0.0.1"),
    "two content types": request(GOOD, b"content-type: text/csv"),
    "two keys": request(GOOD, b"authorization: Bearer a", b"authorization: Bearer b"),
    "idempotency key that is empty": request(GOOD, b"idempotency-key: "),
    "idempotency key without end": request(GOOD, b"idempotency-key: " + b"k" * 1000),
    "idempotency key beyond ASCII": request(GOOD, b"idempotency-key: \xff"),
    "10,000 parameters": get(b"/v1/models/binary/predict?" + b"&".join(b"a%d=1" % place for place in range(10_000))),
    "unknown parameter": request(GOOD, path=f"{PATH}?x=1"),
    "parameter twice": request(GOOD, path=f"{PATH}?explain=1&explain=0"),
    "parameter of bad UTF-8": request(GOOD, path=f"{PATH}?explain=%ff"),
    "parameter that says neither": request(GOOD, path=f"{PATH}?explain=maybe"),
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_malformed_requests_are_told_so(target: Running, sent: bytes) -> None:
    said = spoken(target, sent)
    assert said.is_problem
    assert said.status in {400, 405}


REFUSED = {
    "method of proxies": (405, get(b"/", method=b"TRACE")),
    "method of others": (405, get(b"/v1/models", method=b"PUT")),
    "no host": (421, get(b"/health/live", host=b"x: y")),
    "another host": (421, get(b"/health/live", host=b"host: evil.example")),
    "a host that begins like ours": (421, get(b"/health/live", host=b"host: 127.0.0.1:80@evil.example")),
    "half an address": (421, get(b"/health/live", host=b"host: [::1")),
    "another origin": (403, request(GOOD, b"origin: https://evil.example")),
    "no origin": (403, request(GOOD, b"origin: null")),
    "half an origin": (403, request(GOOD, b"origin: http://[::1")),
    "another site": (403, request(GOOD, b"sec-fetch-site: cross-site")),
    "a header of 200 KB": (431, get(b"/health/live", b"x: " + b"a" * 200_000)),
    "a header without end": (431, b"GET / HTTP/1.1\r\nx: " + b"a" * 500_000),
    "1,000 headers": (431, get(b"/health/live", *[b"x%d: y" % place for place in range(1000)])),
    "a name of 10 KB": (404, get(b"/v1/models/" + b"a" * 10_000)),
    "compressed": (415, request(gzip.compress(GOOD), b"content-encoding: gzip")),
    "said to be compressed": (415, request(GOOD, b"content-encoding: gzip")),
    "pickled": (415, request(GOOD, kind=b"application/x-pickle")),
    "an answer as an image": (406, request(GOOD, b"accept: image/png")),
    "a preference without end": (406, request(GOOD, b"accept: " + b"a/b;q=0," * 5000)),
    "a length beyond the limit": (413, POST + b"content-length: 1000000000\r\n\r\n"),
    "a length beyond the limit, expecting": (413, POST + b"expect: 100-continue\r\ncontent-length: 99999999\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "sent"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_taken_is_refused_with_its_own_status(target: Running, status: int, sent: bytes) -> None:
    said = spoken(target, sent)
    assert said.is_problem
    assert said.status == status


NAMES = [
    b"..%2f..%2fetc%2fpasswd",
    b"%2e%2e",
    b"..",
    b"%2e%2e%2f%2e%2e",
    b"/etc/passwd",
    b"//etc/passwd",
    b"%00",
    b"binary%00",
    b"%c0%ae%c0%ae",
    b"%c0%af",
    b"%ff",
    b"%2fetc%2fpasswd",
    b"..%5c",
    b"C:%5cwindows",
    b"file:%2f%2f%2fetc%2fpasswd",
    b"http:%2f%2f127.0.0.1",
    b"s3:%2f%2fbucket",
    b"%",
    b"%zz",
    b"%0d%0aset-cookie:%20a=b",
    b"binary@",
    b"@1",
    b"binary@1@1",
    b"binary@-1",
    b"binary@0",
    b"binary@" + b"9" * 30,
    b"binary@%d9%a1",
    b"binary@1.0",
    b"binary@__class__",
    b"__proto__",
    b"__class__",
    b"binary/../binary",
    b"BINARY",
    b"{name}",
    b"%f0%9f%98%80",
    b"a" * 1900,
]


@pytest.mark.parametrize("name", NAMES)
def test_names_open_nothing_but_models(target: Running, name: bytes) -> None:
    for sent in (
        get(b"/v1/models/" + name),
        get(b"/v1/models/" + name + b"/schema"),
        request(GOOD, path=f"/v1/models/{name.decode()}/predict"),
    ):
        said = spoken(target, sent)
        assert said.is_problem
        assert said.status == 404
        assert b"\nset-cookie" not in said.head


ANSWERED = {
    "HTTP/1.0": request(GOOD).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "chunks": CHUNKED + CHUNK,
    "chunks with trailers": CHUNKED + CHUNK[:-2] + b"x: y\r\n\r\n",
    "an unknown expectation": request(GOOD, b"expect: 200-ok"),
    "lines before it": b"\r\n" * 10 + request(GOOD),
    "a wish for a websocket": request(GOOD, b"connection: Upgrade", b"upgrade: websocket"),
    "a wish for HTTP/2": request(
        GOOD, b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMA"
    ),
    "a request id of tags": request(GOOD, b"x-request-id: <script>alert(1)</script>"),
}


@pytest.mark.parametrize("sent", ANSWERED.values(), ids=ANSWERED)
def test_what_is_odd_but_clear_is_answered(target: Running, sent: bytes) -> None:
    said = spoken(target, sent)
    right = spoken(target, request(GOOD))
    assert said.status == right.status == 200
    assert said.json["predictions"][0]["probabilities"] == right.json["predictions"][0]["probabilities"]
    assert b"<script>" not in said.head


def test_a_wish_for_another_protocol_in_pieces_keeps_the_body(target: Running) -> None:
    whole = request(GOOD, b"connection: upgrade", b"upgrade: h2c")
    said = spoken(target, [whole[:-20], whole[-20:]])
    assert said.status == 200


def test_a_body_that_is_expected_is_called_for(target: Running) -> None:
    said = spoken(target, request(GOOD, b"expect: 100-continue"))
    assert said.status == 100
