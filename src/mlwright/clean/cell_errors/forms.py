"""What a text looks like beside the others of its column: unreadable numbers, rare forms, other units, missing ones.

Each strategy looks at distinct texts only and gives each a weight: log-odds that a cell with that text is wrong, as far
as this strategy can tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from mlwright.clean.cell_errors.written import LONGEST_TEXT, Mask, Written, form_of
from mlwright.columns import Floats
from mlwright.values import MISSING, OUTER, scan_number
from mlwright.values.numbers import PLAIN, decimal_sign

STRANGE_SHARE = 0.1
"""At most so many rows with a value are strange in their column; where more are, that is how the column is."""
COMMON_FORM = 0.05
"""A form that so many rows share is a common one."""
REGULAR = 0.9
"""A column is regular where so many rows have common forms."""
RARE_FORM = 0.005
FEWEST_ROWS = 30
"""Below so many values nothing is rare."""
UNREADABLE, RARE, UNIT, STAND_IN, SPACE = 5.5, 3.2, 9.0, 9.0, 7.0
FOREIGN, DATE, SEPARATOR = 3.2, 5.5, 4.0
MORE_OFTEN = 8
"""A form is that of its kind where so many times more rows have it than another one."""
QUOTES = "'\"`"
REPETITIVE = 10.0
PROSE = 8
"""Words that a text has on average where it is prose."""
AT_HOME = 0.005
USUAL_WAY = 0.8
USUAL_WORD = 0.6
GROUPED = "1,234"
COMMA = "1,5"
"""The way of a number with a decimal comma and nothing around it."""
LARGEST = 1e150
"""Larger numbers count as this: their sums would be infinite."""
MAY_BE_ANSWERS = frozenset({"none", "na", "nil", "not applicable", "-", "--", "missing", "not available"})
"""Words that are an answer like others among words: no garage, North America."""
FAR = 12.0
"""Numbers that lie so many times farther from the middle than nine tenths of the others are far out."""


def unreadable(column: Written) -> Floats:
    """Weigh texts that cannot be read in a column of numbers, truths or moments."""
    weights = np.zeros(len(column.texts))
    if not column.column.is_float or not column.is_text:
        return weights
    odd = np.isnan(column.numbers) & ~column.missing & ~read_as_missing(column)
    if int(column.counts[odd].sum()) <= STRANGE_SHARE * max(column.present, 1):
        weights[odd] = UNREADABLE
    return weights


def read_as_missing(column: Written) -> Mask:
    """Return the texts whose number means "missing": the Schema says so, and says why."""
    if not column.column.missing_numbers:
        return np.zeros(len(column.texts), dtype=np.bool_)
    apart = set(column.column.missing_numbers)
    read = [_plain_value(text) in apart for text in column.texts]
    return np.array(read, dtype=np.bool_)


def _plain_value(text: str) -> float | None:
    return float(text) if len(text) < 40 and PLAIN.fullmatch(text) else None


def rare_form(column: Written) -> Floats:
    """Weigh texts of a form that hardly any other has, in a column where nearly all have one of few forms."""
    weights = np.zeros(len(column.texts))
    if not column.is_text or column.present < FEWEST_ROWS:
        return weights
    forms = [_kind_of_form(form) for form in column.forms]
    share = column.share_of(forms)
    common = (share >= COMMON_FORM) & ~column.missing
    if column.counts[common].sum() < REGULAR * column.present:
        return weights
    rare = (share <= max(RARE_FORM, 1.5 / column.present)) & ~column.missing
    regular = column.counts[common].sum() / column.present
    if column.counts[rare].sum() <= STRANGE_SHARE * column.present:
        weights[rare] = RARE * (0.75 + 0.25 * (regular - REGULAR) / (1.0 - REGULAR))
    # A column of words that are written freely has other forms now and then: nothing is wrong with "Block 3".
    return weights * _strictness(column, forms, common)


def _kind_of_form(form: str) -> str:
    """Return a form in which numbers with and without decimals or sign are alike."""
    return "9" if form in {"9", "9.9", "-9", "-9.9"} else form


def _strictness(column: Written, forms: list[str], common: Mask) -> float:
    """Return how much a rare form says: much in codes and amounts, less among words."""
    held = Counter[str]()
    for form, count, usual in zip(forms, column.counts.tolist(), common.tolist(), strict=True):
        held[form] += count if usual else 0
    words = held["w"] / max(sum(held.values()), 1)
    return 1.0 if words < 0.5 or column.repeats >= 10 else 0.45


def odd_letters(column: Written) -> Floats:
    """Weigh texts of codes and amounts that have letters where a column has none, or the same ones everywhere."""
    weights = np.zeros(len(column.texts))
    if not column.is_text or column.present < FEWEST_ROWS:
        return weights
    letters = ["".join(sorted({c for c in text.casefold() if c.isalpha()})) for text in column.texts]
    share = column.share_of(letters)
    usual = share >= 0.2
    if column.counts[usual & ~column.missing].sum() < 0.95 * column.present:
        return weights
    odd = (share <= 0.02) & ~column.missing
    weights[odd] = 2.0
    return weights


def units(column: Written) -> Floats:
    """Weigh numbers that are written otherwise than their column writes them.

    One unit or sign behind nearly every number is how a column is written, and what is written otherwise is meant.
    Where no way is that frequent, nobody can read the column as it is: all numbers that are not plain are meant.
    """
    weights = np.zeros(len(column.texts))
    if column.column.kind not in {"number", "integer"} or not column.is_text:
        return weights
    ways, counts = number_ways(column)
    if len(counts) <= 1:
        return weights
    usual = usual_way(counts)
    told = np.array([way is not None and way != usual for way in ways], dtype=np.bool_)
    weights[told] = UNIT
    return weights


def usual_way(counts: Counter[str]) -> str:
    """Return the way in which a column writes its numbers: plainly, where no other is that of nearly all.

    >>> usual_way(Counter({"# min": 90, "": 10})), usual_way(Counter({"# oz": 50, "# ounces": 50}))
    ('# min', '')
    """
    way, count = max(counts.items(), key=lambda each: (each[1], each[0]))
    return way if count >= USUAL_WAY * counts.total() else ""


def number_ways(column: Written) -> tuple[list[str | None], Counter[str]]:
    """Return in what way each text writes a number (None: it is none), and how many rows write it in each way.

    Where a column groups thousands, numbers below a thousand are written in that way, too.
    """
    ways: list[str | None] = []
    small = np.abs(column.numbers) < 1000
    comma = column.column.decimal == ","
    for at, (text, number) in enumerate(zip(column.texts, column.numbers.tolist(), strict=True)):
        known = number == number and not column.missing[at]  # noqa: PLR0124  NaN
        ways.append(_way(text, comma=comma) if known else None)
    if comma:  # a whole number is written alike with either decimal sign
        ways = [COMMA if way == "" and "." not in column.texts[at] else way for at, way in enumerate(ways)]
    grouped = sum(int(column.counts[at]) for at, way in enumerate(ways) if way == GROUPED)
    if grouped > sum(int(column.counts[at]) for at, way in enumerate(ways) if way == "" and not small[at]):
        ways = [GROUPED if way == "" and small[at] else way for at, way in enumerate(ways)]
    counts = Counter[str]()
    for at, way in enumerate(ways):
        if way is not None:
            counts[way] += int(column.counts[at])
    return ways, counts


def _way(text: str, *, comma: bool = False) -> str | None:
    """Return what stands around a number: "" for a plain one, None where it says that it is not exact."""
    stripped = text.strip(OUTER)
    if PLAIN.fullmatch(stripped):
        return ""
    scan = scan_number(stripped)
    if scan is None or not scan.body:
        return form_of(stripped)
    if scan.rough:
        return None  # "> 90" is all that is known
    around = stripped.replace(scan.body, "#", 1)
    if around == "#" and any(sign in scan.body for sign in ",' "):
        return COMMA if decimal_sign(scan.body) == "," or (comma and scan.body.count(",") == 1) else GROUPED
    return around


def date_form(column: Written) -> Floats:
    """Weigh dates in another form than nearly all of their column: "2011-12-01" among "12/1/11".

    What stands behind a date, its time of day, does not count. Of lengths of time those count that are written in more
    parts than the others: "1 h 52 min" among "112 min".
    """
    weights = np.zeros(len(column.texts))
    if column.column.kind not in {"datetime", "duration"} or not column.is_text or column.present < FEWEST_ROWS:
        return weights
    lengths = column.column.kind == "duration"
    forms = [form if lengths else _day_of(form) for form in column.forms]
    usual = column.share_of(forms) >= USUAL_WAY
    if usual.any():
        longest = max(len(form) for form, common in zip(forms, usual.tolist(), strict=True) if common)
        more = np.array([not lengths or len(form) > longest for form in forms], dtype=np.bool_)
        weights[~usual & more & ~column.missing & ~np.isnan(column.numbers)] = DATE
    return weights


def _day_of(form: str) -> str:
    """Return the form of a date without the time of day.

    >>> _day_of("9-9-9w9:9:9"), _day_of("9/9/9 9:9"), _day_of("9 w 9")
    ('9-9-9', '9/9/9', '9 w 9')
    """
    return re.split(r"(?:w| )9:", form)[0]


def separators(column: Written) -> tuple[Floats, dict[int, str]]:
    """Weigh codes that lack the signs which nearly all others of their kind have, and say how they would be written.

    "12345678" among "1234-5678": the letters and digits are made alike, what stands between them is not.
    """
    weights, new = np.zeros(len(column.texts)), dict[int, str]()
    if not column.is_text or column.column.is_float or column.present < FEWEST_ROWS:
        return weights, new
    groups: dict[str, Counter[str]] = {}
    bare = [_bare(shape) for shape in column.shapes]
    for at, key in enumerate(bare):
        if key is not None and not column.missing[at]:
            groups.setdefault(key, Counter())[column.shapes[at]] += int(column.counts[at])
    signs = column.share_of([_between(shape) for shape in column.shapes])
    for at, key in enumerate(bare):
        if key is None or column.missing[at]:
            continue
        shape, count = groups[key].most_common(1)[0]
        own = groups[key][column.shapes[at]]
        if shape != column.shapes[at] and count >= MORE_OFTEN * own and count >= MORE_OFTEN and signs[at] <= 0.2:
            weights[at] = SEPARATOR
            new[at] = _filled_in(shape, column.texts[at])
    if column.counts[weights > 0].sum() > 2 * STRANGE_SHARE * column.present:
        return np.zeros(len(column.texts)), {}
    return weights, new


def _bare(shape: str) -> str | None:
    """Return a shape without signs, where it is that of a code: digits, or few letters beside them."""
    bare = "".join(sign for sign in shape if sign.isalnum())
    return bare if bare.count("9") >= 4 and len(shape) <= 40 else None


def _between(shape: str) -> str:
    return "".join(sign for sign in shape if not sign.isalnum())


def _filled_in(shape: str, text: str) -> str:
    """Return the letters and digits of a text with the signs of a shape.

    >>> _filled_in("9999-9999", "12345678")
    '1234-5678'
    """
    runs: list[str] = re.findall(r"\d|[A-ZÀ-ÖØ-Þ]+|[^\W\d_A-ZÀ-ÖØ-Þ]+", text)
    return "".join(runs.pop(0) if sign.isalnum() and runs else sign for sign in shape)


def usual_missing(columns: Iterable[Written]) -> str:
    """Return how a table says that something is missing: the folded word of most of the columns that say it, else "".

    Columns count alike: one in which half the cells are "N/A" does not say how the others are written.
    """
    usual = Counter[str]()
    for column in columns:
        said = Counter[str]()
        for at in np.flatnonzero(column.missing).tolist():
            said[column.texts[at].strip(OUTER).casefold()] += int(column.counts[at])
        if said:
            usual[max(said.items(), key=lambda each: (each[1], each[0]))[0]] += 1
    if not usual:
        return ""
    word, count = max(usual.items(), key=lambda each: (each[1], each[0]))
    return word if count >= USUAL_WORD * usual.total() else ""


def stand_ins(column: Written, *, usual: str) -> Floats:
    """Weigh words that mean "missing" where the table says it otherwise nearly everywhere, or in several ways.

    A table that writes "NA" wherever something is missing has one way to say so, and nothing is wrong with it.
    """
    weights = np.zeros(len(column.texts))
    if not column.is_text or column.column.role == "target":
        return weights
    words = MISSING if column.column.is_float else MISSING - MAY_BE_ANSWERS
    folded = [text.strip(OUTER).casefold() for text in column.texts]
    said = np.array([word in words and word not in {"", usual} for word in folded], dtype=np.bool_) & column.missing
    if column.column.is_float or column.counts[said].sum() <= STRANGE_SHARE * column.rows:
        weights[said] = STAND_IN
    return weights


def foreign(columns: Sequence[Written]) -> list[Floats]:
    """Weigh texts that hardly occur in their column and are usual in another one whose values are others.

    "Husband" among the occupations: somebody took the wrong column.
    """
    at_home: dict[str, list[tuple[int, int]]] = {}
    held_by = Counter[str]()
    for place, column in enumerate(columns):
        held_by.update(text for text in column.texts if any(sign.isalpha() for sign in text))
        if column.is_text and column.repeats >= REPETITIVE:
            for at in np.flatnonzero((column.counts >= AT_HOME * column.present) & ~column.missing).tolist():
                at_home.setdefault(column.texts[at], []).append((place, int(column.counts[at])))
    # A word that three columns have, such as "good", belongs to none of them alone.
    at_home = {text: homes for text, homes in at_home.items() if held_by[text] == 2}
    return [_foreign(place, column, at_home) for place, column in enumerate(columns)]


def _foreign(place: int, column: Written, at_home: dict[str, list[tuple[int, int]]]) -> Floats:
    weights = np.zeros(len(column.texts))
    if not column.is_text or column.repeats < REPETITIVE or column.present < FEWEST_ROWS:
        return weights
    homes = [[home for home in at_home.get(text, ()) if home[0] != place] for text in column.texts]
    shared = Counter[int]()
    for held, count in zip(homes, column.counts.tolist(), strict=True):
        for home, _ in held:
            shared[home] += count
    for at, held in enumerate(homes):
        times = [n / column.counts[at] for home, n in held if shared[home] <= STRANGE_SHARE * column.present]
        if times and max(times) >= 20 and column.counts[at] <= 0.01 * column.present and not column.missing[at]:
            weights[at] = FOREIGN
    return weights


def spaces(column: Written) -> Floats:
    """Weigh texts with white space or quotes around them, or doubled spaces, where hardly any other has them."""
    weights = np.zeros(len(column.texts))
    counts = column.counts
    if not column.is_text or _is_prose(column):
        return weights
    odd = np.array([_has_spaces(column, at) for at in range(len(counts))], dtype=np.bool_) & ~column.missing
    if 0 < column.counts[odd].sum() <= STRANGE_SHARE * column.present:
        weights[odd] = SPACE
    return weights


def _is_prose(column: Written) -> bool:
    """Tell whether a column holds sentences, in which a space too many says nothing."""
    if column.column.kind != "text":
        return False
    some = [text for text in column.texts[:: max(1, len(column.texts) // 500)] if text]
    return sum(len(text.split()) for text in some) >= PROSE * len(some)


def _has_spaces(column: Written, at: int) -> bool:
    """Tell whether a text has spaces or quotes around it, or is a more frequent one but for doubled spaces."""
    text = column.texts[at]
    tidy = tidied(text)
    if text == tidy or len(text) > LONGEST_TEXT:
        return False
    same = column.place.get(tidy)
    around = text != text.strip(OUTER) or tidy[:1] != text[:1]
    return around or (same is not None and column.counts[same] > column.counts[at])


def tidied(text: str) -> str:
    """Return a text without white space around it or doubled in it, and without quotes around it.

    >>> tidied(" New  York "), tidied("'Oslo'"), tidied("rock 'n' roll"), tidied("'tis")
    ('New York', 'Oslo', "rock 'n' roll", "'tis")
    """
    tidy = " ".join(text.split())
    quoted = len(tidy) > 2 and tidy[0] == tidy[-1] and tidy[0] in QUOTES and tidy.count(tidy[0]) == 2
    return tidy[1:-1].strip() if quoted else tidy


def far_out(column: Written) -> Floats:
    """Weigh numbers that lie far from all others; alone they are not enough to call a cell wrong."""
    weights = np.zeros(len(column.texts))
    known = ~np.isnan(column.numbers)
    if column.column.kind not in {"number", "integer"} or column.counts[known].sum() < FEWEST_ROWS:
        return weights
    numbers = np.clip(column.numbers, -LARGEST, LARGEST)
    values = np.repeat(numbers[known], np.minimum(column.counts[known], 10_000))
    middle = float(np.median(values))
    spread = float(np.quantile(np.abs(values - middle), 0.9)) or float(np.abs(values - middle).mean())
    if spread > 0:
        far = np.abs(numbers[known] - middle) / spread
        weights[known] = np.where(far > FAR, np.minimum(2.5, np.log(far / FAR + 1.0)), 0.0)
        weights[column.counts > 3] = 0.0
    return weights
