"""What a table holds: the kind and role of each column, how its rows are to be split, and what is wrong with it.

The module is also a function: `mlwright.clean(source)` cleans a table (see `mlwright.clean.cleaned`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from mlwright.clean.question import Question

if TYPE_CHECKING:
    from mlwright.clean.cleaned import Cleaned, Labels

__all__ = ["Question"]


class _Door(ModuleType):
    """A module that can be called: `mw.clean(...)` and `mlwright.clean.base` are one name."""

    def __call__(
        self,
        source: object,
        *,
        target: str | None = None,
        query: str | None = None,
        labels: Labels | None = None,
        exclude: Iterable[str] = (),
        apply: bool = True,
        seed: int = 0,
    ) -> Cleaned:
        """Find the wrong cells of a table and repair those of which it is sure: see `mlwright.clean.cleaned.clean`."""
        from mlwright.clean.cleaned import clean

        return clean(source, target=target, query=query, labels=labels, exclude=exclude, apply=apply, seed=seed)


sys.modules[__name__].__class__ = _Door
