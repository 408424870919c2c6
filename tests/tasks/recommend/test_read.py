"""From raw files to a log: each kind of dirt is read with its finding, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.collect import collect
from mlwright.errors import ColumnError, DataError, InputError, OptionError
from mlwright.table import Table
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import Log, read_log
from mlwright.testing.logs import make_log

NOW = 1_710_000_000.0
ROWS = 3_000
FILE: pl.DataFrame = make_log(150, 120, ROWS, seed=3, kind="ratings").log.with_columns(pl.all().cast(pl.String))
"""user_id, item_id, rating and timestamp as a file has them."""
BUSIEST = int(FILE["user_id"].value_counts()["count"].max())  # type: ignore[arg-type]


def read(tmp_path: Path, frame: pl.DataFrame, names: Names | None = None, *, items: pl.DataFrame | None = None) -> Log:
    """Write a file and read it as a log."""
    frame.write_csv(tmp_path / "log.csv")
    beside = None
    if items is not None:
        items.write_csv(tmp_path / "items.csv")
        beside = collect(str(tmp_path / "items.csv"))
    return read_log(collect(str(tmp_path / "log.csv")), names or Names(), items=beside, now=NOW)


def said(log: Log, kind: str) -> str:
    """Return the message of the finding of that kind."""
    found = [finding for finding in log.findings if finding.kind == kind]
    assert found, f"{kind} is not among {[finding.kind for finding in log.findings]}"
    return found[0].message


def spoilt(column: str, every: int, change: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Return the file with each so-manieth cell of a column changed."""
    hit = pl.int_range(pl.len()) % every == 0
    return FILE.with_columns(pl.when(hit).then(change(pl.col(column))).otherwise(pl.col(column)).alias(column))


