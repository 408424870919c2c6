"""One value written in several ways: in capitals, with other spaces or hyphens, abbreviated, or with a typing error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection, shown
from mlwright.clean.distinct import LOOKED_AT, Distinct
from mlwright.clean.measures.likeness import plain_letters, same_but_for_case, tokens
from mlwright.clean.measures.text_cells import how_many, listed, replaced
from mlwright.clean.measures.typos import ENOUGH, Typo, enough, likely_typos, stand_in_letter, with_stand_ins
from mlwright.clean.repairs import Replace
from mlwright.findings import Finding
from mlwright.schema import Column
from mlwright.table import Table

SURE = 0.97
MOST_SEXES = 500
"""A column of more different texts does not hold the sexes of people."""
STAND_IN_SURE = 0.9
MUCH_RARER = 5
"""Short values, and such that differ in accents, are variants only where one is so many times rarer."""
SHORT = 3
ABBREVIATIONS: Mapping[str, tuple[str, ...]] = {
    "st": ("street", "saint"), "ave": ("avenue",), "av": ("avenue",), "rd": ("road",), "dr": ("drive", "doctor"),
    "blvd": ("boulevard",), "ln": ("lane",), "ct": ("court",), "hwy": ("highway",), "pl": ("place",),
    "sq": ("square",), "pkwy": ("parkway",), "apt": ("apartment",), "mt": ("mount",), "ft": ("fort",),
    "dept": ("department",), "univ": ("university",), "inst": ("institute",), "intl": ("international",),
    "co": ("company",), "corp": ("corporation",), "ltd": ("limited",), "inc": ("incorporated",), "bros": ("brothers",),
    "mfg": ("manufacturing",), "assn": ("association",), "hosp": ("hospital",), "ctr": ("center", "centre"),
    "govt": ("government",), "mgmt": ("management",), "str": ("strasse",), "sr": ("senior",), "jr": ("junior",),
}  # fmt: skip
SEXES = ({"m", "male"}, {"f", "female"})
COUNTRIES = (
    {"usa", "us", "unitedstates", "unitedstatesofamerica", "theunitedstates"},
    {"uk", "unitedkingdom", "theunitedkingdom"},
    {"uae", "unitedarabemirates"},
    {"southkorea", "republicofkorea"},
    {"czechrepublic", "czechia"},
)


LONG_OF = {full: brief for brief, fulls in ABBREVIATIONS.items() for full in fulls}
_SHORTENED = (
    rf"(?:^|[^\p{{L}}\p{{N}}])(?:{'|'.join(sorted({*ABBREVIATIONS, *LONG_OF, 'straße'}))})(?:$|[^\p{{L}}\p{{N}}])"
)


@dataclass(frozen=True, slots=True)
class Groups:
    """The distinct texts of a column, those that are variants of one value together."""

    canonical: tuple[str, ...]
    counts: NDArray[np.int64]
    new: dict[str, str]
    """What each variant stands for."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What was found in one column."""

    distinct: Distinct
    groups: Groups
    free: bool
    """It holds free text: nearly every value is another one."""
    typos: dict[str, str]
    sure: dict[str, float]


