"""The profile: facts that agree with a slow and independent count, true row numbers, and no table that breaks it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlwright as mw
from mlwright.clean import Question, spread
from mlwright.clean.detectors import DETECTORS
from mlwright.clean.profile.making import Clock, duplicate_rows
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.errors import ColumnError, DataError, SourceError
from mlwright.findings import Finding
from mlwright.table import Table


def people(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """A table of every kind, as a file would hold it: all text."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    start = date(2022, 1, 1)
    names = np.array(["Ann", "Bo", "Cy"])
    return pl.DataFrame(
        {
            "id": [f"A{number:05d}" for number in range(rows)],
            "age": [None if number % 10 == 3 else str(value) for number, value in enumerate(age)],
            "income": [f"{value:.2f}" for value in rng.lognormal(8, 1.4, rows)],
            "town": rng.choice(["Oslo", "Bergen", "Tromsø"], rows, p=[0.6, 0.3, 0.1]),
            "since": [(start + timedelta(days=int(day))).isoformat() for day in rng.integers(0, 700, rows)],
            "remark": [f"{names[number % 3]} was late with parcel {number}" for number in range(rows)],
            "bought": np.where(rng.random(rows) < age / 100, "yes", "no"),
        }
    )


def test_a_profile_counts_what_is_there() -> None:
    frame = people()
    found = mw.profile(frame, target="bought")
    assert (found.rows, len(found.columns), found.judged_rows, found.duplicate_rows) == (400, 7, 400, 0)
    kinds = {column.name: column.kind for column in found.columns}
    assert kinds == {
        "id": "id", "age": "integer", "income": "number", "town": "category", "since": "datetime", "remark": "text",
        "bought": "boolean",
    }  # fmt: skip
    age = found["age"]
    known = [int(value) for value in frame["age"].to_list() if value is not None]
    assert (age.missing, age.missing_share, age.distinct) == (40, 0.1, len(set(known)))
    assert age.numbers is not None
    assert (age.numbers.low, age.numbers.high) == (min(known), max(known))
    assert age.numbers.mean == pytest.approx(sum(known) / len(known))
    assert age.numbers.quartiles == tuple(np.quantile(known, [0.25, 0.5, 0.75]))
    town = Counter(frame["town"].to_list()).most_common()
    assert [(each.value, each.count) for each in found["town"].top] == town
    since = found["since"].dates
    assert since is not None
    assert (since.first, since.last) == (min(frame["since"]), max(frame["since"]))
    remark = found["remark"].texts
    assert remark is not None
    assert {"late", "parcel", "with"} <= {word.value for word in remark.words}
    assert max(word.count for word in remark.words) == 400
    assert found.missing_cells == 40


def test_counts_agree_with_the_schema_that_a_build_uses() -> None:
    table = collect(people())
    schema, _ = infer_schema(table, Question(target="bought"))
    found = mw.profile(people(), target="bought")
    for column, facts in zip(schema, found.columns, strict=True):
        assert (column.name, column.kind, column.role) == (facts.name, facts.kind, facts.role)
        assert column.distinct == facts.distinct
        assert column.missing_share == facts.missing_share


def test_the_json_has_the_shape_of_the_contract() -> None:
    found = json.loads(mw.profile(people(), target="bought").json())
    assert {"rows", "columns", "findings"} <= found.keys()
    for column in found["columns"]:
        assert {"name", "kind", "role", "missing", "distinct"} <= column.keys()
    for finding in found["findings"]:
        assert finding.keys() >= {
            "kind", "columns", "rows", "severity", "confidence", "message", "repair", "applied",
        }  # fmt: skip
    assert found == mw.profile(people(), target="bought").to_dict()


def test_the_same_table_gives_the_same_profile() -> None:
    assert mw.profile(people()).json() == mw.profile(people()).json()


def test_findings_come_worst_first_and_columns_point_at_theirs() -> None:
    frame = people().with_columns(
        town=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("TromsÃ¸")).otherwise("town"), same=pl.lit("x")
    )
    found = mw.profile(frame)
    order = ["error", "warning", "info"]
    places = [order.index(finding.severity) for finding in found.findings]
    assert places == sorted(places)
    about = [found.findings[place] for place in found["town"].findings]
    damage = next(finding for finding in about if finding.kind == "encoding_damage")
    assert damage.rows == (7,)
    assert any(found.findings[place].kind == "constant_columns" for place in found["same"].findings)
    assert damage in found.alarms


