"""The fast path: forests followed by WebAssembly, in a memory of its own that it cannot leave.

`forest.wat` is the code, as text. Wasmtime makes machine code of it in some milliseconds; where Wasmtime is not there,
or may not make code, NumPy follows the trees and says the same, to the last bit. Why it is so:
docs/decisions/0005-the-fast-path.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from threading import Lock
from typing import Self
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FILL, NEAR_ZERO, ZERO_LEFT, ZERO_RIGHT, FlatTrees
from mlwright.learn.wasm import Code, Image, numbers_at

Floats = NDArray[np.float64]
Forest = FlatTrees | ObliviousTrees
Groups = Sequence[Sequence[tuple[int, Forest]]]
"""Forests with equally many outputs, group by group, and which of several blocks of numbers each reads."""

CODE = Path(__file__).with_name("forest.wat")
_AT_ONCE = 256
_AT_ONCE_BYTES = 1 << 21
_LEVELLED, _OBLIVIOUS = 0, 1
_NODE = np.dtype([("threshold", "<f8"), ("entry", "<u4"), ("left", "<u4")])
_QUESTION = np.dtype([("border", "<f4"), ("entry", "<u4")])
_ENTRY = 8
_EIGHT = 8
_ENTRIES_BYTES = 1 << 17
"""Up to 16 rows go down a levelled tree together: fewer where their entries would fall out of the nearest caches."""
_NEVER = -1.0
"""No number is so small that it counts as missing."""


class Sandbox:
    """Adds up what the leaves of forests say, for rows of numbers. One thread at a time is let in."""

    def __init__(self, code: Code, groups: Groups) -> None:
        widths = {block: forest.features for group in groups for block, forest in group}
        outputs = [[forest.outputs for _, forest in group] for group in groups]
        # Rows go in fours, and what stands beyond the last ones may be written.
        self.rows = 4 * max(1, min(_AT_ONCE, _AT_ONCE_BYTES // max(8 * sum(widths.values()), 1)) // 4)
        image = Image()
        self._top = image.reserve(16)
        blocks = {block: image.reserve(8 * self.rows * width) for block, width in widths.items()}
        sums = [image.reserve(8 * self.rows * sum(each)) for each in outputs]
        headers = [
            _lay_out(image, forest, blocks[block], first + 8 * self.rows * forest.outputs * place)
            for group, first in zip(groups, sums, strict=True)
            for place, (block, forest) in enumerate(group)
        ]
        listed = image.add(headers, "<u4")
        eights = image.add(np.unpackbits(np.arange(256, dtype=np.uint8)), "<f8")
        image.put(self._top, [1, listed, listed + 4 * len(headers), eights], "<u4")
        self.size = image.size
        self._blocks_at = [(block, at, (self.rows, widths[block])) for block, at in blocks.items()]
        self._sums_at = [(at, (len(each), self.rows, each[0])) for each, at in zip(outputs, sums, strict=True)]
        self._code = code
        self._lock, self._lost = Lock(), False
        self._settle()
        image.write(self.memory)
        _SANDBOXES.add(self)

    def _settle(self) -> None:
        """Move into a memory of its own, whose content is for others to write."""
        self._store, self._run, self.memory = self._code.instance(self.size)
        self._count = self.memory[self._top : self._top + 4].view("<u4")
        self._blocks = [(block, numbers_at(self.memory, at, *shape)) for block, at, shape in self._blocks_at]
        self._sums = [numbers_at(self.memory, at, *shape) for at, shape in self._sums_at]

    def twin(self) -> Self:
        """Return the same forests in another memory, for another thread. Raises MemoryError."""
        other = copy(self)
        other._lock = Lock()  # noqa: SLF001  its own class
        other._settle()  # noqa: SLF001
        other.memory[: self.size] = self.memory[: self.size]
        _SANDBOXES.add(other)
        return other

    def after_fork(self) -> None:
        """Forget the thread that was inside while the process was forked: it does not exist in the new one."""
        # What `locked` tells may be old: a thread can have taken the lock without having had time to say so.
        self._lost = self._lost or not self._lock.acquire(blocking=False)
        self._lock = Lock()

    def sums(self, blocks: Sequence[Floats]) -> list[Floats]:
        """Return (forests, n, outputs) of each group: what each forest's own `sums` says of its block."""
        count = len(blocks[0])
        if count <= self.rows:
            with self._lock:
                return [view[:, :count].copy() for view in self._answered(blocks, 0, count)]
        made = [np.empty((view.shape[0], count, view.shape[2])) for view in self._sums]
        for start in range(0, count, self.rows):
            end = min(start + self.rows, count)
            with self._lock:
                for sums, view in zip(made, self._answered(blocks, start, end), strict=True):
                    sums[:, start:end] = view[:, : end - start]
        return made

    def _answered(self, blocks: Sequence[Floats], start: int, end: int) -> list[Floats]:
        """Return where the sums of these rows now stand, for whoever holds the lock."""
        if self._lost:
            self._move()
        count = self._count[0] = end - start
        for block, view in self._blocks:
            view[:count] = blocks[block][start:end]
        try:
            self._run(self._store)
        except self._code.errors as error:
            raise ModelError("The model's trees lead out of the memory that they were given.") from error
        return self._sums

    def _move(self) -> None:
        """Leave a store that a thread may have been inside of, with what lies in its memory."""
        self._former = self._store, self.memory
        self._settle()
        self.memory[: self.size] = self._former[1][: self.size]
        self._lost = False


_SANDBOXES: WeakSet[Sandbox] = WeakSet()


