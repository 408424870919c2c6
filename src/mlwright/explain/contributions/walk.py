"""The walk: rows through a forest to the leaves that they and the background reach together, in the sandbox.

`walk.wat` is the code, and tells the layout. What a leaf gives is the same as by `Patterns.got`; only the leaves, and
the patterns of a leaf, that matter to a row are looked at.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.explain.contributions.games import MOST_PLAYERS, gains
from mlwright.explain.contributions.paths import Bits, Paths
from mlwright.explain.contributions.patterns import Patterns
from mlwright.learn.trees import FlatTrees
from mlwright.learn.wasm import Code, Image, numbers_at

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

CODE = Path(__file__).with_name("walk.wat")
AT_ONCE = 256
AT_ONCE_BYTES = 1 << 20
"""Rows go in together as long as their entries stay in the nearer caches."""
KEPT_BYTES = 1 << 24
"""What is kept of one forest, at most: only as much is used as rows differ in whom they fail."""
MOST_IDLE = 4
"""Memories that wait for the next caller, at most; more threads at once make more, and drop them again."""
MOST_KEPT = 8
"""Bits of the most masks that are kept of a leaf."""
_NODE = np.dtype(
    {
        "names": ["threshold", "bit", "left_alive", "right_alive", "left", "right", "entry"],
        "formats": ["<f8", "<i8", "16u1", "16u1", "<u4", "<u4", "<u4"],
        "offsets": [0, 8, 16, 32, 48, 52, 56],
        "itemsize": 64,
    }
)
_LEAF = np.dtype(
    {
        "names": ["patterns", "bytes", "kept", "mask", "firsts", "places", "values", "pattern"],
        "formats": ["<u4", "<u4", "<u4", "<u4", "16u1", "2<u4", "2<u4", "<u4"],
        "offsets": [0, 4, 8, 12, 16, 32, 40, 56],
        "itemsize": 64,
    }
)
_STACKED = 32


@dataclass(frozen=True)
class Walk:
    """A forest laid out once, and the memories that it was written to: each thread inside has one of its own."""

    code: Code
    image: Image
    entries: int
    rows: int
    """How many rows go in together."""
    width: int
    got: int
    players: int
    outputs: int
    idle: deque[_Memory] = field(default_factory=lambda: deque(maxlen=MOST_IDLE))

    @classmethod
    def of(cls, trees: FlatTrees, paths: Paths, patterns: Patterns, filters: Bits, players: int) -> Walk | None:
        """Return the walk, or None where NumPy has to do."""
        try:
            walk = cls._laid_out(Code.ready(CODE), trees, paths, patterns, filters, players)
            walk.idle.append(_Memory(walk))
        except (ImportError, OSError, RuntimeError, MemoryError):  # Wasmtime is not installed, or not for this machine
            return None
        return walk

    @classmethod
    def _laid_out(
        cls, code: Code, trees: FlatTrees, paths: Paths, patterns: Patterns, filters: Bits, players: int
    ) -> Walk:
        image, outputs = Image(), trees.outputs
        top, share = image.reserve(48), image.reserve(8)
        row, got_row = 8 * trees.width, 8 * players * outputs
        rows = max(1, min(AT_ONCE, AT_ONCE_BYTES // max(row, 1)))
        entries, got = image.reserve(rows * row), image.reserve(rows * got_row)
        roots = _lay_out(image, trees, paths, patterns, filters)
        worth = np.stack([gains().T, gains()], axis=2)
        header = [0, *roots, image.add(worth, "<f8"), worth[0].nbytes, entries, row, got, got_row]
        # At most one node of each level waits on the stack; a leaf's shares go in pairs behind 16 bytes.
        header += [
            image.reserve(_STACKED * (int(trees.depth.max(initial=0)) + 1)),
            image.reserve(24 + 8 * MOST_PLAYERS),
        ]
        image.put(top, header, "<u4")
        image.put(share, 1.0 / patterns.rows, "<f8")
        return cls(code, image, entries, rows, trees.width, got, players, outputs)

    def contributions(self, trees: FlatTrees, X: Floats) -> Floats | None:
        """Return (n, players, outputs), or None where there is no memory to be had."""
        memory = self._taken()
        if memory is None:
            return None
        said = np.empty((len(X), self.players * self.outputs))
        try:
            for start in range(0, len(X), self.rows):
                part = X[start : start + self.rows]
                said[start : start + len(part)] = memory.got(trees.extended(part))
        except self.code.errors:
            return None
        # Whoever fails inside, or is inside while the process is forked, leaves a memory that nobody takes again.
        self.idle.append(memory)
        return said.reshape(len(X), self.players, self.outputs)

    def _taken(self) -> _Memory | None:
        """Return a memory that nobody is in."""
        try:
            return self.idle.pop()
        except IndexError:
            pass
        try:
            return _Memory(self)
        except (RuntimeError, MemoryError):
            return None

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the memory behind: whoever gets a copy makes their own."""
        return type(None), ()


