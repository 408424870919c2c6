"""A session is no person where another column names one."""

from __future__ import annotations

import polars as pl
import pytest

from mlwright.errors import DataError
from mlwright.table import Table
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import Log, read_log
from mlwright.testing.logs import make_log

NOW = 1_710_000_000.0
MADE: pl.DataFrame = make_log(120, 80, 1_500, seed=5, kind="implicit").log.select("user_id", "item_id", "timestamp")
PERSON = "p" + MADE["user_id"].cast(pl.String)
DAY = (MADE["timestamp"].cast(pl.Int64) // 86_400).cast(pl.String)
SESSION = PERSON + "-" + DAY


def read(user: str | None = None, /, **columns: pl.Series) -> Log:
    frame = MADE.select("item_id", "timestamp").with_columns(**columns)
    return read_log(Table(frame), Names(user=user), now=NOW)


@pytest.mark.parametrize("session", ["session_id", "sessionId", "visit_id", "Sitzung", "order_id"])
@pytest.mark.parametrize("person", ["profile", "profile_name", "viewer", "account_id", "e-mail", "login", "member"])
def test_the_person_is_preferred_to_the_session(session: str, person: str) -> None:
    log = read(**{session: SESSION, person: PERSON})
    assert log.columns.user == person
    assert len(log.interactions.users) == PERSON.n_unique()


@pytest.mark.parametrize("person", ["profile", "account_id"])
def test_it_is_said_that_the_session_is_not_taken(person: str) -> None:
    assert "'session_id' is a visit" in read(session_id=SESSION, **{person: PERSON}).assumptions[0]


def test_one_row_for_each_session_is_enough_to_tell() -> None:
    each = pl.Series([f"s{at}" for at in range(MADE.height)])
    assert read(session_id=each, profile=PERSON).columns.user == "profile"


def test_what_has_few_values_or_crosses_sessions_is_no_person() -> None:
    kind = (MADE["user_id"].cast(pl.Int64) % 3).cast(pl.String)
    assert read(session_id=SESSION, profile=kind).columns.user == "session_id"
    crossing = "a" + MADE["item_id"].cast(pl.String)
    assert read(session_id=SESSION, card=crossing).columns.user == "session_id"


def test_the_warning_names_the_better_column() -> None:
    number = MADE.select(pl.int_range(pl.len()).over("user_id")).to_series()
    short = PERSON + "-" + (number - (number % 5 == 1).cast(pl.Int64)).cast(pl.String)
    findings = read("session_id", session_id=short, profile=PERSON).findings
    found = next(finding for finding in findings if finding.kind == "mostly_cold")
    assert "'profile' names people" in found.message
    assert found.repair is not None
    assert "--user profile" in found.repair


def test_the_error_names_the_better_column() -> None:
    each = pl.Series([f"s{at}" for at in range(MADE.height)])
    with pytest.raises(DataError, match="--user profile"):
        read("session_id", session_id=each, profile=PERSON)


@pytest.mark.parametrize("person", ["login", "e-mail", "username"])
def test_what_somebody_keeps_says_who_where_nothing_else_does(person: str) -> None:
    city = "c" + (MADE["user_id"].cast(pl.Int64) % 30).cast(pl.String)
    assert read(city=city, **{person: PERSON}).columns.user == person