def constant(text: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda _: pl.lit(text)


def test_a_clean_file_is_read_as_it_is(tmp_path: Path) -> None:
    log = read(tmp_path, FILE)
    made = log.interactions
    assert len(made) == ROWS
    assert made.has_time
    assert made.users == tuple(sorted(set(FILE["user_id"].cast(pl.Int64))))
    assert (np.diff(made.time) >= 0).all()
    assert made.rows is not None
    assert made.value is not None
    back = FILE[made.rows]
    assert [made.users[code] for code in made.user] == back["user_id"].cast(pl.Int64).to_list()
    assert [made.items[code] for code in made.item] == back["item_id"].cast(pl.Int64).to_list()
    assert made.time.tolist() == back["timestamp"].cast(pl.Float64).to_list()
    assert made.value.tolist() == back["rating"].cast(pl.Float64).to_list()
    assert "'user_id' says who, 'item_id' says what, 'timestamp' says when" in log.assumptions[0]
    assert [finding.severity for finding in log.findings if finding.severity == "error"] == []
    assert [(column.name, column.role) for column in log.schema] == [
        ("user_id", "group"),
        ("item_id", "target"),
        ("rating", "feature"),
        ("timestamp", "time"),
    ]


def test_ids_keep_the_type_that_they_have() -> None:
    texts = read_log(Table(FILE.with_columns(pl.col("rating", "timestamp").cast(pl.Float64))), Names(), now=NOW)
    assert isinstance(texts.interactions.items[0], str)
    floats = FILE.with_columns(pl.all().cast(pl.Float64))
    assert isinstance(read_log(Table(floats), Names(), now=NOW).interactions.items[0], int)


def test_rows_without_an_id_are_left_out_and_counted(tmp_path: Path) -> None:
    log = read(tmp_path, spoilt("user_id", 10, constant("N/A")))
    assert len(log.interactions) == ROWS - 300
    assert "300 of 3,000 rows (10 %) say nobody in 'user_id'" in said(log, "missing_ids")


def test_an_id_is_the_same_however_it_is_spelled(tmp_path: Path) -> None:
    clean = read(tmp_path, FILE).interactions
    padded = read(tmp_path, spoilt("item_id", 7, lambda cell: "  " + cell + ".0 "))
    assert padded.interactions.items == clean.items
    assert (padded.interactions.item == clean.item).all()
    assert "429 ids in 'item_id'" in said(padded, "ids_tidied")


def test_ids_that_differ_in_case_are_kept_apart_and_told(tmp_path: Path) -> None:
    hit = pl.int_range(pl.len()) % 5 == 0
    letter = pl.when(hit).then(pl.lit("A")).otherwise(pl.lit("a"))
    log = read(tmp_path, FILE.with_columns(item_id=letter + pl.col("item_id")))
    assert len(log.interactions.items) > FILE["item_id"].n_unique()
    assert "count as different" in said(log, "ids_differ_in_case")


@pytest.mark.parametrize("word", ["soon", "1970-01-01 00:00:00", "0202-05-01 10:00:00", "2931-01-01 00:00:00"])
def test_rows_without_a_time_that_can_be_are_left_out(tmp_path: Path, word: str) -> None:
    written = pl.from_epoch(FILE["timestamp"].cast(pl.Int64)).dt.strftime("%Y-%m-%d %H:%M:%S")
    hit = pl.int_range(pl.len()) % 50 == 0
    frame = FILE.with_columns(pl.when(hit).then(pl.lit(word)).otherwise(written).alias("timestamp"))
    log = read(tmp_path, frame)
    assert len(log.interactions) == ROWS - 60
    assert "60" in said(log, "interactions_without_time")
    assert "of 3,000 rows (2 %): they are left out" in said(log, "interactions_without_time")
    assert log.interactions.time.min() > 1.6e9
    assert log.interactions.time.max() < NOW


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%s", "ms"])
def test_a_moment_is_the_same_however_it_is_written(tmp_path: Path, form: str) -> None:
    moments = pl.from_epoch(FILE["timestamp"].cast(pl.Int64))
    texts = (
        (FILE["timestamp"].cast(pl.Int64) * 1000).cast(pl.String)
        if form == "ms"
        else FILE["timestamp"]
        if form == "%s"
        else moments.dt.strftime(form)
    )
    log = read(tmp_path, FILE.with_columns(timestamp=texts))
    assert log.interactions.time.tolist() == read(tmp_path, FILE).interactions.time.tolist()


@pytest.mark.parametrize(
    ("name", "seconds"), [("day", 86_400), ("week", 7 * 86_400), ("hour", 3_600), ("step", 86_400)]
)
def test_whole_numbers_count_time(tmp_path: Path, name: str, seconds: int) -> None:
    counted = (FILE["timestamp"].cast(pl.Int64) - 1_672_531_200) // 86_400
    log = read(tmp_path, FILE.drop("timestamp").with_columns(counted.cast(pl.String).alias(name)), Names(time=name))
    assert log.interactions.has_time
    assert log.interactions.time.tolist() == sorted((counted * seconds).cast(pl.Float64).to_list())
    assert any("no known length" in sentence for sentence in log.assumptions) is (name == "step")


def test_years_order_the_log(tmp_path: Path) -> None:
    years = (2000 + FILE["item_id"].cast(pl.Int64) % 7 + FILE["user_id"].cast(pl.Int64) % 5).cast(pl.String)
    log = read(tmp_path, FILE.with_columns(year=years), Names(time="year"))
    assert log.interactions.has_time
    assert log.interactions.rows is not None
    assert (np.diff(years.cast(pl.Int64).to_numpy()[log.interactions.rows]) >= 0).all()
    assert any("holds years" in sentence for sentence in log.assumptions)


def test_a_log_that_lies_ahead_is_kept_and_told(tmp_path: Path) -> None:
    ahead = FILE.with_columns((pl.col("timestamp").cast(pl.Int64) + 40 * 365 * 86_400).cast(pl.String))
    log = read(tmp_path, ahead)
    assert len(log.interactions) == ROWS
    assert "100 % of the times" in said(log, "log_in_the_future")


def test_exact_copies_count_once(tmp_path: Path) -> None:
    log = read(tmp_path, pl.concat([FILE, FILE.head(200)]))
    assert len(log.interactions) == ROWS
    assert "200 of 3,200 rows" in said(log, "copied_interactions")


def test_without_times_the_last_rating_counts(tmp_path: Path) -> None:
    again = FILE.head(50).with_columns(rating=pl.lit("5"))
    log = read(tmp_path, pl.concat([FILE, again]).drop("timestamp"))
    made = log.interactions
    assert len(made) == ROWS
    assert made.rows is not None
    assert made.value is not None
    assert (made.value[made.rows >= ROWS] == 5).all()
    assert "50 of 3,050 rows" in said(log, "rated_again")


def test_a_machine_does_not_speak_for_all(tmp_path: Path) -> None:
    count = 30 * BUSIEST
    machine = pl.DataFrame(
        {
            "user_id": ["9999"] * count,
            "item_id": [str(1 + at % 120) for at in range(count)],
            "rating": ["5"] * count,
            "timestamp": [str(1_672_531_200 + 60 * at) for at in range(count)],
        }
    )
    log = read(tmp_path, pl.concat([FILE, machine]))
    who = log.interactions.users.index(9999)
    own = log.interactions.user == who
    assert own.sum() <= 10 * BUSIEST
    assert log.interactions.time[own].max() == 1_672_531_200 + 60 * (count - 1)
    assert f"The user 9999 has {count:,} entries" in said(log, "heavy_user")
    assert not [finding for finding in read(tmp_path, FILE).findings if finding.kind == "heavy_user"]


def test_whoever_is_not_known_is_nobody(tmp_path: Path) -> None:
    log = read(tmp_path, spoilt("user_id", 4, constant("Guest")))
    assert len(log.interactions) == ROWS - 750
    assert "750 of 3,000 rows (25 %)" in said(log, "nobody")
    zero = read(tmp_path, spoilt("user_id", 2, constant("0")))
    assert 0 not in zero.interactions.users


def test_a_user_zero_like_others_is_kept(tmp_path: Path) -> None:
    log = read(tmp_path, FILE.with_columns((pl.col("user_id").cast(pl.Int64) - 1).cast(pl.String)))
    assert len(log.interactions) == ROWS
    assert log.interactions.users[0] in {0, 1}


def test_a_rating_off_the_scale_is_not_known(tmp_path: Path) -> None:
    log = read(tmp_path, spoilt("rating", 300, constant("55")))
    assert log.interactions.value is not None
    assert np.isnan(log.interactions.value).sum() == 10
    assert np.nanmax(log.interactions.value) == 5
    assert "10 of 3,000 ratings in 'rating' lie far outside the others (for example 55)" in said(
        log, "ratings_off_scale"
    )


@pytest.mark.parametrize(("mark", "every"), [("-1", 5), ("0", 2)])
def test_what_stands_for_not_rated_is_not_known(tmp_path: Path, mark: str, every: int) -> None:
    log = read(tmp_path, spoilt("rating", every, constant(mark)))
    assert len(log.interactions) == ROWS
    assert log.interactions.value is not None
    assert np.isnan(log.interactions.value).sum() == ROWS // every
    assert "taken, with no rating known" in said(log, "not_rated")


def test_one_rating_only_says_that_it_was_taken(tmp_path: Path) -> None:
    log = read(tmp_path, FILE.with_columns(rating=pl.lit("1")))
    assert log.interactions.value is None
    assert "1 in every row" in said(log, "one_rating")


def test_low_ratings_are_interactions_and_that_is_said(tmp_path: Path) -> None:
    sentence = next(each for each in read(tmp_path, FILE).assumptions if "whatever its rating is" in each)
    low = float((FILE["rating"].cast(pl.Int64) < 3).mean())  # type: ignore[arg-type]
    assert f"{100 * low:.1f}".rstrip("0").rstrip(".") in sentence


@pytest.mark.parametrize("time", ["2024-01-01", None])
def test_without_times_past_and_future_are_not_told_apart(tmp_path: Path, time: str | None) -> None:
    frame = FILE.drop("timestamp") if time is None else FILE.with_columns(timestamp=pl.lit(time))
    log = read(tmp_path, frame)
    assert not log.interactions.has_time
    assert log.interactions.time.tolist() == list(range(ROWS))
    assert "cannot be told apart" in said(log, "no_times")


def test_none_is_not_looked_for(tmp_path: Path) -> None:
    log = read(tmp_path, FILE, Names(time="none", rating="none"))
    assert not log.interactions.has_time
    assert log.interactions.value is None


def test_shown_and_not_taken_is_no_interaction(tmp_path: Path) -> None:
    clicked = FILE.with_columns(clicked=(pl.int_range(pl.len()) % 3 == 0).cast(pl.Int64).cast(pl.String)).drop("rating")
    log = read(tmp_path, clicked)
    assert len(log.interactions) == 1_000
    assert log.interactions.value is None
    assert "2,000 of 3,000 rows" in said(log, "not_taken")


def test_what_was_given_back_is_no_interaction(tmp_path: Path) -> None:
    sold = FILE.with_columns(
        quantity=pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("-2")).otherwise(pl.col("item_id"))
    ).drop("rating")
    log = read(
        tmp_path, sold.with_columns((pl.col("quantity").cast(pl.Int64) + (pl.int_range(pl.len()) % 2)).cast(pl.String))
    )
    assert len(log.interactions) == 2_700
    assert log.interactions.value is None


