"""What should stand in a cell that is wrong: candidates from the rest of the row, from the spelling and from the form.

Every candidate carries a weight in log-odds. The best one is taken as sure as it stands out from the others and from
"none of these"; where it does not, nothing is proposed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mlwright.clean.cell_errors.amounts import Amounts, Rule, plain_number
from mlwright.clean.cell_errors.dates import DateForm, as_written
from mlwright.clean.cell_errors.forms import read_as_missing, separators, tidied
from mlwright.clean.cell_errors.shown import Shown
from mlwright.clean.cell_errors.signs import Looked, Signs
from mlwright.clean.cell_errors.spelling import filled, squeezed
from mlwright.clean.cell_errors.written import Codes, Rows, Written
from mlwright.values.numbers import PLAIN

_WITH_UNIT = re.compile(r"""\s*['"]?(-?[0-9]+(?:\.[0-9]+)?)(?:\s*[%$€£]|\s+[^\W\d_]{2,10}\.?|['"])\s*""")
NONE_OF_THESE = 1.5
"""Log-odds weight of what nobody has proposed."""
RULE, DETECTED, INSIDE = 8.0, 4.0, 8.0
KNOWN = 2.0
"""A missing value that the row asks for so surely is filled in, not only emptied."""
NEAR, FILLED, ALIKE = 3.0, 3.5, 2.0
READ_AS_MISSING = "it stands for a missing value, and is read as one"
MIXED_DATES = "inconsistent_dates"
RARER_WORD = 10
"""A word of a text is mended by one that is so many times more frequent."""
MOST_ALIKE = 0.5
"""A value that the row asks for is also the spelling that was meant where at most that share of it was changed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What should stand in a cell: "" leaves it empty."""

    new: str
    probability: float
    """How sure it is that this is right, given that the cell is wrong."""
    reason: str


def proposals(
    looked: Looked, signs: Signs, rows: Rows, marks: frozenset[str] = frozenset(), shown: Shown | None = None
) -> dict[int, Proposal]:
    """Return what should stand in these rows of a column; rows for which nothing stands out are left out.

    `marks` are signs that damage has left in place of letters, `shown` is what labelled corrections show.
    """
    written = signs.written
    by_text = _by_text(signs, np.unique(written.codes[rows]), marks, shown)
    voted = signs.votes.proposals(rows, looked.written)
    place = next((at for at, each in enumerate(looked.written) if each.name == written.name), -1)
    told_at = _told(signs)
    found = {}
    for row, votes in zip(rows.tolist(), voted, strict=True):
        old = written.texts[written.codes[row]]
        candidates = _Candidates(old)
        known = written.missing[written.codes[row]] and max(votes.values(), default=0.0) > KNOWN
        for new, weight, reason in by_text[int(written.codes[row])]:
            if new or not known:
                candidates.add(new, weight, reason)
        for code, weight in votes.items():
            candidates.add_voted(written.texts[code], weight)
        if (inside := looked.embedded.new.get((place, row))) is not None:
            candidates.add(inside, INSIDE, "two values stood in one cell")
        if (told := told_at(row)) is not None:
            candidates.add(told, DETECTED, "as the finding says")
        if (best := candidates.best()) is not None:
            found[row] = best
    return found


def _told(signs: Signs) -> Callable[[int], str | None]:
    """Return what a finding proposes for a row, dates in the form of their column."""
    written, new = signs.written, signs.detected_new
    dates = written.column.kind == "datetime" or MIXED_DATES in signs.detected_kind.values()
    if not dates or not new:
        return new.get
    form = DateForm.of(written)

    def told(row: int) -> str | None:
        said = new.get(row)
        return None if said is None else as_written(written, form, said, written.texts[written.codes[row]])

    return told


