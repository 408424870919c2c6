"""Fields say what a column is, and what stands in them is read as the value that was meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.schema import Column
from mlwright.serve.http import FORM
from mlwright.serve.pages.fields import OPEN, SHOWN, form_of, row_of, texts_sent
from mlwright.serve.problems import Problem
from mlwright.values import reader


def field_of(column: Column, text: str = ""):
    form = form_of([column], {column.name: text})
    return form.first[0]


@pytest.mark.parametrize(
    ("column", "kind", "keyboard", "said"),
    [
        (Column(name="a", kind="integer", low=0.0, high=9.0), "number", "numeric", "A whole number; 0 to 9 in what"),
        (Column(name="a", kind="number", low=0.5, high=9.0), "number", "decimal", "A number; 0.5 to 9 in what"),
        (Column(name="a", kind="number", low=-1.0, high=9.0), "number", "", "A number; −1 to 9 in what"),
        (Column(name="a", kind="number"), "number", "", "A number."),
        (Column(name="a", kind="boolean", missing_share=0.1), "truth", "", "May be left empty."),
        (Column(name="a", kind="text"), "text", "", ""),
        (Column(name="a", kind="category", categories=("x", "y"), distinct=2), "choice", "", "The model knows x, y."),
        (Column(name="a", kind="category", categories=("x y",), distinct=1), "choice", "", "The model knows “x y”."),
        (Column(name="a", kind="category", categories=("x" * 99,), distinct=1), "text", "", "The model knows xxx"),
        (Column(name="a", kind="datetime", low=0.0, high=86400.0), "date", "", "From 1970-01-01 to 1970-01-02"),
        (Column(name="a", kind="datetime", low=0.0, high=86399.0), "moment", "", "From 1970-01-01 to"),
        (Column(name="a", kind="duration", low=0.0, high=60.0), "line", "", "A duration, such as 1h 30min; 0 to 60"),
    ],
)
def test_each_kind_of_column_has_its_field(column: Column, kind: str, keyboard: str, said: str) -> None:
    field = field_of(column)
    assert (field.kind, field.keyboard) == (kind, keyboard)
    assert field.help.startswith(said)


def test_many_categories_are_counted() -> None:
    column = Column(name="a", kind="category", categories=tuple(f"c{at}" for at in range(500)), distinct=900)
    field = field_of(column)
    assert field.help == "The model knows c0, c1, c2, c3, c4, c5 and 894 more; begin to type to see them."
    assert len(field.options) == 200


FORMATS = [None, "iso", "%d/%m/%Y", "%m-%d-%y", "epoch_s", "epoch_ms"]


@given(
    moment=st.integers(0, 98 * 365 * 86_400).map(lambda at: datetime.fromtimestamp(at, UTC).replace(tzinfo=None)),
    written=st.sampled_from(FORMATS),
    only_days=st.booleans(),
)
def test_a_moment_that_a_browser_shows_is_the_one_that_was_written(
    moment: datetime, written: str | None, only_days: bool
) -> None:
    if only_days or (written or "").startswith("%"):
        moment = moment.replace(hour=0, minute=0, second=0)
    seconds = moment.replace(tzinfo=UTC).timestamp()
    scale = {"epoch_s": 1, "epoch_ms": 1000}.get(written or "")
    text = str(int(seconds * scale)) if scale else moment.strftime(written) if "%" in (written or "") else str(moment)
    column = Column(name="a", kind="datetime", datetime_format=written, low=0.0, high=86400.0 if only_days else 1.0)
    read = reader(column)
    field = field_of(column, text)
    assert field.kind == ("date" if only_days else "moment")
    assert read(field.value) == read(text) == seconds


@pytest.mark.parametrize("text", ["yesterday", "2020-13-01", "0", ""])
def test_what_is_no_moment_stays_as_it_was_typed(text: str) -> None:
    assert field_of(Column(name="a", kind="datetime", low=0.0, high=86400.0), text).value == text


def test_columns_that_matter_less_are_folded_unless_something_is_wrong_there() -> None:
    columns = [Column(name=f"c{at}", kind="number") for at in range(300)]
    form = form_of(columns, {}, importance=["c299", "c7"])
    assert [field.column for field in form.first[:3]] == ["c299", "c7", "c0"]
    assert (len(form.first), len(form.folded), form.is_open) == (SHOWN, 300 - SHOWN, False)
    assert form_of(columns, {}, errors={"c250": "no"}).is_open
    assert not form_of(columns[:OPEN], {}).folded


NAMES = st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=10)


@given(row=st.dictionaries(NAMES, st.text(alphabet=st.characters(exclude_categories=("Cs",))), max_size=5))
def test_a_form_says_of_each_column_what_was_typed(row: dict[str, str]) -> None:
    from urllib.parse import urlencode

    plain = {name.replace("\r\n", "\n").replace("\r", "\n"): text for name, text in row.items()}
    if len(plain) < len(row):
        return
    body = urlencode({f"column:{name}": text for name, text in row.items()}).encode()
    found = row_of(texts_sent(body, FORM, 100), row)
    for name, text in row.items():
        sent = text.replace("\r\n", "\n").replace("\r", "\n")
        assert found[name] == (sent if sent.strip() else None)


def test_too_many_fields_are_refused() -> None:
    with pytest.raises(Problem, match="cannot be read"):
        texts_sent(b"a=1&" * 20, FORM, 10)
