"""Reading tables that stand beside the log: one row for each item, or for each user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mlwright.clean.reading.infer import infer_column
from mlwright.columns import Coded, read_series
from mlwright.errors import ColumnError, DataError
from mlwright.findings import Finding, percent
from mlwright.table import Table
from mlwright.tasks.recommend.ids import codes_of, read_ids
from mlwright.tasks.recommend.interactions import Features
from mlwright.tasks.recommend.moments import day, numbers_of
from mlwright.tasks.recommend.vocabulary import parts_of, says_item, says_user
from mlwright.values import MISSING, OUTER, as_text

FEWEST_MATCHES = 0.01
FEW_DESCRIBED = 0.9
RANKS = frozenset({"rank", "ranking", "position", "pos", "row", "nr", "no", "number", "index", "year", "rang", "jahr"})
"""Names of what is counted, or has numbers of its own: they match the log's whole numbers by chance."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A table of items or users, matched with the log."""

    frame: pl.DataFrame
    """One row for each id, the first of those that the table has; without rows that have no id."""
    keys: pl.Series
    """The ids of the rows, as the log has them."""
    id_column: str
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...]

    def features(self, labels: pl.Series) -> Features:
        """Return what the table says of each of the ids."""
        places = codes_of(labels, self.keys)
        known = places >= 0
        rows = pl.Series(np.maximum(places, 0))
        columns = [name for name in self.frame.columns if name != self.id_column] if self.frame.height else []
        return Features({name: cells(self.frame[name].gather(rows), known) for name in columns}, listed=known)


def read_beside(table: Table, labels: pl.Series, *, named: str, what: str) -> Beside:
    """Find the column of ids in a table of items or users and match it with those of the log.

    `named` is what the log calls the column; `what` is "item" or "user". Raises DataError where the table is empty,
    ColumnError where no column holds ids of the log.
    """
    if table.rows == 0:
        raise DataError(f"The table of {what}s has no rows.", where=table.origin)
    shares = {}
    for series in table.frame.iter_columns():
        if series.dtype.is_nested() or series.dtype == pl.Object or series.dtype.is_temporal():
            continue
        ids = read_ids(series, typed=table.typed, like=labels.dtype)
        shares[series.name] = float(labels.is_in(ids.keys.drop_nulls().unique().implode()).mean() or 0.0)  # type: ignore[arg-type]
    chosen, told = _id_column(table, shares, named, what, labels)
    ids = read_ids(table.frame[chosen], typed=table.typed, like=labels.dtype)
    kept = table.frame.with_columns(ids.keys.alias("\0key")).filter(pl.col("\0key").is_not_null())
    once = kept.unique("\0key", keep="first", maintain_order=True)
    keys = once["\0key"]
    findings = _findings(chosen, what, repeated=kept.height - once.height, keys=keys, labels=labels)
    return Beside(once.drop("\0key"), keys, chosen, tuple(findings), told)


def _id_column(
    table: Table, shares: dict[str, float], named: str, what: str, labels: pl.Series
) -> tuple[str, tuple[str, ...]]:
    """Return the column whose values are the log's ids: the one of the same name, else the one that matches most."""
    # Row numbers may match as well as ids do: then the name decides.
    says = says_item if what == "item" else says_user
    alike = parts_of(named)
    best = max(shares, key=lambda name: (round(shares[name], 1), parts_of(name) == alike, says(name)), default=None)
    if best is None or shares[best] < FEWEST_MATCHES:
        sample = labels[0] if len(labels) else None
        raise ColumnError(
            f"No column of the table of {what}s holds ids of the log, where {named!r} is for example {sample!r}.",
            where=table.origin,
            hint=f"the table needs a column with the {what}s as the log has them.",
        )
    if named in shares and (named == best or shares[named] >= 0.5 * shares[best]):
        return named, ()
    if not _is_named_alike(best, named, what) and (other := _called_id(shares, best)) is not None:
        if _counts(table.frame[best]) and shares[other] < FEWEST_MATCHES:
            raise ColumnError(
                f"In the table of {what}s, {other!r} holds no ids of the log, and {best!r}, which matches {named!r},"
                " only counts the rows or ranks them.",
                where=table.origin,
                hint=f"rename the column that holds the {what}s' ids to {named!r}.",
            )
        if shares[other] >= FEWEST_MATCHES and (_counts(table.frame[best]) or _is_distrusted(best)):
            best = other
    return best, (
        f"In the table of {what}s, {best!r} is the id: {percent(shares[best])} of the log's {named!r} are found in it.",
    )


