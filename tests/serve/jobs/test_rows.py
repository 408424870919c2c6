"""Rows of a file are those that a request of the same text would hold, a few at a time."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlwright.serve.bodies import read_rows
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON, PARQUET
from mlwright.serve.jobs import rows as reading
from mlwright.serve.jobs.rows import rows_in
from mlwright.serve.problems import Problem


def read(path: Path, body: bytes, kind: str) -> list[list[dict[str, Any]]]:
    path = path / "rows"
    path.write_bytes(body)
    return list(rows_in(path, kind))


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"a,a\n1,2\n", CSV, "The column 'a' stands twice in the header."),
        (b"a,b\n1\n", CSV, "Line 2 has 1 values, the header 2 names."),
        (b"a\n\xff\xfe\n", CSV, "The body is not written in UTF-8."),
        (b'a\n"x', CSV, "The body is not CSV: "),
        (b'{"a": [1]}\n', NDJSON, "Line 1: "),
        (b'{"a": 1}\n{"a": 1, "a": 2}', NDJSON, "Line 2: The name 'a' stands twice in one object."),
        (b"[" * 100_000, NDJSON, "Line 1: "),
        (b"PAR1 no", PARQUET, "The file is no Parquet file, or a damaged one."),
        (b"", PARQUET, "The file is no Parquet file, or a damaged one."),
        (b"no arrow", ARROW, "The body is no Arrow stream, or a damaged one."),
        (b'{"rows": []}', JSON, "The request holds no rows."),
        (b'{"rows": [{"a": NaN}]}', JSON, "The body is not JSON"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(tmp_path: Path, body: bytes, kind: str, said: str) -> None:
    with pytest.raises(Problem) as caught:
        read(tmp_path, body, kind)
    assert caught.value.detail.startswith(said)


def test_lists_in_cells_are_refused(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [[1, 2], [3]]})
    for kind, write in ((PARQUET, frame.write_parquet), (ARROW, frame.write_ipc_stream)):
        out = io.BytesIO()
        write(out)
        with pytest.raises(Problem, match="holds lists or objects"):
            read(tmp_path, out.getvalue(), kind)


def test_large_json_is_not_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_JSON", 10)
    with pytest.raises(Problem, match="longer than the 10 bytes"):
        read(tmp_path, b'{"rows": [{"a": 1}]}', JSON)


@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_frames_come_in_parts_and_whole(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_A_TIME", 7)
    frame = pl.DataFrame({"a": range(1000), "b": [None if at % 3 else f"t{at}" for at in range(1000)]})
    out = io.BytesIO()
    (frame.write_parquet if kind == PARQUET else frame.write_ipc_stream)(out)
    parts = read(tmp_path, out.getvalue(), kind)
    assert {len(part) for part in parts[:-1]} == {7}
    assert [row for part in parts for row in part] == frame.to_dicts()


CELLS = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.fixed_dictionaries({"a": CELLS, "b": CELLS}), min_size=1, max_size=5))
def test_a_text_file_is_read_as_a_request_is(tmp_path: Path, table: list[dict[str, str]]) -> None:
    lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in table)
    commas = pl.DataFrame(table).write_csv(quote_style="always").encode()
    for kind, body in ((NDJSON, lines), (CSV, commas)):
        assert [row for part in read(tmp_path, body, kind) for row in part] == read_rows(body, kind, 100) == table