def test_kinds_of_events_are_told_and_impressions_left_out(tmp_path: Path) -> None:
    kinds = pl.Series([("view", "add_to_cart", "impression")[at % 3] for at in range(ROWS)])
    log = read(tmp_path, FILE.with_columns(event=kinds).drop("rating"))
    assert len(log.interactions) == 2_000
    assert "'view'" in said(log, "kinds_of_events")
    assert "'impression'" in said(log, "not_taken")


REFUSED: dict[str, tuple[pl.DataFrame, Names, type[InputError], str]] = {
    "one row a user": (
        FILE.with_columns(user_id=pl.int_range(pl.len()).cast(pl.String)),
        Names(),
        DataError,
        "Each row has a 'user_id' of its own",
    ),
    "one user an item": (
        FILE.with_columns(item_id=pl.int_range(pl.len()).cast(pl.String)),
        Names(),
        DataError,
        "Nothing in the log was taken by two people",
    ),
    "one thing each": (
        FILE.with_columns(item_id=pl.col("user_id")),
        Names(),
        DataError,
        "Nobody in the log took two different things",
    ),
    "user is item": (FILE, Names(user="user_id", item="user_id"), OptionError, "as --user and as --item"),
    "no item": (FILE.with_columns(item_id=pl.lit("")), Names(), ColumnError, "'item_id' is empty in all 3,000 rows"),
    "one item": (
        FILE.with_columns(item_id=pl.lit("7")),
        Names(),
        DataError,
        "one item only: the item column 'item_id' is 7",
    ),
    "no such column": (FILE, Names(user="userid"), ColumnError, "The user column 'userid' is not in the data"),
    "no time": (FILE.with_columns(note="x" + pl.col("rating")), Names(time="note"), ColumnError, "holds no dates"),
    "rating of words": (FILE.with_columns(rating=pl.lit("good")), Names(rating="rating"), ColumnError, "no numbers"),
    "one column": (FILE.select("user_id"), Names(), DataError, "1 column: it needs one that says who"),
    "a column for each item": (
        pl.DataFrame({"user": range(40)} | {f"film {at}": [at % 5] * 40 for at in range(20)}),
        Names(),
        ColumnError,
        "No column was found that says what was taken",
    ),
    "all in one cell": (
        FILE.group_by("user_id", maintain_order=True).agg(items=pl.col("item_id").str.join("|")),
        Names(),
        DataError,
        "one row for each thing that was taken, not all in one cell",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_log_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    frame, names, error, text = REFUSED[what]
    with pytest.raises(error) as caught:
        read(tmp_path, frame, names)
    assert text in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_an_empty_table_is_no_log() -> None:
    with pytest.raises(DataError, match="no rows"):
        read_log(Table(FILE.head(0)), Names())


def test_most_times_unread_is_an_error_where_the_column_was_named(tmp_path: Path) -> None:
    written = pl.from_epoch(FILE["timestamp"].cast(pl.Int64)).dt.strftime("%Y-%m-%d %H:%M:%S")
    hit = pl.int_range(pl.len()) % 3 == 0
    frame = FILE.with_columns(pl.when(hit).then(written).otherwise(pl.lit("n/k")).alias("timestamp"))
    with pytest.raises(ColumnError, match="no time that can be read in 66"):
        read(tmp_path, frame, Names(time="timestamp"))


@settings(max_examples=15, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_only_ties(order: object) -> None:
    places = list(range(400))
    order.shuffle(places)  # type: ignore[attr-defined]
    part = FILE.head(400).with_columns(timestamp=pl.int_range(1_700_000_000, 1_700_000_400).cast(pl.String))
    one = read_log(Table(part, origin="log.csv"), Names(), now=NOW).interactions
    other = read_log(Table(part[places], origin="log.csv"), Names(), now=NOW).interactions
    assert one.users == other.users
    assert one.items == other.items
    assert (one.user == other.user).all()
    assert (one.item == other.item).all()
    assert (one.time == other.time).all()


CELLS = st.one_of(
    st.none(),
    st.integers(-3, 2**64 - 1),
    st.floats(),
    st.sampled_from(
        ["", " ", "N/A", "1", "1.0", " a", "A", "2020-01-01", "31.12.2020", "view", "5", "a|b", "\x00", "é"]
    ),
)
COLUMN_NAMES = ("user_id", "item_id", "rating", "timestamp", "plays", "clicked", "event", "x")


@settings(max_examples=40, deadline=None)
@given(
    columns=st.dictionaries(st.sampled_from(COLUMN_NAMES), st.lists(CELLS, min_size=12, max_size=12), min_size=1),
    origin=st.sampled_from(["memory", "log.csv"]),
)
def test_whatever_the_cells_are_it_is_read_or_refused(columns: dict[str, list[object]], origin: str) -> None:
    people = [f"u{at % 4}" for at in range(12)]
    things = [f"i{at % 5}" for at in range(12)]
    frame = pl.DataFrame({name: pl.Series(name, cells, strict=False) for name, cells in columns.items()})
    frame = frame.with_columns(pl.Series("who", people), pl.Series("what", things))
    try:
        log = read_log(Table(frame, origin=origin), Names(user="who", item="what"), now=NOW)
    except InputError:
        return
    made = log.interactions
    assert 0 < len(made) <= 12
    assert not np.isnan(made.time).any()
    assert made.rows is not None
    assert [made.users[code] for code in made.user] == [people[row] for row in made.rows]
    assert [made.items[code] for code in made.item] == [things[row] for row in made.rows]


def test_the_table_is_not_changed() -> None:
    before = FILE.clone()
    read_log(Table(FILE), Names(), now=NOW)
    assert FILE.equals(before)
