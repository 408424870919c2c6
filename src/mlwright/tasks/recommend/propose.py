"""Which column of a log says who, what, when and how much it was liked, where that is not named.

Names are asked first, in several languages; then what the columns hold. Where two columns are as likely, nothing is
guessed: the error names the option that decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.table import Table
from mlwright.tasks.recommend.facts import FEWEST_IDS, Facts, determines, facts_of, same, same_moments
from mlwright.tasks.recommend.persons import lasting, outlasted
from mlwright.tasks.recommend.vocabulary import (
    says_item,
    says_person,
    says_rating,
    says_taken,
    says_time_of_event,
    says_user,
    says_visit,
)

WIDE = 12
"""So many columns, and none that says what was taken, are more likely the items themselves."""
NONE = "none"
"""As the name of a column: there is none, and none is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The columns of the log as the user named them; what is None is proposed, "none" is not looked for."""

    user: str | None = None
    item: str | None = None
    time: str | None = None
    rating: str | None = None
    exclude: tuple[str, ...] = ()
    amount: str | None = None
    """The column of counts of the log that taught, where there is no column of ratings."""
    event: str | None = None
    """Its column of kinds of events."""

    @property
    def named(self) -> dict[str, str]:
        """The columns that were named, by option."""
        given = {"user": self.user, "item": self.item, "time": self.time, "rating": self.rating}
        return {option: name for option, name in given.items() if name is not None}

    def check(self, table: Table) -> Names:
        """Return the names with "none" kept only where it is no column. Raises ColumnError or OptionError."""
        columns = table.frame.columns
        for option, name in self.named.items():
            if name in columns or (name.casefold() == NONE and option in {"time", "rating"}):
                continue
            raise ColumnError.missing(name, columns, what=f"{option} column", where=table.origin)
        for name in self.exclude:
            if name not in columns:
                raise ColumnError.missing(name, columns, what="column to exclude", where=table.origin)
        seen: dict[str, str] = {}
        for option, name in self.named.items():
            if name in columns and name in seen:
                raise OptionError(
                    f"The column {name!r} is named as --{seen[name]} and as --{option}: it can be only one of them.",
                    hint=f"name another column with --{option}.",
                )
            seen[name] = option
        return self


@dataclass(frozen=True, slots=True)
class Proposed:
    """The columns of the log, and one sentence for each thing that was assumed."""

    user: str
    item: str
    time: str | None
    rating: str | None
    amount: str | None
    """A column of counts (plays, quantity): no rating, but 0 and less say that nothing was taken."""
    assumptions: tuple[str, ...]
    asked_time: bool
    """Whether the time column was named."""
    asked_rating: bool
    person: str | None = None
    """A column that was not taken, whose ids name people and last longer than those of `user`."""

    @property
    def named(self) -> frozenset[str]:
        """The columns that say something."""
        every = (self.user, self.item, self.time, self.rating, self.amount)
        return frozenset(name for name in every if name is not None)


def propose(table: Table, names: Names) -> Proposed:
    """Say which columns are what. Raises ColumnError where that cannot be told, DataError where there is no log."""
    if table.rows == 0:
        raise DataError("The log has no rows.", where=table.origin)
    names = names.check(table)
    left = [name for name in table.frame.columns if name not in names.exclude]
    if len(left) < 2:
        raise DataError(
            f"The log has {len(left)} column{'' if len(left) == 1 else 's'}: it needs one that says who and one that"
            " says what.",
            where=table.origin,
            hint="a log has one row for each time somebody took something: who, what, and best also when.",
        )
    facts = [facts_of(table.frame[name]) for name in left]
    user, item = _who_and_what(table, names, facts)
    person = lasting(table.frame, facts, user, [item, *names.named.values()])
    visit = None
    if names.user is None:
        visit = user if says_visit(user) else outlasted(table.frame, facts, user)
        if visit == user:
            user, person = person or user, None
            visit = None if visit == user else visit
    others = [each for each in facts if each.name not in {user, item}]
    time = _time(table, names, others, user, item)
    others = [each for each in others if each.name != time]
    rating, amount = _rating(table, names, others, item)
    return Proposed(
        user,
        item,
        time,
        rating,
        amount,
        _sentences(names, user, item, time, rating, amount, visit),
        asked_time=names.time is not None,
        asked_rating=names.rating is not None,
        person=person,
    )


def _who_and_what(table: Table, names: Names, facts: Sequence[Facts]) -> tuple[str, str]:
    frame = table.frame
    taken = set(names.named.values())
    able = [each for each in facts if each.is_id_like and each.name not in taken]
    user = names.user or _best(frame, able, says_user, lambda each: says_item(each.name) > says_user(each.name))
    item = names.item or _best(
        frame,
        [each for each in able if each.name != user],
        says_item,
        lambda each: user is None and says_user(each.name) > says_item(each.name),
    )
    # What is said of a person is not what they took; and a thing's brand is not who took it.
    if user is None:
        user = _only(frame, _unlike(frame, able, item), "user", item)
    if item is None:
        item = _only(frame, _unlike(frame, able, user), "item", user)
    return user, item


def _best(
    frame: pl.DataFrame, able: Sequence[Facts], says: Callable[[str], int], skip: Callable[[Facts], bool]
) -> str | None:
    """Return the column whose name says it most, None where none does; raises ColumnError where two do as much."""
    scores = sorted(((says(each.name), each) for each in able if not skip(each)), key=lambda pair: -pair[0])
    scores = [pair for pair in scores if pair[0] > 0]
    if not scores:
        return None
    tied = [each for score, each in scores if score == scores[0][0]]
    if any(each.distinct >= FEWEST_IDS for each in tied):
        tied = [each for each in tied if each.distinct >= FEWEST_IDS]
    if says is says_user and any(says_visit(each.name) for each in tied):
        # A visit and an account are no rivals: which of them lasts is asked later.
        tied = [each for each in tied if not says_visit(each.name) and says_person(each.name)] or tied
    rival = next((each for each in tied[1:] if not same(frame, tied[0].name, each.name)), None)
    if rival is not None:
        raise _undecided("user" if says is says_user else "item", [tied[0].name, rival.name])
    return tied[0].name


def _unlike(frame: pl.DataFrame, able: Sequence[Facts], chosen: str | None) -> list[Facts]:
    """Return the columns that could be ids by what they hold, without the chosen one and what it determines."""
    return [
        each
        for each in able
        if each.name != chosen
        and each.repeats
        and (chosen is None or not determines(frame, chosen, each.name))
        and not says_time_of_event(each.name)
        and not says_rating(each.name)
    ]


def _only(frame: pl.DataFrame, able: Sequence[Facts], what: str, other: str | None) -> str:
    """Return the only column that is left, or of two that say the same the first."""
    distinct: list[str] = []
    for each in able:
        if not any(same(frame, each.name, kept) for kept in distinct):
            distinct.append(each.name)
    if other is not None and len(distinct) == 1:
        return distinct[0]
    if len(distinct) > 1:
        both = "" if other is not None or what != "user" else f" --item {distinct[1]}"
        raise _undecided(what, distinct, both)
    who = "who took something" if what == "user" else "what was taken"
    raise ColumnError(
        f"No column was found that says {who}: one in which ids repeat.",
        hint=f"name it with --{what}; a log has one row for each time somebody took something"
        + (", not a column for each item." if frame.width >= WIDE else "."),
    )


def _undecided(what: str, names: Sequence[str], more: str = "") -> ColumnError:
    who = {
        "user": "who took something",
        "item": "what was taken",
        "time": "when something was taken",
        "rating": "how much it was liked",
    }[what]
    shown = ", ".join(map(repr, names[:4])) + (", ..." if len(names) > 4 else "")
    return ColumnError(
        f"It cannot be told which column says {who}: {shown} are as likely.",
        hint=f"name it with --{what}, for example --{what} {names[0]}{more}.",
    )


def _time(table: Table, names: Names, others: Sequence[Facts], user: str, item: str) -> str | None:
    if names.time is not None:
        return names.time if names.time in table.frame.columns else None
    able = [each for each in others if each.name not in names.named.values() and each.holds_moments]
    scores = [(says_time_of_event(each.name) + (1 if each.dated else 0), each.name) for each in able]
    scores = [(score, name) for score, name in scores if score > 0 and not _belongs(table, item, name, able)]
    if len(scores) > 1:
        scores = [pair for pair in scores if not determines(table.frame, user, pair[1])] or scores
    scores.sort(key=lambda pair: -pair[0])
    if not scores:
        return None
    tied = [name for score, name in scores if score == scores[0][0]]
    rivals = [name for name in tied[1:] if not same_moments(table.frame, tied[0], name)]
    if rivals:
        raise _undecided("time", [tied[0], *rivals])
    # Of a moment and its day, the finer one orders more.
    distinct = {each.name: each.distinct for each in able}
    return max(tied, key=lambda name: (distinct[name], -tied.index(name)))


def _belongs(table: Table, item: str, name: str, able: Sequence[Facts]) -> bool:
    """Tell whether a column says something of the item, and not of the moment: when it came out, its mean rating."""
    return any(each.name == name and each.distinct > 1 for each in able) and determines(table.frame, item, name)


def _rating(table: Table, names: Names, others: Sequence[Facts], item: str) -> tuple[str | None, str | None]:
    """Return the column of ratings and the column of amounts; never both."""
    if names.amount is not None:
        return None, names.amount if names.amount in table.frame.columns else None
    if names.rating is not None:
        return (names.rating, None) if names.rating in table.frame.columns else (None, None)
    able = [each for each in others if each.is_number and each.name not in names.named.values()]
    if flags := [each.name for each in able if each.says_taken]:
        return flags[0], None
    able = [each for each in able if not _belongs(table, item, each.name, able)]
    rated = sorted((each for each in able if says_rating(each.name) > 0), key=lambda each: -says_rating(each.name))
    if rated:
        best = says_rating(rated[0].name)
        tied = [each.name for each in rated if says_rating(each.name) == best]
        if len(tied) > 1:
            raise _undecided("rating", tied)
        return (tied[0], None) if rated[0].has_levels else (None, tied[0])
    amount = next((each.name for each in able if says_rating(each.name) < 0), None)
    if amount is not None:
        return None, amount
    scaled = [each.name for each in able if each.on_a_scale]
    return (scaled[0], None) if len(scaled) == 1 else (None, None)


def _sentences(
    names: Names, user: str, item: str, time: str | None, rating: str | None, amount: str | None, visit: str | None
) -> tuple[str, ...]:
    found = {"user": user, "item": item, "time": time, "rating": rating}
    liked = "how much it was liked" if rating is None or not says_taken(rating) else "whether it was taken"
    said = {"user": "who", "item": "what", "time": "when", "rating": liked}
    guessed = {option: name for option, name in found.items() if name is not None and option not in names.named}
    told = []
    if guessed:
        parts = [f"{name!r} says {said[option]}" for option, name in guessed.items()]
        listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        why = (
            "" if visit is None else f" {visit!r} is a visit: {user!r} lasts over several, and is taken for the person."
        )
        told.append(f"{listed} ({', '.join(f'--{option}' for option in guessed)} would name another).{why}")
    if time is None and names.time is None:
        told.append("No column of times was found (--time names one).")
    if amount is not None:
        told.append(
            f"{amount!r} counts or measures and is no rating: a row with more than 0 counts as taken, however much it"
            " is (--rating would take it for one)."
        )
    return tuple(told)
