"""What waits to be written: in order, bounded in rows and bytes. One thread uses it; others read the numbers."""

from __future__ import annotations

from collections import deque
from itertools import islice

from mlwright.serve.record.answered import Line, weight


class Backlog:
    """Lines that are not yet in the database.

    >>> backlog = Backlog(most_bytes=1000, most_rows=1)
    >>> backlog.add(("a",)), backlog.add(("b",)), backlog.first(10), backlog.bytes
    (True, False, [('a',)], 250)
    >>> backlog.drop(1)
    >>> backlog.rows, backlog.bytes
    (0, 0)
    """

    def __init__(self, most_bytes: int, most_rows: int) -> None:
        self.most_bytes, self.most_rows = most_bytes, most_rows
        self.bytes = 0
        self._lines: deque[tuple[Line, int]] = deque()

    @property
    def rows(self) -> int:
        """How many lines wait."""
        return len(self._lines)

    def add(self, line: Line) -> bool:
        """Take a line, or return False where there is no room for it."""
        size = weight(line)
        if self.bytes + size > self.most_bytes or len(self._lines) >= self.most_rows:
            return False
        self._lines.append((line, size))
        self.bytes += size
        return True

    def first(self, count: int) -> list[Line]:
        """Return the oldest lines, up to so many; they stay."""
        return [line for line, _ in islice(self._lines, count)]

    def drop(self, count: int) -> None:
        """Take out the oldest lines: they are written, or cannot be."""
        for _ in range(count):
            self.bytes -= self._lines.popleft()[1]
