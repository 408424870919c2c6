"""The Explanation: why a model answers some rows as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import MissingExtraError
from mlwright.explain.contributions.words import Reason, Told, reasons, sentence
from mlwright.schema import Column
from mlwright.tasks.base import Label

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Typed = float | str | None
LOG_ODDS = "log-odds"
SHOWN = 5


@dataclass(frozen=True)
class Explanation:
    """What each raw column adds to each row's answer: base + the sum of a row's contributions = its prediction.

    In log-odds of a class where classes are predicted, else in the target's unit.
    """

    bases: Floats
    """(n,): the answer of a typical row, to which contributions are added; it differs by the class told of."""
    values: Floats
    """(n, columns): the contributions."""
    prediction: Floats
    """(n,): the answer in the unit."""
    unit: str
    target: str
    labels: tuple[Label, ...]
    """The class that each row is told of; empty where numbers are predicted."""
    exact: bool
    """Whether each contribution is a Shapley value of the raw columns, worked out; their sum is exact in any case."""
    groups: tuple[tuple[str, ...], ...]
    """Columns that say nearly the same: read their contributions together."""
    typed: Columns | Sequence[Mapping[str, Typed]] = field(repr=False)
    """The typed rows."""
    described: Mapping[str, Column] = field(repr=False)
    """What the columns are, in the order of `values`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns, in the order of `values`; those that the model does not read add nothing."""
        return tuple(self.described)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.prediction)

    @property
    def base(self) -> float | Floats:
        """The answer of a typical row: one number, or (n,) where rows are told of different classes."""
        if len(self.bases) and (self.bases == self.bases[0]).all():
            return float(self.bases[0])
        return self.bases

    @cached_property
    def contributions(self) -> pl.DataFrame:
        """The contributions as a Polars frame: a row for each row, a column for each raw column."""
        try:
            import polars as pl
        except ImportError:
            raise MissingExtraError(
                "Contributions as a frame need Polars.", hint="pip install polars, or read .values and .columns."
            ) from None
        return pl.DataFrame({name: self.values[:, place] for place, name in enumerate(self.columns)})

    def reasons(self, row: int) -> list[Reason]:
        """Return the reasons of one row by its number, the largest first; columns that say the same stand together."""
        told = self._told(row)
        apart = self.prediction[row] - self.bases[row]
        if told.percent:
            slope = told.answer * (1.0 - told.answer)
            scale = (told.answer - told.typical) / apart if abs(apart) > 1e-9 else slope
        else:
            scale = 1.0
        return reasons(self.values[row].tolist(), self._row(row), self.described, self.groups, scale)

    @cached_property
    def text(self) -> list[str]:
        """One sentence for each row: the answer and its main reasons."""
        return [sentence(self._told(row), self.reasons(row)) for row in range(len(self))]

    def _row(self, row: int) -> Mapping[str, Typed]:
        return self.typed.row(row) if isinstance(self.typed, Columns) else self.typed[row]

    def _told(self, row: int) -> Told:
        label = self.labels[row] if self.labels else None
        answer, typical = float(self.prediction[row]), float(self.bases[row])
        if label is not None:
            answer, typical = _share(answer), _share(typical)
        return Told(self.target, label, answer, typical)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON: for each row its answer, a sentence, and the reasons, the largest first."""
        return {
            "unit": self.unit,
            "exact": self.exact,
            "groups": [list(group) for group in self.groups],
            "rows": [
                {
                    "class": self.labels[row] if self.labels else None,
                    "base": float(self.bases[row]),
                    "prediction": float(self.prediction[row]),
                    "text": self.text[row],
                    "reasons": [
                        {"columns": list(each.columns), "contribution": each.value, "shift": each.shift}
                        for each in self.reasons(row)
                    ],
                    "contributions": dict(zip(self.columns, self.values[row].tolist(), strict=True)),
                }
                for row in range(len(self))
            ],
        }

    def __repr__(self) -> str:
        """Return the first rows in words, and where to look."""
        shown = "\n".join(f"  {row}: {self.text[row]}" for row in range(min(SHOWN, len(self))))
        more = f"\n  ... {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        return f"<Explanation of {len(self):,} rows in {self.unit}. Look closer: .contributions, .text>\n{shown}{more}"

    def _repr_html_(self) -> str:
        """Return the first rows in words, as a list."""
        lines = "".join(f"<li>{escape(self.text[row])}</li>" for row in range(min(SHOWN, len(self))))
        return f"<div><ol start='0'>{lines}</ol><p>Look closer: <code>.contributions</code></p></div>"


def _share(log_odds: float) -> float:
    """Return the probability of log-odds."""
    return float(1.0 / (1.0 + np.exp(-np.clip(log_odds, -700.0, 700.0))))
