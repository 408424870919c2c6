"""Whatever Python's csv module writes is read back as it was."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlwright.collect import collect

CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufeff") | st.sampled_from(list(',;\t|"\n\r #1.')),
    max_size=8,
)
NAMES = st.from_regex(r"[A-Za-zé\[\"',;|\n][A-Za-z0-9 é,;|\"\n]{0,6}[a-z]", fullmatch=True)


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str] = CELLS) -> tuple[list[str], list[list[str]]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), min_size=1, max_size=12))
    return names, rows


def written(names: list[str], rows: list[list[str]], **dialect: object) -> str:
    out = io.StringIO()
    csv.writer(out, **dialect).writerows([names, *rows])
    return out.getvalue()


def read(content: bytes, **options: object) -> tuple[list[str], list[tuple[str | None, ...]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        frame = collect(path, **options).frame
    return frame.columns, frame.rows()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|", ":"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_csv_writes_is_read_back(table, delimiter, end, quoting, encoding):
    names, rows = table
    text = written(names, rows, delimiter=delimiter, lineterminator=end, quoting=quoting)
    content = text.encode(encoding)
    # Nothing but zero-width control characters would be refused as binary, rightly.
    if sum(ord(c) < 32 and c not in "\t\r\n" for c in text) > 0.01 * len(text) or "\x7f" in text:
        return
    found = read(content, delimiter=delimiter, header=True, encoding=encoding)
    assert found == (names, [tuple(cell or None for cell in row) for row in rows])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=tables(st.from_regex(r"[A-Za-zäöü][A-Za-z0-9 äöü,;|\"\n]{0,8}", fullmatch=True)),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_minimal_quotes_are_enough(table, delimiter, end):
    names, rows = table
    text = written(names, rows, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_MINIMAL)
    found = read(text.encode(), delimiter=delimiter, header=True)
    assert found == (names, [tuple(row) for row in rows])


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr)
WORDS = st.from_regex(r"[A-Z][a-z]{1,3}[äöü]?[a-z]{1,3}( [a-z]{1,5}, [a-z]{1,5})?", fullmatch=True)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(WORDS, NUMBERS, WORDS), min_size=3, max_size=20),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "cp1252"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_usual_tables_need_no_options(rows, delimiter, decimal, encoding, quoting):
    names = ["name", "größe", "town"]
    body = [[name, number.replace(".", decimal), town] for name, number, town in rows]
    text = written(names, body, delimiter=delimiter, quoting=quoting)
    assert read(text.encode(encoding)) == (names, [tuple(row) for row in body])


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(min_size=1, max_size=200)
    | st.text(st.sampled_from('ab1,;\n\r"\\# \t'), min_size=1).map(str.encode)
)
def test_any_bytes_are_read_or_refused_in_our_words(content):
    from mlwright.errors import InputError

    try:
        names, rows = read(content)
    except InputError as error:
        assert "a.csv" in str(error)  # noqa: PT017
    else:
        assert len(names) == len(set(names)) > 0
        assert rows
