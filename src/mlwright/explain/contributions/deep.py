"""Leaves that ask many players: worked out mask by mask, in the sandbox where there is one, else with NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.explain.contributions.games import gains
from mlwright.learn.wasm import Code, Image, numbers_at

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Masks = NDArray[np.int64]

CODE = Path(__file__).with_name("leaves.wat")
AT_ONCE = 64
"""Rows that go into the sandbox together."""
_LEAF = np.dtype([("full", "<i8"), ("first", "<u4"), ("end", "<u4"), ("own", "<u4"), ("got", "<u4"), ("_", "<u8")])
_MASK = np.dtype([("mask", "<i8"), ("share", "<f8")])


@dataclass(frozen=True)
class DeepLeaves:
    """What the players of some leaves get, given which of them meet the leaf's questions.

    The background's masks stand leaf by leaf, each once, with the share of the background's rows that has it.
    """

    leaves: Index
    """The place of each leaf among all."""
    slots: Index
    """The slots of these leaves, leaf by leaf."""
    players: Index
    """How many players each leaf asks."""
    counts: Index
    """How many masks the background has at each leaf."""
    mask: Masks
    share: Floats

    @classmethod
    def of(cls, leaves: Index, first: Index, masks: Masks) -> DeepLeaves:
        """Count the background's masks (all leaves, rows) at these leaves, whose slots begin at `first`."""
        found = [np.unique(masks[place], return_counts=True) for place in leaves.tolist()]
        players = np.diff(first)[leaves]
        slots = [np.arange(first[place], first[place + 1]) for place in leaves.tolist()]
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            leaves=leaves,
            slots=np.concatenate([nothing, *slots]).astype(np.intp),
            players=players,
            counts=np.array([len(each) for each, _ in found], dtype=np.intp),
            mask=np.concatenate([nothing, *(each for each, _ in found)]),
            share=np.concatenate([nothing, *(many for _, many in found)]) / max(1, masks.shape[1]),
        )

    def got(self, masks: Masks) -> Floats:
        """Return (slots, n) of the rows' masks (leaves, n), of leaves worth 1."""
        sandbox = self._sandbox
        found = None if sandbox is None else sandbox.got(masks)
        return self._by_numpy(masks) if found is None else found

    @cached_property
    def _sandbox(self) -> _Sandbox | None:
        try:
            return _Sandbox(Code.ready(CODE), self)
        except (ImportError, OSError, RuntimeError, MemoryError):  # Wasmtime is not installed, or not for this machine
            return None

    @property
    def full(self) -> Masks:
        """The mask of all players of each leaf."""
        full: Masks = (1 << self.players.astype(np.int64)) - 1
        return full

    def _by_numpy(self, masks: Masks) -> Floats:
        """Return the same, slowly."""
        leaf = np.repeat(np.arange(len(self.leaves)), self.counts)
        own, full = masks[leaf], self.full[leaf]
        entry, row = np.nonzero((own | self.mask[:, None]) == full[:, None])
        mine, other = own[entry, row], self.mask[entry]
        come_in, stay_out = mine & ~other, other & ~mine
        p, q = np.bitwise_count(come_in).astype(np.intp), np.bitwise_count(stay_out).astype(np.intp)
        gain, loss = (self.share[entry] * gains()[each] for each in ((p, q), (q, p)))
        bits = np.arange(int(self.players.max(initial=0)))
        by_bit = (come_in[:, None] >> bits & 1) * gain[:, None] - (stay_out[:, None] >> bits & 1) * loss[:, None]
        which, bit = np.nonzero(by_bit)
        first = np.cumsum(self.players) - self.players
        rows = masks.shape[1]
        place = (first[leaf[entry[which]]] + bit) * rows + row[which]
        sums = np.bincount(place, weights=by_bit[which, bit], minlength=len(self.slots) * rows)
        got: Floats = sums.reshape(len(self.slots), rows).astype(np.float64)
        return got


class _Sandbox:
    """The leaves in a memory of their own. One thread at a time is let in; another one takes NumPy."""

    def __init__(self, code: Code, deep: DeepLeaves) -> None:
        image = Image()
        top = image.reserve(28)
        table = np.empty(len(deep.mask), dtype=_MASK)
        table["mask"], table["share"] = deep.mask, deep.share
        at_masks = image.add(table, _MASK)
        leaves = np.zeros(len(deep.leaves), dtype=_LEAF)
        ends = np.cumsum(deep.counts)
        leaves["full"] = deep.full
        leaves["first"] = at_masks + _MASK.itemsize * (ends - deep.counts)
        leaves["end"] = at_masks + _MASK.itemsize * ends
        at_own = image.reserve(8 * AT_ONCE * len(leaves))
        at_got = image.reserve(8 * AT_ONCE * len(deep.slots))
        leaves["own"] = at_own + 8 * np.arange(len(leaves))
        leaves["got"] = at_got + 8 * (np.cumsum(deep.players) - deep.players)
        at = image.add(leaves, _LEAF)
        worth = gains()
        at_gains = image.add(worth, "<f8")
        widths = [8 * worth.shape[1], 8 * len(leaves), 8 * len(deep.slots)]
        image.put(top, [0, at, at + _LEAF.itemsize * len(leaves), at_gains, *widths], "<u4")
        self._errors = code.errors
        self._store, self._run, memory = code.instance(image.size)
        image.write(memory)
        self._count = memory[:4].view("<u4")
        self._own = memory[at_own : at_own + 8 * AT_ONCE * len(leaves)].view("<i8").reshape(AT_ONCE, -1)
        self._got = numbers_at(memory, at_got, AT_ONCE, len(deep.slots))
        self._lock = Lock()

    def got(self, masks: Masks) -> Floats | None:
        """Return (slots, n), or None where another thread is inside, or was when the process was forked."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            found = np.empty((self._got.shape[1], masks.shape[1]))
            for start in range(0, masks.shape[1], AT_ONCE):
                part = masks[:, start : start + AT_ONCE].T
                many = self._count[0] = len(part)
                self._own[:many] = part
                self._got[:many] = 0.0
                self._run(self._store)
                found[:, start : start + many] = self._got[:many].T
        except self._errors:
            return None
        else:
            return found
        finally:
            self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the memory behind: whoever gets a copy makes their own."""
        return type(None), ()
