"""What is printed where: results on stdout, messages on stderr, and no colour where it is not wanted."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

STOPPED = 130
_STYLES = {"bold": "1", "red": "1;31", "cyan": "36", "green": "32"}
_OURS = "|".join(re.escape(f"\x1b[{style}m") for style in ("0", *_STYLES.values()))
_COMMANDS = re.compile(rf"({_OURS})|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Our own styles, and all else that a terminal takes for a command or for another direction of writing."""


def is_plain(stream: TextIO | None) -> bool:
    """Tell whether a stream wants neither colour nor moving bars: no terminal, NO_COLOR, TERM=dumb."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return True
    try:
        return not stream.isatty()
    except ValueError:  # closed
        return True


def styled(text: str, style: str, stream: TextIO | None) -> str:
    """Return the text in a style, or as it is for a plain stream."""
    return text if is_plain(stream) else f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def out(text: str) -> None:
    """Print a result on stdout."""
    if sys.stdout is not None:
        sys.stdout.write(_writable(text, sys.stdout) + "\n")


def out_file(text: str, path: Path | None, then: str) -> None:
    """Print a text that was written to a file as that file's name, with what to do `then`; else the text itself."""
    if path is None:
        out(text.rstrip("\n"))
        return
    out(str(path))
    if then:
        say(then)


def out_json(value: Any) -> None:
    """Print one JSON object on stdout; what JSON has no word for (NaN, infinity) is null."""
    from mlwright.model.text import plain

    out(json.dumps(plain(value), indent=2, allow_nan=False))


def say(text: str) -> None:
    """Print a message on stderr; work never fails because nobody reads what it says."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(_writable(text, sys.stderr) + "\n")
            sys.stderr.flush()


def stopped(*, ours: bool) -> int:
    """Say that Ctrl-C has stopped it, and return the exit code; where the process is `ours`, it ends in peace.

    Python would end a process by the signal, not by its exit code, where Ctrl-C is pressed again at its very end.
    """
    if ours:
        with suppress(ValueError):  # not in the main thread, where no Ctrl-C arrives
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    say("Stopped.")
    return STOPPED


def _writable(text: str, stream: TextIO) -> str:
    """Return the text as the stream can take it, without what data could make a terminal do."""
    return encodable(_COMMANDS.sub(_escaped, text), stream)


def encodable(text: str, stream: TextIO) -> str:
    """Return the text with what the stream's encoding lacks (or lone surrogates) escaped."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _escaped(found: re.Match[str]) -> str:
    r"""Return our own styles as they are, any other command to a terminal in letters.

    >>> _COMMANDS.sub(_escaped, "\x1b[32mpass\x1b[0m \x1b[2J").replace("\x1b", "ESC")
    'ESC[32mpassESC[0m \\x1b[2J'
    """
    own = found.group(1)
    return own or found.group(0).encode("unicode_escape").decode("ascii")


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Return names and values as two aligned columns.

    >>> print(facts([("score", "0.84"), ("took", "20 s")]))
    score  0.84
    took   20 s
    """
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name:{width}}  {value}" for name, value in pairs)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return aligned columns without lines around them, so that grep, awk and people read them.

    >>> print(table(["name", "score"], [["churn", "0.84"], ["price", "12.5"]], right=[1]))
    name   score
    churn   0.84
    price   12.5
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


@contextmanager
def libraries_silenced(*, verbose: bool) -> Iterator[None]:
    """Within, what C++ libraries print on file descriptor 1 goes nowhere, or to stderr where `verbose`.

    So results and `--json` stay clean: they are printed after it.
    """
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError, AttributeError):
        yield
        return
    elsewhere = os.dup(2) if verbose else os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(elsewhere, 1)
        yield
    finally:
        with suppress(OSError, ValueError, AttributeError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(elsewhere)
