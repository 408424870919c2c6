"""Files of all formats, globs, standard input, and what is said where there is no such file."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import xlsxwriter

from mlwright.collect import collect
from mlwright.errors import DataError, OptionError, SourceError

FRAME = pl.DataFrame({"n": [1, None, 3], "s": ["a", "b", None], "d": [dt.date(2024, 1, 1)] * 3})


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


WRITERS = {
    "a.parquet": FRAME.write_parquet,
    "a.arrow": FRAME.write_ipc,
    "a.feather": FRAME.write_ipc,
    "stream.arrow": FRAME.write_ipc_stream,
}


@pytest.mark.parametrize("name", WRITERS)
def test_columnar_files_keep_their_types(tmp_path, name):
    WRITERS[name](tmp_path / name)
    table = collect(tmp_path / name)
    assert table.frame.equals(FRAME)
    assert table.frame.schema == FRAME.schema
    assert table.name == name.split(".")[0]
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=rf"{name}: The (Parquet|Arrow) file is damaged, or is none"):
        collect(path)


def test_parquet_is_flattened_and_sampled(tmp_path):
    nested = pl.DataFrame(
        {"a": [{"b": 1, "c": [1, 2]}, {"b": 2, "c": None}], "k": pl.Series(["x", "y"], dtype=pl.Categorical)}
    )
    nested.write_parquet(tmp_path / "n.parquet")
    assert collect(tmp_path / "n.parquet").frame.to_dicts() == [
        {"a.b": 1, "a.c": "[1, 2]", "k": "x"},
        {"a.b": 2, "a.c": None, "k": "y"},
    ]
    pl.DataFrame({"x": range(1000)}).write_parquet(tmp_path / "big.parquet")
    table = collect(tmp_path / "big.parquet", memory_limit=800)
    assert table.frame["x"].to_list() == list(range(0, 1000, 10))
    assert "100 of 1,000 rows" in table.findings[0].message
    FRAME.clear().write_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="columns but no rows"):
        collect(tmp_path / "none.parquet")


@pytest.mark.parametrize(
    "document",
    [
        [{"n": 1, "s": "a"}, {"n": None, "s": "b"}],
        {"data": [{"n": 1, "s": "a"}, {"n": None, "s": "b"}], "count": 2},
        {"n": [1, None], "s": ["a", "b"]},
        {"n": {"0": 1, "1": None}, "s": {"0": "a", "1": "b"}},
    ],
)
def test_json_in_its_shapes(tmp_path, document):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    assert collect(path).frame.to_dict(as_series=False) == {"n": [1, None], "s": ["a", "b"]}


def test_json_is_flattened_and_mixed_columns_are_text(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text('{"a": {"b": 1, "c": [1, "x"]}}\n\n{"a": {"b": "x", "c": null}, "é": true}\n', encoding="utf-8")
    assert collect(path).frame.to_dicts() == [
        {"a.b": "1", "a.c": '[1, "x"]', "é": None},
        {"a.b": "x", "a.c": None, "é": True},
    ]
    path = path.rename(tmp_path / "lines.json")
    assert collect(path).rows == 2


def test_damaged_json_is_located(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1},\n {"a": 2,}]')
    with pytest.raises(SourceError, match=r"a\.json, line 2, character \d+: This is not JSON"):
        collect(path)
    path = tmp_path / "a.ndjson"
    path.write_text('{"a": 1}\n{"a": 2\n')
    with pytest.raises(SourceError, match=r"a\.ndjson, line 2, character \d+: This is not JSON"):
        collect(path)
    path.write_text('{"a": 1}\n[1]\n')
    with pytest.raises(SourceError, match=r"line 2: Each line must hold an object, and this one holds a list"):
        collect(path)
    path = tmp_path / "b.json"
    path.write_text("[1, 2]")
    with pytest.raises(SourceError, match="A list of objects is expected, and element 0 is a number"):
        collect(path)
    path.write_text("[" * 100_000)
    with pytest.raises(SourceError, match="nested too deeply"):
        collect(path)


def test_large_ndjson_is_sampled_while_it_is_read(tmp_path):
    path = tmp_path / "a.ndjson"
    path.write_text("".join(f'{{"x": {i}}}\n' for i in range(1000)))
    table = collect(path, memory_limit=4000)
    kept = table.frame["x"].to_list()
    assert 10 < len(kept) < 100
    assert kept == list(range(0, 1000, kept[1]))
    assert table.findings[0].kind == "sampled"
    path.rename(tmp_path / "a.json").write_text("[" + ",".join('{"x": 1}' for _ in range(1000)) + "]")
    with pytest.raises(SourceError, match="A JSON document is read as a whole"):
        collect(tmp_path / "a.json", memory_limit=4000)


def test_excel(tmp_path):
    first = [["id", " name ", "", "id"], [1, "a", 2.5, "x"], [2, "b", None, 7]]
    path = workbook(tmp_path / "Book 1.xlsx", {"First": first, "Second": [["k"], [9]]})
    table = collect(path)
    assert table.frame.to_dict(as_series=False) == {
        "id": [1, 2],
        "name": ["a", "b"],
        "column_3": [2.5, None],
        "id_2": ["x", "7"],
    }
    assert table.name == "book_1"
    assert [finding.kind for finding in table.findings] == ["other_sheets", "renamed_columns"]
    assert "2 sheets ('First', 'Second')" in table.findings[0].message
    assert collect(path, sheet="Second").frame.to_dict(as_series=False) == {"k": [9]}
    assert collect(path, sheet=1, header=False).frame.columns == ["column_1"]
    with pytest.raises(OptionError, match=r"The sheet cannot be 'Secnd'.*did you mean 'Second'"):
        collect(path, sheet="Secnd")
    with pytest.raises(OptionError, match="There is no sheet 5"):
        collect(path, sheet=5)


@pytest.mark.parametrize("blank", [0, 2])
def test_a_title_above_a_sheet_is_passed_over(tmp_path, blank):
    table = [["id", "", "v"], [1, "a", 2.5], [2, "b", None], [3, "c", 4.5]]
    rows = [*[[]] * blank, ["Kundenliste 2024"], [], *table]
    found = collect(workbook(tmp_path / "a.xlsx", {"S": rows}))
    assert found.frame.to_dict(as_series=False) == {"id": [1, 2, 3], "column_2": ["a", "b", "c"], "v": [2.5, None, 4.5]}
    assert [finding.kind for finding in found.findings] == ["lines_above_the_table", "renamed_columns"]


def test_a_late_text_in_a_column_of_numbers_is_not_lost(tmp_path):
    rows = [["x"], *[[i] for i in range(3000)], ["late"]]
    assert collect(workbook(tmp_path / "a.xlsx", {"S": rows})).frame["x"][-1] == "late"


def test_damaged_excel(tmp_path):
    path = workbook(tmp_path / "a.xlsx", {"S": [["a"], [1]]})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SourceError, match=r"a\.xlsx: The workbook is damaged, or is none"):
        collect(path)
    with pytest.raises(DataError, match="The sheet 'S' has no rows"):
        collect(workbook(tmp_path / "b.xlsx", {"S": [["a", "b"]]}))


def test_globs_are_read_in_order(tmp_path):
    (tmp_path / "day_2.csv").write_text("b,a\n4,3\n")
    (tmp_path / "day_1.csv").write_text("a,b\n1,2\n")
    table = collect(f"{tmp_path}/day_*.csv")
    assert table.frame.to_dicts() == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert (table.name, table.findings) == ("day", ())
    (tmp_path / "day_3.csv").write_text("a,c\n5,6\n7\n9,9\n9,9\n")
    table = collect(f"{tmp_path}/day_*.csv")
    assert table.frame["c"].to_list() == [None, None, "6", None, "9", "9"]
    ragged, differing = table.findings
    assert ragged.rows == (3,)
    assert "day_3.csv" in ragged.message
    assert differing.columns == ("b", "c")
    assert "2 columns ('b', 'c') stand in some of the 3 files only" in differing.message
    with pytest.raises(SourceError, match="No file fits the pattern"):
        collect(f"{tmp_path}/night_*.csv")


def test_globs_of_parquet_with_other_types(tmp_path):
    pl.DataFrame({"x": [1], "y": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"x": [2.5], "y": ["a"]}).write_parquet(tmp_path / "2.parquet")
    assert collect(f"{tmp_path}/*.parquet").frame.to_dict(as_series=False) == {"x": [1.0, 2.5], "y": ["1", "a"]}


def test_a_file_with_brackets_in_its_name_is_no_pattern(tmp_path):
    (tmp_path / "a[1].csv").write_text("a,b\n1,2\n")
    assert collect(tmp_path / "a[1].csv").rows == 1


def stdin(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def parquet_bytes() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"a": [1], "b": ["x"]}).write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (b"a,b\n1,x\n", ("1", "x")),
        (b"a\tb\n1\tx\n", ("1", "x")),
        (b'[{"a": 1, "b": "x"}]', (1, "x")),
        (b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', (1, "x")),
        (b'{\n "a": [1], "b": ["x"]}', (1, "x")),
        (parquet_bytes(), (1, "x")),
    ],
)
def test_standard_input_is_sniffed(monkeypatch, content, first):
    stdin(monkeypatch, content)
    table = collect("-")
    assert table.frame.row(0) == first
    assert (table.name, table.origin) == ("data", "standard input")


def test_empty_standard_input(monkeypatch):
    stdin(monkeypatch, b"")
    with pytest.raises(SourceError, match="standard input: Nothing came in"):
        collect("-")


def test_missing_files_name_the_nearest(tmp_path):
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        SourceError, match=r"custmers\.csv: There is no such file\. Hint: did you mean '.*customers\.csv'"
    ):
        collect(tmp_path / "custmers.csv")
    with pytest.raises(SourceError, match="There is no folder"):
        collect(tmp_path / "nowhere" / "a.csv")


def test_directories_name_the_files_in_them(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"This is a directory\. Hint: name the files in it: '.*/\*\.parquet'"):
        collect(tmp_path)


def test_empty_files_and_unknown_endings(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=r"a\.csv: The file is empty"):
        collect(path)
    path = tmp_path / "a.docx"
    path.write_bytes(b"x")
    with pytest.raises(SourceError, match=r"Files that end in '\.docx' are not known"):
        collect(path)
    path = tmp_path / "part-0000"
    path.write_text("a,b\n1,2\n")
    assert collect(path).frame.rows() == [("1", "2")]


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    real = Path.open

    def refuse(self, *arguments, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=r"a\.csv: You have no permission to read it"):
        collect(path)


def test_a_full_disk_while_unpacking(tmp_path, monkeypatch):
    import gzip

    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    real = Path.open

    def full(self, mode="r", *arguments, **options):
        if self.name.startswith("spool"):
            raise OSError(28, "No space left on device")
        return real(self, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SourceError, match="cannot be unpacked into a temporary file: No space left on device"):
        collect(path, memory_limit=500)


def test_a_query_is_for_databases(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    for source in (path, FRAME):
        with pytest.raises(OptionError, match="A query is for databases"):
            collect(source, query="SELECT 1")


@pytest.mark.shared_data
def test_shared_tables_have_the_rows_and_columns_of_the_manifest(shared_data):
    for entry in json.loads((shared_data / "MANIFEST.json").read_text()):
        table = collect(shared_data / entry["file"])
        assert table.rows == entry["rows"], entry["file"]
        assert table.findings == (), entry["file"]
        assert entry["target"] is None or entry["target"] in table.frame.columns
