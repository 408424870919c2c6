"""Rows that say nearly the same as another one: written a little differently, or with a slip in one or two cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection, Rows, shown
from mlwright.clean.measures.likeness import distance, plain_letters
from mlwright.clean.measures.text_cells import short
from mlwright.clean.names import counts_time, says_code
from mlwright.columns import Coded, Floats
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table

LEAST_TABLE = 20
LEAST_COLUMNS = 3
DIFFERENT = 2
"""So many columns may differ a little."""
BLOCKS = DIFFERENT + 1
"""Two rows that differ in so few columns agree in all columns of at least one of these groups of columns."""
LARGEST_BLOCK = 40
"""Where more rows agree in a group of columns, they are alike by nature."""
MOST_PAIRS = 2_000_000
FEW_BITS, SPARE_BITS = 6.0, 12.0
"""So much more must agree, in bits, than what rows share by chance."""
MUCH_RARER = 10
"""A text is a slip of another for certain where it is so many times rarer."""
LESS_LIKELY = 0.5
"""Where a slip is not certain, there must be so many such pairs for each two rows that differ as little in earnest."""
MOST_TWINS = 0.1
"""Where a larger share of the rows has an exact copy, rows are alike by nature."""
MOST_CLOSE = 200_000
"""More pairs than these are alike by nature."""
SMALL_STEP = 0.025
"""A number may be so much smaller or larger, as a share of it, where all else is the same."""
NEXT_TO = 2
"""Rows that lie next to each other may be measured shortly after each other."""
STEPS = 0.008
"""Rows that differ in a number alone are told where they are so large a share: a few may be so by nature."""
MOST_DECIMALS = 6
FEWEST_DIGITS = 3
LIKE_OTHERS = 4.0
"""So many bits less than an equal text a similar one says: it may be one of several."""
NUMBERED_TWICE = 25.0
"""So many bits more must agree where only a row's number differs: twins have the same values, too."""
LEAST_LETTERS = 5
UNIQUE = 0.9
WORTH_WARNING = 0.002
CONFIDENCE = 0.85

Hashes = NDArray[np.uint64]
MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Hashed:
    """One column as hashes: equal where values are the same but for case, spaces and punctuation."""

    column: Column
    hashes: Hashes
    numbers: bool
    """It numbers the rows, so that copies may differ in it."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, and in which columns the two differ (pairs, columns)."""

    first: Rows
    second: Rows
    differ: NDArray[np.bool_]


