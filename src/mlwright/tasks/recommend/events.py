"""Logs of several kinds of events: looked at, put into the cart, bought; and shown, skipped, given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.findings import Finding, percent
from mlwright.tasks.recommend.vocabulary import parts_of
from mlwright.values import OUTER

TAKING = frozenset(
    {
        *("view", "viewed", "pv", "detail", "click", "clicked", "open", "opened", "read", "watch", "watched", "play"),
        *("played", "listen", "listened", "cart", "addtocart", "checkout", "buy", "bought", "purchase", "purchased"),
        *("order", "ordered", "transaction", "borrow", "download", "install", "like", "liked", "fav", "favorite"),
        *("favourite", "bookmark", "save", "saved", "share", "shared", "follow", "rate", "rated", "start", "started"),
        *("complete", "completed", "finish", "finished", "sale", "sold", "kauf", "gekauft", "bestellung", "bestellt"),
        *("verkauf", "achat", "compra", "acquisto"),
    }
)
NOT_TAKING = frozenset(
    {
        *(
            "impression",
            "impressions",
            "show",
            "shown",
            "exposed",
            "displayed",
            "skip",
            "skipped",
            "dislike",
            "disliked",
        ),
        *("remove", "removed", "return", "returned", "refund", "refunded", "cancel", "cancelled", "canceled", "unlike"),
        *("hide", "hidden", "ignore", "ignored", "reject", "rejected", "retoure", "ruckgabe", "ruckgegeben", "storno"),
        *("storniert", "erstattung", "retour", "devolucion", "reso"),
    }
)
BUYING = frozenset(
    {
        *("buy", "bought", "purchase", "purchased", "order", "ordered", "transaction", "sale", "sold"),
        *("kauf", "gekauft", "bestellung", "bestellt", "verkauf", "achat", "compra", "acquisto"),
    }
)
GIVING_BACK = frozenset(
    {
        *("return", "returned", "refund", "refunded", "retoure", "ruckgabe", "ruckgegeben", "storno", "storniert"),
        *("erstattung", "retour", "devolucion", "reso", "cancel", "cancelled", "canceled"),
    }
)
"""Beside purchases alone: a book that comes back to the library was taken."""
MOST_KINDS = 12


@dataclass(frozen=True, slots=True)
class Events:
    """Which rows say that something was taken, by a column of kinds of events; None where all do."""

    taken: NDArray[np.bool_] | None = None
    column: str | None = None
    findings: tuple[Finding, ...] = ()
    bought: NDArray[np.bool_] | None = None
    """(n,) Which rows say that something was bought; None where nothing tells that."""
    back: NDArray[np.bool_] | None = None
    """(n,) Which rows say that what was bought was given back; None where nothing tells that."""


def read_events(frame: pl.DataFrame, names: Sequence[str], at_build: str | None = None) -> Events:
    """Find the column that tells kinds of events apart, and which of them say that something was taken.

    Where an earlier log had it (`at_build`), its words count also where all rows are of one kind.
    """
    if at_build is not None:
        return _known(frame, at_build)
    for name in names:
        series = frame[name]
        if series.dtype not in {pl.String, pl.Categorical, pl.Enum}:
            continue
        texts = _folded(series)
        if texts.head(1_000).n_unique() > MOST_KINDS or texts.n_unique() > MOST_KINDS + 1:
            continue
        kinds = _kinds(texts)
        known = [kind for kind in kinds if _is(kind, TAKING) or _is(kind, NOT_TAKING)]
        if len(kinds) >= 2 and len(known) >= 0.5 * len(kinds):
            return _told(name, texts, kinds)
    return Events()


def _known(frame: pl.DataFrame, name: str) -> Events:
    if name not in frame.columns or frame[name].dtype not in {pl.String, pl.Categorical, pl.Enum}:
        return Events()
    texts = _folded(frame[name])
    kinds = _kinds(texts)
    if all(_is(kind, NOT_TAKING) for kind in kinds):
        return Events(~_rows(texts, list(kinds)), name)
    return _told(name, texts, kinds)


def _folded(series: pl.Series) -> pl.Series:
    return series.cast(pl.String).str.strip_chars(OUTER).str.to_lowercase()


def _kinds(texts: pl.Series) -> dict[str, int]:
    """Return how often there is which kind, the most frequent first."""
    counts = texts.drop_nulls().value_counts(sort=True)
    return dict(zip(counts[counts.columns[0]].to_list(), counts["count"].to_list(), strict=True))


def _is(kind: str, words: frozenset[str]) -> bool:
    return bool(words.intersection(parts_of(kind))) or kind.replace("_", "").replace(" ", "") in words


def _told(name: str, texts: pl.Series, kinds: dict[str, int]) -> Events:
    total = sum(kinds.values())
    gone = [kind for kind in kinds if _is(kind, NOT_TAKING)]
    stays = [kind for kind in kinds if kind not in gone]
    if not stays:
        return Events()
    taken = ~_rows(texts, gone)
    findings = []
    if gone:
        findings.append(
            Finding(
                kind="not_taken",
                columns=(name,),
                message=f"{int((~taken).sum()):,} of {len(texts):,} rows are events in which nothing was taken"
                f" ({', '.join(map(repr, gone[:3]))} in {name!r}): they are left out.",
                repair="Leave the rows out.",
                applied=True,
            )
        )
    if len(stays) > 1:
        shown = ", ".join(f"{kind!r} ({percent(kinds[kind] / total)})" for kind in stays[:4])
        findings.append(
            Finding(
                kind="kinds_of_events",
                columns=(name,),
                message=f"{name!r} tells several kinds of events apart, {shown}: all of them count alike as taken.",
                repair="Keep only the rows of the kind that people are to be led to, if one is meant.",
            )
        )
    bought = [kind for kind in stays if _is(kind, BUYING)]
    back = [kind for kind in gone if _is(kind, GIVING_BACK)]
    netted = bool(bought and back)
    return Events(
        taken if gone else None,
        name,
        tuple(findings),
        bought=_rows(texts, bought) if netted else None,
        back=_rows(texts, back) if netted else None,
    )


def _rows(texts: pl.Series, kinds: Sequence[str]) -> NDArray[np.bool_]:
    return np.asarray(texts.is_in(list(kinds)).fill_null(value=False).to_numpy(), dtype=np.bool_)
