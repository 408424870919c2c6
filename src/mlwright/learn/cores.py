"""Work on blocks of rows in as many threads as there are cores to spare: what answers large batches."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock


def cores() -> int:
    """Return how many threads may work at once: the cores this process may use, or OMP_NUM_THREADS where that is less.

    The boosters and NumPy's linear algebra keep to the same variable.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, min(there, int(wanted))) if wanted.isdecimal() else there


class _Helpers:
    """How many threads help at the moment, over all batches of the process: many callers do not start many more."""

    def __init__(self) -> None:
        self._lock, self._busy = Lock(), 0
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Forget the helpers of the process that was forked: they do not exist in the new one."""
        self._lock, self._busy = Lock(), 0

    def take(self, most: int) -> int:
        """Return how many may begin, up to so many."""
        with self._lock:
            taken = max(0, min(most, cores() - 1 - self._busy))
            self._busy += taken
            return taken

    def give_back(self, count: int) -> None:
        """Note that so many have ended."""
        with self._lock:
            self._busy -= count


_HELPERS = _Helpers()


def side_by_side(work: Callable[[int], None], starts: Iterable[int]) -> None:
    """Call `work` with every start, the caller's thread and any free cores taking one after the other.

    Returns when all are done. Raises what `work` raises, and then begins no other.
    """
    left = deque(starts)

    def run() -> None:
        while True:
            try:
                start = left.popleft()
            except IndexError:
                return
            try:
                work(start)
            except BaseException:
                left.clear()
                raise

    helpers = _HELPERS.take(len(left) - 1)
    if not helpers:
        run()
        return
    # A process that answers single rows never needs it.
    from concurrent.futures import ThreadPoolExecutor

    try:
        with ThreadPoolExecutor(helpers, thread_name_prefix="mlwright-answer") as pool:
            helping = [pool.submit(run) for _ in range(helpers)]
            run()
            for each in helping:
                each.result()
    finally:
        _HELPERS.give_back(helpers)
