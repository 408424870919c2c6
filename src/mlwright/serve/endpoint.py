"""An endpoint: one name under which a model is asked, and which of its versions answers whom."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlwright.serve.checking import Raw
from mlwright.serve.served import Served


@dataclass(frozen=True, slots=True)
class Share:
    """A version, the share of requests that it answers, and the sum of the shares up to its own."""

    served: Served
    share: float
    upto: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a name means at one moment. It never changes: another one takes its place."""

    name: str
    main: Served
    """The version that the bare name means."""
    versions: Mapping[int, Served] = field(default_factory=dict)
    """Every version that is held in memory."""
    aliases: Mapping[str, int] = field(default_factory=dict)
    canaries: Sequence[Share] = ()
    sticky: str | None = None
    shadows: Sequence[Served] = ()

    @property
    def is_split(self) -> bool:
        """Whether more than one version answers the bare name."""
        return bool(self.canaries)

    def chosen(self, rows: Sequence[Raw]) -> list[tuple[Share, list[int]]]:
        """Return which version answers which rows: one for all, unless a column decides and its values differ."""
        if self.sticky is None:
            return [(self._at(random.random()), list(range(len(rows))))]  # noqa: S311  no secret
        by_version: dict[int, tuple[Share, list[int]]] = {}
        for place, row in enumerate(rows):
            share = self._at(fraction(self.name, row.get(self.sticky)))
            by_version.setdefault(share.served.version, (share, []))[1].append(place)
        return list(by_version.values())

    def _at(self, point: float) -> Share:
        for share in self.canaries:
            if point < share.upto:
                return share
        return Share(self.main, 1.0 - (self.canaries[-1].upto if self.canaries else 0.0), 1.0)


def fraction(name: str, value: object) -> float:
    """Return a number from 0 to 1 that is always the same for a value, and as good as random among values.

    A canary that grows from 5 to 25 % keeps those who had it: they have the smallest numbers.
    """
    digest = hashlib.sha256(f"{name}\0{value}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:7]) / (1 << 56)


def shares(weights: Sequence[tuple[Served, float]]) -> tuple[Share, ...]:
    """Return canaries with their running sums."""
    found, total = [], 0.0
    for served, share in weights:
        total += share
        found.append(Share(served, share, total))
    return tuple(found)
