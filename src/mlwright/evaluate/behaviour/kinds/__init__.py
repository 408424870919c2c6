"""The kinds of behaviour tests: a new one is one file here and one line below."""

from __future__ import annotations

from mlwright.evaluate.behaviour.base import Kind
from mlwright.evaluate.behaviour.kinds.direction import Direction
from mlwright.evaluate.behaviour.kinds.formats import Formats
from mlwright.evaluate.behaviour.kinds.invariance import Invariance
from mlwright.evaluate.behaviour.kinds.known import KnownAnswers
from mlwright.evaluate.behaviour.kinds.missing import Missing
from mlwright.evaluate.behaviour.kinds.typos import Typos

__all__ = ["KINDS"]

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (Invariance(), Direction(), KnownAnswers(), Typos(), Missing(), Formats())
}
