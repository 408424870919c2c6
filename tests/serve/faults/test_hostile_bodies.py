"""Bodies that are broken, too large, too deep or made to keep a reader busy."""

from __future__ import annotations

import io
import json
import random
import socket
import struct
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from tests.serve.conftest import Running, rows_of
from tests.serve.faults.wire import GOOD, PATH, read, request, rows_body, spoken, with_value

from mlwright.serve.arrow_stream import refuse_hostile
from mlwright.serve.bodies import READERS
from mlwright.serve.problems import Problem

ARROW = b"application/vnd.apache.arrow.stream"
NDJSON = b"application/x-ndjson"
[ROW] = rows_of("binary", 1)
DEEP = b"[" * 100_000


def stream(frame: pl.DataFrame, compression: str = "uncompressed") -> bytes:
    out = io.BytesIO()
    frame.write_ipc_stream(out, compression=compression)
    return out.getvalue()


BAD = {
    "NaN": with_value(b"NaN"),
    "Infinity": with_value(b"-Infinity"),
    "1e999": with_value(b"1e999"),
    "400 digits": with_value(b"9" * 400),
    "10,000 digits": with_value(b"9" * 10_000),
    "bad UTF-8": with_value(b'"\xff\xfe"'),
    "overlong UTF-8": with_value(b'"\xc0\xaf"'),
    "lone surrogate": with_value(b'"\\ud800"'),
    "surrogate in bytes": with_value(b'"\xed\xa0\x80"'),
    "NUL": with_value(b'"\x00"'),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "rows twice": GOOD.replace(b'{"rows"', b'{"rows":[],"rows"'),
    "column twice": GOOD.replace(b"[{", b'[{"age":1,'),
    "column twice, escaped": GOOD.replace(b"[{", b'[{"\\u0061ge":1,'),
    "nothing": b"",
    "spaces": b"   ",
    "no rows": b'{"rows":[]}',
    "rows that are an object": b'{"rows":{}}',
    "a list": b"[]",
    "null": b"null",
    "a row that is null": b'{"rows":[null]}',
    "an empty row": b'{"rows":[{}]}',
    "another name": b'{"rows":[{}],"path":"/etc/passwd"}',
    "a list for a value": with_value(b"[1]"),
    "an object for a value": with_value(b'{"a":1}'),
    "a text for a number": with_value(b'"__class__"'),
    "comment": b"/**/" + GOOD,
    "something behind it": GOOD + b"x",
    "deep": DEEP,
    "deep rows": b'{"rows":' + DEEP + b"]" * 100_000 + b"}",
    "deep objects": b'{"rows":' + b'[{"a":' * 30_000,
    "deep value": with_value(DEEP),
    "deep elsewhere": b'{"x":' + DEEP + b"]" * 100_000 + b',"rows":[]}',
    "more rows than are taken": b'{"rows":[' + b"{}," * 400_000 + b"{}]}",
    "100,000 columns and not those": json.dumps(
        {"rows": [{f"column {place}": 1 for place in range(100_000)}]}
    ).encode(),
    "a name twice among 100,000": b'{"rows":[{' + b",".join(b'"%d":1' % n for n in range(100_000)) + b',"99999":2}]}',
    "1,000 rows of misspelt columns": rows_body(*[{f"{name}x": 1 for name in ROW}] * 1000),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_bad_json_is_refused_at_once(target: Running, body: bytes) -> None:
    started = time.monotonic()
    assert spoken(target, request(body)).is_problem
    assert time.monotonic() - started < 5


OTHERS = {
    "broken line": (NDJSON, b'{"a":1}\n{'),
    "a million lines": (NDJSON, b"{}\n" * 600_000),
    "lines of nothing": (NDJSON, b"\n" * 1_000_000),
    "ragged CSV": (b"text/csv", b"a,b\n1\n"),
    "open quote": (b"text/csv", b'a,b\n"1,2\n'),
    "endless field": (b"text/csv", b"a\n" + b"x" * 200_000 + b"\n"),
    "empty CSV": (b"text/csv", b""),
    "header alone": (b"text/csv", b"a,b\n"),
    "a million rows of CSV": (b"text/csv", b"a\n" + b"1\n" * 900_000),
    "a name twice among 100,000": (b"text/csv", ",".join([*map(str, range(100_000)), "99999\n1\n"]).encode()),
    "no Arrow": (ARROW, b"\xff" * 100),
    "empty Arrow": (ARROW, b""),
    "compressed Arrow": (ARROW, stream(pl.DataFrame({"a": [1] * 1000}), "zstd")),
    "Arrow of many rows": (ARROW, stream(pl.DataFrame({"a": pl.repeat(None, 1_000_000, dtype=pl.Null, eager=True)}))),
    "Arrow of lists": (ARROW, stream(pl.DataFrame({"a": [[1, 2]]}))),
}


@pytest.mark.parametrize(("kind", "body"), OTHERS.values(), ids=OTHERS)
def test_other_bad_bodies_are_refused_at_once(target: Running, kind: bytes, body: bytes) -> None:
    started = time.monotonic()
    assert spoken(target, request(body, kind=kind)).is_problem
    assert time.monotonic() - started < 5


TAKEN = {
    "names of prototypes": GOOD.replace(b"[{", b'[{"__proto__":1,"__class__":"x","constructor":null,'),
    "100,000 columns more": rows_body({**ROW, **{f"column {place}": place for place in range(100_000)}}),
    "a book for a category": rows_body({**ROW, "plan": "basic" * 300_000}),
    "a book for a text": rows_body({**ROW, "note": "late parcel " * 150_000}),
    "a book for a date": rows_body({**ROW, "joined": "2020-01-0" * 150_000}),
    "spaces for a date": rows_body({**ROW, "joined": " " * 1_500_000 + "x"}),
    "new categories in all rows": rows_body(*[{**ROW, "plan": f"plan {place}"} for place in range(1000)]),
    "1e308": with_value(b"1e308"),
    "the smallest number": with_value(b"5e-324"),
    "beyond 64 bits": with_value(b"-18446744073709551616"),
    "NUL, escaped": rows_body({**ROW, "note": "a\0b"}),
}


@pytest.mark.parametrize("body", TAKEN.values(), ids=TAKEN)
def test_odd_values_are_answered_or_refused_at_once(target: Running, body: bytes) -> None:
    started = time.monotonic()
    said = spoken(target, request(body))
    assert said.status == 200 or said.is_problem
    assert time.monotonic() - started < 10


def test_large_bodies_do_not_hold_up_others(target: Running) -> None:
    """8 rows are few, but with 1,000 names that nobody asked for, each of which a column might be meant by."""
    sent = request(rows_body(*[{f"incomes {place}": 1 for place in range(5_000)}] * 8))
    waits, is_over = [], threading.Event()

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", target.port), 30) as connection:
            while not is_over.is_set():
                started = time.monotonic()
                connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
                assert read(connection).status == 200
                waits.append(time.monotonic() - started)

    other = threading.Thread(target=ask)
    other.start()
    try:
        assert spoken(target, sent).is_problem
    finally:
        is_over.set()
        other.join(60)
    assert max(waits) < 2


def test_a_body_beyond_the_limit_is_refused_early_and_told(target: Running) -> None:
    """Also to a client that goes on sending: a reset would take the answer with it."""
    head = f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n".encode()
    part = b"x" * 1_000_000
    before = _memory(target.pid)
    told = spoken(target, [head + b"content-length: 100000000\r\n\r\n", *[part] * 100])
    in_chunks = spoken(target, [head + b"transfer-encoding: chunked\r\n\r\n", *[b"f4240\r\n" + part + b"\r\n"] * 100])
    elsewhere = spoken(target, [head.replace(b"predict", b"nothing") + b"content-length: 9000000\r\n\r\n", *[part] * 9])
    assert [told.status, in_chunks.status, elsewhere.status] == [413, 413, 404]
    assert _memory(target.pid) - before < 40


def _memory(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def test_damaged_arrow_is_a_problem_and_nothing_worse() -> None:
    """Sizes that are lies ask for all memory; where that is refused the process would end."""
    frame = pl.DataFrame({"a": [1.0, None], "b": ["x", None], "c": [True, None]})
    whole = stream(frame.with_columns(pl.col("b").cast(pl.Categorical).alias("d")))
    draw = random.Random(0)
    kinds = set()
    for _ in range(400):
        damaged = bytearray(whole)
        at = draw.randrange(0, len(damaged) - 8) & ~3
        damaged[at : at + 8] = struct.pack("<q", draw.choice([-1, 2**62, 1 << 40, 0, draw.randrange(1 << 31)]))
        try:
            kinds.add(len(READERS[ARROW.decode()](bytes(damaged), 10)) <= 10)
        except Problem as problem:
            kinds.add(problem.status)
    assert kinds <= {True, 400, 413, 415}
    assert 400 in kinds


def test_whole_arrow_is_let_through() -> None:
    refuse_hostile(stream(pl.DataFrame({"a": range(10), "b": ["x"] * 10})), 10)
    with pytest.raises(Problem, match="10 rows, more than the 9"):
        refuse_hostile(stream(pl.DataFrame({"a": range(10)})), 9)
