"""Sample: rows as the numbers that losses are estimated from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy import intp
from numpy.typing import NDArray

from mlwright.monitor.ranks import Floats

Loss = Callable[[Floats, Floats], Floats]
"""As `Metric.losses`: (y, P) to the loss of each row."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as numbers.

    `X` (n, d): the recipe's numbers or other ones, NaN where missing; `P` (n, k): the model's probabilities, or (n, 1)
    numbers; `y` (n,): the outcomes, as class positions or numbers, which new rows do not have. `names` (d,): the column
    that each number stems from.
    """

    X: Floats
    P: Floats
    y: Floats | None = None
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.P)

    def take(self, index: NDArray[intp]) -> Sample:
        """Return the rows at these positions."""
        return Sample(self.X[index], self.P[index], None if self.y is None else self.y[index], self.names)