class CategoryVariants:
    """Finds "oslo " and "OSLO" beside "Oslo", and "Chciago" beside many a "Chicago"."""

    name: ClassVar[str] = "category_variants"
    kinds: ClassVar[tuple[str, ...]] = ("category_variants", "category_typos")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return at most one finding of each kind for each column."""
        looked_at: list[LookedAt] = []
        for column in context.of_kind("category", "text"):
            if table.frame[column.name].dtype.is_numeric() or column.numeric_text:
                continue
            if context.stop():
                break
            distinct = _written(context.distinct(column.name), column)
            if len(distinct.texts) > 1:
                looked_at.append(_look(distinct, column))
        letter = stand_in_letter([pair for one in looked_at for pair in one.typos.items()])
        for one in looked_at:
            if letter is not None:
                _add_stand_ins(one, letter)
            if one.groups.new:
                yield _variants(one)
            if one.typos:
                yield _mistyped(one)


def _look(distinct: Distinct, column: Column) -> LookedAt:
    """Find the variants and the likely typos of one column."""
    groups = grouped(distinct.where(distinct.matching(r"\p{L}")))
    found = likely_typos(groups.canonical, groups.counts)
    one = LookedAt(distinct, groups, column.kind == "text", {}, {})
    for typo in found:
        right = groups.canonical[typo.right]
        if enough(typo, right):
            _add(one, groups.canonical[typo.wrong], right, confidence(typo))
    return one


def _add(one: LookedAt, wrong: str, right: str, sure: float) -> None:
    """Add a typo, and what is but another way of writing it."""
    for text in (wrong, *(old for old, kept in one.groups.new.items() if kept == wrong)):
        one.typos[text] = right
        one.sure[text] = sure


def _add_stand_ins(one: LookedAt, letter: str) -> None:
    """Add the values in which that letter stands in for others, digits and spaces among them."""
    known = one.typos.keys() | one.groups.new.keys()
    kept = [text not in known for text in one.distinct.texts]
    texts = one.distinct.texts.filter(pl.Series(kept, dtype=pl.Boolean)).head(LOOKED_AT).to_list()
    counts = one.distinct.counts[np.array(kept, dtype=np.bool_)][:LOOKED_AT]
    for wrong, right in with_stand_ins(texts, counts, letter).items():
        _add(one, texts[wrong], texts[right], STAND_IN_SURE)


def _written(distinct: Distinct, column: Column) -> Distinct:
    """Return the distinct texts that do not mean "missing" in this column."""
    if not column.missing_tokens:
        return distinct
    return distinct.where(~distinct.texts.str.to_lowercase().is_in(list(column.missing_tokens)).to_numpy())


def grouped(distinct: Distinct) -> Groups:
    """Put texts together that are the same but for case, spaces, punctuation, accents and sure abbreviations."""
    counts = dict(zip(distinct.texts.to_list(), distinct.counts.tolist(), strict=True))
    new: dict[str, str] = {}
    for texts in _alike(distinct):
        new |= _same(texts, counts)
    left = [text for text in counts if text not in new]
    if len(left) <= LOOKED_AT:
        new |= _abbreviated(left, counts) | _other_names(left, counts)
    for old in new:  # a variant of a variant
        while new[old] in new:
            new[old] = new[new[old]]
    total = dict(counts)
    for old, kept in new.items():
        total[kept] += total.pop(old)
    return Groups(tuple(total), np.array(list(total.values()), dtype=np.int64), new)


def _alike(distinct: Distinct) -> list[list[str]]:
    """Return the texts that have the same letters and digits in the same order, where there is more than one."""
    letters = distinct.texts.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    frame = pl.DataFrame({"text": distinct.texts, "letters": letters})
    alike = frame.group_by("letters", maintain_order=True).agg("text").filter(pl.col("text").list.len() > 1)
    return list(alike["text"].to_list())


def _same(texts: list[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Return what each of some texts with the same letters stands for: the most frequent that is surely the same."""
    new: dict[str, str] = {}
    kept: list[str] = []
    for text in sorted(texts, key=lambda text: (-counts[text], text)):
        match = next((other for other in kept if _surely_same(text, other, counts)), None)
        if match is None:
            kept.append(text)
        else:
            new[text] = match
    return new


def _surely_same(rare: str, frequent: str, counts: Mapping[str, int]) -> bool:
    one, other = same_but_for_case(rare), same_but_for_case(frequent)
    rarer = counts[rare] * MUCH_RARER <= counts[frequent]
    if one == other:
        return rarer or len(one) > SHORT or rare.rstrip(" .") == frequent.rstrip(" .") or _are_cased(rare, frequent)
    accents = plain_letters(one) == plain_letters(other)
    return accents and rarer and len(one) > SHORT


def _are_cased(one: str, other: str) -> bool:
    """Tell whether both are words of three letters in capitals, in small letters, or with one capital."""
    cased = [text.isalpha() and (text[1:].isupper() or text[1:].islower()) for text in (one, other)]
    return len(one) == SHORT and all(cased)