def _after_fork() -> None:
    for each in _SANDBOXES:
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def sandbox(groups: Groups) -> Sandbox | None:
    """Return the forests in a sandbox, or None where NumPy has to do."""
    if not groups:
        return None
    try:
        return Sandbox(Code.ready(CODE), groups)
    except (ImportError, OSError, RuntimeError, MemoryError):  # Wasmtime is not installed, or not for this machine
        return None


def _lay_out(image: Image, forest: Forest, block: int, sums: int) -> int:
    """Lay out a forest, and return the address of its header; the numbers stand at the top of forest.wat."""
    if isinstance(forest, ObliviousTrees):
        kind, start, single = _OBLIVIOUS, np.zeros(forest.outputs), True
        views, width, together = [[-np.inf, _NEVER]], forest.features, _EIGHT
    else:
        kind, start, single = _LEVELLED, forest.base, forest.dtype == np.float32
        near = float(forest.dtype.type(NEAR_ZERO))
        views = [[FILL[view], near if view in {ZERO_LEFT, ZERO_RIGHT} else _NEVER] for view in forest.views]
        width = forest.width
        together = int(np.clip(_ENTRIES_BYTES // (_ENTRY * (width + 2)) // 4, 1, 4)) * 4
    # The first entry is nobody's, and one at the end may be written without being read.
    row = _ENTRY * (width + 2)
    at_views = image.add(np.reshape(views, (-1, 2)), "<f8")
    numbers = [kind, block, sums, 8 * forest.features, 8 * forest.outputs, at_views, at_views + 16 * len(views)]
    numbers += [image.add(start, "<f8"), image.reserve(row * together), int(single)]
    most = np.array([np.finfo(np.float32 if single else np.float64).max], dtype="<f8").view("<u4")
    own = _questions(image, forest) if isinstance(forest, ObliviousTrees) else _levels(image, forest)
    return image.add([*numbers, *most, together, row, *own], "<u4")


def _levels(image: Image, forest: FlatTrees) -> list[int]:
    """Lay out the nodes of levelled trees, tree by tree, and return the rest of the header."""
    count, trees = len(forest.left), forest.trees
    sizes = np.array([table.shape[1] for table in forest.tables], dtype=np.int64)
    tables = image.add(np.concatenate([np.zeros(0, dtype=np.uint8), *(each.ravel() for each in forest.tables)]), "u1")
    ends = tables + np.cumsum(sizes * forest.codes)
    starts = ends - sizes * forest.codes
    categories = image.add(np.stack([8 * forest.coded, forest.codes - 2, sizes, starts], axis=1), "<u4")
    order = np.argsort(_owners(forest), kind="stable")
    at = image.reserve(_NODE.itemsize * count)
    address = np.empty(count, dtype=np.int64)
    address[order] = at + _NODE.itemsize * np.arange(count)
    leaf = forest.left == np.arange(count)
    nodes = np.empty(count, dtype=_NODE)
    nodes["entry"] = np.where(leaf, 0, _ENTRY * (1 + forest.entry))
    nodes["left"] = address[forest.left]
    vector = forest.value.ndim == 2
    if vector:
        values = image.add(forest.value, "<f8") + 8 * forest.outputs * np.arange(count)
        said = np.stack([values, np.zeros(count)], axis=1).astype("<u4").view("<f8")[:, 0]
    else:
        said = forest.value.astype("<f8")
    nodes["threshold"] = np.where(leaf, said, forest.threshold)
    image.put(at, nodes[order], _NODE)
    deepest = np.argsort(-forest.depth, kind="stable")
    going = trees - np.cumsum(np.bincount(forest.depth))[:-1]
    levels = image.add(4 * going, "<u4")
    roots = image.add(address[deepest], "<u4")
    places = image.reserve(4 * trees)
    in_order = image.add(places + 4 * np.argsort(deepest), "<u4")
    listed = image.add(np.stack([address[:trees], forest.depth], axis=1), "<u4")
    return [
        *(categories, categories + 16 * len(sizes)),
        *(levels, levels + 4 * len(going)),
        *(roots, places, 4 * trees),
        *(in_order, in_order + 4 * trees),
        *(int(vector), int(forest.sum_dtype == np.float32)),
        *(listed, listed + 8 * trees),
    ]


def _owners(forest: FlatTrees) -> NDArray[np.intp]:
    """Return which tree each node belongs to."""
    owners = np.arange(len(forest.left))
    node = owners[: forest.trees]
    while len(node):
        inner = node[forest.left[node] != node]
        node = np.concatenate([forest.left[inner], forest.left[inner] + 1])
        owners[node] = np.tile(owners[inner], 2)
    return owners


def _questions(image: Image, forest: ObliviousTrees) -> list[int]:
    """Lay out the questions and values of oblivious trees, and return the rest of the header."""
    trees, depth = forest.feature.shape
    # A tree without a question is given one whose answer does not matter.
    asked = max(depth, 1)
    questions = np.zeros((trees, asked), dtype=_QUESTION)
    questions["entry"][:, :depth] = _ENTRY * (1 + forest.feature[:, ::-1])
    questions["border"][:, :depth] = forest.border[:, ::-1]
    value = forest.value if depth else np.repeat(forest.value, 2, axis=0)
    at = image.add(questions, _QUESTION)
    values = image.add(value, "<f8")
    size = _QUESTION.itemsize * asked
    turned = image.reserve(4 * _EIGHT * (1 + forest.features))
    totals = image.reserve(8 * _EIGHT * forest.outputs)
    return [at, at + size * trees, size, values, 8 * forest.outputs << asked, turned, totals]
