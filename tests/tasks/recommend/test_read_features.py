"""Tables beside the log, columns of the log that describe items or users, and what their cells hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlwright.collect import collect
from mlwright.errors import ColumnError, DataError
from mlwright.table import Table
from mlwright.tasks.recommend.features import Described, describe, split_cell
from mlwright.tasks.recommend.interactions import Features
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import Log, read_log
from mlwright.testing.logs import make_log

MADE = make_log(150, 200, 3_000, seed=4, kind="features")
assert MADE.items is not None
ITEMS: pl.DataFrame = MADE.items


def read(tmp_path: Path, items: pl.DataFrame, log: pl.DataFrame = MADE.log, users: pl.DataFrame | None = None) -> Log:
    """Write files and read them."""
    tables = {}
    for name, frame in {"log": log, "items": items, "users": users}.items():
        if frame is not None:
            frame.write_csv(tmp_path / f"{name}.csv")
            tables[name] = collect(str(tmp_path / f"{name}.csv"))
    return read_log(tables["log"], Names(), items=tables["items"], users=tables.get("users"))


def kinds(log: Log) -> dict[str, str]:
    return {finding.kind: finding.message for finding in log.findings}


def test_what_the_table_says_stands_beside_the_ids(tmp_path: Path) -> None:
    log = read(tmp_path, ITEMS.sample(fraction=1.0, shuffle=True, seed=1))
    assert log.items is not None
    assert log.interactions.items == tuple(ITEMS["item_id"].sort())
    told = ITEMS.sort("item_id")
    for name in ("title", "genre", "maker", "year", "price"):
        assert list(log.items.columns[name]) == told[name].to_list()
    assert {each.name: (each.kind, each.separator) for each in log.item_columns} == {
        "title": ("title", None),
        "genre": ("tags", "|"),
        "year": ("number", None),
        "maker": ("category", None),
        "price": ("number", None),
    }


def test_items_that_nobody_took_are_there(tmp_path: Path) -> None:
    log = read(tmp_path, ITEMS)
    untaken = 200 - MADE.log["item_id"].n_unique()
    assert untaken > 0
    assert (np.bincount(log.interactions.item, minlength=200) == 0).sum() == untaken
    assert f"{untaken} items of the table of items were never taken" in kinds(log)["untaken_items"]


def test_items_that_the_table_lacks_are_told(tmp_path: Path) -> None:
    log = read(tmp_path, ITEMS.head(50))
    assert log.items is not None
    assert log.items.listed is not None
    assert log.items.listed.sum() == 50
    assert [value is None for value in log.items.columns["title"]] == (~log.items.listed).tolist()
    assert "not_described" in kinds(log)


def test_the_first_row_of_an_item_counts(tmp_path: Path) -> None:
    again = ITEMS.head(7).with_columns(title=pl.lit("something else"))
    log = read(tmp_path, pl.concat([ITEMS, again]))
    assert log.items is not None
    assert "something else" not in log.items.columns["title"]
    assert "7 rows more" in kinds(log)["repeated_in_table"]


def test_the_column_of_ids_is_found_by_what_it_holds(tmp_path: Path) -> None:
    renamed = ITEMS.select(pl.int_range(pl.len()).alias("row"), pl.col("title"), pl.col("item_id").alias("sku"))
    log = read(tmp_path, renamed)
    assert any("'sku' is the id" in sentence for sentence in log.assumptions)
    assert log.items is not None
    assert list(log.items.columns["title"]) == ITEMS.sort("item_id")["title"].to_list()


def test_row_numbers_that_match_as_well_are_not_the_ids() -> None:
    log = make_log(100, 80, 1_000, seed=2, kind="ratings").log.rename({"item_id": "movieId"})
    items = pl.DataFrame(
        {"rank": range(80, 0, -1), "movie_id": range(1, 81), "title": [f"t{at}" for at in range(1, 81)]}
    )
    found = read_log(Table(log), Names(), items=Table(items))
    assert found.items is not None
    assert list(found.items.columns["title"]) == [f"t{item}" for item in found.interactions.items]


def test_a_table_of_other_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="holds ids of the log, where 'item_id' is for example 'i000"):
        read(tmp_path, ITEMS.with_columns(item_id="X" + pl.col("item_id")))
    with pytest.raises(DataError, match="table of items has no rows"):
        read_log(Table(MADE.log), Names(), items=Table(ITEMS.head(0)))


def test_ids_of_the_table_are_tidied_like_those_of_the_log() -> None:
    log = make_log(100, 80, 1_000, seed=2, kind="ratings").log
    items = pl.DataFrame({"item_id": [f" {at}.0" for at in range(1, 81)], "title": [f"t{at}" for at in range(1, 81)]})
    read_ = read_log(Table(log), Names(), items=Table(items, origin="items.csv"))
    assert read_.items is not None
    assert list(read_.items.columns["title"]) == [f"t{item}" for item in read_.interactions.items]


def test_columns_of_the_log_describe_items_and_users(tmp_path: Path) -> None:
    wide = MADE.log.join(ITEMS.select("item_id", "title", "genre"), on="item_id", how="left", maintain_order="left")
    wide = wide.with_columns(
        town=pl.format("town {}", pl.col("user_id") % 9), chance=pl.Series(np.random.default_rng(0).random(3_000))
    )
    wide.write_csv(tmp_path / "log.csv")
    log = read_log(collect(str(tmp_path / "log.csv")), Names())
    assert log.items is not None
    assert log.users is not None
    assert set(log.items.columns) == {"title", "genre"}
    assert list(log.users.columns["town"]) == [f"town {int(user) % 9}" for user in log.interactions.users]
    told = dict(ITEMS.select("item_id", "title").iter_rows())
    assert list(log.items.columns["title"]) == [told[item] for item in log.interactions.items]


def test_what_is_told_of_users_follows_their_codes(tmp_path: Path) -> None:
    users = pl.DataFrame({"id": range(150, 0, -1), "age": range(150)})
    log = read(tmp_path, ITEMS, users=users)
    assert log.users is not None
    assert list(log.users.columns["age"]) == [150 - int(user) for user in log.interactions.users]


def test_a_number_counted_from_the_log_is_left_out(tmp_path: Path) -> None:
    counted = MADE.log["item_id"].value_counts(name="views")
    log = read(tmp_path, ITEMS.join(counted, on="item_id", how="left"))
    assert log.items is not None
    assert "views" not in log.items.columns
    assert "price" in log.items.columns
    assert "'views' says of the items how often they were taken" in kinds(log)["counted_from_the_log"]


def test_a_mean_rating_from_the_log_is_left_out(tmp_path: Path) -> None:
    log = make_log(200, 60, 2_000, seed=6, kind="ratings").log
    mean = log.group_by("item_id").agg(pl.mean("rating").alias("score"), pl.lit("x").alias("kind")).sort("item_id")
    read_ = read(tmp_path, mean, log)
    assert "how they were rated" in kinds(read_)["counted_from_the_log"]
    assert read_.items is not None
    assert "score" not in read_.items.columns


CELLS: dict[str, tuple[list[str], str | None]] = {
    "bars": (["Drama|Comedy", "Comedy", "Drama|Crime|Comedy", "Crime"] * 5, "|"),
    "commas": (["Drama, Comedy", "Comedy", "Drama, Crime", "Crime"] * 5, ","),
    "semicolons": (["Drama;Comedy", "Comedy", "Drama;Crime", "Crime"] * 5, ";"),
    "a list of Python": (["['Drama', 'Comedy']", "['Comedy']", "['Drama', 'Crime']", "['Crime']"] * 5, ","),
    "blanks": ([f"{a} {b} {c}" for a in "abcd" for b in "efgh" for c in "ijkl"], " "),
    "one value each": (["Drama", "Comedy", "Crime", "History"] * 5, None),
    "towns": (["New York", "Los Angeles", "San Diego", "El Paso", "St. Louis"] * 4, None),
    "names": ([f"Smith, John {at}" for at in range(40)], None),
    "titles": ([f"The {a} of the {b}" for a in ("king", "sun", "end") for b in ("sea", "road", "line", "war")], None),
}


@pytest.mark.parametrize("what", CELLS)
def test_what_stands_between_values_is_found(what: str) -> None:
    values, separator = CELLS[what]
    (described,) = describe(Features({"x": values}))
    assert described.separator == separator
    assert (described.kind == "tags") is (separator is not None)


def test_cells_are_split_once_and_tidied() -> None:
    assert split_cell(" ['Drama', 'Comedy', 'Drama', ''] ", ",") == ["Drama", "Comedy"]
    assert split_cell("Drama", None) == ["Drama"]
    assert Described("x", "category").parts("a|b") == ["a|b"]
    assert Described("x", "tags", "|").parts(None) == []


def test_only_names_of_things_are_the_title() -> None:
    told = Features(
        {
            "movie_title": [f"Film {at}" for at in range(50)],
            "name_of_shop": ["a", "b"] * 25,
            "plot": [f"A long story of {at} and more" for at in range(50)],
        }
    )
    assert [each.name for each in describe(told) if each.kind == "title"] == ["movie_title"]
    assert [each.kind for each in describe(Features({"title": ["same"] * 50}))] == ["category"]


def test_lists_of_a_frame_become_cells() -> None:
    frame = pl.DataFrame({"item_id": ITEMS["item_id"], "tags": [["a", "b|c"], ["d"]] * 100, "out": [None] * 200})
    log = read_log(Table(MADE.log), Names(), items=Table(frame))
    assert log.items is not None
    assert set(log.items.columns["tags"]) == {"a|b/c", "d"}
    assert set(log.items.columns["out"]) == {None}