class _Memory:
    """One memory, and what runs in it."""

    def __init__(self, walk: Walk) -> None:
        self._store, self._run, memory = walk.code.instance(walk.image.size)
        walk.image.write(memory)
        self._count = memory[:4].view("<u4")
        self._entries = numbers_at(memory, walk.entries, walk.rows, walk.width)
        self._got = numbers_at(memory, walk.got, walk.rows, walk.players * walk.outputs)

    def got(self, entries: NDArray[np.floating[Any]]) -> Floats:
        """Return (n, players * outputs), good until it is called again."""
        many = self._count[0] = len(entries)
        self._entries[:many] = entries
        self._got[:many] = 0.0
        self._run(self._store)
        return self._got[:many]


def _lay_out(image: Image, trees: FlatTrees, paths: Paths, patterns: Patterns, filters: Bits) -> list[int]:
    """Lay out nodes, leaves and what they need; return first and end of the list of roots."""
    at = image.reserve(_NODE.itemsize * len(trees.left))
    address = at + _NODE.itemsize * paths.order
    inner = np.flatnonzero(trees.left != np.arange(len(trees.left)))
    left = trees.left[inner]
    nodes = np.zeros(len(trees.left), dtype=_NODE)
    nodes["threshold"][inner] = trees.threshold[inner]
    nodes["bit"][inner] = 1 << paths.place[inner]
    nodes["left_alive"][inner], nodes["right_alive"][inner] = filters[left], filters[left + 1]
    nodes["left"][inner], nodes["right"][inner] = address[left], address[left + 1]
    nodes["entry"][inner] = 8 * trees.entry[inner]
    nodes.view(_LEAF)[paths.leaves] = _leaves(image, trees, paths, patterns)
    image.put(at, nodes[np.argsort(paths.order)], _NODE)
    roots = np.flatnonzero(trees.left[: trees.trees] != np.arange(trees.trees))
    listed = image.add(address[roots], "<u4")
    return [listed, listed + 4 * len(roots)]


def _leaves(image: Image, trees: FlatTrees, paths: Paths, patterns: Patterns) -> NDArray[np.void]:
    """Return the leaves, with what they need laid out."""
    leaves = np.zeros(len(paths.leaves), dtype=_LEAF)
    width = 1 + -(-paths.players // 8)
    widths = width[patterns.leaf]
    counted = patterns.mask.astype("<i8").view("<u1").reshape(-1, 8)
    counted[np.arange(len(counted)), widths - 1] = patterns.count
    packed = counted[np.arange(8) < widths[:, None]]
    leaves["pattern"], leaves["firsts"] = width, patterns.firsts
    many = np.diff(patterns.first)
    leaves["patterns"] = (
        image.add(np.append(packed, np.zeros(8, dtype=np.uint8)), "<u1") + np.cumsum(width * many) - width * many
    )
    value = trees.scale * trees.value[paths.leaves].astype(np.float64)
    each = 8 * (trees.outputs if value.ndim == 2 else 1)
    leaves["values"] = _spans(image.add(value, "<f8"), each * np.arange(len(value) + 1))
    output = np.zeros(len(value), dtype=np.intp) if value.ndim == 2 else paths.tree % trees.outputs
    places = 8 * (paths.player * trees.outputs + np.repeat(output, paths.players))
    leaves["places"] = _spans(image.add(places, "<u4"), 4 * paths.first)
    leaves["bytes"] = 16 * ((1 + paths.players) // 2)
    leaves["mask"] = size = 16 + leaves["bytes"].astype(np.intp)
    room = size << np.minimum(paths.players, MOST_KEPT)
    most = next(most for most in range(MOST_KEPT, -2, -1) if room[paths.players <= most].sum() <= KEPT_BYTES)
    keep = paths.players <= most
    room[~keep] = 0
    ends = np.cumsum(room)
    leaves["kept"] = np.where(keep, image.reserve(int(ends[-1])) + ends - room, 0)
    return leaves


def _spans(at: int, offsets: Index) -> Index:
    """Return (n, 2): where each begins and ends, of things that stand one after the other."""
    spans: Index = at + np.stack([offsets[:-1], offsets[1:]], axis=1)
    return spans