def _abbreviated(texts: list[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Return texts in which a word is written short that another text, the same otherwise, writes out."""
    series = pl.Series(texts, dtype=pl.String)
    groups: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {}
    for text in series.filter(series.str.to_lowercase().str.contains(_SHORTENED)).to_list():
        words = tokens(text)
        if 2 <= len(words) <= 12 and any(word in ABBREVIATIONS or word in LONG_OF for word in words):
            key = tuple(LONG_OF.get(word, word) for word in words)
            groups.setdefault(key, []).append((text, words))
    new: dict[str, str] = {}
    for members in groups.values():
        members.sort(key=lambda member: (-counts[member[0]], member[0]))
        kept, its = members[0]
        for text, words in members[1:]:
            pairs = [pair for pair in zip(words, its, strict=True) if pair[0] != pair[1]]
            if pairs and all(b in ABBREVIATIONS.get(a, ()) or a in ABBREVIATIONS.get(b, ()) for a, b in pairs):
                new[text] = kept
    return new


def _other_names(texts: list[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Return short names beside long ones: "M" among "Male" and "Female", "USA" beside "United States"."""
    asked = texts
    if len(texts) > MOST_SEXES:  # only countries are left, and which texts have their letters is soon known
        series = pl.Series(texts, dtype=pl.String)
        letters = series.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[^\p{L}]+", "")
        asked = series.filter(letters.is_in(sorted(set().union(*COUNTRIES)))).to_list()
    folded = {text: same_but_for_case(text).replace(".", "") for text in asked}
    all_names = set(folded.values())
    families = [family for family in COUNTRIES if len(family & all_names) > 1]
    if asked is texts and all_names <= set().union(*SEXES, {"other", "unknown", "u", "o", "d", "diverse", "x"}):
        families += [family for family in SEXES if len(family & all_names) > 1]
    new: dict[str, str] = {}
    for family in families:
        members = sorted((text for text in asked if folded[text] in family), key=lambda text: (-counts[text], text))
        new |= dict.fromkeys(members[1:], members[0])
    return new


def _variants(one: LookedAt) -> Detection:
    distinct, new = one.distinct, one.groups.new
    cells = replaced(distinct, new, SURE)
    many = len(set(new.values()))
    said = "value" if many == 1 else "values"
    return Detection(
        finding=Finding(
            kind="category_variants",
            columns=(distinct.name,),
            rows=shown(cells.rows),
            message=f"{how_many(len(cells), distinct.name, len(distinct.stripped), 'cell')} "
            f"{'writes' if len(cells) == 1 else 'write'} {many:,} {said} in {len(new):,} other "
            f"way{'' if len(new) == 1 else 's'}, such as {listed(list(new.items()))}.",
            severity="info" if one.free else "warning",
            confidence=SURE,
            repair="Write each value in its most frequent way.",
        ),
        rows=cells.rows,
        cells=(cells,),
        repair=Replace(distinct.name, dict(new)),
    )


def confidence(typo: Typo) -> float:
    """Return how sure it is that a value is a typo, from its weight in powers of ten."""
    return float(np.clip(1.0 - 0.3 * 10.0 ** (ENOUGH - typo.weight), 0.5, 0.99))


def _mistyped(one: LookedAt) -> Detection:
    distinct = one.distinct
    cells = replaced(distinct, one.typos, one.sure)
    return Detection(
        finding=Finding(
            kind="category_typos",
            columns=(distinct.name,),
            rows=shown(cells.rows),
            message=f"{how_many(len(cells), distinct.name, len(distinct.stripped), 'cell')} "
            f"{'looks' if len(cells) == 1 else 'look'} mistyped: {listed(list(one.typos.items()))}.",
            severity="warning",
            confidence=round(float(np.mean(list(one.sure.values()))), 2),
            repair="Write what was meant.",
        ),
        rows=cells.rows,
        cells=(cells,),
        repair=Replace(distinct.name, dict(one.typos)),
    )