def test_a_sampled_table_names_true_rows_and_says_what_its_counts_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "MOST_ROWS", 1_000)
    rows = 5_000
    towns = ["MÃ¼nchen" if row % 500 < 30 else "Oslo" if row % 2 else "Bergen" for row in range(rows)]
    frame = pl.DataFrame({"town": towns, "amount": [str(row * 7 % 1_013) for row in range(rows)]})
    found = mw.profile(frame)
    assert (found.rows, found.judged_rows) == (rows, 1_000)
    damage = next(finding for finding in found.findings if finding.kind == "encoding_damage")
    assert damage.rows
    assert all(towns[row] == "MÃ¼nchen" for row in damage.rows)
    assert "(counted in 1,000 of 5,000 rows)." in damage.message
    assert "1,000 of 5,000 rows" in found.limits[0]
    # What is counted is counted in all rows.
    assert {each.value: each.count for each in found["town"].top} == Counter(towns)
    assert found["amount"].distinct == 1_013
    numbers = found["amount"].numbers
    assert numbers is not None
    assert numbers.histogram is not None
    assert sum(numbers.histogram.counts) == rows


def test_a_value_that_only_the_rest_holds_makes_no_column_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "MOST_ROWS", 100)
    frame = pl.DataFrame({"a": ["x"] * 9_999 + ["y"], "b": [str(row % 97) for row in range(10_000)]})
    judged = spread.Spread.of(Table(frame))
    assert judged.rows is not None
    assert 9_999 not in judged.rows
    found = mw.profile(frame)
    assert found["a"].distinct == 2
    assert not [finding for finding in found.findings if finding.kind == "constant_columns"]


def test_what_only_seems_to_name_rows_in_a_sample_is_looked_at_in_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "MOST_ROWS", 150)
    monkeypatch.setattr(spread, "FEWEST_ROWS", 150)
    rows = 40_000
    shuffled = np.random.default_rng(0).permutation(rows)
    frame = pl.DataFrame(
        {"customer": [f"K{row // 2:05d}" for row in shuffled], "row": [f"R{row:06d}" for row in shuffled]}
    )
    table = Table(frame)
    seen, _ = infer_schema(spread.Spread.of(table).table, Question())
    assert [column.kind for column in seen] == ["id", "id"]
    found = mw.profile(frame)
    assert found["customer"].kind != "id"
    assert found["customer"].role == "feature"
    assert found["row"].kind == "id"


