"""A file that must not be there yet: whole or not at all, and never in the place of a person's words."""

from __future__ import annotations

from pathlib import Path

from mlwright.errors import OutputError


def write_new(path: Path, text: str, what: str) -> None:
    """Write a text to a file that must not be there; `what` names it: "gates". Raises OutputError."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError as error:
        raise OutputError(
            "The file is there already, and may have been changed by hand.",
            where=str(path),
            hint="name another one, or remove it first.",
        ) from error
    except OSError as error:
        raise OutputError(f"The {what} cannot be written: {error.strerror}.", where=str(path)) from error
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError(f"The {what} cannot be written: {error.strerror}.", where=str(path)) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