class _Candidates:
    """The candidates of one cell with their weights."""

    def __init__(self, old: str) -> None:
        self.old = old
        self.weights: defaultdict[str, float] = defaultdict(float)
        self.reasons: dict[str, tuple[float, str]] = {}

    def add(self, new: str, weight: float, reason: str) -> None:
        """Add what one model proposes."""
        if new == self.old or weight <= 0:
            return
        self.weights[new] += weight
        if weight > self.reasons.get(new, (0.0, ""))[0]:
            self.reasons[new] = (weight, reason)

    def add_voted(self, new: str, weight: float) -> None:
        """Add what the rest of the row asks for; more where it is nearly what stands there."""
        self.add(new, weight, f"most rows that share its other values have {_short(new)}")
        if self.old and self.old != new and changes(self.old, new) <= MOST_ALIKE * len(new):
            self.weights[new] += ALIKE

    def best(self) -> Proposal | None:
        """Return the candidate that stands out."""
        if not self.weights:
            return None
        ranked = sorted(self.weights.items(), key=lambda each: (-each[1], each[0]))
        new, weight = ranked[0]
        against = np.exp(NONE_OF_THESE - weight) + sum(np.exp(other - weight) for _, other in ranked[1:])
        return Proposal(new, float(1.0 / (1.0 + against)), self.reasons[new][1])


Found = list[tuple[str, float, str]]


def _by_text(signs: Signs, codes: Codes, marks: frozenset[str], shown: Shown | None) -> dict[int, Found]:
    """Return the candidates of distinct texts: those of every rule, spelling and mark."""
    written = signs.written
    plain = _writes_plainly(written)
    measured = plain or "units" in signs.by_text
    amounts = Amounts.of(signs, shown.pairs if shown is not None else ()) if measured else Amounts((), {})
    made_by = (plain_number(signs, amounts), _tidy(signs), _nothing(signs), _signs_put_in(signs))
    rules = [rule for rule in made_by if rule is not None]
    known = _known(written) if marks else {}
    words = _words(written)
    found: dict[int, Found] = {}
    for code in codes.tolist():
        text = written.texts[code]
        made: Found = [(new, RULE, why) for rule in rules for new, why in rule(code)]
        made += _number_in(text) if plain and amounts.factor(code) == 1.0 else []
        made += _spelt(signs, code)
        made += _filled(text, known, marks)
        made += shown.proposals(text) if shown is not None else []
        made += _by_words(text, words) if not made and not written.missing[code] else []
        found[code] = made
    return found


def _spelt(signs: Signs, code: int) -> Found:
    written, near = signs.written, signs.near.near.get(code, [])
    if not near:
        return []
    fewest = near[0][1]
    made = []
    for other, changed in near[:5]:
        text = written.texts[other]
        same = squeezed(text) == squeezed(written.texts[code])
        weight = NEAR + 0.5 * float(np.log10(written.counts[other])) - 1.5 * (changed - fewest) + (2.0 if same else 0.0)
        made.append((text, weight, f"{written.counts[other]:,} rows have {_short(text)}, which is nearly the same"))
    return made


def _filled(text: str, known: dict[int, list[str]], marks: frozenset[str]) -> Found:
    if not marks.intersection(text) or len(text) < 2:
        return []
    fits = filled(text, known.get(len(text), []), marks)
    weight = FILLED if len(fits) == 1 else FILLED - 2.0
    return [(other, weight, f"only {_short(other)} fits the letters that are left") for other in fits[:5]]


def _known(written: Written) -> dict[int, list[str]]:
    """Return the texts that occur twice or more, by length."""
    known: dict[int, list[str]] = {}
    for text, count, gone in zip(written.texts, written.counts.tolist(), written.missing.tolist(), strict=True):
        if count >= 2 and not gone:
            known.setdefault(len(text), []).append(text)
    return known


@dataclass(frozen=True, slots=True)
class _Words:
    """The words that many texts of a column share, by length, the most frequent first, and how often each occurs."""

    known: dict[int, list[tuple[str, int]]]
    counts: dict[str, int]


