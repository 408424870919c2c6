"""The answer to a request: from ids and moments to codes, through the rankers and the rules, and back to ids and words.

Needs NumPy alone. A person it learned from and one it has never seen take the same way: all that counts is the history.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.learn.base import Floats
from mlwright.learn.recommenders.base import Ranker
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.reasons import CHOSE, Reason, Reasons, title_of
from mlwright.model.recommender.rules import Note, Rules, rules_of
from mlwright.model.text import plain
from mlwright.tasks.base import Label
from mlwright.tasks.recommend.decide import Choice, Decided, Level, Scores, decide
from mlwright.tasks.recommend.interactions import Histories
from mlwright.tasks.recommend.request import USED_HISTORY, Request, Taken
from mlwright.values import as_text

LEVELS = ("personal", "popular", "any")
"""What a place of the list can come from, the best first; whatever is popular over all time is "any"."""
DAY = 86_400.0
MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Recommended:
    """One place of the list."""

    item: Label
    score: float
    level: str
    """personal, popular, any or pinned: what put it there; personal is what something of the history speaks for."""
    reason: Reason
    title: str | None = None
    propensity: float = 1.0
    """With what probability it came to this place, given those above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is recommended, and what was made of the request."""

    items: tuple[Recommended, ...]
    fallback: str | None
    """The level that the list had to fall back to; None where all is personal (or pinned)."""
    unknown: tuple[str, ...]
    """Items of the history that the model does not know, the first few."""
    notes: tuple[Note, ...]
    asked: Mapping[str, float | bool | None]
    """What the request is like: the columns `request.ASKED`."""
    moment: float | None
    """The moment of asking that was reckoned with, in seconds since 1970; None where no times are known."""

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON."""
        places = [
            {
                "item": plain(one.item),
                "score": plain(one.score),
                "level": one.level,
                "reason": {"kind": one.reason.kind, "text": one.reason.text},
                "propensity": one.propensity,
                **({} if one.title is None else {"title": one.title}),
            }
            for one in self.items
        ]
        return {
            "items": places,
            "fallback": self.fallback,
            "unknown": list(self.unknown),
            "notes": [{"kind": note.kind, "message": note.message} for note in self.notes],
            "asked": dict(self.asked),
            "at": self.moment,
        }


@dataclass(frozen=True, slots=True)
class _Read:
    """A history in codes."""

    codes: list[int]
    """Of what is looked at: known, not later than the moment, the oldest first."""
    times: Floats
    """Of these; NaN where no time is known."""
    ratings: Floats
    seen: list[int]
    """All that are known, whenever."""
    unknown: list[str]
    unknown_count: int
    later: int
    moment: float