@given(st.integers(1, 5_000), st.integers(1, 600), st.integers(0, 5))
@settings(deadline=None, max_examples=60)
def test_spread_rows_are_different_ordered_and_even(total: int, most: int, seed: int) -> None:
    rows = spread.spread_rows(total, most, seed=seed)
    assert len(rows) == min(total, most)
    assert (np.diff(rows) > 0).all()
    assert rows[0] >= 0
    assert rows[-1] < total
    assert np.diff(np.concatenate([[-1], rows, [total]])).max() <= 2 * -(-total // len(rows)) + 1


def test_a_finding_of_all_rows_stays_as_it_is() -> None:
    finding = Finding(kind="x", message="2 rows are odd.", rows=(1, 2))
    assert spread.Spread.of(Table(people())).placed(finding) is finding


def test_repeated_rows_are_counted() -> None:
    frame = people()
    found = mw.profile(pl.concat([frame, frame.head(25)]))
    assert found.duplicate_rows == 25
    assert "25 rows (5.9 %) repeat an earlier one." in found.overview
    assert duplicate_rows(pl.DataFrame({"a": [[1], [1]]})) is None


@pytest.fixture
def few_detectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only detectors that count: what others may come to say of the same table is not the matter here."""
    names = ("duplicate_rows", "constant_columns", "id_columns", "encoding_damage")
    monkeypatch.setattr("mlwright.clean.profile.making.DETECTORS", {name: DETECTORS[name] for name in names})


@pytest.mark.usefixtures("few_detectors")
def test_the_overview_says_the_essentials_in_words() -> None:
    told = mw.profile(people(), target="bought").overview
    assert told[0].startswith("The table has 400 rows and 7 columns: 2 of numbers, ")
    assert told[1] == "1.4 % of the cells have no value, all of them in 'age' (10 % of its rows)."
    assert told[2].startswith(
        "'bought', which is to be predicted, is 'yes' (51 %), 'no' (49 %); 'age' tells most about"
    )
    assert told[-1] == "Nothing was found that somebody has to look at before using it."
    assert mw.profile({"a": [1, 2, 3]}).overview[1] == "Every cell has a value."


@pytest.mark.usefixtures("few_detectors")
def test_repr_and_lookup_help() -> None:
    found = mw.profile(people())
    assert repr(found) == '<Profile of data: 400 rows, 7 columns, nothing to look at. Next: .report("profile.html")>'
    with pytest.raises(ColumnError, match="did you mean 'town'"):
        found["towns"]
    assert "town" in found
    assert "towns" not in found
    assert [column.name for column in found] == people().columns


ODD: dict[str, object] = {
    "one cell": {"a": ["1"]},
    "no rows": pl.DataFrame({"a": [], "b": []}),
    "nothing": pl.DataFrame(),
    "all missing": pl.DataFrame({"a": [None] * 50, "b": ["", "NA"] * 25, "c": [float("nan")] * 50}),
    "wide": pl.DataFrame({f"c{place}": [str(place % 7), "2", None] for place in range(700)}),
    "garbage": pl.DataFrame({"a": [bytes([code, 200, 0]).decode("latin-1") for code in range(256)], "b": range(256)}),
    "binary": pl.DataFrame({"a": [bytes([code, 200, 0]) for code in range(256)], "b": range(256)}),
    "long cells": pl.DataFrame({"a": ["word " * 100_000, "x", None] * 4, "b": range(12)}),
    "odd numbers": pl.DataFrame({"a": [1e308, -1e308, float("inf"), float("nan"), 0.0, 5e-324] * 20}),
    "odd dates": pl.DataFrame({"a": pl.Series([date(2024, 1, 1), None, date(1, 1, 1), date(9999, 12, 31)] * 10)}),
    "spans": pl.DataFrame({"a": [timedelta(seconds=3), None, timedelta(days=3), timedelta(0)] * 10}),
    "large": pl.DataFrame({"a": pl.Series([2**62, 1, 2, None] * 10, dtype=pl.Int64)}),
    "nested": pl.DataFrame({"a": [[1, 2], [3]] * 20, "s": [{"x": 1}, {"x": 2}] * 20}),
    "names": pl.DataFrame({"<script>x</script>" + "y" * 3_000: range(20), "": ["<b>", "|"] * 10}),
    "beyond numbers": {"a": [10**40, 1, 2, 3] * 5},
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_give_a_page(name: str) -> None:
    source = ODD[name]
    found = mw.profile(source)
    for text in (found.json(), found.html(), found.markdown(), found._repr_html_()):
        assert text
    assert len(found.html().encode()) < 2_000_000
    assert json.loads(found.json())["rows"] == found.rows
    assert sum(column.missing for column in found.columns) == found.missing_cells


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (b"", SourceError, "empty"),
        (b"a,b\n", DataError, "header"),
        (bytes(range(256)) * 40, SourceError, "binary"),
    ],
)
def test_unusable_files_are_one_clear_error(text: bytes, error: type[Exception], said: str, tmp_path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(text)
    with pytest.raises(error, match=said):
        mw.profile(path)


def test_names_and_encodings_of_files_are_mended_and_told(tmp_path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("straße;straße;größe\nMühlweg;1;1,5\nGarten;2;2,5\n".encode("cp1252"))
    found = mw.profile(path)
    assert [column.name for column in found.columns] == ["straße", "straße_2", "größe"]
    assert "renamed_columns" in {finding.kind for finding in found.findings}


def test_time_that_is_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlwright.clean.profile.making.DETECTING_SECONDS", -1.0)
    found = mw.profile(people())
    assert "some of it was left out" in found.limits[-1]
    assert not Clock(1e9).stop()


def test_nothing_of_the_callers_frame_is_changed() -> None:
    frame = people()
    before = frame.clone()
    mw.profile(frame, target="bought")
    assert frame.equals(before)


def test_stages_are_told() -> None:
    class Told:
        def __init__(self) -> None:
            self.stages: list[str] = []

        def stage(self, title: str) -> None:
            self.stages.append(title)

        def advance(self, *, share: float, seconds_left: float | None = None, best: str | None = None) -> None:
            assert 0 <= share <= 1

        def say(self, sentence: str) -> None:
            raise AssertionError(sentence)

    told = Told()
    mw.profile(people(), progress=told)
    assert told.stages[0] == "Reading the rows"
    assert len(told.stages) == 5


def test_moments_with_hours_are_written_with_them() -> None:
    moments = [datetime.fromisoformat("2024-01-01T08:00") + timedelta(minutes=17 * step) for step in range(200)]
    facts = mw.profile({"at": moments, "x": list(range(200))})["at"].dates
    assert facts is not None
    assert facts.first == "2024-01-01 08:00:00"
