"""Lists: from scores to ranked lists, a block of people at a time, and what such lists are like.

How good lists are is one thing; whether they show more than the few things that everybody knows is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes, Histories, Interactions
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.split import Cut

Scores = NDArray[np.float32]
Scoring = Callable[[Histories], Scores]

BLOCK = 1 << 23
"""Scores that are held at once: 32 MB."""
HEAD = 0.2
"""The share of the catalogue that is called its head, most taken first."""
PAIRED = 500
"""So many lists are looked into for how alike their items are."""


def blocks(count: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the ends of blocks of so many people that their scores over `width` items fit into memory."""
    step = max(1, BLOCK // max(width, 1))
    for start in range(0, count, step):
        yield start, min(start + step, count)


def ranked(
    scoring: Scoring, histories: Histories, *, k: int = LIST, known: NDArray[np.bool_] | None = None, seen: bool = False
) -> Codes:
    """Return (q, k) the items with the highest scores, best first; -1 where there are no more.

    Only `known` items are listed, and none of the history unless `seen`. Equal scores: the lower code comes first.
    """
    lists = np.full((len(histories), k), -1, dtype=np.int32)
    width = max(1, len(known) if known is not None else int(histories.item.max(initial=0)) + 1)
    for start, end in blocks(len(histories), width):
        part = histories.take(np.arange(start, end))
        scores = np.array(scoring(part), dtype=np.float32)
        if known is not None:
            scores[:, ~known] = -np.inf
        if not seen:
            exclude(scores, part)
        lists[start:end] = top(scores, k)
    return lists


def exclude(scores: Scores, histories: Histories) -> None:
    """Put -inf where an item is in the history, in place."""
    scores[np.repeat(np.arange(len(histories)), histories.lengths), histories.item] = -np.inf


def top(scores: Scores, k: int) -> Codes:
    """Return (q, k) the positions of the highest finite scores, best first, the lower one of equals; -1 for none.

    >>> top(np.array([[0.5, 2.0, 0.5, -np.inf]], dtype=np.float32), 4).tolist()
    [[1, 0, 2, -1]]
    """
    rows, items = scores.shape
    count = min(k, items)
    if count == 0:
        return np.full((rows, k), -1, dtype=np.int32)
    # A row at a time: the places of equal scores at the border are then found without a copy of the whole.
    found = np.full((rows, k), -1, dtype=np.int32)
    border = np.partition(scores, items - count, axis=1)[:, items - count]
    for row, (values, least) in enumerate(zip(scores, border.tolist(), strict=True)):
        places = np.flatnonzero(values >= least) if np.isfinite(least) else np.flatnonzero(np.isfinite(values))
        best = places[np.argsort(-values[places], kind="stable")[:count]]
        found[row, : len(best)] = best
    return found


def hits(lists: Codes, cut: Cut) -> Floats:
    """Return (q, LIST): 1 where the item at that place of a list was relevant, else 0."""
    width = len(cut.known) + 1
    wanted = np.repeat(np.arange(len(cut)), np.diff(cut.starts)) * width + cut.relevant
    shown = np.arange(len(cut))[:, None] * width + np.where(lists >= 0, lists, width - 1)
    found = np.zeros((len(cut), LIST))
    columns = min(LIST, lists.shape[1])
    found[:, :columns] = np.isin(shown[:, :columns], wanted)
    return found


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What lists are like, beside what people take."""

    coverage: float
    """Share of the catalogue that is in at least one list."""
    evenness: float
    """1 where all items of the catalogue are listed alike, near 0 where one takes all: 1 - the Gini coefficient."""
    novelty: float
    """Mean of -log2 of the share of people who had taken a listed item: 0 is what everybody has."""
    head_share: float
    """Share of the places in lists that go to the fifth of the catalogue that was taken most."""
    head_share_taken: float
    """The same share of what people took."""
    popularity: float
    """Mean percentile of the popularity of listed items: 1 is the most taken one."""
    popularity_taken: float
    """The same of what people took."""
    alikeness: float
    """Mean cosine of the people who had taken two items of a list: 1 is a list of the same people's items."""

    def as_dict(self) -> dict[str, float]:
        """Return the facts by name."""
        return asdict(self)


def facts(lists: Codes, taught: Interactions, known: NDArray[np.bool_], *, seed: int = 0) -> ListFacts:
    """Return what lists (q, k) are like, given the log that taught and the catalogue.

    Novelty: Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 107 (2010).
    Popularity against what people take: Abdollahpouri et al., "The unfairness of popularity bias", RecSys 2019.
    """
    items, people = len(known), len(np.unique(taught.user))
    shown = lists[lists >= 0]
    taken = _distinct(taught)
    counts = np.bincount(taken, minlength=items)
    listed = np.bincount(shown, minlength=items)[known]
    percentile = np.zeros(items)
    percentile[known] = _percentiles(counts[known])
    head = percentile > 1.0 - HEAD
    information = -np.log2(np.maximum(counts, 1) / max(people, 1))
    return ListFacts(
        coverage=_ratio(int((listed > 0).sum()), int(known.sum())),
        evenness=_evenness(listed),
        novelty=_mean(information[shown]),
        head_share=_mean(head[shown]),
        head_share_taken=_mean(head[taken]),
        popularity=_mean(percentile[shown]),
        popularity_taken=_mean(percentile[taken]),
        alikeness=_alikeness(lists, taught, seed),
    )


def _distinct(log: Interactions) -> Codes:
    """Return the items of the log, once for each person who took them."""
    pairs = np.unique(log.user.astype(np.int64) * len(log.items) + log.item)
    return np.asarray(pairs % max(len(log.items), 1), dtype=np.int32)


def _percentiles(counts: NDArray[np.intp]) -> Floats:
    """Return each item's place in the order of popularity, above 0 up to 1; equals share the mean of their places."""
    ordered = np.sort(counts)
    below, upto = (np.searchsorted(ordered, counts, side=side) for side in ("left", "right"))
    middle: Floats = (below + upto + 1) / 2.0 / max(len(counts), 1)
    return middle


def _evenness(listed: NDArray[np.intp]) -> float:
    total = int(listed.sum())
    if not total:
        return float("nan")
    ordered = np.sort(listed)
    return float(1.0 - np.sum((2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1) * ordered) / len(ordered) / total)


def _alikeness(lists: Codes, taught: Interactions, seed: int) -> float:
    """Return the mean cosine between the columns of two listed items in the matrix of who took what."""
    from scipy.sparse import csc_array

    full = np.flatnonzero((lists >= 0).sum(axis=1) > 1)
    if not len(full):
        return float("nan")
    if len(full) > PAIRED:
        full = np.random.default_rng(seed).choice(full, PAIRED, replace=False)
    shape = (len(taught.users), len(taught.items))
    pairs = np.unique(taught.user.astype(np.int64) * shape[1] + taught.item)
    matrix = csc_array((np.ones(len(pairs), dtype=np.float32), np.divmod(pairs, shape[1])), shape=shape)
    sizes = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1.0))
    means = []
    for row in full.tolist():
        chosen = lists[row][lists[row] >= 0]
        part = matrix[:, chosen]
        cosines = (part.T @ part).toarray() / np.outer(sizes[chosen], sizes[chosen])
        means.append(float((cosines.sum() - np.trace(cosines)) / (len(chosen) * (len(chosen) - 1))))
    return float(np.mean(means))


def _mean(values: NDArray[np.generic]) -> float:
    return float(np.mean(values.astype(np.float64))) if len(values) else float("nan")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
