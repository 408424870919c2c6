"""Order: which numbers of a Recipe have to move an answer in one direction only, because a raw column has to."""

from __future__ import annotations

from collections.abc import Sequence

from mlwright.features.base import Feature
from mlwright.schema import Column


def signs(features: Sequence[Feature], columns: Sequence[Column]) -> tuple[int, ...]:
    """Return for each feature 1 where the answer may only rise with it, -1 where it may only fall, else 0.

    Empty where no column has a direction. Where all features of a column rise with it, an answer that rises with each
    of them rises with the column. Raises ValueError where a feature of such a column need not rise with it.

    >>> age = Column(name="age", kind="number", direction="decreasing")
    >>> signs([Feature("age", "age", order="rises"), Feature("town", "town")], [age])
    (-1, 0)
    """
    asked = {column.name: column.sign for column in columns if column.sign}
    if not asked:
        return ()
    return tuple(_sign(feature, asked) for feature in features)


def _sign(feature: Feature, asked: dict[str, int]) -> int:
    if asked.keys().isdisjoint(feature.sources):
        return 0
    if feature.others or feature.order is None:
        raise ValueError(f"the feature {feature.name!r} need not keep the order of {feature.source!r}")
    return asked[feature.source] if feature.order == "rises" else 0
