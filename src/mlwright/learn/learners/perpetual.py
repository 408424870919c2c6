"""Perpetual: gradient boosting that grows its trees and ends by a rule of generalisation, with one number to set.

The number is its budget: more of it means smaller steps and more trees. It needs no validation rows. Categories come as
averages ("target"). Several classes are one booster each against all others, as Perpetual's own MultiOutputBooster has
them. While a booster works no other thread runs: it grows a few trees at a time, and large tables are left to others.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import constant, hopeless, outputs, teaching
from mlwright.learn.links import LINKS, NATURAL
from mlwright.learn.trees import MISSING_LEFT, MISSING_RIGHT, FlatTrees, Nodes

_FILE = "perpetual.json"
_BUDGETS = table("budget", (0.5,), (1.0,), (0.25,), (1.5,))
_OBJECTIVES: Mapping[str, str] = {"binary": "LogLoss", "multiclass": "LogLoss", "regression": "SquaredLoss"}
_MOST = 4000
_CHUNK, _CHUNK_CELLS = 20, 10_000_000
"""Trees grown at a time at most, and rows x columns x trees: a second or two."""
_LOST = 3
_MEMORY, _MEMORY_COLUMN, _MOST_MEMORY = 0.1, 0.01, 1.0
"""Gigabytes for histograms, and for each column's. Perpetual fills what it is given before the first tree, and by
default it takes seconds to."""


@dataclass(frozen=True, slots=True)
class PerpetualFitted:
    """Perpetual's boosters as its JSON has them: one, or one for each class."""

    boosters: tuple[Mapping[str, Any], ...]
    objective: str
    features: int
    classes: int
    rounds: int
    complete: bool
    configuration: Configuration
    _loaded: list[Any] = field(default_factory=list, repr=False)

    def predict(self, X: Floats) -> Floats:
        """Return (n, k): class probabilities, or (n, 1) numbers."""
        if not self._loaded:
            from perpetual import PerpetualBooster

            read = type(PerpetualBooster().booster).from_json
            self._loaded.extend(read(json.dumps(each)) for each in self.boosters)
        flat = np.ascontiguousarray(X.T).ravel()
        raw = [each.predict(flat_data=flat, rows=len(X), cols=self.features, parallel=False) for each in self._loaded]
        return LINKS[NATURAL[self.objective]](np.stack(raw, axis=1))

    def pack(self) -> FlatTrees:
        """Return the same function for NumPy alone."""
        return _read_trees(self)

    def files(self) -> dict[str, bytes]:
        """Return Perpetual's JSON, which `PerpetualBooster.load_booster` reads."""
        whole = dict(self.boosters[0])
        whole["metadata"] = {
            "feature_importance_method": '"Gain"',
            "classes_": json.dumps([float(each) for each in range(self.classes)]),
            "cat_mapping": "{}",
            "n_features_": str(self.features),
            "feature_names_in_": json.dumps([str(each) for each in range(self.features)]),
        }
        if len(self.boosters) > 1:
            several = {"n_boosters": len(self.boosters), "boosters": list(self.boosters)}
            whole = {**several, "cfg": whole["cfg"], "metadata": whole["metadata"]}
        return {_FILE: json.dumps(whole, sort_keys=True).encode()}


