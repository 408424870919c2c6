"""Bodies: what is read, and with which sentence anything else is refused."""

from __future__ import annotations

import io
import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import problem_or

from mlwright.serve.bodies import READERS, WRITERS, read_rows, wanted, written
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON
from mlwright.serve.problems import Problem
from mlwright.serve.served import Answer

LIMIT = 10
HUGE = b"[" * 100_000


def refused(body: bytes, kind: str) -> Problem:
    with pytest.raises(Problem) as caught:
        read_rows(body, kind, LIMIT)
    return caught.value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The body is empty."),
        (b"  \n", "The body is empty."),
        (b'{"rows": [{"a": NaN}]}', "NaN and Infinity are no numbers"),
        (b'{"rows": [{"a": -Infinity}]}', "NaN and Infinity are no numbers"),
        (b'{"rows": [{"a": 1]}', "The body is not JSON:"),
        (b'{"rows": [{"a": 1}]} x', "The body is not JSON:"),
        (b'\xef\xbb\xbf{"rows": [{"a": 1}]}', "The body is not JSON:"),
        (b'{"rows": [{"a": "\xff"}]}', "UTF-8"),
        (b'{"rows": [{"a": "\\ud800"}]}', "The body is not JSON:"),
        (b'{"rows": []}', "holds no rows"),
        (b'{"rows": {}}', "Expected 'array', got 'object', at rows."),
        (b'{"rows": [[1]]}', "Expected 'object', got 'array', at rows"),
        (b'{"rows": [{"a": [1]}]}', "Expected 'one value', got 'array', at rows"),
        (b'{"rows": [{"a": {}}]}', "Expected 'one value', got 'object', at rows"),
        (b'{"row": [{"a": 1}]}', "unknown field 'row'"),
        (b"{}", "missing required field 'rows'"),
        (b"[]", "Expected 'object', got 'array'."),
        (b'{"rows": [{"a": 1, "a": 2}]}', "The name 'a' stands twice in one object."),
        (b'{"rows": [{"a": 1}], "rows": [{"a": 2}]}', "The name 'rows' stands twice in one object."),
        (b'{"rows": [{"a": ":", "b": 1, "b": 2}]}', "The name 'b' stands twice in one object."),
        (b'{"rows": ' + HUGE, "Expected 'object', got 'array', at rows"),
        (b'{"rows": [{"a": ' + HUGE, "Expected 'one value', got 'array', at rows"),
    ],
)
def test_what_is_no_json_of_rows_is_refused_with_a_sentence(body: bytes, said: str) -> None:
    problem = refused(body, JSON)
    assert problem.kind == "malformed-request"
    assert said in problem.detail
    assert problem.detail.endswith(".")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": 1}\n{"a": 1, "a": 2}\n', "Line 2: The name 'a' stands twice"),
        (b'{"a": 1}\n\n{"a": \n', "Line 3: The body is not JSON"),
        (b'{"a": 1}\n[1]\n', "Line 2: Expected 'object', got 'array'."),
        (b"\n\n", "holds no rows"),
    ],
)
def test_what_is_no_ndjson_is_refused_with_its_line(body: bytes, said: str) -> None:
    assert said in refused(body, NDJSON).detail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a,a\n1,2\n", "The column 'a' stands twice in the header."),
        (b"a,b\n1,2\n3\n", "Line 3 has 1 values, the header 2 names."),
        (b'a,b\n1,"2\n', "The body is not CSV"),
        (b"a\n\xff\n", "UTF-8"),
        (b"a,b\n", "holds no rows"),
        (b"", "holds no rows"),
        (b"a\n" + b"x" * 200_000, "The body is not CSV"),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(body: bytes, said: str) -> None:
    assert said in refused(body, CSV).detail


