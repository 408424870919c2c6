"""Ids as people write them: one id is one thing, however it is spelled, and keeps the type that the table gave it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.errors import ColumnError
from mlwright.findings import Finding
from mlwright.tasks.base import Label
from mlwright.values import MISSING, OUTER, as_text

WHOLE = r"^(?:0|-?[1-9][0-9]{0,17})(?:\.0+)?$"
"""Whole numbers as they are written by hand or by a program that had missing values among them: "12", "12.0"."""
MOSTLY = 0.95
NOBODY = frozenset(
    {
        *("unknown", "anonymous", "anonym", "anon", "guest", "visitor", "undefined", "not set", "(not set)", "no user"),
        *("unbekannt", "gast", "inconnu", "anonyme", "invite", "anonimo", "desconocido", "invitado", "none given"),
    }
)
"""Folded words that stand for whoever is not known: many people behind one id."""


@dataclass(frozen=True, slots=True)
class Ids:
    """A column of ids: for each row the id it means, tidied; null where there is none."""

    name: str
    keys: pl.Series
    """(n,) Int64, UInt64 or String."""
    tidied: int
    """Rows whose id was written in another way than it is kept: " tt001", "12.0"."""
    missing: int
    labels: pl.Series
    """The different ids, in their own order."""


def read_ids(series: pl.Series, *, typed: bool, like: pl.DataType | None = None) -> Ids:
    """Read a column of ids. Raises ColumnError where it holds lists.

    White space around an id, and ".0" behind whole numbers, are not part of it; texts that mean "missing" are none.
    Texts of a source that tells texts from numbers (`typed`) stay texts; `like` is the type that the ids are to have.
    """
    if series.dtype.is_nested():
        raise ColumnError(
            f"The column {series.name!r} holds lists, not one id in each row.",
            hint="write one row for each thing that somebody took.",
        )
    if series.dtype == pl.Object:
        series = _written(series)
    raw = series.drop_nulls().unique()
    keys = _tidy(raw, typed=typed)
    if like is not None and keys.dtype != like:
        keys = _texts(keys) if like == pl.String else keys.cast(like, strict=False)
    pairs = pl.DataFrame({"raw": raw, "key": keys})
    joined = series.alias("raw").to_frame().join(pairs, on="raw", how="left", maintain_order="left")
    found = joined["key"].alias(series.name)
    changed = pairs.filter(raw != _texts(keys))["raw"] if series.dtype == pl.String else raw.clear()
    tidied = int(series.is_in(changed.implode()).sum() or 0) if len(changed) else 0
    return Ids(
        series.name, found, tidied, int(found.null_count()), keys.drop_nulls().unique().sort().alias(series.name)
    )


def _tidy(raw: pl.Series, *, typed: bool) -> pl.Series:
    """Return the id that each of the different raw values means."""
    if raw.dtype.is_integer():
        return raw if raw.dtype in {pl.Int128, pl.UInt64} else raw.cast(pl.Int64)
    if raw.dtype.is_float() or raw.dtype.is_decimal():
        numbers = raw.cast(pl.Float64)
        numbers = numbers.set(~numbers.is_finite(), None)
        whole = bool(((numbers == numbers.round()) & (numbers.abs() < 2.0**53)).all())
        return numbers.cast(pl.Int64) if whole else _written(numbers)
    texts = raw.cast(pl.String) if raw.dtype in {pl.String, pl.Categorical, pl.Enum} else _written(raw)
    texts = texts.str.strip_chars(OUTER).str.normalize("NFC")
    texts = texts.set(texts.str.to_lowercase().is_in(sorted(MISSING)).fill_null(value=True), None)
    whole_numbers = texts.str.contains(WHOLE)
    share = whole_numbers.mean()
    if not isinstance(share, float) or share < MOSTLY:
        return texts
    texts = texts.str.replace(r"^(-?[0-9]+)\.0+$", "${1}")
    written_text = typed and raw.dtype == pl.String
    return texts.cast(pl.Int64) if share == 1.0 and not written_text else texts


def _written(series: pl.Series) -> pl.Series:
    return pl.Series(series.name, [as_text(value) for value in series.to_list()], dtype=pl.String)


def _texts(series: pl.Series) -> pl.Series:
    return series if series.dtype == pl.String else series.cast(pl.String)


def codes_of(keys: pl.Series, labels: pl.Series) -> NDArray[np.int32]:
    """Return (n,) the positions of ids in the labels, -1 where one is not there."""
    places = pl.DataFrame({"key": labels, "code": pl.int_range(len(labels), dtype=pl.Int32, eager=True)})
    joined = keys.alias("key").to_frame().join(places, on="key", how="left", maintain_order="left")
    return joined["code"].fill_null(-1).to_numpy().astype(np.int32)


def as_labels(labels: pl.Series) -> tuple[Label, ...]:
    """Return the ids as Python has them."""
    return tuple(labels.to_list())


def nobody(keys: pl.Series, *, by_count: bool = True) -> pl.Series:
    """Tell which ids of users stand for whoever is not known; 0 and -1 only where they are by far the busiest.

    Of a log that asks, how busy an id is says nothing (`by_count`).
    """
    counts = keys.drop_nulls().value_counts(sort=True)
    column, most = counts.columns[0], counts["count"]
    texts = counts[column].cast(pl.String).str.to_lowercase()
    stands = texts.is_in(sorted(NOBODY))
    if by_count and len(counts) > 2 and texts[0] in {"0", "-1", "99999", "999999"} and most[0] > 10 * most[1]:
        stands[0] = True
    return keys.is_in(counts[column].filter(stands).implode()).fill_null(value=False)


def id_findings(ids: Ids) -> list[Finding]:
    """Say which spellings were taken together, and which ids differ in nothing but capitals."""
    found = []
    if ids.tidied:
        found.append(
            Finding(
                kind="ids_tidied",
                columns=(ids.name,),
                message=f"{ids.tidied:,} ids in {ids.name!r} are written with white space around them or with a '.0'"
                " behind: they are taken for the ids without.",
                repair="Leave away what is not part of the id.",
                applied=True,
            )
        )
    if ids.keys.dtype == pl.String:
        found += _alike(ids.name, _groups(ids.labels, pl.col("id").str.to_lowercase()))
        found += _padded(ids.name, _groups(ids.labels, pl.col("id").str.replace("^0+([0-9]+)$", "${1}")))
    return found


def _groups(labels: pl.Series, folded: pl.Expr) -> list[list[str]]:
    """Return the ids that are written alike when they are folded, several in each group."""
    grouped = labels.to_frame("id").group_by(folded.alias("folded")).agg("id")
    return [sorted(group) for group in grouped.filter(pl.col("id").list.len() > 1).sort("folded")["id"].to_list()]


def _shown(groups: list[list[str]]) -> str:
    return ", ".join(" and ".join(map(repr, group)) for group in groups[:3])


def _alike(name: str, groups: list[list[str]]) -> list[Finding]:
    if not groups:
        return []
    return [
        Finding(
            kind="ids_differ_in_case",
            columns=(name,),
            message=f"{len(groups):,} ids in {name!r} differ from another one only in capital and small"
            f" letters, for example {_shown(groups)}: they count as different.",
            severity="warning",
            repair="Write each id in one way, if they are the same.",
        )
    ]


def _padded(name: str, groups: list[list[str]]) -> list[Finding]:
    if not groups:
        return []
    return [
        Finding(
            kind="ids_differ_in_zeros",
            columns=(name,),
            message=f"{len(groups):,} ids in {name!r} differ from another one only in zeros at the front, for example"
            f" {_shown(groups)}: they count as different.",
            severity="warning",
            repair="Write each id in one way, if they are the same.",
        )
    ]
