"""Rankers within a ranker, as one state: each member's arrays carry its position before their name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from mlwright.learn.damage import require_fit
from mlwright.learn.recommenders import ranker_kind
from mlwright.learn.recommenders.base import Ranker

MOST = 64
"""More members than this no blend has."""


def pack_rankers(rankers: Sequence[Ranker]) -> tuple[list[dict[str, Any]], dict[str, NDArray[Any]]]:
    """Return what `unpack_rankers` makes them again of."""
    plain: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for position, ranker in enumerate(rankers):
        own, numbers = ranker.state()
        plain.append({"kind": ranker.kind, "state": own})
        arrays.update({f"{position}.{name}": array for name, array in numbers.items()})
    return plain, arrays


def unpack_rankers(plain: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[Any]]) -> list[Ranker]:
    """Return the rankers; raises ValueError or ModelError where there can be none.

    Members are of the kinds that learners give: no blend lies within a blend.
    """
    require_fit(isinstance(plain, list) and len(plain) <= MOST, "members")
    members = []
    for position, one in enumerate(plain):
        begin = f"{position}."
        own = {name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin)}
        members.append(ranker_kind(one["kind"]).from_state(one["state"], own))
    return members