def arrow(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_ipc_stream(out)
    return out.getvalue()


def test_what_is_no_arrow_is_refused() -> None:
    whole = arrow(pl.DataFrame({"a": [1, 2]}))
    for body in (b"", b"ARROW1", whole[:40], bytes(100), b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(40)):
        assert refused(body, ARROW).kind == "malformed-request"
    assert "lists or objects" in refused(arrow(pl.DataFrame({"a": [[1], [2]]})), ARROW).detail
    assert "lists or objects" in refused(arrow(pl.DataFrame({"a": [{"b": 1}]})), ARROW).detail


def test_rows_are_read_as_they_are_written() -> None:
    expected = [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert read_rows(json.dumps({"rows": expected}).encode(), JSON, LIMIT) == expected
    assert read_rows(b'{"a": 1, "b": "x"}\r\n{"a": 2, "b": null}', NDJSON, LIMIT) == expected
    assert read_rows(arrow(pl.DataFrame(expected)), ARROW, LIMIT) == expected
    assert read_rows('\ufeffa,b\n1,"x, y"\n\n2,\n'.encode(), CSV, LIMIT) == [
        {"a": "1", "b": "x, y"},
        {"a": "2", "b": ""},
    ]


def test_texts_with_colons_are_no_repeated_names() -> None:
    assert read_rows(b'{"rows": [{"at": "10:30:00", "b": 1}]}', JSON, LIMIT) == [{"at": "10:30:00", "b": 1}]


def test_too_many_rows_are_refused() -> None:
    assert len(read_rows(b"a\n" + b"1\n" * LIMIT, CSV, LIMIT)) == LIMIT
    problem = refused(b"a\n" + b"1\n" * (LIMIT + 1), CSV)
    assert (problem.kind, problem.status) == ("too-large", 413)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-python-pickle", "application/JSON;"])
def test_other_kinds_are_not_read(kind: str) -> None:
    problem = refused(b'{"rows": [{"a": 1}]}', kind)
    assert (problem.kind, problem.status) == ("unknown-media-type", 415)


JSON_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.lists(st.dictionaries(st.text(), JSON_VALUES), min_size=1, max_size=5))
def test_json_is_read_as_python_reads_it(rows: list[dict[str, object]]) -> None:
    body = json.dumps({"rows": rows}).encode("utf-8", "surrogatepass")
    assert read_rows(body, JSON, LIMIT) == json.loads(body)["rows"]


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_problem(kind: str, body: bytes) -> None:
    found = problem_or(lambda: read_rows(body, kind, LIMIT))
    assert found.status in {400, 413} if isinstance(found, Problem) else 0 < len(found) <= LIMIT


# --- how answers are written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "sent", "kind"),
    [
        ("", CSV, CSV),
        ("*/*", NDJSON, NDJSON),
        ("", "", JSON),
        (CSV, JSON, CSV),
        ("text/*", JSON, CSV),
        ("text/html, */*;q=0.1", JSON, JSON),
        (f"{CSV};q=0.5, {JSON}", CSV, JSON),
        (f"{CSV};q=0, {JSON};q=0.1", CSV, JSON),
        ("application/*", ARROW, ARROW),
        ("APPLICATION/JSON", CSV, JSON),
    ],
)
def test_answers_come_as_they_are_accepted(accept: str, sent: str, kind: str) -> None:
    assert wanted(accept.encode(), sent) == kind


@given(
    st.binary(max_size=60)
    | st.from_regex(r"((text|\*|application)/(\*|csv|json)(;q=[\d.einf-]*)?,? ?)*").map(str.encode)
)
def test_whatever_is_accepted_there_is_a_kind_or_a_problem(accept: bytes) -> None:
    found = problem_or(lambda: wanted(accept, CSV))
    assert found.kind == "not-acceptable" if isinstance(found, Problem) else found in WRITERS


def test_an_answer_without_one_is_empty_in_a_table() -> None:
    answers = [
        Answer("1", None, [], "refer", probabilities={"no": 0.5, "yes": 0.5}, model_prediction="no"),
        Answer("2", "yes", [], "answer", probabilities={"no": 0.2, "yes": 0.8}),
    ]
    lines = written(answers, {"name": "m", "version": 1}, CSV).decode().splitlines()
    assert lines == [
        "id,prediction,probability_no,probability_yes,action,flags",
        "1,,0.5,0.5,refer,",
        "2,yes,0.2,0.8,answer,",
    ]
    frame = pl.read_ipc_stream(written(answers, {"name": "m", "version": 1}, ARROW))
    assert frame["prediction"].to_list() == [None, "yes"]
    assert math.isclose(frame["probability_yes"][1], 0.8)
