"""The command line: each command parses, calls the Python API and prints. Importing it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of this process, and return its exit code; never raises."""
    try:
        from mlwright.cli.run import main as run  # here, so that Ctrl-C is caught while it is imported, too

        return run(args)
    except KeyboardInterrupt:
        from mlwright.cli.console import stopped

        return stopped(ours=args is None)
