"""Delimited text: delimiters, quotes, headers, encodings, comments."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from mlwright.collect import collect
from mlwright.errors import DataError, OptionError, SourceError

ROWS = {"name": ["Ann", "Bo", "Cy"], "score": ["1.5", None, "3"], "town": ["Bern", "Zug, ZG", None]}
CSV = b'name,score,town\nAnn,1.5,Bern\nBo,,"Zug, ZG"\nCy,3,""\n'


@pytest.fixture
def write(tmp_path: Path):
    def to_file(content: bytes | str, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


def kinds(table) -> list[str]:
    return [finding.kind for finding in table.findings]


def test_columns_are_strings_and_empty_fields_are_null(write):
    table = collect(write(CSV, "Customers 2024.csv"))
    assert table.frame.to_dict(as_series=False) == ROWS
    assert set(table.frame.dtypes) == {pl.String}
    assert table.name == "customers_2024"
    assert table.origin.endswith("Customers 2024.csv")
    assert table.findings == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(write, delimiter, end):
    lines = ["id,price,city", "1,9.5,Rome", "2,10.25,Oslo", "3,7,Bonn"]
    text = end.join(line.replace(",", delimiter) for line in lines) + end
    assert collect(write(text)).frame.to_dict(as_series=False) == {
        "id": ["1", "2", "3"],
        "price": ["9.5", "10.25", "7"],
        "city": ["Rome", "Oslo", "Bonn"],
    }


def test_decimal_commas_do_not_pass_for_delimiters(write):
    table = collect(write("a;b\n1,5;2,25\n3,0;4,75\n1.234,5;2\n"))
    assert table.frame.rows() == [("1,5", "2,25"), ("3,0", "4,75"), ("1.234,5", "2")]
    table = collect(write("1,5;2,25\n3,0;4,75\n"))
    assert table.frame.rows() == [("1,5", "2,25"), ("3,0", "4,75")]


def test_one_column_of_decimal_commas_or_of_sentences(write):
    assert collect(write("price\n1,5\n2,25\n")).frame.to_dict(as_series=False) == {"price": ["1,5", "2,25"]}
    text = "review\nGood, cheap\nBad\nSo, so, so\n"
    assert collect(write(text)).frame["review"].to_list() == ["Good, cheap", "Bad", "So, so, so"]


def test_text_with_commas_in_tabs(write):
    text = "who\twhat\n" + "".join(f"Last{i}, First\tHello, you {i}\n" for i in range(20))
    assert collect(write(text)).frame.columns == ["who", "what"]


def test_spaces_delimit_numbers(write):
    table = collect(write("x   y  z\n1   2  3\n10 20 30 \n 4 5 6\n", "data.txt"))
    assert table.frame.rows() == [("1", "2", "3"), ("10", "20", "30"), ("4", "5", "6")]


def test_quotes_doubled_and_over_lines(write):
    text = 'a,b\n"say ""hi""","two\nlines"\n"a,b","x\r\ny"\n'
    assert collect(write(text)).frame.rows() == [('say "hi"', "two\nlines"), ("a,b", "x\r\ny")]


def test_irregular_quotes_are_read_as_they_are_meant(write):
    pipe = "a,b\n" + "x,1\n" * 5 + '5" pipe,3\n'
    assert collect(write(pipe)).frame.row(-1) == ('5" pipe', "3")
    spaced = 'name, town\nAnn, "Bern, BE"\nBo, "Zug"\n'
    assert collect(write(spaced)).frame.to_dicts() == [
        {"name": "Ann", "town": "Bern, BE"},
        {"name": "Bo", "town": "Zug"},
    ]
    escaped = 'a,b\n1,"say \\"hi\\" to, her"\n2,"x"\n'
    assert collect(write(escaped)).frame["b"].to_list() == ['say "hi" to, her', "x"]
    after = 'a,b\n1,"x"y\n2,z\n'
    assert collect(write(after)).frame["b"].to_list() == ["xy", "z"]


def test_quotes_in_tab_separated_text_are_characters(write):
    text = 'id\ttitle\n1\t"Weird Al\n2\tplain\n3\t5" disk\n'
    assert collect(write(text, "titles.tsv")).frame["title"].to_list() == ['"Weird Al', "plain", '5" disk']


