"""Answers, as they are sent."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mlwright.serve.checking import Flag
from mlwright.tasks.base import Label


class Reason(msgspec.Struct, frozen=True):
    """What one column adds to an answer, in the unit that the answer's `reasons` name."""

    column: str
    value: Any
    contribution: float


class Answer(msgspec.Struct, omit_defaults=True):
    """One row's answer, as it is sent."""

    id: str
    prediction: Any
    flags: list[Flag]
    action: Literal["answer", "default", "refer"]
    """Whether the model's answer is given, a stated one in its place, or none because a person has to decide."""
    probabilities: dict[str, float] | None = None
    lower: float | None = None
    upper: float | None = None
    model_prediction: Any = None
    """What the model would have said, where that is not what is answered."""
    base: float | None = None
    unit: str | None = None
    reasons: list[Reason] | None = None
    text: str | None = None
    version: int | None = None
    """Which version answered, where that is not the one that the response names."""

    @property
    def cell(self) -> Any:
        """The prediction as one cell of a table."""
        return self.prediction


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place of a list that is recommended."""

    item: Label
    score: float
    level: str
    """Who put it there: "personal", "popular", "any" or "pinned"."""
    reason: str
    reason_kind: str
    propensity: float
    """The probability with which it came to this place, given those above it."""
    title: str | None = None


class Recommendation(Answer, kw_only=True, omit_defaults=True):
    """The answer to one request of a recommender; `prediction` are the ids of its items."""

    items: list[Place]
    fallback: str | None
    """The level that the list had to fall back to; None where all of it is personal."""
    unknown: list[str]
    """Items of the history that the model does not know, the first few."""
    asked: dict[str, float | bool | None]
    """What the request was like, as the monitor watches it."""
    at: float | None
    """The moment of asking that was reckoned with, in seconds since 1970; None where no times are known."""

    @property
    def cell(self) -> Any:
        """The ids of the items as JSON: a table has no lists."""
        return None if self.prediction is None else msgspec.json.encode(self.prediction).decode()
