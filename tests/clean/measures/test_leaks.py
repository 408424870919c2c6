"""Leaks: each kind is found where it was planted, told of once, and not seen in honest tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors import DETECTORS, detect
from mlwright.clean.question import Question
from mlwright.clean.roles import apply_split, infer_schema, propose_split
from mlwright.findings import Finding
from mlwright.table import Table

ROWS = 1_200
LEAKS = tuple(name for name in DETECTORS if name.startswith("leak_"))
START = datetime(2024, 3, 1)  # noqa: DTZ001  files hold no zones


def random() -> np.random.Generator:
    return np.random.default_rng(3)


def classes(rows: int = ROWS) -> pl.DataFrame:
    """Two classes that honest columns tell in part."""
    draw = random()
    age, income = draw.normal(45, 12, rows), draw.lognormal(10, 0.5, rows)
    town = draw.choice(["Bonn", "Kiel", "Ulm", "Trier"], rows)
    left = draw.random(rows) < 1 / (1 + np.exp((age - 50) / 6))
    return pl.DataFrame({"age": age, "income": income, "town": town, "left": np.where(left, "yes", "no")})


def numbers(rows: int = ROWS) -> pl.DataFrame:
    """A number that honest columns tell in part."""
    draw = random()
    size, rooms = draw.normal(90, 25, rows), draw.integers(1, 7, rows)
    town = draw.choice(["Bonn", "Kiel", "Ulm", "Trier"], rows)
    price = 1000 + 30 * size + 200 * rooms + draw.normal(0, 600, rows)
    return pl.DataFrame({"size": size, "rooms": rooms, "town": town, "price": price.round(2)})


def yes(frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return (frame["left"] == "yes").to_numpy()


def told(frame: pl.DataFrame, target: str, *only: str, split: bool = False) -> list[Detection]:
    table = Table(frame)
    schema, _ = infer_schema(table, Question(target=target))
    if split:
        schema = apply_split(schema, propose_split(table, schema))
    return detect(table, Context(table, schema), only=only or LEAKS)


def one(frame: pl.DataFrame, target: str, **expected: object) -> Finding:
    """Return the only finding that is an alarm, with what is expected of it."""
    found = [each.finding for each in told(frame, target)]
    alarms = [finding for finding in found if finding.severity != "info"]
    assert len(alarms) == 1, found
    for name, value in expected.items():
        assert getattr(alarms[0], name) == value, alarms[0]
    return alarms[0]


@pytest.mark.parametrize(("make", "target"), [(classes, "left"), (numbers, "price")])
def test_honest_tables_leak_nothing(make: Any, target: str) -> None:
    assert told(make(), target) == []


def test_without_a_target_or_with_few_rows_nothing_leaks() -> None:
    frame = classes()
    table = Table(frame.with_columns(copy=frame["left"].replace({"yes": "A", "no": "B"})))
    schema, _ = infer_schema(table, Question())
    assert detect(table, Context(table, schema), only=LEAKS) == []
    assert told(table.frame.head(20), "left") == []


# --- copies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        pl.col("left").replace({"yes": "K", "no": "B"}),
        pl.col("left").replace_strict({"yes": 7, "no": 3}),
        pl.when(pl.int_range(pl.len()) % 2 == 0)
        .then(pl.format("it is {}", "left"))
        .otherwise(pl.format("{}!", "left")),
        pl.when(pl.int_range(pl.len()) % 5 > 0).then(pl.col("left").replace({"yes": "K", "no": "B"})),
    ],
    ids=["recoded", "numbered", "spelled in two ways", "with gaps"],
)
def test_classes_in_other_words_are_a_copy(values: pl.Expr) -> None:
    frame = classes().with_columns(other=values)
    found = one(frame, "left", kind="target_copy", columns=("other",), severity="error")
    assert "alone it reaches ROC AUC 1.000, the 3 other columns together reach ROC AUC 0." in found.message


@pytest.mark.parametrize(
    "values",
    [
        (pl.col("price") / 2.54).round(1),
        (pl.col("price") / 100).round(0) * 100,
        pl.col("price").log().round(6),
        (pl.col("price") * -3).round(0),
        pl.format("about {} thousand", (pl.col("price") / 1000).round(0)),
    ],
    ids=["another unit", "rounded", "logarithms", "turned round", "bands"],
)
def test_numbers_in_other_words_are_a_copy(values: pl.Expr) -> None:
    one(numbers().with_columns(other=values), "price", kind="target_copy", columns=("other",), severity="error")


def test_what_tells_nearly_all_is_no_copy() -> None:
    frame = numbers()
    noise = random().normal(0, 5, ROWS)
    found = one(frame.with_columns(near=frame["price"] + noise), "price", columns=("near",))
    assert found.kind == "target_proxy"


def test_what_grows_with_time_is_no_copy() -> None:
    """Deaths grow with cases because both are counted from the beginning, and with the year because time passes."""
    draw = random()
    frame = pl.DataFrame(
        {
            "year": 1900 + np.arange(400) // 4,
            "cases": np.cumsum(draw.integers(1, 500, 400)),
            "deaths": np.cumsum(draw.gamma(2, 3, 400)),
        }
    )
    assert "target_copy" not in {each.finding.kind for each in told(frame, "deaths")}
    assert [each.finding for each in told(frame, "deaths") if each.finding.severity == "error"] == []


# --- proxies ----------------------------------------------------------------------------------------------------------


def test_a_column_that_is_far_better_than_all_others_is_a_proxy() -> None:
    frame = classes()
    wrong = random().random(ROWS) < 0.01
    found = one(frame.with_columns(flag=pl.Series(np.where(yes(frame) ^ wrong, "a", "b"))), "left", kind="target_proxy")
    assert found.columns == ("flag",)
    assert "the 3 other columns together reach" in found.message


def test_strong_honest_columns_are_at_most_worth_knowing() -> None:
    """Two lengths of a flower each tell its kind nearly perfectly: neither stands alone."""
    draw = random()
    kind = draw.integers(0, 3, 600)
    frame = pl.DataFrame(
        {
            "petal": kind * 3.0 + draw.normal(0, 0.35, 600),
            "sepal": kind * 3.0 + draw.normal(0, 0.35, 600),
            "kind": np.array(["a", "b", "c"])[kind],
        }
    )
    found = [each.finding for each in told(frame, "kind")]
    assert all(finding.severity == "info" for finding in found if "petal" not in finding.columns)
    three = frame.with_columns(third=frame["petal"] * 0.5 + pl.Series(draw.normal(0, 0.9, 600)))
    assert [f.finding.severity for f in told(three, "kind") if f.finding.severity == "error"] == []


def test_two_proxies_are_told_of_at_once_and_do_not_excuse_each_other() -> None:
    frame = classes()
    draw = random()
    flags = {name: np.where(yes(frame) ^ (draw.random(ROWS) < 0.01), 5.5, 2.5) for name in ("one", "two")}
    found = one(frame.with_columns(**{name: pl.Series(values) for name, values in flags.items()}), "left")
    assert set(found.columns) == {"one", "two"}


# --- after the event --------------------------------------------------------------------------------------------------


def after(frame: pl.DataFrame, values: list[object], default: object) -> pl.DataFrame:
    draw = random()
    chosen = [values[at] for at in draw.integers(0, len(values), frame.height)]
    return frame.with_columns(later=pl.Series([v if e else default for v, e in zip(chosen, yes(frame), strict=True)]))


@pytest.mark.parametrize(
    ("values", "default", "severity"),
    [
        ([f"2024-05-{day:02d}" for day in range(1, 29)], None, "error"),
        (["price", "moved", "service"], "", "error"),
        (["price", "moved", "service"], "none", "error"),
        ([12.5, 99.0, 45.2, 31.0, 8.0], 0.0, "warning"),
        ([3, 14, 15, 92, 65], -1, "warning"),
    ],
    ids=["date", "reason", "reason or none", "amount or 0", "days or -1"],
)
def test_what_is_filled_only_after_the_event(values: list[object], default: object, severity: str) -> None:
    found = one(after(classes(), values, default), "left", kind="post_event_column", severity=severity)
    assert found.columns == ("later",)
    assert "100 % of which have 'left' 'yes'" in found.message


def test_what_is_filled_in_some_of_the_events_only_is_found_too() -> None:
    frame = classes()
    filled = yes(frame) & (random().random(ROWS) < 0.5)
    dates = [f"2024-05-{1 + row % 28:02d}" if there else None for row, there in enumerate(filled)]
    one(frame.with_columns(ended=pl.Series(dates)), "left", kind="post_event_column", columns=("ended",))


def test_what_is_filled_for_large_numbers_only() -> None:
    frame = numbers()
    large = frame["price"] > frame["price"].quantile(0.85)
    notes = frame.with_columns(approved_by=pl.when(large).then(pl.col("town")))
    found = one(notes, "price", kind="post_event_column", columns=("approved_by",))
    assert "at least" in found.message


def test_gaps_and_zeros_without_an_event_are_honest() -> None:
    frame = classes()
    draw = random()
    frame = frame.with_columns(
        phone=pl.Series([f"{row:07d}" if there else None for row, there in enumerate(draw.random(ROWS) < 0.3)]),
        debt=pl.Series(np.where(draw.random(ROWS) < np.where(yes(frame), 0.7, 0.3), draw.lognormal(5, 1, ROWS), 0.0)),
    )
    assert [each.finding for each in told(frame, "left") if each.finding.severity != "info"] == []


# --- ids, order, time -------------------------------------------------------------------------------------------------


def test_ids_in_blocks_are_an_error_where_they_are_learned_from_and_told_where_not() -> None:
    frame = classes()
    draw = random()
    blocks = np.where(yes(frame), 0, ROWS) + draw.permutation(ROWS)
    found = one(frame.with_columns(batch=pl.Series(blocks * 2 + draw.integers(0, 2, ROWS))), "left")
    assert (found.kind, found.severity, found.columns) == ("id_tells_target", "error", ("batch",))
    lettered = [f"{'K' if e else 'L'}{n:05d}" for e, n in zip(yes(frame), draw.permutation(ROWS), strict=True)]
    found = told(frame.with_columns(customer_id=pl.Series(lettered)), "left")[0].finding
    assert (found.kind, found.severity, found.applied) == ("id_tells_target", "info", True)
    assert found.message.startswith("The beginning of the id 'customer_id'")


def test_ids_that_say_nothing_are_fine() -> None:
    frame = classes().with_columns(customer_id=pl.Series(random().permutation(ROWS) + 5000))
    assert told(frame, "left") == []


@pytest.mark.parametrize(("make", "target"), [(classes, "left"), (numbers, "price")])
@pytest.mark.parametrize("descending", [False, True])
def test_a_file_sorted_by_the_target(make: Any, target: str, descending: bool) -> None:
    found = one(make().sort(target, descending=descending), target, kind="sorted_by_target", severity="warning")
    assert found.columns == (target,)


def test_a_sorted_file_of_many_equal_numbers() -> None:
    frame = numbers().with_columns(price=pl.when(pl.col("price") < 5000).then(0.0).otherwise("price"))
    assert one(frame.sort("price"), "price").kind == "sorted_by_target"
    assert told(frame, "price") == []


def test_a_trend_in_time_is_no_sorting_by_hand() -> None:
    days = [(START + timedelta(days=row)).date().isoformat() for row in range(ROWS)]
    frame = numbers().sort("price").with_columns(date=pl.Series(days))
    assert {each.finding.severity for each in told(frame, "price")} == {"info"}


def test_classes_recorded_at_other_times() -> None:
    frame = classes()
    minutes = random().integers(0, 40_000, ROWS)
    months = minutes + np.where(yes(frame), 50_000, 0)
    stamps = [(START + timedelta(minutes=int(m))).isoformat(" ") for m in months]
    found = one(frame.with_columns(recorded=pl.Series(stamps)), "left", kind="time_tells_target", severity="warning")
    assert found.message.startswith("The moment in 'recorded'")
    hours = minutes // 1440 * 1440 + minutes % 600 + np.where(yes(frame), 800, 0)
    stamps = [(START + timedelta(minutes=int(m))).isoformat(" ") for m in hours]
    found = one(frame.with_columns(recorded=pl.Series(stamps)), "left", kind="time_tells_target")
    assert found.message.startswith("The time of day in 'recorded'")
    honest = [(START + timedelta(minutes=int(m))).isoformat(" ") for m in minutes]
    assert told(frame.with_columns(recorded=pl.Series(honest)), "left") == []


# --- groups and copies of rows ----------------------------------------------------------------------------------------


def in_groups(make: Any, target: str, name: str = "specimen") -> pl.DataFrame:
    frame = make().sort(target)
    names = random().permutation(ROWS)[np.arange(ROWS) // 4] + 100
    return frame.with_columns(pl.Series(name, names)).sample(fraction=1, shuffle=True, seed=0)


@pytest.mark.parametrize(("make", "target"), [(classes, "left"), (numbers, "price")])
def test_entities_of_one_target_are_found_unless_the_split_keeps_them(make: Any, target: str) -> None:
    found = one(in_groups(make, target), target, kind="group_tells_target", columns=("specimen",))
    assert "--group" in str(found.repair)
    kept = [each.finding for each in told(in_groups(make, target, "patient_id"), target)]
    assert [(finding.kind, finding.severity, finding.applied) for finding in kept] == [
        ("group_tells_target", "info", True)
    ]


def test_entities_of_several_targets_are_fine() -> None:
    frame = classes().with_columns(specimen=pl.Series(random().permutation(ROWS) // 4))
    assert told(frame, "left") == []


def near_copies(make: Any) -> pl.DataFrame:
    frame, draw = make(), random()
    more = {name: draw.normal(size=ROWS) * scale for name, scale in zip("abc", (1, 20, 300), strict=True)}
    frame = frame.with_columns(**{name: pl.Series(values) for name, values in more.items()})
    again = frame.sample(120, seed=1).with_columns(
        pl.col(name) * (1 + pl.Series(draw.normal(0, 0.001, 120))) for name in "abc"
    )
    return pl.concat([frame, again]).sample(fraction=1, shuffle=True, seed=2)


@pytest.mark.parametrize(("make", "target"), [(classes, "left"), (numbers, "price")])
def test_near_copies_of_rows(make: Any, target: str) -> None:
    frame = near_copies(make)
    found = [each for each in told(frame, target) if each.finding.kind == "near_copies"]
    assert len(found) == 1
    assert found[0].rows is not None
    assert 200 <= len(found[0].rows) <= 260


def test_copies_but_for_an_id_are_told_and_kept_together() -> None:
    frame = classes()
    twice = pl.concat([frame, frame.head(30)])
    ids = pl.Series([f"C{row:06d}" for row in random().permutation(twice.height)])
    found = [each.finding for each in told(twice.with_columns(customer_id=ids), "left")]
    assert [(finding.kind, finding.severity, finding.applied) for finding in found] == [("copied_rows", "info", True)]
    assert found[0].rows == tuple(range(ROWS, ROWS + 30))


def test_time_is_up_ends_the_search() -> None:
    table = Table(near_copies(classes))
    schema, _ = infer_schema(table, Question(target="left"))
    assert detect(table, Context(table, schema, stop=lambda: True), only=LEAKS) == []
