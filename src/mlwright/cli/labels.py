"""Labelled rows: read from a file, asked for at the terminal, and kept in a file as they come."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlwright.cli.console import say, styled
from mlwright.errors import ColumnError, InputError, MlwrightError, SourceError

if TYPE_CHECKING:
    from mlwright.clean.cleaned import Asked, Cleaned

LONGEST = 80
HELP = (
    "Type COLUMN=VALUE for a cell that is wrong (COLUMN alone takes what is proposed, COLUMN= empties it), "
    "Enter when all the others are right, q to stop."
)


def labels_in(path: Path) -> dict[int, dict[str, object]]:
    """Read labelled rows: {"labels": {"12": {"town": "Oslo"}}}. Raises SourceError where it holds something else."""
    where = str(path)
    try:
        plain = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise SourceError(f"The labels cannot be read: {error.strerror or error}.", where=where) from error
    except RecursionError as error:
        raise SourceError("The labels hold lists within lists without end.", where=where, hint=SHAPE) from error
    except ValueError as error:
        raise SourceError(f"The labels are no JSON: {error}.", where=where, hint=SHAPE) from error
    held = plain.get("labels") if isinstance(plain, dict) else None
    if not isinstance(held, dict):
        raise SourceError('The file has no "labels".', where=where, hint=SHAPE)
    known: dict[int, dict[str, object]] = {}
    for row, values in held.items():
        named = row.isascii() and row.isdigit() and len(row) <= MOST_DIGITS
        if not named or not isinstance(values, dict):
            raise SourceError(f"{_clipped(repr(row))} does not name a row with its values.", where=where, hint=SHAPE)
        if int(row) in known:
            raise SourceError(f"Row {int(row)} is labelled twice, once as {row!r}.", where=where, hint=SHAPE)
        for column, value in values.items():
            _check_single(value, int(row), column, where)
        known[int(row)] = values
    return known


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return what stands in braces. Raises ValueError where a name comes twice: which of the two holds is not known."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
        raise ValueError(f"{_clipped(repr(twice))} stands twice within the same braces")
    return made


def _check_single(value: object, row: int, column: str, where: str) -> None:
    """Raise SourceError where a label is not a text, a finite number, a truth or nothing."""
    if isinstance(value, dict | list):
        why = "is a list" if isinstance(value, list) else "holds names and values"
    elif isinstance(value, float) and not math.isfinite(value):
        why = "is no finite number"
    elif isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
        why = "has half a character"
    else:
        return
    name = _clipped(repr(column))
    raise SourceError(f"The label of row {row} for {name} {why}, which no cell can hold.", where=where, hint=SHAPE)


MOST_DIGITS = 18
"""No table has more rows than numbers of so many digits can count."""
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
            better = _labelled(cleaned, row, read)
        except KeyboardInterrupt:
            if cleaned.labels:
                say(f"\nThe rows labelled so far ({len(cleaned.labels)}) are in {path}.")
            raise
        if better is None:
            break
        cleaned = better
        write_labels(path, cleaned.labels)
    if count := len(cleaned.labels):
        say(
            f"{count} labelled row{'s' * (count != 1)} {'is' if count == 1 else 'are'} in {path}; --labels takes "
            f"{'it' if count == 1 else 'them'} again."
        )
    return cleaned


def _labelled(cleaned: Cleaned, row: Asked, read: Callable[[], str]) -> Cleaned | None:
    """Return the table with a row labelled, or None where the person has stopped; what cannot be is asked again."""
    while (right := _corrected(row, read)) is not None:
        try:
            return cleaned.with_labels({row.row: right})
        except InputError as error:
            say(str(error))
    return None


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