def _is_named_alike(name: str, named: str, what: str) -> bool:
    """Tell whether a column is called as the log calls its ids, or as ids of such things are called."""
    says = says_item if what == "item" else says_user
    return parts_of(name) == parts_of(named) or says(name) > 0


def _is_distrusted(name: str) -> bool:
    return bool(RANKS.intersection(parts_of(name)))


def _called_id(shares: dict[str, float], best: str) -> str | None:
    """Return the column that is called an id, and nothing else, of those that match most."""
    called = [name for name in shares if name != best and parts_of(name)[-1:] in {("id",), ("key",)}]
    return max(called, key=lambda name: (shares[name], -len(parts_of(name))), default=None)


def _counts(series: pl.Series) -> bool:
    """Tell whether a column numbers its rows: each whole number from 0 or 1 up once, in any order."""
    numbers = numbers_of(series)
    if numbers is None or np.isnan(numbers).any() or len(numbers) < 2:
        return False
    ordered = np.sort(numbers)
    return bool(ordered[0] in {0.0, 1.0} and (np.diff(ordered) == 1.0).all())


def _findings(chosen: str, what: str, *, repeated: int, keys: pl.Series, labels: pl.Series) -> list[Finding]:
    found = []
    if repeated:
        found.append(
            Finding(
                kind="repeated_in_table",
                columns=(chosen,),
                message=f"The table of {what}s has {repeated:,} rows more whose {chosen!r} stands in an earlier one:"
                " the first row of each is taken.",
                severity="warning",
                repair="Keep the first row.",
                applied=True,
            )
        )
    described = float(labels.is_in(keys.implode()).mean() or 0.0)  # type: ignore[arg-type]
    if described < FEW_DESCRIBED:
        found.append(
            Finding(
                kind="not_described",
                columns=(chosen,),
                message=f"The table of {what}s describes {percent(described)} of the {len(labels):,} {what}s in the"
                " log; of the others nothing is known but the log.",
                severity="warning" if described < 0.5 else "info",
                repair=f"Complete the table of {what}s, or look whether its ids are written as in the log.",
            )
        )
    return found


def cells(series: pl.Series, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Sequence[object]:
    """Return raw cells as texts, numbers or None; `known` (n,) tells which rows there are.

    Numbers in texts become numbers, moments ISO 8601 texts, lists texts with "|" between their parts.
    """
    values = _plain(series)
    return [value if there else None for value, there in zip(values, known.tolist(), strict=True)]


def _plain(series: pl.Series) -> list[object]:
    if isinstance(series.dtype, pl.List | pl.Array):
        return [_joined(value) for value in series.to_list()]
    column = infer_column(series)
    values = read_series(series, column)
    if not isinstance(values, Coded) and column.kind in {"number", "integer", "datetime"}:
        turned = _moment if column.kind == "datetime" else _number
        return [turned(value) for value in values.tolist()]
    if series.dtype.is_numeric():
        return [_number(value) for value in series.cast(pl.Float64).fill_null(float("nan")).to_list()]
    if series.dtype not in {pl.String, pl.Categorical, pl.Enum, pl.Boolean}:
        return [as_text(value) for value in series.to_list()]
    texts = series.cast(pl.String).str.strip_chars(OUTER)
    return list(texts.set(texts.str.to_lowercase().is_in(sorted(MISSING)).fill_null(value=True), None).to_list())


def _moment(value: float) -> str | None:
    return None if value != value else day(value)  # noqa: PLR0124  NaN


def _number(value: float) -> float | int | None:
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124  NaN
        return None
    return int(value) if value.is_integer() and abs(value) < 2.0**53 else value


def _joined(value: Sequence[object] | None) -> str | None:
    parts = [text.replace("|", "/") for each in value or () if (text := as_text(each)) is not None]
    return "|".join(parts) or None
