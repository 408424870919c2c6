"""An alarm: what has changed, since when, where, what it costs, and what to do."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Level = Literal["notice", "page"]
"""A page wants somebody now; a notice is worth knowing. Other inputs without an effect are at most a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that was raised about one version of a model. All moments are ISO 8601 in UTC.

    >>> Alarm(id="churn@3-losses-page", kind="losses", level="page", model="churn", version=3,
    ...       at="2026-11-03T09:41:27+00:00", message="The loss has risen.", action="learn again").to_dict()["columns"]
    []
    """

    id: str
    """The same for the same thing, however often it is raised: it is kept, and sent, once."""
    kind: str
    """What was watched: "losses", "columns", "contract" ..."""
    level: Level
    model: str
    version: int
    at: str
    """When it was raised."""
    since: str | None = None
    """When the change began."""
    since_interval: tuple[str, str] | None = None
    """Between which moments it began."""
    message: str
    """What happened, in one sentence."""
    columns: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    """Among whom, in words."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Numbers: e_value, threshold, reference, now, interval, rows ..."""
    causes: Mapping[str, float] = field(default_factory=dict)
    """The share of the loss by its cause: "inputs", "relation", "data"; empty where it is not known."""
    cost: str | None = None
    action: str
    """What to do, in one sentence."""
    ended: str | None = None
    """When it was over."""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it; an infinite number is then the largest there is, and NaN is null."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Alarm:
        """Return what `to_dict` has written; what a newer version says besides is left out."""
        given = {each.name: plain[each.name] for each in fields(cls) if each.name in plain}
        for name in ("columns", "slices"):
            given[name] = tuple(given.get(name, ()))
        if (interval := given.get("since_interval")) is not None:
            given["since_interval"] = (interval[0], interval[1])
        return cls(**given)


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it, which knows no tuples and no numbers that are infinite or none."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else math.copysign(sys.float_info.max, value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
