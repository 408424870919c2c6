"""The fast path: forests followed by WebAssembly, in a memory of its own that it cannot leave.

`forest.wat` is the code, as text. Wasmtime makes machine code of it in some milliseconds; where Wasmtime is not there,
or may not make code, NumPy follows the trees and says the same, to the last bit. Why it is so:
docs/decisions/0005-the-fast-path.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from mlwright.errors import ModelError
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FILL, NEAR_ZERO, ZERO_LEFT, ZERO_RIGHT, FlatTrees

Floats = NDArray[np.float64]
Forest = FlatTrees | ObliviousTrees
Groups = Sequence[Sequence[tuple[int, Forest]]]
"""Forests with equally many outputs, group by group, and which of several blocks of numbers each reads."""

CODE = Path(__file__).with_name("forest.wat")
MOST_BYTES = 1 << 30
"""Forests that want more memory than this are left to NumPy."""
_PAGE = 1 << 16
_AT_ONCE = 256
_AT_ONCE_BYTES = 1 << 21
_LEVELLED, _OBLIVIOUS = 0, 1
_NODE = np.dtype([("threshold", "<f8"), ("entry", "<u4"), ("left", "<u4")])
_QUESTION = np.dtype([("border", "<f4"), ("entry", "<u4")])
_ENTRY = 8
_NEVER = -1.0
"""No number is so small that it counts as missing."""


class Sandbox:
    """Adds up what the leaves of forests say, for rows of numbers. One thread at a time is let in."""

    def __init__(self, code: _Code, groups: Groups) -> None:
        widths = {block: forest.features for group in groups for block, forest in group}
        outputs = [[forest.outputs for _, forest in group] for group in groups]
        self.rows = max(1, min(_AT_ONCE, _AT_ONCE_BYTES // max(8 * sum(widths.values()), 1)))
        image = _Image()
        top = image.reserve(16)
        blocks = {block: image.reserve(8 * self.rows * width) for block, width in widths.items()}
        sums = [image.reserve(8 * self.rows * sum(each)) for each in outputs]
        headers = [
            _lay_out(image, forest, blocks[block], first + 8 * self.rows * forest.outputs * place)
            for group, first in zip(groups, sums, strict=True)
            for place, (block, forest) in enumerate(group)
        ]
        listed = image.add(headers, "<u4")
        eights = image.add(np.unpackbits(np.arange(256, dtype=np.uint8)), "<f8")
        image.put(top, [1, listed, listed + 4 * len(headers), eights], "<u4")
        self._errors = code.errors
        self._store, self._run, self.memory = code.instance(image.size)
        image.write(self.memory)
        self._count = self.memory[top : top + 4].view("<u4")
        self._blocks = [(block, _view(self.memory, at, self.rows, widths[block])) for block, at in blocks.items()]
        self._sums = [
            _view(self.memory, at, len(each), self.rows, each[0]) for each, at in zip(outputs, sums, strict=True)
        ]
        self._lock = Lock()

    def sums(self, blocks: Sequence[Floats]) -> list[Floats]:
        """Return (forests, n, outputs) of each group: what each forest's own `sums` says of its block."""
        count = len(blocks[0])
        if count > self.rows:
            parts = [
                self.sums([block[start : start + self.rows] for block in blocks])
                for start in range(0, count, self.rows)
            ]
            return [np.concatenate(each, axis=1) for each in zip(*parts, strict=True)]
        with self._lock:
            self._count[0] = count
            for block, view in self._blocks:
                view[:count] = blocks[block]
            try:
                self._run(self._store)
            except self._errors as error:
                raise ModelError("The model's trees lead out of the memory that they were given.") from error
            return [view[:, :count].copy() for view in self._sums]


def sandbox(groups: Groups) -> Sandbox | None:
    """Return the forests in a sandbox, or None where NumPy has to do."""
    if not groups:
        return None
    try:
        code = _Code.compiled()
    except (ImportError, OSError, RuntimeError):  # Wasmtime is not installed, or not for this machine
        return None
    try:
        return Sandbox(code, groups)
    except MemoryError:
        return None


