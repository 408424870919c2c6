"""Help that opens with an example, is never boxed, and is not wrapped in a pipe; and flags that take several values."""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Collection, Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from mlwright.cli.console import is_plain

UNWRAPPED = 10_000
WIDEST = 110
OPTIONAL = "[N]"
"""The metavar of an option whose number may be left away."""
USUAL_NUMBER = "20"


def help_width() -> int:
    """Return how wide help may be: as the terminal, and without end in a pipe."""
    return UNWRAPPED if is_plain(sys.stdout) else min(WIDEST, shutil.get_terminal_size().columns)


class Command(TyperCommand):
    """A command whose help opens with the example that its epilog holds."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write example, sentence, usage and options."""
        _opening(self, formatter)
        self.format_usage(ctx, formatter)
        self.format_options(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let `--exclude a b` mean `--exclude a --exclude b`, once all positional arguments are there."""
        several = {name for param in self.params if getattr(param, "multiple", False) for name in param.opts}
        if several:
            flags = {name for param in self.get_params(ctx) if getattr(param, "is_flag", False) for name in param.opts}
            positional = sum(param.param_type_name == "argument" for param in self.params)
            args = spread(args, several, flags, positional)
        alone = {name for param in self.params if getattr(param, "metavar", None) == OPTIONAL for name in param.opts}
        return super().parse_args(ctx, completed(args, alone))


class Group(TyperGroup):
    """The whole command line: its help opens with the example that its epilog holds."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write example, sentence, usage, options and commands."""
        _opening(self, formatter)
        self.format_usage(ctx, formatter)
        self.format_options(ctx, formatter)


def spread(args: Sequence[str], several: Collection[str], flags: Collection[str], positional: int) -> list[str]:
    """Repeat a flag before each of its values, where all positional arguments came before it.

    >>> spread(["a.csv", "--exclude", "x", "y", "--json"], {"--exclude"}, {"--json"}, 1)
    ['a.csv', '--exclude', 'x', '--exclude', 'y', '--json']
    >>> spread(["--exclude", "x", "a.csv"], {"--exclude"}, {"--json"}, 1)
    ['--exclude', 'x', 'a.csv']
    """
    spreaded: list[str] = []
    seen, flag, wants = 0, "", False
    for place, word in enumerate(args):
        if word == "--" and not wants:
            return [*spreaded, *args[place:]]
        if wants:
            wants = False
        elif word.startswith("-") and word != "-":
            flag = word if word in several else ""
            wants = word not in flags and "=" not in word
        elif flag and seen >= positional:
            spreaded.append(flag)
        else:
            seen += 1
        spreaded.append(word)
    return spreaded


def completed(args: Sequence[str], alone: Collection[str]) -> list[str]:
    """Put a number behind options whose number was left away.

    >>> completed(["a.csv", "--ask", "--json"], {"--ask"}), completed(["--ask", "5"], {"--ask"})
    (['a.csv', '--ask', '20', '--json'], ['--ask', '5'])
    """
    made: list[str] = []
    for place, word in enumerate(args):
        if word == "--":
            return [*made, *args[place:]]
        made.append(word)
        following = args[place + 1] if place + 1 < len(args) else ""
        if word in alone and not following.lstrip("-").isdigit():
            made.append(USUAL_NUMBER)
    return made


def _opening(command: Any, formatter: Any) -> None:
    formatter.write("Example:\n")
    for line in inspect.cleandoc(command.epilog or "").splitlines():
        formatter.write(f"  {line}\n")
    formatter.write_paragraph()
    formatter.write_text(inspect.cleandoc(command.help or ""))
    formatter.write_paragraph()
