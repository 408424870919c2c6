"""What the dashboard shows of a model, as plain facts: read by `reading`, drawn by `pages`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm

Status = Literal["ok", "notice", "page", "unwatched", "unknown"]
"""How a model is doing; "unwatched": nothing looks after it yet; "unknown": what was found cannot be read."""


@dataclass(frozen=True, slots=True)
class Period:
    """What was measured in one period: `at` in seconds since 1970, a value with its interval, on so many rows."""

    at: float
    value: float
    lower: float | None
    upper: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class Series:
    """One thing over time, the oldest period first."""

    name: str
    title: str
    periods: tuple[Period, ...]
    percent: bool = False
    """Whether people read it as a percentage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One version that gets requests."""

    version: int
    share: float
    """Of the requests: 0 to 1."""
    role: str
    """champion, canary, shadow ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of a history: when, who or what, what was done, and on which evidence."""

    at: str
    who: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One adaptation, from its trigger to its end."""

    id: str
    stage: str
    champion: int
    challenger: int | None
    begun: str
    ended: str | None
    verdict: str
    reason: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a model is doing, in short."""

    name: str
    version: int
    status: Status
    pages: int = 0
    notices: int = 0
    """Open alarms of each level."""
    newest: Alarm | None = None
    """The gravest alarm that is open, of these the newest."""
    performance: Series | None = None
    taken: str | None = None
    """When the monitor last took rows in, ISO 8601 in UTC: what it says is as old as that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All that the page of a model shows."""

    health: Health
    alarms: Sequence[Alarm]
    """Open ones, the gravest and newest first; at most so many as the page shows."""
    ended: Sequence[Alarm]
    series: Sequence[Series]
    parts: Sequence[Part]
    moves: Sequence[Step]
    stories: Sequence[Story]
    seen: Mapping[str, str]
    """Who has taken note of which alarm, by the ids of alarms."""
