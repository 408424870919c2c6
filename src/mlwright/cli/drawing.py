"""Progress on stderr: a bar on a terminal, one plain line for each stage elsewhere, nothing with --quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlwright.cli.console import is_plain, say
from mlwright.progress import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

INTERRUPT = "Ctrl-C keeps the best so far"


class Lines:
    """One line for each stage and sentence."""

    def stage(self, title: str) -> None:
        """Print the stage."""
        say(f"{title} ...")

    def advance(self, *, share: float, seconds_left: float | None = None, best: str | None = None) -> None:
        """Print nothing: a log has no use for a hundred lines of percent."""

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        say(sentence)


class Bar:
    """A bar with percent, time left and the best so far. It appears with the first `advance`: Rich takes a moment.

    `interrupt` says what Ctrl-C does.
    """

    def __init__(self, interrupt: str = INTERRUPT) -> None:
        self._interrupt = interrupt
        self._rich: RichProgress | None = None
        self._title = ""

    def stage(self, title: str) -> None:
        """Name the stage before the bar."""
        self._title = title
        if self._rich is None:
            say(f"{title} ...")
        else:
            self._rich.update(self._rich.task_ids[0], description=title)

    def advance(self, *, share: float, seconds_left: float | None = None, best: str | None = None) -> None:
        """Move the bar."""
        rich = self._rich or self._start()
        left = "" if seconds_left is None else f"{seconds_left:.0f} s left"
        shown = f"best so far: {best}" if best else ""
        rich.update(rich.task_ids[0], completed=share, left=left, best=shown)

    def say(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        if self._rich is None:
            say(sentence)
        else:
            self._rich.console.print(sentence, markup=False, highlight=False)

    def stop(self) -> None:
        """Remove the bar."""
        if self._rich is not None:
            self._rich.stop()

    def _start(self) -> RichProgress:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress

        say(self._interrupt + ".")
        self._rich = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            TextColumn("{task.fields[best]}", markup=False),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._rich.add_task(self._title, total=1.0, left="", best="")
        self._rich.start()
        return self._rich


@contextmanager
def progress(*, quiet: bool, interrupt: str = INTERRUPT) -> Iterator[Progress]:
    """Within, tell of progress in the way that suits stderr."""
    if quiet:
        yield Silent()
    elif is_plain(sys.stderr):
        yield Lines()
    else:
        bar = Bar(interrupt)
        try:
            yield bar
        finally:
            bar.stop()
