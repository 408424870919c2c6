"""Whether a rare value is a frequent one written wrongly: how it differs, how often each occurs, what stands beside it.

A pair is judged by a sum of weights in powers of ten: what the frequencies, the kind of slip, the length and the other
columns say for it, what rare but real words look like against it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from mlwright.clean.measures.likeness import distance, one_letter_for_another, slip, tokens

FREQUENT_LOOKED_AT = 1_500
RARE_LOOKED_AT = 3_000
SHORTEST = 3
"""Words of fewer letters are never taken for typos."""
SHORT_WORDS = frozenset(
    """a an and or of on in no not nor to at up out off for from the is as by be do we he me my us old new one two six
    ten low all any few own non man men day use air sea car bus her his she you per yes now top bot end""".split()  # noqa: SIM905
)
"""Short words that are no slips of each other."""
TIMES_AS_FREQUENT = 3
MUCH_RARER = 10
"""Of two values that are near, one so many times rarer is no sign that values are near by nature."""
ENOUGH = 2.6
"""So many powers of ten must speak for a typo."""
ENOUGH_IF_SHORT = 3.0
"""The same for values of five letters or fewer."""
POSSIBLE = 1.0
"""Where many values of a column reach so many, they speak for each other."""
STAND_IN_TIMES = 12
STAND_IN_SHARE = 0.6
"""A letter that so many typos, and so large a share of them, have in the place of others stands in for any."""
LIKELY_SLIPS = frozenset({"swapped", "doubled", "neighbour"})
ENDINGS = frozenset(
    {
        "s", "es", "er", "r", "d", "ed", "n", "en", "an", "ing", "ly", "y", "al", "a", "o", "e", "i", "m", "t", "st",
        "est", "ic", "or", "ion", "ers", "in", "ne", "us", "is", "um", "ish", "ian", "ia", "ie", "le", "el", "et",
    }
)  # fmt: skip
BEGINNINGS = frozenset({"un", "in", "im", "ir", "il", "non", "re", "de", "dis", "pre", "a", "e", "s", "o", "co", "bi"})
"""What makes another word of a word: "high" and "higher", "legal" and "illegal"."""
DIGITS = slice(ord("0"), ord("9") + 1)
_DIGITS = re.compile(r"\D+")


@dataclass(slots=True)
class Typo:
    """A rare value, the frequent one that it may be, and what speaks for that."""

    wrong: int
    right: int
    weight: float
    novel: bool
    """The word that differs stands in no other value."""
    reasons: list[str] = field(default_factory=list)


def likely_typos(values: Sequence[str], counts: NDArray[np.int64]) -> list[Typo]:
    """Return for each rare value the frequent one that it is most likely to be, as places in `values`."""
    rare, frequent = _looked_at(values, counts)
    words = {place: tokens(values[place]) for place in {*rare, *frequent}}
    differing = {}
    for wrong, right in _near(rare, frequent, words, counts):
        if (pairs := _differing(words[wrong], words[right])) is not None:
            differing[wrong, right] = pairs
    seen = _seen(values, {a for pairs in differing.values() for a, _ in pairs})
    best: dict[int, Typo] = {}
    for (wrong, right), pairs in differing.items():
        typo = _weighed(wrong, right, pairs, words, seen, counts)
        if typo is not None and (wrong not in best or typo.weight > best[wrong].weight):
            best[wrong] = typo
    found = [best[wrong] for wrong in sorted(best)]
    if found:
        _against_natural_likeness(found, words, counts)
        _for_many(found, counts)
    return found


def _seen(values: Sequence[str], wanted: Collection[str]) -> Counter[str]:
    """Count in how many values each of the wanted words stands."""
    seen: Counter[str] = Counter()
    if not wanted:
        return seen
    texts = pl.Series("word", values, dtype=pl.String)
    plain = texts.str.len_bytes() == texts.str.len_chars()  # their words are found without a loop
    found = texts.filter(plain).str.to_lowercase().str.extract_all("[a-z0-9]+").list.unique().explode()
    counted = found.to_frame().filter(pl.col("word").is_in(list(wanted))).group_by("word").len()
    seen.update(dict(counted.iter_rows()))
    for value in texts.filter(~plain):
        seen.update(word for word in set(tokens(value)) if word in wanted)
    return seen


def enough(typo: Typo, right: str) -> bool:
    """Tell whether enough speaks for a typo of that value."""
    return typo.weight >= (ENOUGH if len(right) > 5 else ENOUGH_IF_SHORT)


def _looked_at(values: Sequence[str], counts: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Return the places of the rare and of the frequent values that are looked at."""
    order = np.argsort(-counts, kind="stable")
    long = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    order = order[long[order] >= SHORTEST]
    frequent = order[counts[order] >= TIMES_AS_FREQUENT][:FREQUENT_LOOKED_AT]
    if not len(frequent):
        return [], []
    rare = order[counts[order] * TIMES_AS_FREQUENT <= counts[frequent[0]]]
    if len(rare) > RARE_LOOKED_AT:
        rare = rare[np.linspace(0, len(rare) - 1, RARE_LOOKED_AT).astype(np.intp)]
    return rare.tolist(), frequent.tolist()


