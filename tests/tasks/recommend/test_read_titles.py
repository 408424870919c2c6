"""Which column of a table of items has its names, and which its ids: titles are no tags, row numbers no ids."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.errors import ColumnError
from mlwright.table import Table
from mlwright.tasks.recommend.features import describe
from mlwright.tasks.recommend.interactions import Features
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import Log, read_log
from mlwright.testing.logs import make_log

NOW = 1_710_000_000.0
LOG: pl.DataFrame = make_log(120, 80, 1_500, seed=5, kind="implicit").log.select(
    "user_id", movie_no=pl.col("item_id").str.strip_chars_start("i").cast(pl.Int64) + 1, timestamp=pl.col("timestamp")
)
TITLES = {
    "words that come again": [
        f"{a} {b} {c}" for a in ("Dark", "Red", "Old") for b in ("Blood", "Sea") for c in range(9)
    ],
    "colons": [f"{a}: {b} {c}" for a in ("Horror", "Krimi") for b in ("Wald", "Haus") for c in range(12)],
    "commas": [f"{a}, {b}" for a in ("Matrix", "Fall", "Ring") for b in ("The", "A", "Part 2", "Part 3", "Again")],
}
NUMBERS = pl.Series(range(1, 81))
TITLE = pl.Series([f"t{at}" for at in range(80)])


def kinds(**columns: list[str]) -> dict[str, str]:
    return {each.name: each.kind for each in describe(Features(columns))}  # type: ignore[arg-type]


def read(items: pl.DataFrame) -> Log:
    return read_log(Table(LOG), Names(), items=Table(items, origin="films.csv"), now=NOW)


@pytest.mark.parametrize("name", ["title", "name", "movie_title"])
@pytest.mark.parametrize("like", TITLES)
def test_names_that_are_nearly_all_different_are_titles(name: str, like: str) -> None:
    values = TITLES[like]
    assert kinds(genre=[f"kind {at % 3}" for at in range(len(values))], **{name: values})[name] == "title"


def test_a_few_names_for_many_things_are_no_titles() -> None:
    assert kinds(name=["red hat", "blue hat", "red shoe", "blue shoe"] * 30)["name"] != "title"


def test_what_the_log_itself_calls_the_item_is_its_title() -> None:
    frame = LOG.rename({"movie_no": "Artikelnr"}).with_columns(
        Artikel=pl.format("Krimi {} {}", pl.col("Artikelnr") % 7, pl.col("Artikelnr") // 7)
    )
    log = read_log(Table(frame), Names(item="Artikelnr"), now=NOW)
    assert [(each.name, each.kind) for each in log.item_columns] == [("Artikel", "title")]


def test_a_rank_is_no_id_where_the_column_of_ids_has_none_of_the_log() -> None:
    items = pl.DataFrame({"id": [f"tt{at}" for at in range(80)], "rank": NUMBERS.reverse(), "title": TITLE})
    with pytest.raises(ColumnError, match="'rank', which matches 'movie_no', only counts") as caught:
        read(items)
    assert "rename" in str(caught.value)


def test_the_column_called_id_is_preferred_to_a_plain_count() -> None:
    shuffled = pl.Series(np.random.default_rng(0).permutation(NUMBERS.to_numpy()))
    ids = shuffled.to_frame("id").select(pl.when(pl.col("id") % 3 > 0).then("id")).to_series()
    log = read(pl.DataFrame({"id": ids, "rank": NUMBERS, "title": TITLE}))
    assert "In the table of items, 'id' is the id" in log.assumptions[1]


def test_a_plain_count_is_the_id_where_nothing_else_is_called_so() -> None:
    log = read(pl.DataFrame({"row": NUMBERS, "title": TITLE}))
    assert "'row' is the id" in log.assumptions[1]
