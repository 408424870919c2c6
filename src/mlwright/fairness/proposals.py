"""Columns that seem to tell groups of people, proposed where nobody named them: by their names and their values.

A name has to say it in whole words, beside which nothing stands that could not be said of people: "age",
"customer_age", "AgeBand", and not "engine age", "stage" or "average". What law protects, and the words of several
languages for it, stand in `characteristics`. It is a proposal: whether a row is a person know only those who collected
the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final

from mlwright.clean.measures.likeness import plain_letters
from mlwright.clean.names import words
from mlwright.fairness.characteristics import (
    BESIDE,
    CHARACTERISTICS,
    ELSEWHERE,
    GLUED,
    POSTAL_PHRASES,
    POSTCODES,
    Characteristic,
    Holds,
    Words,
)
from mlwright.schema import QUANTILES, Column, Schema

SURE, BY_NAME, BY_VALUES, PERHAPS, HINT = 0.95, 0.85, 0.75, 0.6, 0.4
"""How sure it is: name and values say it; a clear name; clear values; a name of several meanings; only a hint."""
AUDITED: Final = 0.5
"""Columns that are at least so sure are audited without being asked."""
FEW: Final = 12
"""Whole numbers of so many different values may be codes of groups."""
MOST_GROUPS, MOST_PLACES = 30, 400
"""More different values tell no groups, or no countries, that could be compared."""
MOST_VALUES: Final = 0.6
"""At least this share of a column's values has to say it."""
OLDEST, GROWN_UP = 120.0, 15.0
"""No person is older; where half of the numbers called "age" are below the second, they may be the age of anything."""
RANGE: Final = re.compile(
    r"\W*(?:under|over|below|above|less than|greater than|more than|bis|uber|unter|ab|von|age|aged)?\W*\d{1,3}"
    r"(?:\W*(?:-|to|a|bis|\u2013|\.\.)?\W*\d{1,3})?"
    r"\W*(?:\+|s|and (?:over|older|more|up)|years?|yrs?|jahre|ans|anos)?\W*"
)
"""A range of ages: "18-24", "65+", "under 30", "50s"."""
STAGES: Final = frozenset(
    {"child", "adult", "teen", "teenager", "young", "old", "senior", "elderly", "infant", "youth", "middle"}
)
LETTERS: Final = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column that may tell groups of people: what about them, why that is thought, and how sure it is (0 to 1)."""

    column: str
    about: str
    reason: str
    confidence: float
    protected_by: tuple[str, ...] = ()

    @property
    def audited(self) -> bool:
        """Whether it is sure enough to be looked at without being asked."""
        return self.confidence >= AUDITED

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in the evidence."""
        return {
            "column": self.column,
            "about": self.about,
            "reason": self.reason,
            "confidence": self.confidence,
            "audited": self.audited,
            "protected_by": list(self.protected_by),
        }


def propose(schema: Schema) -> tuple[Proposal, ...]:
    """Return the columns that seem to tell groups of people and were not named, the surest first.

    The target, weights and what names or orders the rows are none; columns left out of the model are looked at like all
    others. Weak hints (a postcode, "age" of young things) are told only beside a column that is clearly about people.
    """
    found = [each for column in schema if _is_asked(column) and (each := _of_column(column)) is not None]
    if not any(each.audited for each in found):
        return ()
    people = [replace(each, confidence=PERHAPS) if _is_young(each) else each for each in found]
    return tuple(sorted(people, key=lambda each: -each.confidence))


def sentence(proposals: Sequence[Proposal]) -> str:
    """Return what is said of the proposals in one place; empty where there are none."""
    if not proposals:
        return ""
    named = ", ".join(repr(each.column) for each in proposals)
    these = "These columns" if len(proposals) > 1 else "This column"
    name = "Name them" if len(proposals) > 1 else "Name it"
    return f"{these} may describe groups of people: {named}. {name} with --sensitive to see who is treated worse."


def _is_asked(column: Column) -> bool:
    return column.role in {"feature", "ignored"} and column.kind not in {"id", "constant"}


def _is_young(proposal: Proposal) -> bool:
    return proposal.about == "age" and proposal.confidence == HINT


def _of_column(column: Column) -> Proposal | None:
    """Return the surest proposal for a column, or None."""
    parts = _parts(column.name)
    best: Proposal | None = None
    for each in CHARACTERISTICS:
        told = _judged(each, column, parts)
        if told is not None and (best is None or told.confidence > best.confidence):
            best = told
    if best is None and _says(POSTCODES, POSTAL_PHRASES, BESIDE, parts):
        reason = "seems to hold postcodes: where people live often tells their origin and means"
        return Proposal(column.name, "place of living", reason, HINT)
    return best


def _judged(each: Characteristic, column: Column, parts: tuple[str, ...]) -> Proposal | None:
    """Return what name and values say of one characteristic, or None."""
    beside = _beside(each)
    named = _says(each.words, each.phrases, beside, parts)
    hinted = bool(each.weak) and _says(each.weak, (), beside, parts)
    saying, clear = _shown(each, column)
    if named:
        confidence = SURE if saying else _fits(each.holds, column, parts)
    elif hinted:
        coded = each.weak_codes.intersection(parts) and (column.kind == "boolean" or _is_coded(column, FEW))
        confidence = BY_NAME if saying else PERHAPS if coded else 0.0
    else:
        confidence = BY_VALUES if clear and not ELSEWHERE.intersection(parts) else 0.0
    if confidence == 0.0:
        return None
    shown = f"values such as {' and '.join(map(repr, saying[:2]))}" if saying else ""
    why = " and ".join(each for each in ("its name" if named or hinted else "", shown) if each)
    say = "say" if shown else "says"
    return Proposal(column.name, each.name, f"seems to tell {each.name}: {why} {say} so", confidence, each.protected_by)