class Perpetual:
    """Learns with Perpetual; a round is a tree of each booster."""

    name: ClassVar[str] = "perpetual"
    label: ClassVar[str] = "Perpetual"
    objectives: ClassVar[frozenset[str]] = frozenset(_OBJECTIVES)
    variant: ClassVar[str] = "target"
    package: ClassVar[str | None] = "perpetual"
    extra: ClassVar[str | None] = "perpetual"
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = dict.fromkeys(_OBJECTIVES, _BUDGETS)
    max_cells: ClassVar[int | None] = 2_000_000

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:  # noqa: ARG002
        """Grow trees a few at a time, until each booster has ended by itself. Needs no validation rows."""
        require(self)
        # It tells its log of every limit reached, which without a handler means stderr.
        logging.getLogger("perpetual").setLevel(logging.ERROR)
        rows = teaching(problem)
        if hopeless(rows):
            return constant(rows, configuration)
        growing = _growing(rows, configuration)
        chunk, most = max(1, min(_CHUNK, _CHUNK_CELLS // rows.X.size)), effort.rounds or _MOST
        for booster, more in _turns(growing, chunk, most):
            booster.grow(more)
            if effort.stop():
                break
        complete = not any(each.grows and each.trees < most for each in growing)
        boosters = tuple(each.told(growing[0]) for each in growing)
        rounds = max(1, *(each.trees for each in growing))
        features = rows.X.shape[1]
        return PerpetualFitted(boosters, rows.objective, features, rows.classes, rounds, complete, dict(configuration))


def _turns(growing: Sequence[_Growing], chunk: int, most: int) -> Iterator[tuple[_Growing, int]]:
    """Yield boosters and how many trees to grow: one each at first, then some more as long as they grow."""
    grown = 0
    while grown < most and any(each.grows for each in growing):
        more = min(chunk, most - grown) if grown else 1
        yield from ((each, more) for each in growing if each.grows)
        grown += more


class _Growing:
    """One booster while it grows; it says what the share of its class says as long as it has no tree."""

    def __init__(self, rows: Problem, y: Floats, configuration: Configuration) -> None:
        from perpetual import PerpetualBooster

        self.rows, self.y = rows, y
        self.model = PerpetualBooster(
            objective=_OBJECTIVES[rows.objective],
            budget=configuration["budget"],
            num_threads=1,
            categorical_features=None,
            memory_limit=min(_MEMORY + _MEMORY_COLUMN * rows.X.shape[1], _MOST_MEMORY),
            iteration_limit=1,
            reset=False,
        )
        self.grown: dict[str, Any] = {}
        """What it has become, as its JSON has it."""
        self.grows = True

    @property
    def trees(self) -> int:
        """How many trees it has."""
        return len(self.grown.get("trees", ()))

    def told(self, other: _Growing) -> dict[str, Any]:
        """Return its JSON; where it has no tree, that of another without its trees, and the log-odds of its share."""
        if self.trees or not self.rows.classes:
            return self.grown
        own = float(self.y.sum())
        odds = (own + 1 / self.rows.classes) / (len(self.y) - own + 1)
        return {**other.grown, "trees": [], "base_score": float(np.log(odds))}

    def grow(self, trees: int) -> None:
        """Grow so many trees more, and note whether it has ended."""
        before = self.trees
        if before == 0:
            self.model.fit(self.rows.X, self.y, sample_weight=self.rows.weight)
        else:
            # The same booster again: its `reset` says that it goes on.
            self.model.booster.iteration_limit = trees
            self.model.booster.fit(
                flat_data=np.ascontiguousarray(self.rows.X.T).ravel(),
                rows=len(self.y),
                cols=self.rows.X.shape[1],
                y=self.y,
                sample_weight=self.rows.weight,
                group=None,
            )
        self.grown = json.loads(self.model.json_dump())
        end = _end(self.grown["trees"])
        self.grows = end is None and len(self.grown["trees"]) - before >= trees
        self.grown["trees"] = self.grown["trees"][:end]


def _end(trees: Sequence[Mapping[str, Any]]) -> int | None:
    """Return after how many trees Perpetual would have ended if all had been grown at once, or None where later.

    It ends when no split of the root has generalised for the third time; what counts them starts anew with each fit.
    """
    lost = [place for place, tree in enumerate(trees) if tree["stopper"] == "Generalization" and tree["n_leaves"] <= 2]
    return lost[_LOST - 1] + 1 if len(lost) >= _LOST else None


def _growing(rows: Problem, configuration: Configuration) -> list[_Growing]:
    if outputs(rows) == 1:
        return [_Growing(rows, rows.y, configuration)]
    own = [(rows.y == place).astype(np.float64) for place in range(rows.classes)]
    return [_Growing(rows, y, configuration) for y in own]


def _read_trees(fitted: PerpetualFitted) -> FlatTrees:
    """Read the JSON: each tree's nodes by their numbers, from 0 on. Tree t speaks for booster t % boosters."""
    roots: list[int] = []
    left: list[int] = []
    right: list[int] = []
    listed: list[Mapping[str, Any]] = []
    for tree in _in_turn([each["trees"] for each in fitted.boosters]):
        place = {number: len(listed) + offset for offset, number in enumerate(sorted(tree, key=int))}
        roots.append(len(listed))
        for number in place:
            node = tree[number]
            listed.append(node)
            left.append(-1 if node["is_leaf"] else place[str(node["left_child"])])
            right.append(-1 if node["is_leaf"] else place[str(node["right_child"])])
    lost = np.array([node["missing_node"] == node["left_child"] for node in listed], dtype=bool)
    split = np.array([node["split_value"] for node in listed], dtype=np.float64)
    nodes = Nodes(
        roots=np.array(roots, dtype=np.int64),
        left=np.array(left, dtype=np.int64),
        right=np.array(right, dtype=np.int64),
        feature=np.array([node["split_feature"] for node in listed], dtype=np.int64),
        # Perpetual sends x left where x < t: where x <= the number before t.
        threshold=np.nextafter(split, -np.inf),
        view=np.where(lost, MISSING_LEFT, MISSING_RIGHT).astype(np.int8),
        value=np.array([node["weight_value"] for node in listed], dtype=np.float32),
    )
    base = [float(each["base_score"]) for each in fitted.boosters]
    return FlatTrees.grown(nodes, features=fitted.features, link=NATURAL[fitted.objective], base=base)


_SILENT = {
    "is_leaf": True,
    "weight_value": 0.0,
    "split_value": 0.0,
    "split_feature": 0,
    "missing_node": 0,
    "left_child": 0,
}
"""The only node of a tree that says nothing."""


def _in_turn(boosters: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """Yield the nodes of each booster's next tree; a booster that has ended earlier says nothing more."""
    for trees in zip_longest(*boosters):
        yield from ({"0": _SILENT} if tree is None else tree["nodes"] for tree in trees)