@dataclass(frozen=True, slots=True)
class _Code:
    """The machine code, made once in a process."""

    wasmtime: Any
    engine: Any
    module: Any

    @classmethod
    @cache
    def compiled(cls) -> Self:
        """Compile the code. Raises ImportError, OSError or RuntimeError where that cannot be."""
        import wasmtime

        configuration = wasmtime.Config()
        # Addresses are compared with the memory's end: no signal handlers in somebody's process, no 4 GB set aside.
        configuration.signals_based_traps = False
        configuration.memory_reservation = 0
        configuration.memory_reservation_for_growth = 0
        configuration.memory_guard_size = 0
        configuration.parallel_compilation = False
        try:
            engine = wasmtime.Engine(configuration)
            return cls(wasmtime, engine, wasmtime.Module(engine, CODE.read_text(encoding="ascii")))
        except wasmtime.WasmtimeError as error:  # a machine that lets nobody make code
            raise RuntimeError(str(error)) from error

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What calls may raise."""
        return self.wasmtime.WasmtimeError, self.wasmtime.Trap

    def instance(self, size: int) -> tuple[Any, Callable[[Any], None], NDArray[np.uint8]]:
        """Return a store, what runs in it, and its memory of so many bytes or more, good while the store lives."""
        store = self.wasmtime.Store(self.engine)
        try:
            exports = self.wasmtime.Instance(store, self.module, []).exports(store)
            memory = exports["memory"]
            memory.grow(store, -(-size // _PAGE))
        except self.errors as error:
            raise MemoryError(str(error)) from error
        return store, exports["run"], np.frombuffer(memory.get_buffer_ptr(store), dtype=np.uint8)


class _Image:
    """What the memory will hold: arrays one after the other, and room between them."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[tuple[int, NDArray[np.uint8]]] = []

    def reserve(self, count: int) -> int:
        """Return the address of so many bytes."""
        at = -(-self.size // 16) * 16
        self.size = at + count
        if self.size > MOST_BYTES:
            raise MemoryError
        return at

    def add(self, values: ArrayLike, dtype: DTypeLike) -> int:
        """Return the address of these values."""
        array = np.ascontiguousarray(values, dtype=dtype)
        at = self.reserve(array.nbytes)
        self.put(at, array, dtype)
        return at

    def put(self, at: int, values: ArrayLike, dtype: DTypeLike) -> None:
        """Put values where room was reserved for them."""
        self._pieces.append((at, np.ascontiguousarray(values, dtype=dtype).reshape(-1).view(np.uint8)))

    def write(self, memory: NDArray[np.uint8]) -> None:
        """Write everything into a memory."""
        for at, piece in self._pieces:
            memory[at : at + len(piece)] = piece


def _view(memory: NDArray[np.uint8], at: int, *shape: int) -> Floats:
    return memory[at : at + 8 * int(np.prod(shape))].view("<f8").reshape(shape)


def _lay_out(image: _Image, forest: Forest, block: int, sums: int) -> int:
    """Lay out a forest, and return the address of its header; the numbers stand at the top of forest.wat."""
    if isinstance(forest, ObliviousTrees):
        kind, start, single = _OBLIVIOUS, np.zeros(forest.outputs), True
        views, width = [[-np.inf, _NEVER]], forest.features
    else:
        kind, start, single = _LEVELLED, forest.base, forest.dtype == np.float32
        near = float(forest.dtype.type(NEAR_ZERO))
        views = [[FILL[view], near if view in {ZERO_LEFT, ZERO_RIGHT} else _NEVER] for view in forest.views]
        width = forest.width
    at_views = image.add(np.reshape(views, (-1, 2)), "<f8")
    numbers = [kind, block, sums, 8 * forest.features, 8 * forest.outputs, at_views, at_views + 16 * len(views)]
    numbers += [image.add(start, "<f8"), image.reserve(_ENTRY * (1 + width)), int(single)]
    most = np.array([np.finfo(np.float32 if single else np.float64).max], dtype="<f8").view("<u4")
    own = _questions(image, forest) if isinstance(forest, ObliviousTrees) else _levels(image, forest)
    return image.add([*numbers, *most, *own], "<u4")


def _levels(image: _Image, forest: FlatTrees) -> list[int]:
    """Lay out the nodes of levelled trees, deep trees first, and return the rest of the header."""
    count, trees = len(forest.left), forest.trees
    sizes = np.array([table.shape[1] for table in forest.tables], dtype=np.int64)
    tables = image.add(np.concatenate([np.zeros(0, dtype=np.uint8), *(each.ravel() for each in forest.tables)]), "u1")
    ends = tables + np.cumsum(sizes * forest.codes)
    starts = ends - sizes * forest.codes
    categories = image.add(np.stack([8 * forest.coded, forest.codes - 2, sizes, starts], axis=1), "<u4")
    place = np.arange(count)
    place[np.argsort(-forest.depth, kind="stable")] = np.arange(trees)
    at = image.reserve(_NODE.itemsize * count)
    leaf = forest.left == np.arange(count)
    nodes = np.empty(count, dtype=_NODE)
    nodes["entry"] = np.where(leaf, 0, _ENTRY * (1 + forest.entry))
    nodes["left"] = at + _NODE.itemsize * np.where(leaf, place, forest.left)
    vector = forest.value.ndim == 2
    if vector:
        values = image.add(forest.value, "<f8") + 8 * forest.outputs * np.arange(count)
        said = np.stack([values, np.zeros(count)], axis=1).astype("<u4").view("<f8")[:, 0]
    else:
        said = forest.value.astype("<f8")
    nodes["threshold"] = np.where(leaf, said, forest.threshold)
    ordered = np.empty_like(nodes)
    ordered[place] = nodes
    image.put(at, ordered, _NODE)
    going = trees - np.cumsum(np.bincount(forest.depth))[:-1]
    levels = image.add(4 * going, "<u4")
    roots = image.add(at + _NODE.itemsize * np.arange(trees), "<u4")
    places = image.reserve(4 * trees)
    order = image.add(places + 4 * place[:trees], "<u4")
    return [
        *(categories, categories + 16 * len(sizes)),
        *(levels, levels + 4 * len(going)),
        *(roots, places, 4 * trees),
        *(order, order + 4 * trees),
        *(int(vector), int(forest.sum_dtype == np.float32)),
    ]


def _questions(image: _Image, forest: ObliviousTrees) -> list[int]:
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
    return [at, at + size * trees, size, values, 8 * forest.outputs << asked]
