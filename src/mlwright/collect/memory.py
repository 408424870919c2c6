"""Memory: how much the rows may take, and an even sample of them where they would take more."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import polars as pl

from mlwright.collect.options import ReadOptions
from mlwright.errors import SourceError
from mlwright.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable

Row = TypeVar("Row")

SHARE = 0.5
"""The part of the free memory that rows may take: learning needs room beside them."""


def available() -> int:
    """Return the bytes of memory this process may still take: the machine's or the container's, whichever is less."""
    free = [_machine_free()]
    group = Path("/sys/fs/cgroup")
    try:
        most = (group / "memory.max").read_text(encoding="ascii").strip()
        if most != "max":
            free.append(int(most) - int((group / "memory.current").read_text(encoding="ascii")))
    except (OSError, ValueError):
        pass  # no container, or one of another make
    return max(min(free), 64 * 2**20)


def _machine_free() -> int:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass  # not Linux
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):
        return 4 * 2**30


def limit_of(options: ReadOptions) -> int:
    """Return the bytes that the rows may take."""
    return options.memory_limit or int(available() * SHARE)


def fit(
    lazy: pl.LazyFrame, *, rows: int, size: int, options: ReadOptions, where: str
) -> tuple[pl.DataFrame, list[Finding]]:
    """Read all rows where they fit into memory, else every k-th of them, so that the sample spreads over the source."""
    step = step_for(size, options, where)
    if step == 1:
        return lazy.collect(), []
    index = "\x00row"
    picked = lazy.with_row_index(index).filter(pl.col(index) % step == 0).drop(index)
    frame = picked.collect(engine="streaming")
    return frame, [sampled(frame.height, rows)]


def step_for(size: int, options: ReadOptions, where: str) -> int:
    """Return k: every k-th row of so many bytes fits. Raises SourceError where a sample is not wanted."""
    limit = limit_of(options)
    if size > limit and not options.sample:
        raise SourceError(
            f"The rows need about {in_words(size)} of memory, and {in_words(limit)} may be used.",
            where=where,
            hint="give the source in parts, or use a machine with more memory.",
        )
    return max(1, math.ceil(size / limit))


def in_words(size: int) -> str:
    """Return a size as people write it.

    >>> in_words(1_500_000)
    '1.5 MB'
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def sampled(kept: int, rows: int) -> Finding:
    """Return the Finding that says how many of how many rows were read."""
    return Finding(
        kind="sampled",
        severity="warning",
        message=f"The source is larger than memory: {kept:,} of {rows:,} rows, spread evenly over it, were read.",
        repair="use a machine with more memory",
        applied=True,
    )


class Thinner(Generic[Row]):
    """Keeps every k-th of a stream of rows, with k doubling whenever the rows kept grow past the limit."""

    def __init__(self, options: ReadOptions, where: str, weigh: Callable[[Row], int]) -> None:
        self.options, self.where, self.weigh = options, where, weigh
        self.limit = limit_of(options)
        self.kept: list[Row] = []
        self.weights: list[int] = []
        self.size = self.seen = 0
        self.step = 1

    def extend(self, rows: Iterable[Row]) -> None:
        """Take more rows of the stream."""
        for row in rows:
            if self.seen % self.step == 0:
                weight = self.weigh(row)
                self.kept.append(row)
                self.weights.append(weight)
                self.size += weight
                if self.size > self.limit and len(self.kept) > 1:
                    self._halve()
            self.seen += 1

    def _halve(self) -> None:
        step_for(self.size, self.options, self.where)
        self.kept, self.weights = self.kept[::2], self.weights[::2]
        self.size = sum(self.weights)
        self.step *= 2

    @property
    def findings(self) -> list[Finding]:
        """What is worth saying of the rows kept."""
        return [sampled(len(self.kept), self.seen)] if self.step > 1 else []