def test_comments_and_blank_lines(write):
    text = "# made by a tool\n# on Monday\n\na,b\n1,2\n\n3,4\n   \n5,6\n\n\n"
    assert collect(write(text)).frame.rows() == [("1", "2"), ("3", "4"), ("5", "6")]
    assert collect(write("# note\n#id,b\n1,2\n")).frame.columns == ["#id", "b"]
    assert collect(write("sep=;\na;b\n1;2\n")).frame.rows() == [("1", "2")]


def test_a_row_of_empty_fields_is_a_row(write):
    assert collect(write("a,b\n1,2\n,\n3,4\n")).frame.rows() == [("1", "2"), (None, None), ("3", "4")]


def test_an_empty_line_in_a_single_column_is_a_missing_value(write):
    assert collect(write('a\n1\n\n""\n2\n\n\n')).frame["a"].to_list() == ["1", None, None, "2"]


def test_a_title_above_the_table_is_passed_over(write):
    table = collect(write("Sales report\n\na,b,c\n1,2,x\n3,4,y\n5,6,z\n"))
    assert table.frame.columns == ["a", "b", "c"]
    assert kinds(table) == ["lines_above_the_table"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2.5,x\n2,3.5,y\n", ["column_1", "column_2", "column_3"]),
        ("red,Ann\nblue,Bo\nred,Cy\n", ["column_1", "column_2"]),
        ("country,2019,2020\nIT,5,6\nFR,7,8\n", ["country", "2019", "2020"]),
        ("a,b\nx,y\nz,w\n", ["a", "b"]),
        ("2024-01-01,5\n2024-01-02,6\n", ["column_1", "column_2"]),
        (",a\n0,x\n1,y\n", ["column_1", "a"]),
        ("id,amount\n1,?\n2,NA\n3,$5.00\n", ["id", "amount"]),
    ],
)
def test_headers_are_recognised(write, text, names):
    table = collect(write(text))
    assert table.frame.columns == names
    assert ("no_header" in kinds(table)) == (names[:2] == ["column_1", "column_2"])


def test_header_can_be_said(write):
    assert collect(write("1,2\n3,4\n"), header=True).frame.to_dict(as_series=False) == {"1": ["3"], "2": ["4"]}
    assert collect(write("a,b\n3,4\n"), header=False).frame.rows() == [("a", "b"), ("3", "4")]


def test_names_are_made_distinct_and_kept_as_they_are(write):
    table = collect(write('a,a," b ",,"say ""x"" [1]",😀,"two\nlines"\n1,2,3,4,5,6,7\n'))
    assert table.frame.columns == ["a", "a_2", "b", "column_4", 'say "x" [1]', "😀", "two\nlines"]
    assert kinds(table) == ["renamed_columns"]
    assert table.findings[0].columns == ("a_2", "column_4")


def test_row_names_without_a_name_and_delimiters_at_line_ends(write):
    assert collect(write("mpg,cyl\nMazda,21,6\nFiat,32,4\n")).frame.columns == ["column_1", "mpg", "cyl"]
    assert collect(write("a,b\n1,2,\n3,4,\n")).frame.rows() == [("1", "2", None), ("3", "4", None)]


TEXT = "Straße,Preis €\nZürich,5\nGenève,6\n"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("cp1252", b""),
    ],
)
def test_encodings_are_recognised(write, encoding, mark):
    table = collect(write(mark + TEXT.encode(encoding)))
    assert table.frame.columns == ["Straße", "Preis €"]
    assert table.frame["Straße"].to_list() == ["Zürich", "Genève"]
    assert kinds(table) == (["encoding"] if encoding == "cp1252" else [])


def test_a_mark_without_a_header(write):
    assert collect(write(codecs.BOM_UTF8 + b"1,2\n3,4\n")).frame.rows() == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "имя,город\n" + "Иван,Москва\nОльга,Казань\n" * 5),
        ("gb18030", "姓名,城市\n" + "张三,北京\n李四,上海\n" * 5),
        ("shift_jis", "名前,都市\n" + "太郎,東京\n花子,大阪です\n" * 5),
    ],
    ids=["cyrillic", "chinese", "japanese"],
)
def test_other_alphabets_are_recognised(write, encoding, text):
    assert collect(write(text.encode(encoding))).frame.columns == text.split("\n", 1)[0].split(",")


def test_letters_beyond_the_first_megabyte_count(write):
    content = b"a,b\n" + b"x,1234567890\n" * 120_000 + "é,1\n".encode("latin-1")
    table = collect(write(content))
    assert table.frame["a"][-1] == "é"
    assert kinds(table) == ["encoding"]


