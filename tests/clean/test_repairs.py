"""Repairs: the same for a batch and for one row, the same once loaded, and refused where their state is damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.clean.repairs import REPAIRS, Blank, FromKey, Recode, Repair, Repairs, Replace, Rescale, from_state
from mlwright.clean.repairs.recode import CODECS, WAYS
from mlwright.columns import Coded, Columns, Values
from mlwright.errors import ModelError

TEXTS = ("Oslo", "oslo", "", "MÃ¼nchen", "AT&amp;T", "a\\u00e9", "x\u200by", "10001", "?")
texts = st.sampled_from(TEXTS) | st.text(max_size=8)
numbers = st.floats(-1e6, 1e6, allow_nan=False) | st.sampled_from([0.0, -1.0, 99.0, 100.0])
bounds = st.none() | st.floats(-100, 100, allow_nan=False)
news = st.dictionaries(texts, st.none() | texts, max_size=5)


def ordered(repair: Blank | Rescale) -> bool:
    """Whether the lower bound is below the upper one: others are refused when they are loaded."""
    return repair.low is None or repair.high is None or repair.low <= repair.high


repairs: st.SearchStrategy[Repair] = st.one_of(
    st.builds(Blank, st.just("size"), bounds, bounds, st.lists(numbers, max_size=3).map(tuple)).filter(ordered),
    st.builds(
        Rescale, st.just("size"), st.floats(-100, 100), st.none() | st.floats(-100, 100),
        st.floats(-1000, 1000).filter(lambda factor: abs(factor) > 1e-9), st.floats(-100, 100),
    ).filter(ordered),
    st.builds(Replace, st.just("town"), news),
    st.builds(FromKey, st.just("town"), st.just("zip"), news),
    st.builds(Recode, st.just("town"), st.sampled_from(sorted(CODECS | set(WAYS)))),
)  # fmt: skip


def coded(values: list[str | None]) -> Coded:
    known: dict[str, int] = {}
    codes = [-1 if value is None else known.setdefault(value, len(known)) for value in values]
    return Coded(np.array(codes, dtype=np.int32), tuple(known))


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    rows = draw(st.integers(0, 8))
    size = draw(st.lists(st.none() | numbers, min_size=rows, max_size=rows))
    data: dict[str, Values] = {"size": np.array([np.nan if value is None else value for value in size], dtype=float)}
    for name in ("town", "zip"):
        data[name] = coded(draw(st.lists(st.none() | texts, min_size=rows, max_size=rows)))
    return Columns(data, rows)


def rows_of(columns: Columns) -> list[dict[str, float | str | None]]:
    return [columns.row(row) for row in range(columns.rows)]


@settings(deadline=None)
@given(repairs, tables())
def test_a_batch_gets_what_each_row_gets(repair: Repair, columns: Columns) -> None:
    mended = Repairs([repair]).apply(columns)
    assert rows_of(mended) == [dict(Repairs([repair]).apply_row(row)) for row in rows_of(columns)]


@settings(deadline=None)
@given(repairs, tables())
def test_a_repair_changes_its_own_column_and_nothing_it_was_given(repair: Repair, columns: Columns) -> None:
    before = rows_of(columns)
    mended = Repairs([repair]).apply(columns)
    assert rows_of(columns) == before
    for name in columns:
        if name != repair.column:
            assert mended[name] is columns[name]
    assert isinstance(mended[repair.column], Coded) == isinstance(columns[repair.column], Coded)


@settings(deadline=None)
@given(repairs, tables())
def test_a_saved_repair_does_the_same(repair: Repair, columns: Columns) -> None:
    loaded = from_state(repair.state())
    assert loaded == repair
    assert loaded.words == repair.words
    assert rows_of(Repairs([loaded]).apply(columns)) == rows_of(Repairs([repair]).apply(columns))


@settings(deadline=None)
@given(tables(), st.lists(repairs, max_size=4))
def test_repairs_are_applied_in_order(columns: Columns, several: list[Repair]) -> None:
    step = columns
    for repair in several:
        step = Repairs([repair]).apply(step)
    assert rows_of(Repairs(several).apply(columns)) == rows_of(step)
    assert rows_of(step) == [dict(Repairs(several).apply_row(row)) for row in rows_of(columns)]


@settings(deadline=None)
@given(st.text(max_size=30))
def test_text_that_was_read_wrongly_comes_back(text: str) -> None:
    """What Latin-1 makes of UTF-8 is read anew, unless the text looks like that itself."""
    repair = Recode("town", "latin-1")
    if repair.mend(text) == text:
        assert repair.mend(text.encode().decode("latin-1")) == text


@pytest.mark.parametrize("way", sorted(CODECS | set(WAYS)))
@settings(deadline=None)
@given(text=st.text(max_size=30))
def test_what_is_mended_stays_as_it_is(way: str, text: str) -> None:
    repair = Recode("town", way)
    mended = repair.mend(text)
    assert mended.encode() is not None  # no half of a pair of surrogates comes out
    if way == "invisible":
        assert repair.mend(mended) == mended


def test_escapes_of_half_a_character_do_no_harm() -> None:
    assert Recode("town", "escapes").mend("\\ud83d\\ude00") == "\U0001f600"
    assert Recode("town", "escapes").mend("\\ud83d") == "\ufffd"


def test_what_is_read_is_asked_for() -> None:
    chain = Repairs([
        FromKey("state", "zip", {"1": "NY"}),
        FromKey("region", "state", {"NY": "East"}),
        Replace("town", {"NYC": "New York"}),
    ])  # fmt: skip
    assert chain.reads(["region"]) == ("region", "state", "zip")
    assert chain.reads(["state", "age"]) == ("state", "age", "zip")
    assert chain.reads(["town"]) == ("town",)
    assert [repair.kind for repair in chain] == ["from_key", "from_key", "replace"]
    assert len(chain) == 3


def test_a_repair_whose_columns_are_not_there_is_passed_over() -> None:
    chain = Repairs([FromKey("state", "zip", {"1": "NY"}), Replace("town", {"NYC": "New York"})])
    assert chain.apply_row({"state": "NX", "town": "NYC"}) == {"state": "NX", "town": "New York"}
    columns = Columns({"state": coded(["NX"])}, 1)
    assert chain.apply(columns).row(0) == {"state": "NX"}
    assert Repairs().apply(columns) is columns


def test_values_that_become_equal_become_one() -> None:
    mended = Replace("town", {"NYC": "New York"}).apply(Columns({"town": coded(["NYC", "New York", None, "NYC"])}, 4))
    assert mended.values == ("New York",)
    assert mended.codes.tolist() == [0, 0, -1, 0]


def test_a_key_fills_what_is_missing_and_leaves_what_it_does_not_know() -> None:
    repair = FromKey("state", "zip", {"1": "NY", "2": None})
    columns = Columns({"zip": coded(["1", "1", "2", "3", None]), "state": coded([None, "NX", "NJ", "CA", "TX"])}, 5)
    assert [row["state"] for row in rows_of(Repairs([repair]).apply(columns))] == ["NY", "NY", None, "CA", "TX"]


def test_bounds_are_told_in_words() -> None:
    assert Blank("age", low=0.0, numbers=(99.0,)).words == "'age' becomes missing where it is below 0 or 99"
    assert Rescale("height", 100.0, None, 0.01).words == "'height' where it is at least 100 becomes 0.01 times as much"
    degrees = Rescale("t", 60.0, None, 5 / 9, -160 / 9)
    assert degrees.words == "'t' where it is at least 60 becomes 0.5556 times as much, minus 17.78"
    assert "text that was read as cp1252" in Recode("town", "cp1252").words
    assert "'&amp;'" in Recode("town", "html").words


STATES: dict[str, dict[str, Any]] = {
    "blank": Blank("size", low=0.0, numbers=(9.0,)).state(),
    "from_key": FromKey("town", "zip", {"1": "a"}).state(),
    "recode": Recode("town", "cp1252").state(),
    "replace": Replace("town", {"a": "b"}).state(),
    "rescale": Rescale("size", 1.0, 2.0, 3.0).state(),
}


def test_every_kind_of_repair_is_tested_here() -> None:
    assert STATES.keys() == REPAIRS.keys()


@pytest.mark.parametrize("kind", STATES)
@settings(deadline=None)
@given(damage=st.none() | st.booleans() | st.text() | st.lists(st.integers(), max_size=2) | st.dictionaries(
    st.text(max_size=2), st.integers(), max_size=2) | st.floats())  # fmt: skip
def test_a_damaged_state_is_refused_or_harmless(kind: str, damage: object) -> None:
    """Whatever stands in the place of a part: a clear error, or a repair that can be saved again."""
    for part in STATES[kind]:
        state: Mapping[str, Any] = {**STATES[kind], part: damage}
        try:
            loaded = from_state(state)
        except ModelError:
            continue
        assert from_state(loaded.state()).state() == loaded.state()


@pytest.mark.parametrize(
    "state",
    [
        {}, {"kind": "explode"}, [], None, "blank", {"kind": "blank", "column": "a"},
        {"kind": "recode", "column": "a", "codec": "rot13"}, {"kind": "replace", "column": "a", "new": {"a": 1}},
        {"kind": "rescale", "column": "a", "low": None, "high": None, "factor": 1.0, "offset": 0.0},
        {"kind": "blank", "column": "a", "low": 2.0, "high": 1.0, "numbers": []},
        {"kind": "blank", "column": "a", "low": None, "high": None, "numbers": [None]},
        {"kind": "blank", "column": "a", "low": None, "high": None, "numbers": list(range(1_001))},
        {"kind": "rescale", "column": "a", "low": 1.0, "high": None, "factor": 0.0, "offset": 0.0},
        {"kind": "rescale", "column": "a", "low": 1.0, "high": None, "factor": 1e308, "offset": 1e308},
        {"kind": "rescale", "column": "a", "low": 2.0, "high": 1.0, "factor": 2.0, "offset": 0.0},
        {"kind": "from_key", "column": "a", "key": "a", "values": {"x": "y"}},
        {"kind": "replace", "column": "a", "new": {"x": "y"}, "more": 1},
        {"kind": "replace", "column": "a", "new": dict.fromkeys(map(str, range(100_001)), "y")},
        {"kind": "blank", "column": "a", "numbers": ["x"]}, {"kind": "blank", "column": 3, "numbers": []},
        {"kind": "rescale", "column": "a", "low": 1.0, "high": None, "factor": float("inf"), "offset": 0.0},
    ],
)  # fmt: skip
def test_what_is_no_repair_is_refused(state: Any) -> None:
    with pytest.raises(ModelError, match="repairs cannot be read"):
        from_state(state)


def test_a_repair_of_the_wrong_sort_of_column_is_refused() -> None:
    columns = Columns({"size": np.array([1.0]), "town": coded(["a"])}, 1)
    with pytest.raises(ModelError, match="holds strings"):
        Blank("town", low=0.0).apply(columns)
    with pytest.raises(ModelError, match="holds numbers"):
        Replace("size", {"a": "b"}).apply(columns)