def _words(written: Written) -> _Words:
    counts: defaultdict[str, int] = defaultdict(int)
    for text, count in zip(written.texts[:20_000], written.counts.tolist(), strict=False):
        if len(text) <= 200:
            held = text.split()
            for word in {*held, *(word.strip(",;.:") for word in held)}:
                counts[word] += count
    fewest = max(5, 0.02 * written.present)
    known: dict[int, list[tuple[str, int]]] = {}
    for word, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        if count >= fewest and len(word) >= 4 and word.isalpha():
            known.setdefault(len(word), []).append((word, count))
    return _Words(known, dict(counts))


def _by_words(text: str, words: _Words) -> Found:
    """Mend single words of a text, which hardly occur elsewhere, by the frequent words of its column."""
    mended, changed = [], 0
    for word in text.split(" "):
        known, often = words.known.get(len(word), ()), RARER_WORD * words.counts.get(word, 0)
        near = [other for other, n in known if n >= often and 0 < _hamming(word, other) <= 0.4 * len(word)]
        exact = any(other == word for other, _ in known)
        if len(near) == 1 and not exact and word.isalpha():
            mended.append(near[0])
            changed += 1
        else:
            mended.append(word)
    return [(" ".join(mended), NEAR, "its words are nearly those of the other rows")] if changed else []


def _writes_plainly(written: Written) -> bool:
    """Tell whether nearly all rows of a column hold a plain number, whatever it is taken for."""
    fits = np.array([PLAIN.fullmatch(text) is not None for text in written.texts], dtype=np.bool_)
    return bool(written.counts[fits].sum() >= 0.8 * max(written.present, 1))


def _number_in(text: str) -> Found:
    """Return the number of a text that is one with a sign or a word behind it.

    >>> _number_in("151 units")[0][0], _number_in("12%")[0][0], _number_in("3x"), _number_in("12 of 20")
    ('151', '12', [], [])
    """
    found = _WITH_UNIT.fullmatch(text)
    return [(found[1], NEAR, "the others of its column are numbers alone")] if found else []


def _tidy(signs: Signs) -> Rule | None:
    if "spaces" not in signs.by_text:
        return None
    weights, written = signs.by_text["spaces"], signs.written

    def mend(code: int) -> list[tuple[str, str]]:
        if weights[code] <= 0:
            return []
        return [(tidied(written.texts[code]), "white space or quotes that the others do not have")]

    return mend


def _nothing(signs: Signs) -> Rule | None:
    read = read_as_missing(signs.written)
    weights = signs.by_text.get("stand_ins", np.zeros(len(read)))
    if not weights.any() and not read.any():
        return None

    def mend(code: int) -> list[tuple[str, str]]:
        if weights[code] > 0:
            return [("", "it stands for a missing value, which is left empty elsewhere")]
        return [("", READ_AS_MISSING)] if read[code] else []

    return mend


def _signs_put_in(signs: Signs) -> Rule | None:
    if "separators" not in signs.by_text:
        return None
    _, new = separators(signs.written)
    return lambda code: [(new[code], "written like the others of its kind")] if code in new else []


def changes(one: str, other: str, *, most: int = 60) -> int:
    """Return how many letters have to be changed, added or taken away (Levenshtein); longer texts: what differs.

    >>> changes("florxncx", "florence"), changes("abc", "abcd")
    (2, 1)
    """
    if len(one) == len(other):
        same_length = _hamming(one, other)
        if same_length <= 2 or max(len(one), len(other)) > most:
            return same_length
    if max(len(one), len(other)) > most:
        return max(len(one), len(other))
    before = list(range(len(other) + 1))
    for at, a in enumerate(one, 1):
        row = [at]
        for place, b in enumerate(other, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (a != b)))
        before = row
    return before[-1]


def _hamming(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def best_pairs(made: dict[int, Proposal], written: Written, sure: Sequence[int], least: float) -> list[tuple[str, str]]:
    """Return wrong and right texts, once each, of the rows that are sure to be wrong and whose proposal stands out."""
    pairs = {
        (written.texts[written.codes[row]], made[row].new): None
        for row in sure
        if row in made and made[row].probability >= least
    }
    return list(pairs)
