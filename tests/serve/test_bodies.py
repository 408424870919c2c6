"""Bodies: what is read, and with which sentence anything else is refused."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import problem_or

from mlwright.schema import Column
from mlwright.serve.answers import Answer
from mlwright.serve.bodies import READERS, WRITERS, read_rows, refuse_absent, wanted, written
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON, PARQUET
from mlwright.serve.problems import Problem
from mlwright.serve.shapes import SHAPE

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
        (b'{"rows": [{"a": 1}, {"a": 1, "b": [1]}]}', "Expected 'one value', got 'array', at rows[1], in 'b'."),
        (b'{"rows": [{"a": {}}]}', "Expected 'one value', got 'object', at rows[0], in 'a'."),
        (b'{"rows": [{"a": 1, "b": 1e999}]}', "Number out of range, at rows[0], in 'b'."),
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
        (b'{"a": 1}\n{"a": 1, "b.c[0]": {}}\n', "Line 2: Expected 'one value', got 'object', in 'b.c[0]'."),
        (b"\n\n", "holds no rows"),
    ],
)
def test_what_is_no_ndjson_is_refused_with_its_line(body: bytes, said: str) -> None:
    assert said in refused(body, NDJSON).detail


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b'{"age": 1, "plan": null}', 'wrap the row: {"rows": [{"column": value, ...}]}.'),
        (b' [{"age": 1}]', 'wrap the list: {"rows": [{"column": value, ...}, ...]}.'),
        (b'{"row": [{"age": 1}]}', SHAPE),
        (b"{}", SHAPE),
        (b'{"rows": 1}', SHAPE),
    ],
)
def test_rows_without_the_object_around_them_are_told_to_be_wrapped(body: bytes, hint: str) -> None:
    assert refused(body, JSON).hint == hint


@pytest.mark.parametrize(
    ("body", "sign"),
    [
        (b"a;b\n1,5;2\n", "';'"),
        (b'"a";"b"\n"x";1\n', "';'"),
        (b'a;b\n"x";1\n', "';'"),
        (b"a\tb\n1,5\t2\n", "a tab"),
        (b"a|b\n1,5|2\n", "'|'"),
    ],
)
def test_another_separator_than_the_comma_is_named(body: bytes, sign: str) -> None:
    problem = refused(body, CSV)
    assert problem.detail == f"The separator seems to be {sign}: the first line has no comma."
    assert problem.hint == "send CSV whose values are separated by commas."


def test_a_single_column_may_hold_other_separators() -> None:
    assert read_rows(b"a;b\n1\n", CSV, LIMIT) == [{"a;b": "1"}]
    refuse_absent({"a;b": "1"}, columns("a;b"), CSV)


def columns(*names: str) -> list[Column]:
    return [Column(name=name, kind="number") for name in names]


@pytest.mark.parametrize("kind", [CSV, ARROW, PARQUET])
def test_columns_that_a_table_lacks_are_told_once(kind: str) -> None:
    with pytest.raises(Problem) as caught:
        refuse_absent({"age": "1", "incme": "2"}, columns("age", "income", "plan"), kind)
    problem = caught.value
    assert (problem.kind, problem.detail) == ("invalid-rows", "2 columns are not there: 'income', 'plan'.")
    assert [(each.kind, each.row, each.column, each.nearest) for each in problem.errors] == [
        ("absent", None, "income", "incme"),
        ("absent", None, "plan", None),
    ]
    assert problem.errors[0].message == "The column 'income' is not there. Did you mean it by 'incme'?"
    assert ("leave a cell empty" if kind == CSV else "null where a value") in str(problem.hint)
    with pytest.raises(Problem, match=r"^The column 'income' is not there\."):
        refuse_absent({"age": "1"}, columns("age", "income"), kind)
    refuse_absent({"age": None, "income": None, "more": None}, columns("age", "income"), kind)


@pytest.mark.parametrize("kind", [JSON, NDJSON])
def test_rows_that_name_their_own_columns_are_judged_one_by_one(kind: str) -> None:
    refuse_absent({}, columns("age"), kind)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"age;plan;income": "1;2;3"}, "The separator seems to be ';': the first line has no comma."),
        ({"34": "51", "gold": "x"}, "names none of the model's columns 'age', 'plan', 'income', but '34', 'gold'."),
    ],
)
def test_a_header_that_names_no_column_is_one_error(row: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem) as caught:
        refuse_absent(row, columns("age", "plan", "income"), CSV)
    assert caught.value.detail.endswith(said)
    assert not caught.value.errors


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


def test_of_some_kinds_one_is_accepted_or_none() -> None:
    assert wanted(b"", JSON, (NDJSON, CSV)) == NDJSON
    assert wanted(b"application/*;q=0.2, text/csv;q=0.1", CSV, (NDJSON, CSV)) == NDJSON
    for accept in (JSON.encode(), b"text/*", b"application/x-ndjson;q=0"):
        with pytest.raises(Problem, match=r"^Answers are written as application/x-ndjson\.$"):
            wanted(accept, NDJSON, (NDJSON,))


def test_versions_with_other_classes_share_a_table_by_the_names_of_classes() -> None:
    answers = [
        Answer("1", "yes", [], "answer", probabilities={"no": 0.1, "yes": 0.9}),
        Answer("2", "maybe", [], "answer", probabilities={"yes": 0.2, "maybe": 0.5, "no": 0.3}, version=2),
    ]
    model = {"name": "m", "version": 1}
    assert written(answers, model, CSV).decode().splitlines() == [
        "id,prediction,probability_no,probability_yes,probability_maybe,action,flags,version",
        "1,yes,0.1,0.9,,answer,,1",
        "2,maybe,0.3,0.2,0.5,answer,,2",
    ]
    frame = pl.read_ipc_stream(written(answers, model, ARROW))
    assert frame["probability_maybe"].to_list() == [None, 0.5]
    assert frame["version"].to_list() == [1, 2]


def test_an_answer_without_one_is_empty_in_a_table() -> None:
    answers = [
        Answer("1", None, [], "refer", probabilities={"no": 0.5, "yes": 0.5}, model_prediction="no"),
        Answer("2", "yes", [], "answer", probabilities={"no": 0.2, "yes": 0.8}),
    ]
    lines = written(answers, {"name": "m", "version": 1}, CSV).decode().splitlines()
    assert lines == [
        "id,prediction,probability_no,probability_yes,action,flags,version",
        "1,,0.5,0.5,refer,,1",
        "2,yes,0.2,0.8,answer,,1",
    ]
    frame = pl.read_ipc_stream(written(answers, {"name": "m", "version": 1}, ARROW))
    assert frame["prediction"].to_list() == [None, "yes"]
    assert math.isclose(frame["probability_yes"][1], 0.8)
