"""The Policy: which threshold decides about a row. Part of a model; needs NumPy alone.

Each segment of rows has a Rule: one threshold, or two or three among which its rows are shared, each row always the
same one. A segment is a group, told by the sensitive columns; or, where these may not be asked for, what a second head
thinks of the group. A row of no segment is decided about by the threshold that the model has for everybody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import ModelError
from mlwright.fairness.mitigation.criteria import CRITERIA
from mlwright.fairness.mitigation.draws import draws
from mlwright.fairness.mitigation.frontier import Rule
from mlwright.fairness.mitigation.grouping import Grouping
from mlwright.learn.ensemble import Ensemble
from mlwright.tasks.base import Floats

UNKNOWN_GROUP: Final = "unknown group: the threshold for everybody"
MOST_SEGMENTS = 10_000
MOST_THRESHOLDS = 1_000


@dataclass(frozen=True, slots=True)
class Head:
    """What tells segments without asking for the group: an ensemble that estimates it from the other columns.

    A row's segment is its likeliest group, and within it how likely: one of the bands between that group's `edges`.
    """

    ensemble: Ensemble
    edges: tuple[Floats, ...]

    @property
    def segments(self) -> int:
        """The number of segments."""
        return sum(len(edges) + 1 for edges in self.edges)

    def of(self, likely: Floats) -> NDArray[np.intp]:
        """Return the segment of each row from (n, groups) probabilities."""
        top = likely.argmax(axis=1)
        found = np.zeros(len(likely), dtype=np.intp)
        first = 0
        for group, edges in enumerate(self.edges):
            rows = np.flatnonzero(top == group)
            found[rows] = first + np.searchsorted(edges, likely[rows, group], side="right")
            first += len(edges) + 1
        return found


@dataclass(frozen=True)
class Policy:
    """Thresholds by segment, and how a row's segment is told."""

    criterion: str
    tolerance: float
    grouping: Grouping
    rules: tuple[Rule, ...]
    common: float
    """The threshold for everybody: the model's own."""
    head: Head | None
    drawn: tuple[str, ...]
    """The columns from whose values a row's number is drawn, where a rule shares rows among thresholds."""
    seed: int

    @cached_property
    def is_firm(self) -> bool:
        """Whether no rule shares its rows among thresholds."""
        return all(rule.is_firm for rule in self.rules)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The raw columns that the policy reads, once each."""
        told = self.grouping.sources if self.head is None else self.head.ensemble.sources
        return tuple(dict.fromkeys([*told, *(() if self.is_firm else self.drawn)]))

    def segments(self, columns: Columns) -> NDArray[np.intp]:
        """Return the segment of each row; -1 where its group is none that a rule was found for."""
        if self.head is None:
            return self.grouping.of(columns)
        return self.head.of(self.head.ensemble.predict(columns))

    def thresholds(self, columns: Columns) -> Floats:
        """Return (n,) the threshold that decides about each row."""
        return self.of_segments(self.segments(columns), columns)

    def of_segments(self, segments: NDArray[np.intp], columns: Columns) -> Floats:
        """Return (n,) the threshold that decides about each row of these segments."""
        found = np.full(columns.rows, self.common)
        drawn: Floats | None = None
        for place, rule in enumerate(self.rules):
            rows = np.flatnonzero(segments == place)
            if not len(rows):
                continue
            if rule.is_firm:
                found[rows] = rule.thresholds[0]
                continue
            drawn = draws(columns, self.drawn, self.seed) if drawn is None else drawn
            ends = np.cumsum(rule.shares)[:-1]
            found[rows] = rule.thresholds[np.searchsorted(ends, drawn[rows], side="right")]
        return found

    def flags(self, columns: Columns) -> tuple[str, ...]:
        """Return for each row what is worth knowing of its threshold: empty, or that its group is unknown."""
        if self.head is not None:
            return ("",) * columns.rows
        return tuple(UNKNOWN_GROUP if place < 0 else "" for place in self.segments(columns).tolist())

    def state(self) -> dict[str, Any]:
        """Return JSON, without the head's ensemble."""
        return {
            "criterion": self.criterion,
            "tolerance": self.tolerance,
            "grouping": self.grouping.state(),
            "rules": [{"thresholds": rule.thresholds.tolist(), "shares": rule.shares.tolist()} for rule in self.rules],
            "common": self.common,
            "edges": None if self.head is None else [edges.tolist() for edges in self.head.edges],
            "drawn": list(self.drawn),
            "seed": self.seed,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], ensemble: Ensemble | None) -> Policy:
        """Return the policy of that state, which came from a file, with its head's ensemble. Raises ModelError."""
        grouping = Grouping.from_state(state["grouping"])
        rules = tuple(_rule(each) for each in _list(state["rules"]))
        head = None if ensemble is None else Head(ensemble, tuple(map(_edges, _list(state["edges"]))))
        if (state["edges"] is None) != (ensemble is None) or state["criterion"] not in CRITERIA:
            raise ModelError("The model's thresholds do not say how a row's group is told.")
        groups = len(grouping.names)
        if head is not None and (ensemble is None or len(head.edges) != groups or ensemble.classes != groups):
            raise ModelError("The model's second head does not tell the groups that its thresholds are for.")
        if len(rules) != (groups if head is None else head.segments) or not 2 <= groups <= MOST_SEGMENTS:
            raise ModelError("The model has thresholds for other groups than it knows.")
        drawn, seed = _list(state["drawn"]), state["seed"]
        if not all(isinstance(name, str) for name in drawn) or not drawn or type(seed) is not int:
            raise ModelError("The model's thresholds draw from columns that cannot be.")
        return cls(
            criterion=state["criterion"],
            tolerance=_number(state["tolerance"]),
            grouping=grouping,
            rules=rules,
            common=_number(state["common"]),
            head=head,
            drawn=tuple(drawn),
            seed=seed,
        )


def _rule(state: Mapping[str, Any]) -> Rule:
    thresholds, shares = _numbers(state["thresholds"]), _numbers(state["shares"])
    fits = 1 <= len(thresholds) <= MOST_THRESHOLDS and len(thresholds) == len(shares)
    if not fits or (np.diff(thresholds) <= 0).any() or thresholds[0] < 0 or thresholds[-1] > 2:
        raise ModelError("The model has thresholds by group that cannot be.")
    if (shares <= 0).any() or not math.isclose(float(shares.sum()), 1.0, abs_tol=1e-6):
        raise ModelError("The model shares a group's rows among thresholds in shares that cannot be.")
    return Rule(thresholds, shares)


def _edges(found: object) -> Floats:
    edges = _numbers(found)
    if len(edges) > MOST_THRESHOLDS or (np.diff(edges) <= 0).any():
        raise ModelError("The model's second head has bands that cannot be.")
    return edges


def _numbers(found: object) -> Floats:
    return np.array([_number(each) for each in _list(found)], dtype=np.float64)


def _number(found: object) -> float:
    if not isinstance(found, (int, float)) or isinstance(found, bool) or not math.isfinite(found):
        raise ModelError("The model's thresholds by group hold what is no number.")
    return float(found)


def _list(found: object) -> Sequence[Any]:
    if not isinstance(found, list):
        raise ModelError("The model's thresholds by group are no list.")
    return found
