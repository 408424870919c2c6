"""What damaged content of a predictor leads to: one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlwright.errors import ModelError


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever wrong content leads to into a ModelError, so that what reads it may stay plain."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"The model is damaged, in its {what}: {error!r}.") from error