@dataclass(frozen=True, slots=True)
class Answering:
    """A chain of rankers over one catalogue: each fills the places that those before it left."""

    chain: tuple[tuple[str, Ranker], ...]
    """Levels ("personal", "popular", "any") with their rankers, the best first."""
    catalogue: Catalogue
    verb: str = CHOSE
    """What people do with items, as a past form: "Because you watched ..."."""

    def answer(self, request: Request, *, now: float | None = None) -> Answer:
        """Return the list. Without a moment in the request, it is `now`, else when the log or the history ended.

        Raises OptionError where the request names a column that the items do not have.
        """
        with np.errstate(all="ignore"):  # a model from anywhere may hold numbers whose sums no float holds
            return self._answer(request, now)

    def _answer(self, request: Request, now: float | None) -> Answer:
        read = self._read(request, now)
        rules = rules_of(request, self.catalogue, read.moment, read.seen)
        histories = self._histories(read)
        decided = decide(self._choice(request, read, rules, histories))
        reasons = Reasons(self.catalogue, self.verb, read.moment, read.codes)
        because = self._because(decided, histories, read)
        # What nothing of the history speaks for is on the list because most people take it.
        levels = [
            "popular" if level == "personal" and entry < 0 else level
            for level, entry in zip(decided.level, because, strict=True)
        ]
        told = reasons.of(decided.item.tolist(), levels, because)
        items = self._listed(decided, levels, told)
        used = [level for level in levels if level in LEVELS]
        lowest = max(used, key=LEVELS.index, default=None)
        return Answer(
            items=items,
            fallback=None if lowest == "personal" else lowest,
            unknown=tuple(read.unknown),
            notes=(*_notes(request, read, len(items)), *rules.notes),
            asked=self._asked(request, read),
            moment=None if math.isnan(read.moment) else read.moment,
        )

    def _listed(self, decided: Decided, levels: Sequence[str], told: Sequence[Reason]) -> tuple[Recommended, ...]:
        numbers = (decided.item.tolist(), decided.score.tolist(), decided.propensity.tolist())
        return tuple(
            Recommended(self.catalogue.ids[code], score, level, reason, title_of(self.catalogue, code), propensity)
            for code, score, propensity, level, reason in zip(*numbers, levels, told, strict=True)
        )

    def _read(self, request: Request, now: float | None) -> _Read:
        """Turn a history into codes; what nobody knows is counted, what is later than the moment is only seen."""
        catalogue, history = self.catalogue, request.history
        codes = [catalogue.find(taken.item) for taken in history]
        seen = [code for code in codes if code >= 0]
        unknown = [taken for taken, code in zip(history, codes, strict=True) if code < 0]
        known = [(taken, code) for taken, code in zip(history, codes, strict=True) if code >= 0]
        if known and all(taken.at is not None for taken, _ in known):
            known.sort(key=lambda one: one[0].at or 0.0)
        moment = self._moment(request, [taken for taken, _ in known], now)
        used = [(taken, code) for taken, code in known if taken.at is None or not taken.at > moment]
        later = len(known) - len(used)
        used = used[-USED_HISTORY:]
        return _Read(
            codes=[code for _, code in used],
            times=_numbers([taken.at for taken, _ in used]),
            ratings=_numbers([taken.rating for taken, _ in used]),
            seen=seen,
            unknown=[text[:100] for taken in unknown[:MOST_TOLD] if (text := as_text(taken.item))],
            unknown_count=len(unknown),
            later=later,
            moment=moment,
        )

    def _moment(self, request: Request, known: Sequence[Taken], now: float | None) -> float:
        """Return the moment of asking, NaN where no times are known. Without one said, no entry is later than it."""
        end = self.catalogue.end
        if end is None:
            return math.nan
        if request.at is not None:
            return request.at
        times = [taken.at for taken in known if taken.at is not None]
        return max([end if now is None else now, *times])

    def _histories(self, read: _Read) -> Histories:
        size = len(read.codes)
        age = np.zeros(size)
        if not math.isnan(read.moment) and size:
            age = np.maximum(read.moment - _filled(read.times, read.moment), 0.0)
        return Histories(
            starts=np.array([0, size], dtype=np.intp),
            item=np.array(read.codes, dtype=np.int32),
            age=age,
            value=read.ratings if self.catalogue.rated and np.isfinite(read.ratings).any() else None,
            at=np.array([read.moment]),
        )

    def _choice(self, request: Request, read: _Read, rules: Rules, histories: Histories) -> Choice:
        named = [
            Level("popular" if name == "personal" and not read.codes else name, _scores(ranker, histories))
            for name, ranker in self.chain
        ]
        counts = self.catalogue.counts
        return Choice(
            k=request.k,
            levels=(*named, Level("any", lambda: counts.astype(np.float32))),
            allowed=rules.allowed,
            standing=self.catalogue.standing,
            pinned=rules.pinned,
            lift=rules.lift,
            buried=rules.buried,
            caps=rules.caps,
            diversity=request.diversity,
            vectors=self.catalogue.vectors,
            explore=request.explore,
            seed=_seed(request, read) if request.explore > 0 else 0,
        )

    def _because(self, decided: Decided, histories: Histories, read: _Read) -> list[int]:
        """Return for each place which entry of the history speaks for it, -1 where none does."""
        personal = [place for place, level in enumerate(decided.level) if level == "personal"]
        found = [-1] * len(decided.item)
        if personal and read.codes:
            items = decided.item[personal].reshape(1, -1)
            ranker = next(ranker for name, ranker in self.chain if name == "personal")
            for place, entry in zip(personal, ranker.because(histories, items)[0].tolist(), strict=True):
                found[place] = entry
        return found

    def _asked(self, request: Request, read: _Read) -> dict[str, float | bool | None]:
        times = read.times[np.isfinite(read.times)]
        has_time = bool(len(times)) and not math.isnan(read.moment)
        return {
            "history_length": len(request.history),
            "unknown_items": read.unknown_count,
            "days_since_last": max(read.moment - float(times.max()), 0.0) / DAY if has_time else None,
            "days_spanned": float(times.max() - times.min()) / DAY if has_time else None,
            "history_popularity": float(self.catalogue.popularity[read.codes].mean()) if read.codes else None,
            "rated_share": float(np.isfinite(read.ratings).mean()) if read.codes else None,
            "k": request.k,
            "filters_used": len(request.filters) + (request.only is not None),
            "rules_used": len(request.pinned) + len(request.boosted) + len(request.buried) + len(request.caps),
            "diversity": request.diversity,
        }


def _scores(ranker: Ranker, histories: Histories) -> Callable[[], Scores]:
    def made() -> Scores:
        found: Scores = ranker.scores(histories)[0]
        return found

    return made


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _filled(times: Floats, moment: float) -> Floats:
    """Return times in which one that is not known is that of the next known one, after the last the moment."""
    if not np.isnan(times).any():
        return times
    places = np.where(np.isnan(times), len(times), np.arange(len(times)))
    following = np.minimum.accumulate(places[::-1])[::-1]
    filled: Floats = np.append(times, moment)[following]
    return filled


def _seed(request: Request, read: _Read) -> int:
    """Return the seed that belongs to a request: of its id, or of what it says where it has none."""
    said = request.id if request.id is not None else repr((request.user, read.codes, read.moment, request.k))
    return int.from_bytes(hashlib.sha256(said.encode("utf-8", "replace")).digest()[:8], "little")


def _notes(request: Request, read: _Read, found: int) -> list[Note]:
    """Say what was made of the request where it is not what was asked."""
    notes = []
    if read.unknown_count:
        notes.append(
            Note(
                "unknown_history",
                f"The model does not know the items of {read.unknown_count:,} of the {len(request.history):,} entries"
                " of the history; these were ignored.",
            )
        )
    if read.later:
        notes.append(
            Note(
                "later_history",
                f"{read.later:,} entries of the history are later than the moment of asking: nothing was learned from"
                " them, and they are not recommended.",
            )
        )
    if found < request.k:
        few = f"only {found:,}" if found else "none"
        notes.append(
            Note("short", f"Of the {request.k:,} places {few} could be filled: no more items may be recommended.")
        )
    return notes