@cache
def _beside(each: Characteristic) -> Words:
    return BESIDE | each.beside


# --- names -----------------------------------------------------------------------------------------------------------


def _parts(name: str) -> tuple[str, ...]:
    """Return the words of a name, folded and without accents: of "Altersgruppe" one, of "customerAge" two."""
    return words(name) if name.isascii() else tuple(LETTERS.findall(plain_letters(name)))


def _says(said: Words, phrases: tuple[Words, ...], beside: Words, parts: tuple[str, ...]) -> bool:
    """Tell whether a name says one of the words, or all words of a phrase, and nothing that means something else."""
    vocabulary = _vocabulary(said, phrases)
    spelt = {piece for part in parts for piece in _apart(part, vocabulary, beside)}
    rest = {part for part in spelt if not part.isdigit()} - beside
    if said & spelt:
        return rest <= said
    return any(phrase <= spelt and rest <= phrase for phrase in phrases)


@cache
def _vocabulary(said: Words, phrases: tuple[Words, ...]) -> Words:
    return said.union(*phrases)


@lru_cache(maxsize=100_000)
def _apart(part: str, vocabulary: Words, beside: Words) -> tuple[str, ...]:
    """Return a word that is several glued together as those, where one says it: "maritalstatus"; else as it is."""
    if part in vocabulary or part in beside or len(part) < 6:
        return (part,)
    glued = _pieces(part, vocabulary | GLUED)
    return glued if vocabulary.intersection(glued) else (part,)


def _pieces(text: str, known: Words) -> tuple[str, ...]:
    """Return known words that make up the text, or nothing."""
    for end in range(len(text), 1, -1):
        if text[:end] in known:
            rest = _pieces(text[end:], known) if text[end:] else ()
            if rest or not text[end:]:
                return (text[:end], *rest)
    return ()


# --- values ----------------------------------------------------------------------------------------------------------


def _shown(each: Characteristic, column: Column) -> tuple[tuple[str, ...], bool]:
    """Return the values that say it, where most of them do, and whether they would say it without the name."""
    categories = column.categories or ()
    if not each.values or not 2 <= len(categories) <= MOST_GROUPS:
        return (), False
    told = {value: each.values.intersection(_parts(value)) for value in categories}
    saying = tuple(value for value in categories if told[value])
    met = frozenset[str]().union(*told.values())
    if len(saying) < max(2, MOST_VALUES * sum(map(_is_known, categories))) or len(met) < 2:
        return (), False
    least = 2 if len(each.decisive) == 1 else 1
    return saying, bool(each.decisive) and all(len(met & group) >= least for group in each.decisive)


def _is_known(value: str) -> bool:
    """Tell whether a value says anything: not "other", "unknown" or "prefer not to say"."""
    return not {"other", "unknown", "unspecified", "say", "na", "none", "divers", "diverse"}.intersection(_parts(value))


def _fits(holds: Holds, column: Column, parts: tuple[str, ...]) -> float:
    """Return how sure a clear name makes it, given what the column holds; 0 where it cannot be."""
    if holds in {"age", "birth"}:
        return _age(column) if holds == "age" else _birth(column, parts)
    if holds == "yes or no":
        return BY_NAME if column.kind == "boolean" or _is_coded(column, 2) else 0.0
    if holds == "any":
        return BY_NAME if column.is_float or column.kind == "text" or column.distinct <= MOST_PLACES else 0.0
    few = column.kind == "category" and column.distinct <= MOST_GROUPS
    if few or column.kind == "boolean" or _is_coded(column, 3):
        return BY_NAME
    return PERHAPS if _is_coded(column, FEW) else 0.0


def _is_coded(column: Column, most: int) -> bool:
    return column.kind == "integer" and column.distinct <= most


def _age(column: Column) -> float:
    """Return how sure a column called "age" holds ages of people: numbers as old as people, or ranges of them."""
    if column.kind in {"number", "integer"}:
        at = dict(zip(QUANTILES, column.quantiles, strict=False))
        low, middle, high = at.get(0.01, column.low), at.get(0.5, column.low), at.get(0.99, column.high)
        if low is None or middle is None or high is None or low < 0 or high > OLDEST:
            return 0.0
        return SURE if middle >= GROWN_UP and not _is_coded(column, FEW) else HINT
    told = [value for value in column.categories or () if _is_known(value)]
    ranges = sum(RANGE.fullmatch(plain_letters(value)) is not None for value in told)
    if told and ranges >= MOST_VALUES * len(told):
        return SURE
    return BY_NAME if len(STAGES.intersection(part for value in told for part in _parts(value))) >= 2 else 0.0


def _birth(column: Column, parts: tuple[str, ...]) -> float:
    """Return how sure a column named after birth holds dates or years of it."""
    if column.kind in {"number", "integer"}:
        years = column.low is not None and column.high is not None and 1850 <= column.low <= column.high <= 2100
        return BY_NAME if years or "days" in parts else 0.0
    return SURE if column.kind == "datetime" else PERHAPS if column.kind in {"text", "category"} else 0.0
