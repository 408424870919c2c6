"""Recorded lists as numbers: what was asked, what the lists were like, and whether they held what was then taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.columns import Columns
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.monitor.recorded import Objects, RecordedRows
from mlwright.monitor.said import Said
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.signals import SIGNALS, signals
from mlwright.values import as_text

if TYPE_CHECKING:
    from mlwright.serve.record.following import Row

WANTED, HISTORY, HISTORY_KEPT = "k", "history", "history_kept"
SECOND = 1_000_000
Kept = Callable[[Iterable[str]], Mapping[str, list[dict[str, Any]]]]
"""Gives what each person took, the oldest first, as requests have it: the histories that a service keeps."""


class ListReading:
    """Reads recorded recommendations of a model.

    What is found out of a list is what the reference knows of one: where among the ten the item stood that was taken
    next. Of several items that were taken the first that was new to the person counts; one that the model does not know
    was missed. Where nothing was taken, or nothing new, the list was neither right nor wrong.
    """

    def __init__(self, parts: RecommenderParts, kept: Kept | None = None) -> None:
        self._catalogue, self._kept = parts.answering.catalogue, kept
        self._rows = RecordedRows(parts.columns)
        self._requests = Objects([HISTORY, WANTED, HISTORY_KEPT])
        self._answers = Objects(["action", "prediction", "levels"])

    def read(self, rows: Sequence[Row], outcomes: Sequence[str | None], *, beside: bool) -> Said:
        """Return lists with their outcomes; `beside`: nothing is read of what was asked and listed."""
        actions, lists, levels = self._answers.columns([row.answer for row in rows])
        texts = [row.row for row in rows]
        histories, wanted, kept = self._requests.columns(texts)
        if beside:
            histories = self._filled(histories, kept, rows)
        lists = [_listed(each) for each in lists]
        y, P = self._outcomes(lists, histories, outcomes)
        count = len(rows)
        return Said(
            columns=Columns({}, count) if beside else self._rows.read(texts),
            P=P,
            answered=np.full(count, np.nan),
            given=np.array([action == "answer" for action in actions], dtype=np.bool_),
            interval=np.full((count, 2), np.nan),
            y=y,
            signals=np.full((count, len(SIGNALS)), np.nan) if beside else self._signals(lists, levels, wanted),
        )

    def _filled(self, histories: Sequence[Any], kept: Sequence[Any], rows: Sequence[Row]) -> list[Any]:
        """Return histories with those that the service keeps, as they were when each list was asked for."""
        found, places = list(histories), [place for place, flag in enumerate(kept) if flag is True]
        if self._kept is None or not places:
            return found
        told = self._kept(dict.fromkeys(rows[place].subject for place in places if rows[place].subject is not None))
        for place in places:
            row = rows[place]
            found[place] = [entry for entry in told.get(row.subject, ()) if entry["at"] < row.at / SECOND]
        return found

    def _signals(self, lists: Sequence[list[Any]], levels: Sequence[Any], wanted: Sequence[Any]) -> Floats:
        codes = [[self._catalogue.find(item) for item in each] for each in lists]
        origins = [[str(level) for level in _listed(each)] for each in levels]
        k = [float(each) if isinstance(each, int | float) else np.nan for each in wanted]
        return signals(self._catalogue.popularity, codes, origins, k)

    def _outcomes(
        self, lists: Sequence[list[Any]], histories: Sequence[Any], outcomes: Sequence[str | None]
    ) -> tuple[Floats, Floats]:
        """Return y (n,): 1 where something was taken, 0 where nothing, NaN where that is not known; and P (n, 10)."""
        y, P = np.full(len(lists), np.nan), np.full((len(lists), LIST), np.nan)
        for place, (shown, history, text) in enumerate(zip(lists, histories, outcomes, strict=True)):
            if text is None:
                continue
            taken = _listed(json.loads(text))
            y[place] = float(bool(taken))
            marks = marks_of(self._catalogue, shown, taken, _listed(history), most=1)
            if marks is not None:
                P[place] = marks[1]
        return y, P


def marks_of(
    catalogue: Catalogue, shown: Sequence[Any], taken: Sequence[Any], history: Sequence[Any], *, most: int | None = None
) -> tuple[float, Floats] | None:
    """Return how many new items were taken, and (10,) 1 where one stood in the list; None where none was new.

    `most`: only so many, the first ones, count.
    """
    seen = {key_of(catalogue, _item_of(entry)) for entry in history}
    new = [key for key in dict.fromkeys(key_of(catalogue, item) for item in taken) if key not in seen][:most]
    if not new:
        return None
    marks = np.zeros(LIST)
    for place, item in enumerate(shown[:LIST]):
        marks[place] = float(key_of(catalogue, item) in new)
    return float(len(new)), marks


def key_of(catalogue: Catalogue, item: object) -> Hashable:
    """Return what is the same for one item, however it is written, also where the catalogue lacks it."""
    code = catalogue.find(item)
    return code if code >= 0 else as_text(item)


def _item_of(entry: object) -> object:
    return entry.get("item") if isinstance(entry, Mapping) else entry


def _listed(value: object) -> list[Any]:
    """Return a list as it is, nothing for what is none, and anything else as the one item of a list."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else []
