"""Which column is what: by its name in many spellings, by what it holds, and asked where two are as likely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import ColumnError
from mlwright.table import Table
from mlwright.tasks.recommend.facts import determines, same, same_moments
from mlwright.tasks.recommend.propose import Names, Proposed, propose
from mlwright.tasks.recommend.vocabulary import says_item, says_rating, says_taken, says_time_of_event, says_user
from mlwright.testing.logs import make_log

ROWS = 1_500
MADE = make_log(120, 80, ROWS, seed=5, kind="ratings").log.with_columns(pl.all().cast(pl.String))
USER, ITEM, RATING, TIME = (MADE[name] for name in ("user_id", "item_id", "rating", "timestamp"))
MOMENT = pl.from_epoch(TIME.cast(pl.Int64))
ISO, US, EU = (MOMENT.dt.strftime(form) for form in ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%d.%m.%Y %H:%M"))
DRAWN = np.random.default_rng(0)
MIXED = pl.Series(DRAWN.permutation(ISO.to_numpy()))
COMMAS = RATING.replace({"5": "4,5"})
PLAYS = pl.Series(DRAWN.geometric(0.01, ROWS).astype(str))
EACH = pl.Series([f"r{at}" for at in range(ROWS)])
PROSE = pl.Series(
    [f"I thought that number {at} was good, and would come again, as would my aunt." for at in range(ROWS)]
)
TITLE = "Film no. " + ITEM
KIND = "kind " + (ITEM.cast(pl.Int64) % 12).cast(pl.String)

LAYOUTS: dict[str, tuple[dict[str, pl.Series], tuple[str, str, str | None, str | None, str | None]]] = {
    "films": (
        {"userId": USER, "movieId": ITEM, "rating": RATING, "timestamp": TIME},
        ("userId", "movieId", "timestamp", "rating", None),
    ),
    "reviews of products": (
        {
            "reviewerID": "A" + USER, "asin": "B00" + ITEM, "reviewerName": "N" + USER, "reviewText": PROSE,
            "overall": RATING, "summary": PROSE, "unixReviewTime": TIME, "reviewTime": US,
        },
        ("reviewerID", "asin", "unixReviewTime", "overall", None),
    ),
    "plays": (
        {"user-sha1": "f00" + USER, "artist-name": TITLE, "plays": PLAYS},
        ("user-sha1", "artist-name", None, None, "plays"),
    ),
    "shop": (
        {
            "InvoiceNo": USER + MOMENT.dt.strftime("%j"), "StockCode": "S" + ITEM, "Description": TITLE,
            "Quantity": PLAYS, "InvoiceDate": US, "CustomerID": USER + ".0", "Country": "C" + USER.str.slice(0, 1),
        },
        ("CustomerID", "StockCode", "InvoiceDate", None, "Quantity"),
    ),
    "places": (
        {
            "review_id": EACH, "user_id": "u" + USER, "business_id": "b" + ITEM, "stars": RATING + ".0",
            "useful": PLAYS, "text": PROSE, "date": ISO,
        },
        ("user_id", "business_id", "date", "stars", None),
    ),
    "sessions": (
        {"session_id": USER, "timestamp": ISO.str.replace(" ", "T") + ".123Z", "item_id": ITEM, "category": KIND},
        ("session_id", "item_id", "timestamp", None, None),
    ),
    "clothes": (
        {
            "t_dat": ISO.str.slice(0, 10), "customer_id": "u" + USER, "article_id": "0" + ITEM,
            "sales_channel_id": pl.Series(DRAWN.integers(1, 3, ROWS).astype(str)),
        },
        ("customer_id", "article_id", "t_dat", None, None),
    ),
    "watched": (
        {
            "profile": USER, "show": TITLE, "watched_at": ISO, "genre": KIND,
            "release_date": "2010-01-0" + (ITEM.cast(pl.Int64) % 9 + 1).cast(pl.String),
            "average_rating": (ITEM.cast(pl.Int64) % 5).cast(pl.String),
        },
        ("profile", "show", "watched_at", None, None),
    ),
    "clicks": (
        {"user_id": USER, "ad_id": ITEM, "clicked": pl.Series(["0", "1"] * (ROWS // 2)), "ts": TIME},
        ("user_id", "ad_id", "ts", "clicked", None),
    ),
    "German": (
        {"Kundennummer": USER, "Artikelnummer": ITEM, "Bestelldatum": EU, "Sterne": RATING},
        ("Kundennummer", "Artikelnummer", "Bestelldatum", "Sterne", None),
    ),
    "French": (
        {"id_utilisateur": USER, "id_produit": ITEM, "date_achat": EU, "note": COMMAS},
        ("id_utilisateur", "id_produit", "date_achat", "note", None),
    ),
    "Spanish": (
        {"usuario": USER, "película": TITLE, "fecha": ISO, "calificación": RATING},
        ("usuario", "película", "fecha", "calificación", None),
    ),
    "Russian": (
        {"пользователь": USER, "фильм": TITLE, "дата": EU, "оценка": RATING},
        ("пользователь", "фильм", "дата", "оценка", None),
    ),
    "Chinese": (
        {"用户": USER, "商品": ITEM, "时间": ISO, "评分": RATING},
        ("用户", "商品", "时间", "评分", None),
    ),
    "one name says nothing": ({"customer": USER, "x": ITEM, "y": ISO}, ("customer", "x", "y", None, None)),
    "an attribute of who took it": (
        {"user": USER, "town": (USER.cast(pl.Int64) % 13).cast(pl.String), "what": ITEM},
        ("user", "what", None, None, None),
    ),
}  # fmt: skip


def proposed(columns: dict[str, pl.Series], names: Names | None = None) -> Proposed:
    return propose(Table(pl.DataFrame(columns), origin="log.csv"), names or Names())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_columns_of_common_logs_are_found(layout: str) -> None:
    columns, expected = LAYOUTS[layout]
    found = proposed(columns)
    assert (found.user, found.item, found.time, found.rating, found.amount) == expected
    for name in expected:
        assert name is None or any(repr(name) in sentence for sentence in found.assumptions)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_order_of_the_columns_does_not_matter(layout: str) -> None:
    columns, expected = LAYOUTS[layout]
    found = proposed(dict(reversed(columns.items())))
    assert (found.user, found.item, found.time, found.rating, found.amount) == expected


ASKED: dict[str, tuple[dict[str, pl.Series], str]] = {
    "--user": ({"user_id": USER, "customer_id": pl.Series(DRAWN.permutation(USER.to_numpy())), "item_id": ITEM}, "who"),
    "--item": ({"user_id": USER, "artist_id": KIND, "track_id": ITEM}, "what was taken"),
    "--time": (
        {"user_id": USER, "item_id": ITEM, "order_date": ISO, "purchase_date": MIXED},
        "when",
    ),
    "--rating": (
        {"user_id": USER, "item_id": ITEM, "stars": RATING, "score": pl.Series(DRAWN.permutation(RATING.to_numpy()))},
        "how much",
    ),
}  # fmt: skip


@pytest.mark.parametrize("option", ASKED)
def test_where_two_are_as_likely_the_option_is_named(option: str) -> None:
    columns, what = ASKED[option]
    with pytest.raises(ColumnError, match="are as likely") as caught:
        proposed(columns)
    assert what in caught.value.message
    assert f"name it with {option}, for example {option} " in (caught.value.hint or "")


def test_columns_without_a_name_are_asked_for_with_both_options() -> None:
    columns = {"column_1": USER, "column_2": ITEM, "column_3": RATING, "column_4": TIME}
    with pytest.raises(ColumnError) as caught:
        proposed(columns)
    assert "--user column_1 --item column_2" in (caught.value.hint or "")
    found = proposed(columns, Names(user="column_1"))
    assert (found.item, found.time, found.rating) == ("column_2", "column_4", "column_3")


def test_what_is_named_is_taken_and_not_said_again() -> None:
    columns = {"who": USER, "user": KIND, "item": ITEM, "rating": RATING}
    found = proposed(columns, Names(user="who", item="item", time="none", rating="rating"))
    assert found.user == "who"
    assert found.asked_time
    assert found.asked_rating
    assert found.assumptions == ()


def test_what_is_excluded_is_not_looked_at() -> None:
    columns = {"user_id": USER, "customer_id": pl.Series(DRAWN.permutation(USER.to_numpy())), "item_id": ITEM}
    assert proposed(columns, Names(exclude=("customer_id",))).user == "user_id"
    with pytest.raises(ColumnError, match="column to exclude 'x'"):
        proposed(columns, Names(exclude=("x",)))


def test_a_title_is_the_item_where_nothing_better_is() -> None:
    assert proposed({"user": USER, "title": TITLE}).item == "title"
    assert proposed({"user": USER, "title": TITLE, "movie_id": ITEM}).item == "movie_id"


NAMES = {
    says_user: ("USER_ID", "userId", "user-id", "user id", "userid", "UserID", "customers", "Benutzer-Nr", "KLANT"),
    says_item: ("ITEM_ID", "itemId", "movie id", "productid", "ProductCode", "items", "Künstler", "sku", "isbn13"),
    says_time_of_event: ("TIMESTAMP", "timeStamp", "event time", "createdAt", "created_at", "Fecha", "unix_time"),
    says_rating: ("RATING", "userRating", "user rating", "Stars", "review_score", "Bewertung"),
}


@pytest.mark.parametrize(("says", "name"), [(says, name) for says, names in NAMES.items() for name in names])
def test_a_name_says_it_in_any_spelling(says: Callable[[str], int], name: str) -> None:
    scores = {each.__name__: each(name) for each in (says_user, says_item)}
    assert says(name) > 0
    if says in {says_user, says_item}:
        assert max(scores, key=lambda each: scores[each]) == says.__name__


@pytest.mark.parametrize("name", ["user_age", "item_price", "movie_genre", "product_category", "zip", "x", "", "___"])
def test_what_is_said_of_users_and_items_is_neither(name: str) -> None:
    assert says_user(name) == says_item(name) == 0


@given(st.text(max_size=30))
def test_any_name_can_be_asked(name: str) -> None:
    for says in (says_user, says_item, says_time_of_event, says_rating):
        assert -3 <= says(name) <= 8
    assert says_taken(name) in {True, False}


def test_one_column_determines_another_up_to_a_few_slips() -> None:
    frame = pl.DataFrame({"item": [at % 10 for at in range(1000)], "title": [f"t{at % 10}" for at in range(1000)]})
    slips = frame.with_columns(pl.when(pl.int_range(1000) < 5).then(pl.lit("typo")).otherwise("title").alias("title"))
    assert same(slips, "item", "title")
    other = frame.with_columns(title=pl.Series([f"t{at % 7}" for at in range(1000)]))
    assert not determines(other, "item", "title")
    assert not determines(pl.DataFrame({"one": range(50), "two": range(50)}), "one", "two")


def test_a_moment_and_its_day_run_side_by_side() -> None:
    frame = pl.DataFrame({"at": ISO, "day": US, "mixed": pl.Series(DRAWN.permutation(US.to_numpy()))})
    assert same_moments(frame, "at", "day")
    assert not same_moments(frame, "at", "mixed")