class NearDuplicates:
    """Finds "Jane Doe, 12 Main St" beside "JANE DOE, 12 Main Street."."""

    name: ClassVar[str] = "near_duplicates"
    kinds: ClassVar[tuple[str, ...]] = ("near_duplicate_rows",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding where rows say nearly the same as others, beyond chance."""
        if table.rows < LEAST_TABLE:
            return
        columns = hashed(table, context)
        if len(columns) < LEAST_COLUMNS or context.stop():
            return
        pairs = candidates(columns, table.rows)
        if pairs is None or not len(pairs[0]):
            return
        found = close(columns, *pairs)
        if 0 < len(found.first) <= MOST_CLOSE and (near := _sorted_out(columns, found, table, context)):
            yield _told(near, columns, table, context)


def needed(rows: int, *, certain: bool) -> float:
    """Return how many bits must agree in two of so many rows.

    A slip is seldom made in one of two rows that are alike by chance, so that a row must only have hardly any twin by
    chance; where it is not certain that it is a slip, no two rows may be so alike by chance.
    """
    many = float(np.log2(max(rows, 2)))
    return many + FEW_BITS if certain else 2.0 * many + SPARE_BITS


def hashed(table: Table, context: Context) -> list[Hashed]:
    """Return the columns as hashes; those that only number the rows may differ, but agree in copies."""
    found = []
    for column in context.schema:
        if column.kind == "constant" or table.frame[column.name].dtype.is_nested():
            continue
        numbers = column.kind == "id" or (column.kind == "integer" and column.distinct >= UNIQUE * table.rows)
        hashes = _hashes(context.values(column.name))
        found.append(Hashed(column, hashes, numbers))
    return found


def _hashes(values: Coded | Floats) -> Hashes:
    if not isinstance(values, Coded):
        return pl.Series(values).fill_nan(None).hash(seed=7).to_numpy()
    texts = pl.Series(list(values.values), dtype=pl.String).str.to_lowercase()
    bare = texts.str.replace_all(r"[^\p{L}\p{N}+<>=%#$€-]", "")
    bare = bare.zip_with(bare != "", texts)
    own = np.append(bare.hash(seed=7).to_numpy(), np.uint64(0))
    return np.asarray(own[values.codes], dtype=np.uint64)


def _bits(column: Hashed, rows: Rows) -> Floats:
    """Return how much it says that another row agrees with these: how rare the value of each is, in bits."""
    counted = pl.DataFrame({"hash": column.hashes}).group_by("hash").len()
    asked = pl.DataFrame({"hash": column.hashes[rows]})
    many = asked.join(counted, on="hash", how="left", maintain_order="left")["len"].to_numpy()
    return np.asarray(np.log2(len(column.hashes) / many), dtype=np.float64)


def candidates(columns: Sequence[Hashed], rows: int) -> tuple[Rows, Rows] | None:
    """Return pairs of rows that agree in all columns of a group; None where too many do."""
    order = sorted(columns, key=lambda column: -column.column.distinct)
    found: list[NDArray[np.int64]] = []
    total = 0
    for block in range(min(BLOCKS, len(order))):
        key = np.zeros(rows, dtype=np.uint64)
        for column in order[block::BLOCKS]:
            key = key * MIX + column.hashes
        for first, second in _pairs(key):
            total += len(first)
            if total > MOST_PAIRS:
                return None
            found.append(first * rows + second)
    if not found:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    each = np.unique(np.concatenate(found))
    return (each // rows).astype(np.intp), (each % rows).astype(np.intp)


def _pairs(key: Hashes) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of rows with the same key, those next to each other first, then those further apart in its block."""
    order = np.argsort(key, kind="stable").astype(np.int64)
    ordered = key[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    sizes = np.diff(np.append(starts, len(ordered)))
    fits = np.repeat(sizes <= LARGEST_BLOCK, sizes)
    for apart in range(1, LARGEST_BLOCK):
        same = (ordered[apart:] == ordered[:-apart]) & fits[apart:]
        if not same.any():
            return
        at = np.flatnonzero(same)
        yield order[at], order[at + apart]


def close(columns: Sequence[Hashed], first: Rows, second: Rows) -> Pairs:
    """Return the pairs that differ in few columns, and in which ones."""
    many = np.zeros(len(first), dtype=np.int64)
    for column in (column for column in columns if not column.numbers):
        left = many <= DIFFERENT
        many[left] += column.hashes[first[left]] != column.hashes[second[left]]
    kept = many <= DIFFERENT
    first, second = first[kept], second[kept]
    differ = np.array([column.hashes[first] != column.hashes[second] for column in columns], dtype=np.bool_).T
    return Pairs(first, second, differ)


def _sorted_out(columns: Sequence[Hashed], found: Pairs, table: Table, context: Context) -> list[tuple[int, int]]:
    """Return the pairs that differ a little, and agree in more than they would by chance."""
    written = _typed(columns, table)
    _, copies = np.unique(written, return_counts=True)
    natural = float(copies[copies > 1].sum()) > MOST_TWINS * table.rows
    first, second = found.first, found.second
    says = [_bits(column, first) for column in columns]
    others = [_bits(column, second) for column in columns]
    bits = np.sum([np.where(found.differ[:, at], 0.0, each) for at, each in enumerate(says)], axis=0)
    alike = written[first] == written[second]
    whole = _written(table, table.frame.columns)
    kept = (bits >= needed(table.rows, certain=True)) & (whole[first] != whole[second])
    kept &= ~alike | (bits >= needed(table.rows, certain=False) + NUMBERED_TWICE)
    strict = needed(table.rows, certain=False)
    near: list[tuple[int, int]] = []
    likely: list[tuple[int, int]] = []
    steps: list[tuple[int, int]] = []
    far = only = 0
    for at in np.flatnonzero(kept).tolist():
        places = [place for place in np.flatnonzero(found.differ[at]).tolist() if not columns[place].numbers]
        one, other = int(first[at]), int(second[at])
        rare = [sorted((float(says[place][at]), float(others[place][at]))) for place in places]
        slip = _slip([columns[place] for place in places], rare, one, other, context)
        pair = (min(one, other), max(one, other))
        if slip is None:
            step = len(places) == 1 and _is_step(columns[places[0]], one, other, context)
            far += bool(bits[at] >= strict) and not step
            only += bool(bits[at] >= strict) and len(places) == 1 and not step
            if step and bits[at] >= strict:
                steps.append(pair)
        elif slip[0] and not natural and not alike[at]:
            near.append(pair)
        elif bits[at] + slip[1] >= strict:
            likely.append(pair)
        if context.stop():
            break
    apart = sum(abs(one - other) > NEXT_TO for one, other in steps)
    if apart < 0.5 * len(steps) or len(steps) < LESS_LIKELY * only or len(steps) < STEPS * table.rows:
        steps = []
    return near + steps + (likely if len(likely) >= LESS_LIKELY * far else [])


def _is_step(column: Hashed, one: int, other: int, context: Context) -> bool:
    """Tell whether two rows have nearly the same number in a column that measures something."""
    name = column.column.name
    if column.column.kind not in {"number", "integer"}:
        return False
    a, b = (float(context.numbers(name)[row]) for row in (one, other))
    if not abs(a - b) <= SMALL_STEP * max(abs(a), abs(b)):
        return False
    return a.is_integer() != b.is_integer() or not (counts_time(name) or says_code(name))


def _typed(columns: Sequence[Hashed], table: Table) -> Hashes:
    """Return a hash of each row without what numbers it: texts as they are written, numbers as they are read."""
    own = [column for column in columns if not column.numbers]
    texts = [column.column.name for column in own if not column.column.is_float]
    key = _written(table, texts) if texts else np.zeros(table.rows, dtype=np.uint64)
    for column in own:
        if column.column.is_float:
            key = key * MIX + column.hashes
    return key


def _written(table: Table, names: Sequence[str]) -> Hashes:
    """Return a hash of each row as it is written in these columns."""
    frame = table.frame.select(names)
    plain = [name for name, kind in frame.schema.items() if kind != pl.Object and not kind.is_nested()]
    return frame.select(plain).hash_rows().to_numpy() if plain else np.arange(table.rows, dtype=np.uint64)


def _slip(
    columns: Sequence[Hashed], rare: Sequence[Sequence[float]], one: int, other: int, context: Context
) -> tuple[bool, float] | None:
    """Tell whether two rows differ by slips in these columns: whether for certain, and what it says; None where not.

    `rare` is how rare the values of both rows are, in bits, in each column. Texts that are like each other say nearly
    as much as equal ones.
    """
    certain, more = True, 0.0
    for column, bits in zip(columns, rare, strict=True):
        values = context.values(column.column.name)
        if isinstance(values, Coded):
            a, b = int(values.codes[one]), int(values.codes[other])
            if a < 0 or b < 0 or not _alike(values.values[a], values.values[b]):
                return None
            certain &= not _cut(values.values[a], values.values[b])
            certain &= 2.0 ** (bits[1] - bits[0]) >= MUCH_RARER
            more += max(0.0, bits[0] - LIKE_OTHERS)
        elif column.column.kind == "number" and _rounded(float(values[one]), float(values[other])):
            certain = False
        else:
            return None
    return certain, more


def _cut(one: str, other: str) -> bool:
    """Tell whether one text is the other without its last letter or digit."""
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and len(short) >= LEAST_LETTERS - 1 and long.startswith(short)


def _alike(one: str, other: str) -> bool:
    """Tell whether two texts differ by a slip: few letters for their length, and no digit but the last one."""
    if _cut(one, other):
        return True
    a, b = plain_letters(one), plain_letters(other)
    long = min(len(a), len(b))
    if long < LEAST_LETTERS or long > 500:
        return False
    digits = ["".join(sign for sign in text if sign.isdigit()) for text in (a, b)]
    return digits[0] == digits[1] and distance(a, b, max(1, min(long // 6, 6))) is not None


def _rounded(one: float, other: float) -> bool:
    """Tell whether one number is the other with fewer decimals, but no fewer than three digits."""
    if not np.isfinite(one) or not np.isfinite(other):
        return False
    fewest = max(0, FEWEST_DIGITS - 1 - int(np.log10(max(abs(one), abs(other), 1e-300))))
    return any(round(one, keep) == other or round(other, keep) == one for keep in range(fewest, fewest + MOST_DECIMALS))


def _told(near: Sequence[tuple[int, int]], columns: Sequence[Hashed], table: Table, context: Context) -> Detection:
    rows = np.unique(np.array([later for _, later in near])).astype(np.intp)
    one, other = near[0]
    example = ""
    for column in columns:
        texts = context.texts(column.column.name)
        if texts[one] != texts[other]:
            example = f": in rows {context.row(one)} and {context.row(other)} {column.column.name!r} is "
            example += f"{short(str(texts[one]))} and {short(str(texts[other]))}, and nearly all else is the same"
            break
    many = len(rows)
    share = many / table.rows
    return Detection(
        finding=Finding(
            kind="near_duplicate_rows",
            rows=shown(rows),
            message=f"{many:,} {'row' if many == 1 else 'rows'} ({percent(share)}) "
            f"{'says' if many == 1 else 'say'} nearly the same as an earlier one{example}.",
            severity="warning" if share >= WORTH_WARNING else "info",
            confidence=CONFIDENCE,
            repair="Keep one of each, or let no pair fall on both sides of the split.",
        ),
        rows=rows,
    )
