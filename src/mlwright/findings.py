"""A Finding: one thing that is wrong, or worth knowing, about the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

Severity = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)
"""The gravest first: the order in which findings are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a repair is worth: how much better the score gets by it on the same folds, with its 95 % interval."""

    metric: str
    """As people write it: "ROC AUC"."""
    value: float
    """In the metric's unit; above 0 is better, whichever way the metric runs."""
    low: float
    high: float

    @property
    def words(self) -> str:
        """Return one clause.

        >>> Effect(metric="ROC AUC", value=0.0081, low=0.003, high=0.0132).words
        'ROC AUC better by 0.0081 (95 % interval 0.003 to 0.0132)'
        >>> Effect(metric="ROC AUC", value=0.0001, low=-0.003, high=0.0032).words
        'ROC AUC not measurably different (by 0.0001 better, 95 % interval -0.003 to 0.0032)'
        """
        if self.low <= 0.0 <= self.high:
            near = f"by {abs(self.value):.3g} {'better' if self.value > 0 else 'worse'}" if self.value else "the same"
            return f"{self.metric} not measurably different ({near}, 95 % interval {self.low:.3g} to {self.high:.3g})"
        way = "better" if self.value >= 0 else "worse"
        low, high = (self.low, self.high) if self.value >= 0 else (-self.high, -self.low)
        return f"{self.metric} {way} by {abs(self.value):.3g} (95 % interval {low:.3g} to {high:.3g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with the data, the evidence for it, and what was done about it.

    `rows` counts data rows from 0 and holds at most the first 100 of them; `message` is one sentence with numbers.
    """

    kind: str
    message: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    severity: Severity = "info"
    confidence: float = 1.0
    repair: str | None = None
    applied: bool = False
    effect: Effect | None = None
    """What the repair was worth to the model, where that was tried."""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as it stands in JSON; the effect only where there is one."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return plain if self.effect is not None else {key: plain[key] for key in plain if key != "effect"}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Finding:
        """Return the finding that `to_dict` wrote."""
        effect = Effect(**data["effect"]) if data.get("effect") else None
        return cls(**{**data, "columns": tuple(data["columns"]), "rows": tuple(data["rows"]), "effect": effect})


def percent(share: float) -> str:
    """Return a share as it is written in a message.

    >>> percent(0.1234), percent(0.5), percent(0.0042), percent(0.00001)
    ('12.3 %', '50 %', '0.42 %', '0.001 %')
    """
    near = min(abs(share), abs(1 - share))
    decimals = 1 if near >= 0.01 or near == 0 else 2 if near >= 0.0005 else 3
    shown = f"{100 * share:.{decimals}f}"
    return f"{shown.rstrip('0').rstrip('.')} %"
