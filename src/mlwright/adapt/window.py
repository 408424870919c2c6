"""How far back a challenger learns, settled when an adaptation begins, so that a restart learns from the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.adapt.policy import Policy
from mlwright.evaluate.wording import count

INPUTS = 0.5
"""From this share of a loss on that comes from other inputs alone, old rows teach as well as new ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which rows teach. Moments and ages are in microseconds."""

    since: int | None = None
    """Rows answered before do not teach."""
    most: int | None = None
    """Only so many of the newest."""
    half_life: int | None = None
    uses_source: bool = False
    sentence: str = "All rows teach."

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Reach:
        """Return what `to_dict` has written."""
        return cls(**plain)

    def weights(self, at: NDArray[np.int64], until: int) -> NDArray[np.float64] | None:
        """Return (n,) what rows answered at these moments count; None where all count the same."""
        if self.half_life is None:
            return None
        found: NDArray[np.float64] = 0.5 ** (np.maximum(until - at, 0) / self.half_life)
        return np.maximum(found, 1e-6)


def reach(policy: Policy, *, until: int, change: int | None = None, causes: Mapping[str, float] | None = None) -> Reach:
    """Return which rows teach; `change`: when what an alarm has found began, and the shares of the loss by `causes`."""
    whole = Reach(uses_source=policy.use_source)
    if policy.window == "last":
        if (age := policy.last_us) is not None:
            return Reach(since=until - age, sentence=f"Rows answered since {moment(until - age)} teach.")
        most = int(policy.last or 0)
        return Reach(most=most, sentence=f"The newest {count(most, 'row')} teach.")
    if policy.window == "weighted":
        half = policy.us("half_life")
        said = f"All rows teach, and count half for every {policy.half_life} of their age."
        return Reach(half_life=half, uses_source=policy.use_source, sentence=said)
    if policy.window == "since change" and change is not None:
        if (causes or {}).get("inputs", 0.0) > INPUTS:
            return Reach(
                uses_source=policy.use_source,
                sentence="All rows teach: it is the inputs that changed, and what follows from them did not.",
            )
        return Reach(since=change, sentence=f"Rows answered since the change at {moment(change)} teach.")
    return whole


def moment(at: int) -> str:
    """Return a moment as people read it.

    >>> moment(0)
    '1970-01-01 00:00 UTC'
    """
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")
