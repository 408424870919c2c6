"""Whose taste it is: a person where a column names one, for a visit ends before it shows a taste."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mlwright.tasks.recommend.facts import FEWEST_IDS, SLIPS, Facts
from mlwright.tasks.recommend.vocabulary import says_item, says_person, says_user, says_visit

FEWER = 0.8
"""Persons are fewer than their visits by so much."""
MOST_VISITS = 200
"""So many visits for each person are too many: the values are kinds of people, or places."""


def lasting(frame: pl.DataFrame, able: Sequence[Facts], user: str, skip: Sequence[str] = ()) -> str | None:
    """Return the column whose ids last longer than those of `user`, and name people; None where there is none.

    Each value of `user` goes with one of the other's, and each of the other's with several of `user`.
    """
    likely = [
        each
        for each in able
        if each.name not in {user, *skip}
        and each.is_id_like
        and each.repeats
        and says_person(each.name) > says_item(each.name)
        and each.distinct >= FEWEST_IDS
    ]
    likely = [each for each in likely if _lasts(frame, user, each.name)]
    return max(likely, key=lambda each: says_person(each.name)).name if likely else None


def outlasted(frame: pl.DataFrame, able: Sequence[Facts], person: str) -> str | None:
    """Return the column of visits that is called as surely who it was as `person` is, and lasts less; else None."""
    visits = [each.name for each in able if says_visit(each.name) and each.is_id_like and each.name != person]
    return next((name for name in visits if says_user(name) >= says_user(person) and _lasts(frame, name, person)), None)


def _lasts(frame: pl.DataFrame, user: str, name: str) -> bool:
    """Tell whether the values of a column span several values of `user`, and hardly any the other way round."""
    pairs = frame.select(pl.col(user).alias("user"), pl.col(name).alias("person")).drop_nulls().unique()
    if pairs.height < 0.5 * frame[user].n_unique():
        return False
    users, persons = pairs["user"].n_unique(), pairs["person"].n_unique()
    apart = pairs.height - users
    return apart <= SLIPS * users and users / MOST_VISITS <= persons <= FEWER * users
