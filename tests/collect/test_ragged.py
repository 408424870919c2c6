"""Ragged and damaged text: what is repaired, what is refused, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlwright.collect import collect
from mlwright.collect.structure import CHUNK, Scanner
from mlwright.errors import SourceError


@pytest.fixture
def write(tmp_path: Path):
    def to_file(content: bytes | str, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


@pytest.mark.parametrize("irregular", [False, True])
def test_a_few_ragged_lines_give_one_finding(write, irregular):
    lines = [f'{i},"n{i}",x' for i in range(1000)]
    lines[10] = "10,short"
    lines[500] = "500,a,b,c,d"
    lines[20] = '20,"two\nlines",x'
    if irregular:
        lines[900] = '900,5" pipe,x'
    table = collect(write("\n".join(["id,name,mark", *lines]) + "\n"))
    assert table.rows == 1000
    assert table.frame.row(10) == ("10", "short", None)
    assert table.frame.row(500) == ("500", "a", "b")
    assert table.frame.row(20) == ("20", "two\nlines", "x")
    (finding,) = table.findings
    assert (finding.kind, finding.applied, finding.severity) == ("ragged_lines", True, "warning")
    assert finding.rows == (10, 500)
    # A field over two lines moves all lines after it by one.
    assert "2 of 1,000 lines (lines 12, 503) have another number of fields than 3" in finding.message


def test_blank_lines_do_not_shift_the_rows_of_a_finding(write):
    table = collect(write("a,b\n\n1,2\n\n3\n5,6\n7,8\n"))
    assert table.findings[0].rows == (1,)
    assert "line 5" in table.findings[0].message
    assert table.frame.rows() == [("1", "2"), ("3", None), ("5", "6"), ("7", "8")]


@pytest.mark.parametrize("first", ["1", "1,2,3,4", "1,2,3"])
def test_the_first_row_may_be_the_ragged_one(write, first):
    table = collect(write(f"a,b\n{first}\n3,4\n5,6\n7,8\n"))
    assert table.frame.rows() == [("1", "2" if "2" in first else None), ("3", "4"), ("5", "6"), ("7", "8")]
    assert table.findings[0].rows == (0,)


def test_many_ragged_lines_are_refused(write):
    text = "a,b,c\n" + "1,2,3\n" * 10 + "1,2\n" * 8 + "1,2,3,4\n" * 4
    with pytest.raises(SourceError) as caught:
        collect(write(text))
    assert str(caught.value).startswith(str(caught.value.where))
    assert caught.value.where.endswith("data.csv, line 12")
    assert "Expected 3 fields and found 2; 12 of 22 lines differ (number of fields: 8 of 2, 4 of 4)" in str(
        caught.value
    )


@pytest.mark.parametrize(
    "text",
    [
        'a,b,c\n1,2,3\n4,"open,6\n7,8,9\n',
        'a,b,c\n1,2,3\n4,"open,6\n7,"closed",9\n',
        'a,b,c\n1,"x",3\n4,"open,6\n' + '7,"closed",9\n' * 50,
    ],
)
def test_a_quote_that_is_never_closed_is_located(write, text):
    with pytest.raises(SourceError) as caught:
        collect(write(text))
    assert "A quote is opened and never closed" in str(caught.value)
    assert caught.value.where.endswith("data.csv, line 3, character 3")


def test_zero_bytes_are_located(write):
    with pytest.raises(SourceError, match=r"data\.csv, line 2, byte 2: The file holds binary data \(a zero byte\)"):
        collect(write(b"a,b\n1\x00,2\n"))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "png"),
        (b"PAR1" + bytes(100), "parquet"),
        (b"PK\x03\x04abc", "zip"),
    ],
)
def test_binary_files_called_csv_are_refused(write, content, kind):
    with pytest.raises(
        SourceError, match=rf"data\.csv: The file is called \.csv but is binary data of the kind '{kind}'"
    ):
        collect(write(content))


def test_binary_data_of_no_known_kind_is_refused(write):
    with pytest.raises(SourceError, match="The file holds binary data, not text"):
        collect(write(bytes((i * 97) % 255 + 1 for i in range(4000))))


def test_a_field_larger_than_pythons_limit(write):
    long = "x" * 200_000
    table = collect(write(f'a,b\n5" pipe,{long}\n1,2\n'))
    assert len(table.frame["b"][0]) == 200_000


@pytest.mark.parametrize("width", [1, 2, 7])
def test_the_scan_does_not_depend_on_where_its_pieces_end(monkeypatch, width):
    rows = ["1,2,3", '"a""b","c,d","e\nf"', "", "4,5", '"","","x"', "6,7,8,9", '"q"\r', "\r"]
    content = ("\n".join(rows * 3) + "\nend").encode()
    whole = Scanner(content, 0, ",", 3).scan()
    assert whole.regular
    assert len(content) < CHUNK
    monkeypatch.setattr("mlwright.collect.structure.CHUNK", width)
    assert Scanner(content, 0, ",", 3).scan() == whole
    assert whole.records == 25