def test_utf8_with_a_broken_byte_stays_utf8(write):
    table = collect(write(b"a,b\n" + "Zürich,é\n".encode() * 20 + b"\xff,1\n"))
    assert table.frame["a"].to_list()[0] == "Zürich"
    assert table.frame["a"][-1] == "\ufffd"
    assert "line 22, byte 1" in table.findings[0].message


def test_encoding_can_be_said(write):
    assert collect(write("a,b\nŁódź,1\n".encode("cp1250")), encoding="cp1250").frame["a"].to_list() == ["Łódź"]
    with pytest.raises(SourceError, match=r"line 2, byte 2: The byte 0xe9 is not utf-8"):
        collect(write("a,b\ncé,1\n".encode("latin-1")), encoding="utf-8")
    with pytest.raises(OptionError, match="There is no encoding 'klingon'"):
        collect(write(CSV), encoding="klingon")


def test_delimiter_can_be_said(write):
    assert collect(write("a:b\n1:2\n"), delimiter=":").frame.rows() == [("1", "2")]
    assert collect(write("a,b\tc\n1,2\t3\n"), delimiter="tab").frame.columns == ["a,b", "c"]
    with pytest.raises(OptionError, match="The delimiter cannot be '::'"):
        collect(write(CSV), delimiter="::")


def pack_zip(content: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/inner.csv", content)
        archive.writestr("readme.md", "hello")
        archive.writestr("__MACOSX/inner.csv", "x")


PACKERS = {
    ".gz": lambda content, path: path.write_bytes(gzip.compress(content)),
    ".bz2": lambda content, path: path.write_bytes(bz2.compress(content)),
    ".xz": lambda content, path: path.write_bytes(lzma.compress(content)),
    ".zst": lambda content, path: path.write_bytes(zstandard.compress(content)),
    ".zip": pack_zip,
}


@pytest.mark.parametrize("ending", PACKERS)
def test_compressed_files(tmp_path, ending):
    path = tmp_path / f"Shop.csv{ending}"
    PACKERS[ending](CSV, path)
    table = collect(path)
    assert table.frame.to_dict(as_series=False) == ROWS
    assert table.name == ("inner" if ending == ".zip" else "shop")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zst"])
def test_a_truncated_compressed_file_is_refused(tmp_path, ending):
    path = tmp_path / f"a.csv{ending}"
    PACKERS[ending](b"a,b\n" + "".join(f"{i},{i * i}\n" for i in range(5000)).encode(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SourceError, match=r"a\.csv.*: The compressed file is damaged: it ends in the middle"):
        collect(path)
    path.write_bytes(b"this is no archive at all, but words")
    with pytest.raises(SourceError, match="The compressed file is damaged"):
        collect(path)


def test_a_zip_with_several_tables_names_them(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.csv", CSV)
        archive.writestr("two.csv", CSV)
    with pytest.raises(SourceError, match=r"holds 2 files that may be tables: 'one\.csv', 'two\.csv'"):
        collect(path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(SourceError, match="The zip archive is damaged"):
        collect(path)


def test_a_header_without_rows_and_comments_alone(write):
    with pytest.raises(DataError, match=r"data\.csv: The file has a header but no rows"):
        collect(write("a,b\n"))
    with pytest.raises(SourceError, match="only blank lines or comments"):
        collect(write("# nothing\n\n"))


def test_ten_thousand_columns(write):
    names = ",".join(f"c{i}" for i in range(10_000))
    values = ",".join(map(str, range(10_000)))
    table = collect(write(f"{names}\n{values}\n{values}\n"))
    assert table.frame.shape == (2, 10_000)
    assert table.frame["c9999"].to_list() == ["9999", "9999"]


def test_large_text_is_sampled_evenly(write):
    text = "a,b\n" + "".join(f"{i},x\n" for i in range(10_000))
    table = collect(write(text), memory_limit=20_000)
    kept = [int(value) for value in table.frame["a"]]
    assert 100 < len(kept) < 2000
    assert kept == list(range(0, 10_000, kept[1]))
    (finding,) = table.findings
    assert (finding.kind, finding.severity) == ("sampled", "warning")
    assert f"{len(kept):,} of 10,000 rows" in finding.message
    again = collect(write(gzip.compress(text.encode()), "data.csv.gz"), memory_limit=20_000)
    assert again.frame.equals(table.frame)
    with pytest.raises(SourceError, match=r"The rows need about .* of memory, and 20 kB may be used"):
        collect(write(text), memory_limit=20_000, sample=False)
