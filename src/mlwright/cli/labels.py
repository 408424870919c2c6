"""Labelled rows: read from a file, asked for at the terminal, and kept in a file as they come."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlwright.cli.console import say, styled
from mlwright.errors import ColumnError, MlwrightError, SourceError

if TYPE_CHECKING:
    from mlwright.clean.cleaned import Asked, Cleaned

LONGEST = 80
HELP = (
    "Type COLUMN=VALUE for a cell that is wrong (COLUMN alone takes what is proposed, COLUMN= empties it), "
    "Enter when all the others are right, q to stop."
)


def labels_in(path: Path) -> dict[int, dict[str, object]]:
    """Read labelled rows: {"labels": {"12": {"town": "Oslo"}}}. Raises SourceError where it holds something else."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"The labels cannot be read: {error.strerror or error}.", where=str(path)) from error
    except ValueError as error:
        raise SourceError(f"The labels are no JSON: {error}.", where=str(path), hint=SHAPE) from error
    held = plain.get("labels") if isinstance(plain, dict) else None
    if not isinstance(held, dict):
        raise SourceError('The file has no "labels".', where=str(path), hint=SHAPE)
    known: dict[int, dict[str, object]] = {}
    for row, values in held.items():
        if not (row.isascii() and row.isdigit()) or not isinstance(values, dict):
            raise SourceError(f"{row!r} does not name a row with its values.", where=str(path), hint=SHAPE)
        known[int(row)] = values
    return known


SHAPE = 'it has to be like {"labels": {"12": {"town": "Oslo"}}}: by row, counted from 0, the true values.'


def write_labels(path: Path, labels: Mapping[int, Mapping[str, Any]]) -> None:
    """Write labelled rows, whole or not at all."""
    from mlwright.collect.rows_out import write_bytes

    text = json.dumps({"labels": {str(row): dict(values) for row, values in sorted(labels.items())}}, indent=2)
    write_bytes(text.encode() + b"\n", path, what="labels")


def asked(cleaned: Cleaned, most: int, path: Path, *, read: Callable[[], str] | None = None) -> Cleaned:
    """Show rows one by one and take corrections; labels are kept in the file after every row, also on Ctrl-C."""
    read = read or _line
    say(HELP)
    for number in range(most):
        row = cleaned.next_tuple()
        if row is None:
            break
        say(f"\nrow {row.row:,} ({number + 1} of {most})")
        say(_row(row))
        try:
            right = _corrected(row, read)
        except KeyboardInterrupt:
            if cleaned.labels:
                say(f"\nThe rows labelled so far ({len(cleaned.labels)}) are in {path}.")
            raise
        if right is None:
            break
        cleaned = cleaned.with_labels({row.row: right})
        write_labels(path, cleaned.labels)
    if cleaned.labels:
        say(f"{len(cleaned.labels)} labelled rows are in {path}; --labels takes them again.")
    return cleaned


def _line() -> str:
    """Read a line from the terminal, so that Ctrl-C ends it at once.

    Polars handles signals in a way that lets a read go on after one (SA_RESTART).
    """
    with suppress(AttributeError, OSError, ValueError):  # not on Windows, not in another thread
        signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003  it takes no keywords
    return sys.stdin.readline()


def _row(row: Asked) -> str:
    """Return a row with its doubtful cells marked."""
    width = max(len(name) for name in row.values)
    lines = []
    for name, value in row.values.items():
        sure = row.doubtful.get(name)
        shown = "(nothing)" if value is None or value == "" else _clipped(str(value))
        told = ""
        if sure is not None:
            new = row.proposed.get(name)
            instead = "" if new is None else f", proposed: {_clipped(new) or '(nothing)'}"
            told = f"   <- doubtful, {100 * sure:.0f} %{instead}"
        mark = "*" if sure is not None else " "
        line = f"{mark} {name:{width}}  {shown}{told}"
        lines.append(styled(line, "bold", sys.stderr) if sure is not None else line)
    return "\n".join(lines)


def _corrected(row: Asked, read: Callable[[], str]) -> dict[str, object] | None:
    """Return the true values of a row's wrong cells, or None where the person has stopped."""
    right: dict[str, object] = {}
    while True:
        if sys.stderr is not None:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = read()
        if not line or line.strip() == "q":
            return None
        if not line.strip():
            return right
        name, given, value = line.rstrip("\r\n").partition("=")
        name = name.strip()
        if name not in row.values:
            error: MlwrightError = ColumnError.missing(name, row.values)
            say(str(error))
        elif given:
            right[name] = value
        elif name in row.proposed:
            right[name] = row.proposed[name]
        else:
            say(f"Nothing is proposed for {name!r}: type {name}=VALUE.")


def _clipped(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 3] + "..."
