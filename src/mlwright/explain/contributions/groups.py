"""Groups of columns that say nearly the same: what one of them adds, another might have added as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlwright.columns import Columns
from mlwright.schema import Column

STRONG = 0.8
"""Columns whose association (0 to 1) is at least this say nearly the same."""
MOST_COLUMNS = 150


def groups_of(
    background: Columns, described: Sequence[Column], weights: Sequence[float]
) -> tuple[tuple[str, ...], ...]:
    """Return the groups of two columns or more in which every pair is strongly associated, among the rows given.

    `weights` tell how much each column matters: of more than 150 the first ones are looked at. Without SciPy, which
    predicting alone does not need, there are none.
    """
    try:
        from mlwright.clean.profile.associations import facet_of, pairs_of
    except ImportError:
        return ()
    order = np.argsort(-np.asarray(weights), kind="stable")[:MOST_COLUMNS].tolist()
    facets = [made for at in order if (made := facet_of(background[described[at].name], described[at])) is not None]
    strong = {pair.columns: pair.strength for pair in pairs_of(facets) if pair.strength >= STRONG}
    groups: list[list[str]] = []
    for first, second in sorted(strong, key=lambda pair: -strong[pair]):
        mine = next((group for group in groups if first in group), None)
        other = next((group for group in groups if second in group), None)
        merged = (mine or [first]) + (other or [second])
        if mine is not None and mine is other:
            continue
        if all((a, b) in strong or (b, a) in strong for place, a in enumerate(merged) for b in merged[place + 1 :]):
            groups = [group for group in groups if group is not mine and group is not other] + [merged]
    places = {column.name: place for place, column in enumerate(described)}
    return tuple(sorted(tuple(sorted(group, key=places.__getitem__)) for group in groups))
