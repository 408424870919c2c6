"""What kind a column is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlwright.clean.names import says_code, says_id, says_time
from mlwright.clean.reading.infer import infer_column, infer_with_findings
from mlwright.columns import Coded, read_frame
from mlwright.schema import Column


def infer(name: str, values: Sequence[object], dtype: pl.DataType | type[pl.DataType] | None = None) -> Column:
    return infer_column(pl.Series(name, values, dtype=dtype))


def findings(values: Sequence[str | None], name: str = "x") -> dict[str, str]:
    return {finding.kind: finding.message for finding in infer_with_findings(pl.Series(name, values))[1]}


def texts(count: int, make: Callable[[int], str]) -> list[str]:
    return [make(number) for number in range(count)]


BOOLEANS = [["yes", "no"], ["Y", "N"], ["True", "FALSE"], ["t", "f"], ["on", "off"], ["0", "1"], ["Yes", "yes",
"no", "NO"],
            ["1", "0", None, "?"]]  # fmt: skip


@pytest.mark.parametrize("values", BOOLEANS, ids=str)
def test_booleans(values: list[str | None]) -> None:
    assert infer("x", values * 5).kind == "boolean"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 1, None], "boolean"), ([0.0, 1.0], "boolean"), ([True, False], "boolean"), ([1, 2, 3, 1], "integer"),
        ([1.0, 2.0, None], "integer"), ([1.5, 2.0], "number"), ([1, 1, None], "constant"), ([None, None], "constant"),
        ([], "constant"), ([1.0, float("nan"), 1.0], "constant"), ([date(2024, 1, 1), date(2024, 1, 2)], "datetime"),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)], "datetime"),  # noqa: DTZ001
        ([timedelta(1), timedelta(2)], "duration"),
        ([date(2024, 1, 1)] * 2, "constant"), ([[1], [2], [1]], "category"), ([{"a": 1}, {"a": 2}], "category"),
        ([float("inf"), 1.0, 2.5], "number"), ([True, True], "constant"),
    ],
    ids=str,
)  # fmt: skip
def test_typed_columns(values: list[object], kind: str) -> None:
    assert infer("x", values).kind == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["male", "female"] * 5, "category"), (["m", "f"] * 5, "category"), (["yes", "no",
        "unknown"] * 5, "category"),
        (["a", "a", None], "category"), (["", " ", "n/a"], "constant"), (["1", "2", "3"] * 9, "integer"),
        (["1.5", "2", "NA"] * 9, "number"), (["0", "1", "2"] * 9, "integer"), (["1", "1.0", "01"], "constant"),
        (["Month-to-month", "One year", "Two year"] * 9, "category"), (["A12", "B7", "C3"] * 9, "category"),
        (["12A", "12B", "14C", "15"] * 9, "category"), (["2024-01-12", "2024-02-13"] * 9, "datetime"),
        (["1:30:00", "0:45:10"] * 9, "duration"), (["5 days", "1 day"] * 9, "duration"), (["PT5M",
        "PT1H"] * 9, "duration"),
        (["2:1", "3:0"] * 9, "category"), (["1.2.3", "1.10.0"] * 9, "category"), (["1,2,3", "4,5,6"] * 9, "category"),
        (["10-20", "20-30"] * 9, "category"), (["term_36", "term_60"] * 9, "category"), (["<5", "5-9",
        "10+"] * 9, "category"),
    ],
    ids=str,
)  # fmt: skip
def test_text_columns(values: list[str | None], kind: str) -> None:
    assert infer("x", values).kind == kind


@pytest.mark.parametrize(
    ("values", "decimal", "low", "high"),
    [
        (["$1,234.50", "$80", "$7.5", "n/a"], ".", 7.5, 1234.5), (["€ 1.234,50", "€ 80", "€ 7,5"], ",", 7.5, 1234.5),
        (["1,234", "5,678", "12"], ".", 12, 5678), (["1,234", "5,67", "12"], ",", 1.234, 12),
        (["1.234", "5.678", "12,5"], ",", 12.5, 5678), (["12 %", "3.5 %", "100%"], ".", 3.5, 100),
        (["1.2k", "3M", "500"], ".", 500, 3e6), (["(432)", "17", "3"], ".", -432, 17), (["432-", "17",
        "3"], ".", -432, 17),
        (["1 234,5", "17,25", "3"], ",", 3, 1234.5), (["1'234.5", "17", "3"], ".", 3, 1234.5),
        (["12.0 oz", "16 OZ.", "8 ounces"], ".", 8, 16), (["70kg", "82kg", "90 kg"], ".", 70, 90),
        (["5m", "12m", "7m"], ".", 5, 12), (["5M", "12M", "7M"], ".", 5e6, 12e6), (["3 patients",
        "10 patients"], ".", 3, 10),
        (["unknown", "3", "4", "7"], ".", 3, 7), (["1e3", "2E-1"], ".", 0.2, 1000), (["+5", "-3"], ".", -3, 5),
    ],
    ids=str,
)  # fmt: skip
def test_numbers_in_disguise(values: list[str], decimal: str, low: float, high: float) -> None:
    column = infer("amount", values * 5)
    assert column.kind in {"number", "integer"}
    assert (column.decimal, column.low, column.high) == (decimal, low, high)


def test_disguises_are_found() -> None:
    said = findings(["$1,200.50", "$80", "$7.5", "n/a", "?"] * 4)
    assert said["disguised_numbers"].startswith("12 values of 'x' (of 12) write a number like '$1,200.50'")
    assert said["disguised_missing"] == "Missing values of 'x' are written as '?' (4), 'n/a' (4)."
    assert findings(["1", "2.5", None, ""] * 9) == {}
    _, found = infer_with_findings(pl.Series("x", ["1", "2", " $3 ", "?"]))
    assert {finding.kind: finding.rows for finding in found} == {"disguised_missing": (3,), "disguised_numbers": (2,)}
    assert all(finding.applied and finding.repair for finding in found)


def test_two_units_are_no_number() -> None:
    assert infer("weight", ["70 kg", "150 lb", "80 kg", "170 lb"] * 5).kind == "category"


def test_mixed_types() -> None:
    values = [*texts(97, lambda at: str(at * 7 % 50)), "many", "few", "Unknown"]
    column, found = infer_with_findings(pl.Series("x", values))
    assert column.kind == "integer"
    assert column.missing_tokens == ("unknown",)
    assert column.missing_share == pytest.approx(0.03)
    mixed = next(finding for finding in found if finding.kind == "mixed_types")
    assert mixed.rows == (97, 98)
    assert "'many' (1), 'few' (1)" in mixed.message
    assert infer("x", [*texts(80, str), *["many"] * 20]).kind not in {"integer", "number"}


@pytest.mark.parametrize(
    ("values", "form", "first"),
    [
        (["2024-01-12", "2024-01-13"], "iso", "2024-01-12"), (["2024/01/12", "2024/1/3"], "iso", "2024-01-03"),
        (["2024-01-12T10:00:00Z", "2024-01-13T10:00:00+02:00"], "iso", "2024-01-12T10:00"),
        (["2024-01-12 10:00:00.123", "2024-01-13"], "iso", "2024-01-12T10:00:00.123"),
        (["12/01/2024", "13/01/2024"], "%d/%m/%Y", "2024-01-12"), (["01/12/2024", "01/13/2024"], "%m/%d/%Y",
        "2024-01-12"),
        (["1/12/24", "1/13/24"], "%m/%d/%y", "2024-01-12"), (["12.01.2024", "13.01.2024"], "%d.%m.%Y", "2024-01-12"),
        (["12-01-2024 10:00", "13-01-2024 11:30"], "%d-%m-%Y", "2024-01-12T10:00"),
        (["12 Jan 2024", "13 Feb 2024"], "%d %b %Y", "2024-01-12"), (["12-Jan-2024", "1-Mar-2024"], "%d %b %Y",
        "2024-01-12"),
        (["Jan 12, 2024", "March 1, 2024"], "%b %d, %Y", "2024-01-12"), (["12-Jan-24", "13-Jan-24"], "%d %b %y",
        "2024-01-12"),
        (["1/12/2024 1:05 PM", "1/13/2024 11:00 am"], "%m/%d/%Y", "2024-01-12T13:05"),
        (["2024-01", "2024-02"], "%Y-%m", "2024-01-01"), (["Jan-2024", "Feb-2024"], "%b-%Y", "2024-01-01"),
        (["20240112", "20240113", "20240115", "20240201", "20240301"], "%Y%m%d", "2024-01-12"),
    ],
    ids=str,
)  # fmt: skip
def test_dates(values: list[str], form: str, first: str) -> None:
    column = infer("when", [*values, "n/a"])
    assert (column.kind, column.datetime_format) == ("datetime", form)
    assert column.low == datetime.fromisoformat(first + ("T00:00" if len(first) == 10 else "") + "+00:00").timestamp()


def test_one_day_above_twelve_decides_for_the_whole_column() -> None:
    ambiguous = [f"{month:02}/{day:02}/2024" for month in range(1, 13) for day in range(1, 13)] * 3
    assert infer("day", [*ambiguous, "13/01/2024"]).datetime_format == "%d/%m/%Y"
    assert infer("day", [*ambiguous, "01/13/2024"]).datetime_format == "%m/%d/%Y"


def test_ambiguous_dates_are_said_to_be_so() -> None:
    column, found = infer_with_findings(pl.Series("day", ["05/01/2024", "03/02/2024", "04/12/2023"]))
    assert column.datetime_format == "%m/%d/%Y"
    assert "%d/%m/%Y would fit every value as well" in column.note
    assert [finding.kind for finding in found] == ["ambiguous_dates"]


def test_the_order_of_the_rows_says_which_is_the_month() -> None:
    rising = [f"{day:02}/{month:02}/2023" for month in range(1, 13) for day in range(1, 13)]
    column, found = infer_with_findings(pl.Series("day", rising))
    assert (column.datetime_format, found) == ("%d/%m/%Y", ())


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)])
@pytest.mark.parametrize("as_text", [True, False])
def test_epochs(unit: str, scale: int, *, as_text: bool) -> None:
    numbers = [(1_700_000_000 + 977 * number) * scale for number in range(60)]
    column = infer("created_at", texts(60, lambda at: str(numbers[at])) if as_text else numbers)
    assert (column.kind, column.datetime_format) == ("datetime", f"epoch_{unit}")
    assert column.low == 1_700_000_000.0
    assert infer("amount", numbers).kind == "integer"


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("x", texts(60, lambda at: str(at + 1)), "id"), ("year", texts(60, lambda at: str(at + 1950)), "integer"),
        ("customerID", texts(60, lambda at: str(at * 7919 % 9973)), "id"),
        ("x", texts(60, lambda at: str(at * 7919 % 9973)), "integer"),
        ("x", texts(60, lambda at: f"{at:08x}-1111-2222-3333-{at:012x}"), "id"),
        ("x", texts(60, lambda at: f"{at * 7919:04}-ABC{at}"), "id"),
        ("mail", texts(60, lambda at: f"u{at}@example.org"), "id"),
        ("key", texts(60, lambda at: "abcdefgh"[at % 8] + "klmnopqrs"[at // 8]), "id"),
        ("user_id", texts(60, lambda at: str(at % 20)), "category"),
        ("zip", texts(60, lambda at: str(10_000 + at % 30)), "category"),
        ("countyCode", texts(60, lambda at: str(at % 30)), "category"),
        ("x", texts(60, lambda at: f"{at % 30:05}"), "category"),
        ("children", texts(60, lambda at: str(at % 4)), "integer"),
        ("grid", texts(60, lambda at: str(at % 4)), "integer"),
        ("paid", texts(60, lambda at: str(at % 4)), "integer"), ("id", texts(60, lambda at: f"{at}.5"), "number"),
        ("name", texts(60, lambda at: ["Anna", "Bella", "Clara", "Dora", "Eva", "Fay"][at % 6] + "x" * at), "text"),
        ("review", texts(60, lambda at: f"I liked {['part', 'bit', 'scene'][at % 3]} {at} of it very much"), "text"),
        ("town", texts(60, lambda at: f"town {at % 25}"), "category"),
        ("measure", texts(60, lambda at: f"a rather long name of measure {at % 9}"), "category"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)  # fmt: skip
def test_ids_codes_words(name: str, values: list[str], kind: str) -> None:
    assert infer(name, values).kind == kind


def test_a_continuous_measurement_is_no_id() -> None:
    values = np.random.default_rng(0).normal(size=500)
    assert infer("measured", values.tolist()).kind == "number"
    assert infer("measured", [str(value) for value in values]).kind == "number"


def test_codes_are_one_whatever_their_type() -> None:
    columns = [
        infer("zip_code", [10115, 10117, 20095] * 9),
        infer("zip_code", [10115.0, 10117.0, None, 20095.0] * 9),
        infer("zip_code", ["10115", "10117.0", "20095"] * 9),
    ]
    assert {column.categories for column in columns} == {("10115", "10117", "20095")}
    assert all(column.numeric_text for column in columns)
    padded = infer("zip_code", ["01067", "10117", "20095"] * 9)
    assert (padded.kind, padded.numeric_text) == ("category", False)
    assert padded.categories is not None
    assert "01067" in padded.categories


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([*range(100), *[-999] * 5], (-999.0,)), ([*range(100), *[9999] * 5], (9999.0,)),
        ([*range(100), *[-999] * 5, *[-9999] * 5], (-9999.0, -999.0)), ([*range(100), *[-999] * 2], ()),
        ([*range(900, 1100), 999, 999, 999], ()), ([*range(-2000, 100), *[-999] * 30], ()),
        ([1, 2, 3, 4, 5, 99] * 20, (99.0,)), ([*range(18, 98), *[99] * 5], ()), ([0, 1, 2, -1] * 20, ()),
        ([*range(0, 50_000, 10), *[-999] * 50], (-999.0,)), ([0] * 1000 + [41310, 99999, 99999, 99999], ()),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_numbers_that_mean_missing(values: list[int], expected: tuple[float, ...]) -> None:
    column, found = infer_with_findings(pl.Series("amount", values[::-1]))
    assert column.missing_numbers == expected
    assert [finding.kind for finding in found] == (["disguised_missing"] if expected else [])
    if expected:
        assert column.high is not None
        assert column.high < 9999 or values[-1] == -999
        assert column.missing_share > 0


def test_truths_with_a_number_that_means_missing() -> None:
    column, found = infer_with_findings(pl.Series("smoker", [0, 1, 1, 0, -9] * 20))
    assert (column.kind, column.missing_numbers, column.missing_share) == ("boolean", (-9.0,), 0.2)
    assert [finding.kind for finding in found] == ["disguised_missing"]


def test_dates_that_mean_missing() -> None:
    days = [(date(2020, 1, 1) + timedelta(days=at)).isoformat() for at in range(300)]
    column, found = infer_with_findings(pl.Series("ended", [*days, *["9999-12-31"] * 20, *["1900-01-01"] * 20]))
    assert len(column.missing_numbers) == 2
    assert column.low == datetime.fromisoformat("2020-01-01T00:00+00:00").timestamp()
    assert found[0].message.startswith("1900-01-01, 9999-12-31 in 'ended' (40 values")
    births = [date(1900 + at % 90, 1 + at % 12, 1 + at % 28) for at in range(900)]
    assert infer("born", births).missing_numbers == ()


def test_what_is_filled_in() -> None:
    column = infer("colour", ["red", "blue", "red", None, "-", "green", " red "])
    assert column.categories == ("red", "blue", "green")
    assert column.distinct == 3
    assert column.missing_share == pytest.approx(2 / 7)
    many = infer("word", [f"{'abcdefghij'[at % 10]}{at % 1500}" for at in range(4500)])
    assert many.categories is not None
    assert (many.kind, len(many.categories), many.distinct) == ("category", 1000, 1500)


def test_the_answer_does_not_depend_on_the_storage() -> None:
    values = ["1.5", "2.5", "n/a", "$3"] * 9
    plain = infer("x", values)
    assert infer("x", values, pl.Categorical) == plain
    assert infer_column(pl.Series("x", values).cast(pl.Enum(["1.5", "2.5", "n/a", "$3"]))) == plain


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.none() | st.text(max_size=8) | st.floats().map(str) | st.integers().map(str) | st.dates().map(str),
        max_size=30,
    )
)
def test_any_column_has_a_kind_that_reads_it(values: list[str | None]) -> None:
    series = pl.Series("x", values, dtype=pl.String)
    column, found = infer_with_findings(series)
    assert Column.from_dict(column.to_dict()) == column
    typed = read_frame(series.to_frame(), [column])["x"]
    missing = (typed.codes < 0) if isinstance(typed, Coded) else np.isnan(typed)
    assert column.missing_share == pytest.approx(float(missing.mean()) if len(values) else 0.0)
    assert all(finding.columns == ("x",) for finding in found)


def test_names() -> None:
    assert all(map(says_id, ("id", "ID", "customerID", "row_key", "userid", "PassengerId")))
    assert all(map(says_id, ("index", "row_number", "Row")))
    assert not any(map(says_id, ("grid", "paid", "idea", "width", "body_mass_index", "number_of_rows")))
    assert all(map(says_code, ("zip", "countyCode", "account_number", "type")))
    assert not any(map(says_code, ("number_of_children", "amount", "Pclass", "age")))
    assert all(map(says_time, ("timestamp", "created_at", "orderDate")))
    assert not any(map(says_time, ("at", "tenure", "sometimes")))


def test_a_million_rows_take_seconds() -> None:
    random = np.random.default_rng(0)
    money = "$" + pl.Series("x", random.integers(0, 10**7, 300_000)).cast(pl.String)
    start = time.process_time()
    assert infer_column(money).kind == "integer"
    assert infer_column(pl.Series("x", random.integers(0, 1000, 1_000_000)).cast(pl.String)).kind == "integer"
    assert time.process_time() - start < 15.0


KNOWN_KINDS = {
    "adult": {"age": "integer", "workclass": "category", "income >50K": "boolean"},
    "titanic": {"PassengerId": "id", "Name": "text", "Ticket": "text", "Sex": "category", "Age": "number"},
    "telco_churn": {"customerID": "id", "TotalCharges": "number", "Churn": "boolean", "Contract": "category"},
    "bike_sharing_hourly": {"instant": "id", "dteday": "datetime", "cnt": "integer"},
    "beers_dirty": {"ounces": "number", "abv": "number", "brewery_id": "category", "beer_name": "text"},
    "hospital_dirty": {"zip": "category", "score": "integer", "sample": "integer", "address_2": "constant"},
    "movielens_100k": {"user_id": "category", "timestamp": "datetime", "rating": "integer"},
    "australia_tourism": {"date_time": "datetime", "Trips": "number", "State": "category"},
    "app_reviews": {"reviewText": "text", "Positive": "boolean"},
    "lending_club": {"addr_state": "category", "annual_inc": "number"},
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", KNOWN_KINDS)
def test_real_files(name: str, shared_data: Path) -> None:
    frame = pl.read_csv(shared_data / f"{name}.csv.gz", infer_schema=False)
    expected = KNOWN_KINDS[name]
    assert {column: infer_column(frame[column]).kind for column in expected} == expected