def _near(
    rare: Sequence[int], frequent: Sequence[int], words: Mapping[int, list[str]], counts: NDArray[np.int64]
) -> Iterator[tuple[int, int]]:
    """Yield the places of rare and frequent values whose letters are nearly the same ones, in whatever order."""
    texts = {place: text for place, each in words.items() if len(text := " ".join(each)) >= SHORTEST}
    rare, frequent = [at for at in rare if at in texts], [at for at in frequent if at in texts]
    if not rare or not frequent:
        return
    letters = _letters([texts[at] for at in (*rare, *frequent)])
    apart = cdist(letters[: len(rare)], letters[len(rare) :], metric="cityblock")
    most = np.array([_most(len(texts[at])) for at in frequent])
    fits = (apart <= 2 * most) & (counts[rare][:, None] * TIMES_AS_FREQUENT <= counts[frequent][None, :])
    for row, column in zip(*(each.tolist() for each in np.nonzero(fits)), strict=True):
        if rare[row] != frequent[column]:
            yield rare[row], frequent[column]


def _letters(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return how often each letter that occurs does, those beyond Latin ones by their number; no digit may differ."""
    signs = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.intp)
    places = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    written = signs != ord(" ")
    at = places[written] * 128 + signs[written] % 128
    counted = np.bincount(at, minlength=128 * len(texts)).astype(np.float64).reshape(len(texts), 128)
    counted[:, DIGITS] *= 100.0
    return counted[:, counted.any(axis=0)]


def _most(length: int) -> int:
    """Return how many letters of a text of that length may be wrong."""
    return 1 if length < 8 else 2 if length < 13 else 3 if length < 24 else length // 8


def _weighed(
    wrong: int,
    right: int,
    pairs: Sequence[tuple[str, str]],
    words: Mapping[int, list[str]],
    seen: Mapping[str, int],
    counts: NDArray[np.int64],
) -> Typo | None:
    """Weigh a pair of values and of the words that differ; None where it cannot be a typo."""
    weight = min(float(np.log10(counts[right] / counts[wrong])), 3.0)
    novel = all(seen[a] <= 1 or len(b) > SHORTEST + 8 for a, b in pairs)
    reasons = []
    for a, b in pairs:
        if not _same_digits(a, b) or (said := _word_weight(a, b)) is None:
            return None
        if seen[a] > 1:
            said -= 1.5
        weight += said / len(pairs)
        reasons.append(slip(a, b) or "changed")
    length = sum(map(len, words[right]))
    weight += min(0.2 * (length - 6), 1.5) if length >= 6 else 0.4 * (length - 6)
    return Typo(wrong, right, weight, novel, reasons)


def _differing(wrong: list[str], right: list[str]) -> list[tuple[str, str]] | None:
    """Return the pairs of words that differ; None where they are too many or not letter by letter."""
    if len(wrong) == len(right):
        pairs = [(a, b) for a, b in zip(wrong, right, strict=True) if a != b]
        return pairs if pairs and len(pairs) <= max(1, len(right) // 2) else None
    if abs(len(wrong) - len(right)) > 1 or any(len(word) == 1 for word in set(wrong) ^ set(right)):
        return None
    a, b = "".join(wrong), "".join(right)  # a space too many or too few, with one letter beside it
    return [(a, b)] if len(b) >= 8 and distance(a, b, 1) == 1 else None


def _same_digits(a: str, b: str) -> bool:
    return _DIGITS.sub(" ", a).strip() == _DIGITS.sub(" ", b).strip()


def _word_weight(wrong: str, right: str) -> float | None:
    """Return what the way in which two words differ says for a typo; None where it cannot be one."""
    if len(right) < SHORTEST or len(wrong) < SHORTEST - 1 or wrong in SHORT_WORDS:
        return None
    most = 1 if len(right) < 8 else 2
    apart = distance(wrong, right, most)
    if apart is None:
        again = one_letter_for_another(wrong, right)
        changed = sum(a != b for a, b in zip(wrong, right, strict=False))
        return 0.5 if again and changed <= len(right) // 3 else None
    kind = slip(wrong, right)
    weight = 1.0 if kind in LIKELY_SLIPS else 0.0 if apart > 1 else 0.5
    if wrong[:1] != right[:1]:
        weight -= 0.5 if kind == "swapped" else 1.5
    if _other_form(wrong, right):
        weight -= 0.5 if kind == "doubled" else 1.0 if len(wrong) == len(right) else 2.0
    return weight


def _other_form(one: str, other: str) -> bool:
    """Tell whether one word is made of the other by an ending or a beginning."""
    short, long = sorted((one, other), key=len)
    if long.startswith(short):
        return long[len(short) :] in ENDINGS
    if long.endswith(short) and long[: len(long) - len(short)] in BEGINNINGS:
        return True
    stem = len(short) - 1
    if len(short) >= 5 and long[:stem] == short[:stem]:  # "married" and "marries"
        return short[stem:] in ENDINGS and long[stem:] in ENDINGS
    return False


def _against_natural_likeness(found: Sequence[Typo], words: Mapping[int, list[str]], counts: NDArray[np.int64]) -> None:
    """Take weight away where frequent values of the column are as near to each other as a typo is."""
    most = np.argsort(-counts, kind="stable")[:300]
    rare = {typo.wrong for typo in found if counts[typo.wrong] * MUCH_RARER <= counts[typo.right]}
    long = [
        int(at)
        for at in most
        if counts[at] >= TIMES_AS_FREQUENT and int(at) not in rare and len(" ".join(words.get(int(at), ()))) >= SHORTEST
    ]
    texts = [" ".join(words[at]) for at in long]
    if len(texts) < 2:
        return
    held = _letters(texts)
    apart = cdist(held, held, metric="cityblock")
    near: set[int] = set()
    allowed = np.array([2 * _most(len(text)) for text in texts])
    for row, column in zip(*np.nonzero(apart <= allowed[None, :]), strict=True):
        if row < column:
            one, other = long[row], long[column]
            larger, smaller = max(counts[one], counts[other]), min(counts[one], counts[other])
            pairs = _differing(words[one], words[other])
            if pairs and larger < MUCH_RARER * smaller and all(_word_weight(a, b) is not None for a, b in pairs):
                near |= {int(row), int(column)}
    for typo in found:
        typo.weight -= min(6.0 * len(near) / len(texts), 2.5)


def _for_many(found: Sequence[Typo], counts: NDArray[np.int64]) -> None:
    """Add weight where nearly all rare values of a column are a slip away from a frequent one: words are not."""
    likely = [typo for typo in found if typo.weight >= POSSIBLE]
    if len(likely) < 2:
        return
    rare = int((counts <= max(int(counts[typo.wrong]) for typo in likely)).sum())
    share = len(likely) / rare
    if share >= 0.4:
        bonus = min(0.8 * float(np.log2(len(likely))), 2.5) * share
        for typo in likely:
            typo.weight += bonus


def stand_in_letter(pairs: Sequence[tuple[str, str]]) -> str | None:
    """Return the letter that most mistyped values have where others should be, if there is one: "caxxed", "hospitax".

    Damage by a machine looks so (a scanner, a mask, a font), and it does not stop at words.
    """
    wrong: Counter[str] = Counter()
    for old, new in pairs:
        one, other = old.casefold(), new.casefold()
        if len(one) == len(other):
            wrong.update({a for a, b in zip(one, other, strict=True) if a != b})
    if not wrong:
        return None
    letter, times = wrong.most_common(1)[0]
    return letter if times >= STAND_IN_TIMES and times >= STAND_IN_SHARE * len(pairs) else None


def with_stand_ins(values: Sequence[str], counts: NDArray[np.int64], letter: str) -> dict[int, int]:
    """Return the frequent value that a rare one can be in which that letter stands for others, by their places."""
    by_length: dict[int, list[int]] = {}
    for place in np.argsort(-counts, kind="stable").tolist():
        if counts[place] >= TIMES_AS_FREQUENT:
            by_length.setdefault(len(values[place]), []).append(place)
    points = {
        long: np.array([[ord(sign) for sign in values[place].casefold()[:long].ljust(long)] for place in places])
        for long, places in by_length.items()
        if long
    }
    found: dict[int, int] = {}
    for place, value in enumerate(values):
        own = value.casefold()
        if letter not in own or len(own) != len(value) or len(own) not in points:
            continue
        signs = np.array([ord(sign) for sign in own])
        others = points[len(own)]
        differs = others != signs
        fits = (~differs | (signs == ord(letter))).all(axis=1) & (differs.sum(axis=1) <= max(1, len(own) // 2))
        fits &= differs.any(axis=1)
        frequent = counts[by_length[len(own)]] >= TIMES_AS_FREQUENT * counts[place]
        if (fits & frequent).any():
            found[place] = by_length[len(own)][int(np.argmax(fits & frequent))]
    return found
