"""How models that recommend are watched."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate import wording
from mlwright.monitor.forms.base import Change, FileRows
from mlwright.monitor.log_source import LogSource

if TYPE_CHECKING:
    from mlwright.columns import Columns
    from mlwright.model import Model
    from mlwright.monitor.subject import Subject
    from mlwright.monitor.watchers import Watch
    from mlwright.tasks.base import Metric

LENGTH, UNKNOWN = "history_length", "unknown_items"
LEAST_UNKNOWN = 3
"""A history of so many entries, none of which the model knows, is no chance."""
CHANCE = 6.0
LEAST_SHARE, MOST_SHARE = 0.01, 0.5
NAMED = 3
TOLD_FIRST = frozenset({LENGTH, UNKNOWN, "personal"})
FIRST_THE_FEED = (
    "see first whether histories are still sent as they were, of which another alarm tells; then learn again: mlwright "
    "adapt {}"
)


class ListWatching:
    """Requests with a history, lists, and what was then taken."""

    once: ClassVar[bool] = True

    def file(self, model: Model, source: object, *, time: str | None, query: str | None) -> FileRows:
        """Return a later log, each event of it answered before it happens."""
        return LogSource(model, source, time=time, query=query)

    def broken(self, subject: Subject, columns: Columns) -> NDArray[np.bool_]:
        """Return which requests have a history, of three entries or more, of which the model knows no item."""
        found = np.zeros((columns.rows, len(subject.columns)), dtype=np.bool_)
        if LENGTH in columns and UNKNOWN in columns:
            unknown = np.asarray(columns[UNKNOWN], dtype=np.float64)
            place = [column.name for column in subject.columns].index(UNKNOWN)
            with np.errstate(invalid="ignore"):
                found[:, place] = (unknown >= LEAST_UNKNOWN) & (unknown >= np.asarray(columns[LENGTH]))
        return found

    def usual_broken(self, subject: Subject) -> float:
        """Return the share that those who judged had, and what chance adds to it."""
        sample = subject.reference.sample
        if sample.columns is None or not len(sample):
            return LEAST_SHARE
        broken = int(self.broken(subject, sample.columns).any(axis=1).sum())
        return float(np.clip((broken + CHANCE) / len(sample), LEAST_SHARE, MOST_SHARE))

    def answered(self, count: str) -> str:
        """Return that lists were given."""
        return f"{count} lists were given"

    def loss_label(self, metric: Metric, bound: float) -> str:
        """Return what a loss is called."""
        del bound
        return _LABELS.get(metric.name, f"1 less {metric.label or metric.name}")

    def loss_risen(self, metric: Metric) -> tuple[str, bool]:
        """Return the share of lists that miss, or how far the place of what was taken is from the top."""
        if metric.name in _LABELS:
            return "The share of lists of ten without what was then taken", True
        return f"What was then taken stands lower in lists: the mean loss (1 less {metric.label})", False

    def contract_broken(self, change: Change) -> tuple[str, str]:
        """Return that the model knows nothing of the histories that come."""
        message = (
            f"{change.now} of the requests come with a history of which the model knows no item, where at most "
            f"{change.before} is usual."
        )
        return message, (
            "see whether items are still called as in the log that taught. Where the catalogue is another one by now, "
            "learn again."
        )

    def matters(self, kind: str, watch: Watch, place: int) -> bool:
        """Tell whether more histories hold unknown items, not fewer; of all else, that it matters.

        A model that has just learned knows all there is, and less and less from then on.
        """
        if kind != "columns" or watch.names[place] != UNKNOWN:
            return True
        now, before = _shares(watch, place)
        return now > before

    def drifted(self, kind: str, subject: Subject, watch: Watch, places: Sequence[int]) -> tuple[str, str]:
        """Return what differs about requests, lists or what is taken."""
        del subject
        message, action = _DRIFTED[kind]
        told = sorted(places, key=lambda place: watch.names[place] not in TOLD_FIRST)
        said = [_of_stream(watch, place) for place in told[:NAMED]]
        more = f"; and {wording.count(len(places) - NAMED, 'more change')}" if len(places) > NAMED else ""
        return message.format("; ".join(said) + more), action

    def learn_again(self, name: str, beside: Collection[str]) -> str:
        """Return what to do about lists that miss, by the columns that another alarm is about."""
        if TOLD_FIRST & set(beside):
            return FIRST_THE_FEED.format(name)
        return f"learn again from a newer log: mlwright adapt {name}"


_LABELS = {"hit_rate_10": "share of lists without what was taken"}


def _of_stream(watch: Watch, place: int) -> str:
    """Return what has changed of a stream, with shares where they say it best."""
    name = watch.names[place]
    if name in _SHARES:
        shares = _shares(watch, place)
        if np.isfinite(shares).all():
            return _SHARES[name][0].format(*(wording.percent(round(share, 3)) for share in shares))
    return _NAMES.get(name, name)


def _shares(watch: Watch, place: int) -> tuple[float, float]:
    """Return the share of rows in the bins that are told of, now and before; NaN of no rows."""
    bins = list(_SHARES[watch.names[place]][1])
    now, before = watch.recent()[place], watch.before[place].astype(np.float64)
    shares = (float(each[bins].sum() / each.sum()) if each.sum() else np.nan for each in (now, before))
    return next(shares), next(shares)


_SHARES: dict[str, tuple[str, tuple[int, ...]]] = {
    # Bins of a column: 0 is missing, 1 below the first cut.
    LENGTH: ("{} of the requests come without any history, where it was {}", (0, 1)),
    UNKNOWN: ("{} of the histories hold items that the model does not know, where it was {}", (2,)),
    "rated_share": ("{} of the histories come with ratings, where it was {}", (2,)),
    "personal": ("{} of the lists come wholly from the history, where it was {}", (4,)),
    "filled": ("{} of the lists could be filled, where it was {}", (4,)),
}
_NAMES = {
    "days_since_last": "how long ago people last took something",
    "history_popularity": "how popular it is what people took before",
    "k": "how many items are wanted",
    "filters_used": "how often filters are used",
    "rules_used": "how often rules are used",
    "diversity": "how much diversity is wanted",
    "popularity": "how popular it is what is listed",
    LENGTH: "how many come without any history",
    UNKNOWN: "how often histories hold items that the model does not know",
    "rated_share": "whether histories come with ratings",
    "personal": "how much of the lists comes from the history",
    "filled": "how many places can be filled",
    "withheld answers": "withheld answers",
}
_DRIFTED = {
    "columns": (
        "What is asked differs from what the model was judged on: {}.",
        "see whether that is meant: a broken feed of histories mend first; where there are new items, learn again.",
    ),
    "predictions": (
        "The lists are not like those that were looked at before: {}.",
        "see what is asked, and which filters and rules are set.",
    ),
    "labels": (
        "People take something after a list more seldom or more often than at first.",
        "see whether outcomes are still told as they were, and what else has changed where lists are shown.",
    ),
    "joint": ("More requests come that are unlike past ones as a whole.", "see what no longer goes together."),
    "health": (
        "More lists are withheld than at first.",
        "see which rule withholds them: the flags in the record tell; no new model mends that.",
    ),
    "calibration": ("What is taken no longer fits the scores of {}.", "learn again from a newer log."),
}
