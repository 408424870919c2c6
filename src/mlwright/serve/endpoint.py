"""An endpoint: one name under which a model is asked, and which of its versions answers whom."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlwright.registry.names import LATEST, Reference
from mlwright.serve.checking import Raw
from mlwright.serve.serving import Serving
from mlwright.values import as_text


@dataclass(frozen=True, slots=True)
class Share:
    """A version, the share of requests that it answers in all, and where its part of the numbers from 0 to 1 ends."""

    served: Serving
    share: float
    upto: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a name means at one moment. It never changes: another one takes its place."""

    name: str
    main: Serving
    """The version that the bare name means."""
    versions: Mapping[int, Serving] = field(default_factory=dict)
    """Every version that is held in memory."""
    aliases: Mapping[str, int] = field(default_factory=dict)
    split: Sequence[Share] = ()
    """Who answers which part of the numbers from 0 to 1; empty where `main` answers everybody."""
    sticky: str | None = None
    shadows: Sequence[Serving] = ()
    latest: int | None = None
    """The newest version that is not archived."""
    problem: str | None = None
    """Why it is not what the registry says by now, or None."""

    @property
    def is_split(self) -> bool:
        """Whether more than one version answers the bare name."""
        return bool(self.split)

    @property
    def canaries(self) -> list[Share]:
        """The versions that answer beside `main`, each once."""
        others = {part.served.version: part for part in self.split if part.served.version != self.main.version}
        return list(others.values())

    def number(self, wanted: Reference) -> int | None:
        """Return the number of the version that NAME@VERSION, NAME@ALIAS or NAME@latest means; None where none is."""
        if wanted.version is not None:
            return wanted.version
        return self.latest if wanted.wanted == LATEST else self.aliases.get(wanted.wanted)

    def chosen(self, rows: Sequence[Raw]) -> list[tuple[Share, list[int]]]:
        """Return which version answers which rows: one for all, unless a column decides and its values differ.

        Where a column decides, each row in which it is missing is left to chance.
        """
        if self.sticky is None:
            return [(self._at(random.random()), list(range(len(rows))))]  # noqa: S311  no secret
        by_version: dict[int, tuple[Share, list[int]]] = {}
        for place, row in enumerate(rows):
            value = as_text(row.get(self.sticky))
            point = random.random() if value is None else fraction(self.name, value)  # noqa: S311  no secret
            share = self._at(point)
            by_version.setdefault(share.served.version, (share, []))[1].append(place)
        return list(by_version.values())

    def _at(self, point: float) -> Share:
        for share in self.split:
            if point < share.upto:
                return share
        return self.split[-1] if self.split else Share(self.main, 1.0, 1.0)


def fraction(name: str, value: str) -> float:
    """Return a number from 0 to 1 that is always the same for a text, and as good as random among texts.

    A canary that grows from 5 to 25 % keeps those who had it: they have the smallest numbers.
    """
    digest = hashlib.sha256(f"{name}\0{value}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:7]) / (1 << 56)


def shares(main: Serving, weights: Sequence[tuple[Serving, float]]) -> tuple[Share, ...]:
    """Return who answers which part: the weights one after the other, and `main` the rest; () where it answers all.

    A version may be named twice, or be `main` itself (a challenger that was promoted while it still had a weight): its
    parts stay where they were, so that nobody changes over, and its share is the sum of them.
    """
    rest = max(0.0, 1.0 - math.fsum(weight for _, weight in weights))
    parts = [*weights, (main, rest)] if rest > 0 else [*weights]
    if all(served.version == main.version for served, _ in parts):
        return ()
    total: dict[int, float] = {}
    for served, weight in parts:
        total[served.version] = total.get(served.version, 0.0) + weight
    ends = itertools.accumulate(weight for _, weight in parts)
    return tuple(Share(served, total[served.version], end) for (served, _), end in zip(parts, ends, strict=True))
