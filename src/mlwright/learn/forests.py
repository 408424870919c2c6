"""All forests of an ensemble, answered together: in the sandbox where there is one, else with NumPy."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.cores import cores
from mlwright.learn.links import LINKS
from mlwright.learn.sandbox import Forest, Sandbox, sandbox

Floats = NDArray[np.float64]
Heard = tuple[int, float, Forest]
"""Which block of numbers a forest reads, its weight, and itself."""

TRIAL = 512
"""Rows of a large batch by which each path is timed, once for each model: the rest goes the faster one."""
BLOCK = 1 << 14
TWINS_BYTES = 1 << 28
"""The sandboxes of one model take no more memory than this, whatever the number of threads."""


class _Making:
    """Held by whoever counts the sandboxes of a model."""

    lock = Lock()

    @classmethod
    def forget(cls) -> None:
        """Forget the thread that held it when the process was forked."""
        cls.lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Making.forget)


class Forests:
    """The weighted sum of what forests predict.

    Both paths give the same bits, so that the clock may choose between them.
    """

    def __init__(self, heard: Sequence[Heard]) -> None:
        self._heard = tuple(heard)
        kinds: dict[tuple[str, int], list[Heard]] = {}
        for one in heard:
            kinds.setdefault((one[2].link, one[2].outputs), []).append(one)
        self._groups = [_Group(LINKS[link], members) for (link, _), members in kinds.items()]
        self._seconds: dict[bool, float] = {}
        self._idle: deque[Sandbox] = deque()
        self._twins = 0

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the sandbox behind: whoever gets a copy makes their own."""
        return type(self), (self._heard,)

    @cached_property
    def sandbox(self) -> Sandbox | None:
        """The sandbox, made at the first call; None where NumPy has to do."""
        return sandbox([group.forests for group in self._groups])

    @property
    def path(self) -> str:
        """What large batches go through: "sandbox" or "numpy"."""
        return "sandbox" if self._sandboxed() else "numpy"

    @property
    def tried(self) -> bool:
        """Whether it is known which path is faster, or there is no choice."""
        return self.sandbox is None or len(self._seconds) == 2

    def total(self, blocks: Sequence[Floats], *, numpy_only: bool = False) -> Floats | float:
        """Return the weighted sum (n, k) of the forests' predictions; 0 where there are none."""
        if not self._groups:
            return 0.0
        rows, numpy_only = len(blocks[0]), numpy_only or self.sandbox is None
        if rows <= TRIAL:
            return self._part(blocks, sandboxed=not numpy_only)
        parts, start = [], 0
        while start < rows:
            trial = not numpy_only and len(self._seconds) < 2 and rows - start >= TRIAL
            end = start + (TRIAL if trial else BLOCK)
            part = [block[start:end] for block in blocks]
            sandboxed = not numpy_only and self._sandboxed()
            parts.append(self._tried(part) if trial else self._part(part, sandboxed=sandboxed))
            start = end
        return np.concatenate(parts)

    def _tried(self, blocks: Sequence[Floats]) -> Floats:
        """Take the path that was not timed yet, and time it."""
        sandboxed = True not in self._seconds
        start = time.thread_time()
        total = self._part(blocks, sandboxed=sandboxed)
        self._seconds[sandboxed] = time.thread_time() - start
        return total

    def _sandboxed(self) -> bool:
        """Tell whether the sandbox is there and not known to be slower."""
        return self.sandbox is not None and (len(self._seconds) < 2 or self._seconds[True] <= self._seconds[False])

    def _part(self, blocks: Sequence[Floats], *, sandboxed: bool) -> Floats:
        inside = self.sandbox if sandboxed else None
        sums = [group.sums(blocks) for group in self._groups] if inside is None else self._inside(inside, blocks)
        totals = [group.blend(each) for group, each in zip(self._groups, sums, strict=True)]
        return totals[0] if len(totals) == 1 else np.add.accumulate(totals, axis=0)[-1]

    def _inside(self, first: Sandbox, blocks: Sequence[Floats]) -> list[Floats]:
        """Return the sums by a sandbox: many rows go into one that no other thread is inside of."""
        if len(blocks[0]) <= first.rows:
            return first.sums(blocks)
        with self._mine(first) as mine:
            return mine.sums(blocks)

    @contextmanager
    def _mine(self, first: Sandbox) -> Iterator[Sandbox]:
        """Lend a sandbox to one thread; where there are enough of them, threads take turns in the first."""
        try:
            mine = self._idle.pop()
        except IndexError:
            mine = self._twin(first)
        try:
            yield mine
        finally:
            if mine is not first:
                self._idle.append(mine)

    def _twin(self, first: Sandbox) -> Sandbox:
        most = min(cores(), TWINS_BYTES // first.size) - 1
        with _Making.lock:
            if self._twins >= most:
                return first
            self._twins += 1
        try:
            return first.twin()
        except (MemoryError, RuntimeError):
            return first


class _Group:
    """Forests with the same link and as many outputs: their links are worked out in one go."""

    def __init__(self, link: Callable[[Floats], Floats], heard: Sequence[Heard]) -> None:
        self.forests = [(block, forest) for block, _, forest in heard]
        self._link = link
        self._weight = np.array([weight for _, weight, _ in heard])[:, None, None]
        self._scale = np.array([forest.scale for _, _, forest in heard])[:, None, None]
        self._offset = np.array([forest.offset for _, _, forest in heard])[:, None, :]

    def sums(self, blocks: Sequence[Floats]) -> Floats:
        """Return (forests, n, outputs) with NumPy."""
        return np.stack([forest.sums(blocks[block]) for block, forest in self.forests])

    def blend(self, sums: Floats) -> Floats:
        """Return the weighted sum (n, k) of predictions, given the raw sums (forests, n, outputs)."""
        members, rows, outputs = sums.shape
        P = self._link((self._offset + self._scale * sums).reshape(members * rows, outputs))
        weighted = self._weight * P.reshape(members, rows, P.shape[1])
        if members == 1:
            only: Floats = weighted[0]
            return only
        # One after the other, where `sum` would add in pairs: the same to the last bit however many rows there are.
        total: Floats = np.add.accumulate(weighted, axis=0)[-1]
        return total
