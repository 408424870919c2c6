"""What damaged content of a predictor leads to: one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlwright.errors import ModelError

MOST_OUTPUTS = 1_000
"""More classes than this no predictor has: a small file could else ask for gigabytes."""


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever wrong content leads to into a ModelError, so that what reads it may stay plain."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"The model is damaged, in its {what}: {error!r}.") from error


def check_outputs(count: int) -> None:
    """Raise ValueError where there can be no predictor of so many outputs."""
    if not 1 <= count <= MOST_OUTPUTS:
        raise ValueError(f"{count} outputs cannot be")


def require_fit(condition: bool, what: str) -> None:  # noqa: FBT001
    """Raise ValueError, naming what does not fit, where the condition does not hold."""
    if not condition:
        raise ValueError(f"{what} does not fit")
