"""Whether a file was written by mlwright, and so may be written anew: nobody's own page, notes or data are replaced."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mlwright.errors import OutputError

MARK: Final = "<!-- Written by mlwright, which may write this file anew. -->"
"""The last line of every Markdown twin: not seen where Markdown is drawn."""
LOOKED_AT: Final = 4096
"""So many bytes at either end of a file tell who wrote it."""
_OURS: Final = {
    ".html": re.compile(rb'<meta name="generator" content="mlwright">'),
    ".json": re.compile(rb'\A\s*\{\s*"format"\s*:\s*"mlwright-'),
    # Reports of older versions end without the mark.
    ".md": re.compile(re.escape(MARK.encode()) + rb"|\A# (?:Predicting|Recommending) [^\n]*\n\nModel report on "),
}


def check_ours(targets: Iterable[Path], path: Path, *, hint: str) -> None:
    """Raise OutputError where one of the targets is a file that mlwright did not write."""
    foreign = next((target for target in targets if not is_ours(target)), None)
    if foreign is not None:
        raise OutputError(
            f"{foreign.name!r} is there already and was not written by mlwright, so it is left alone.",
            where=str(path),
            hint=hint,
        )


def is_ours(target: Path) -> bool:
    """Tell whether a file may be written anew: it is not there, it is empty, or it bears our mark.

    What cannot be read is not known to be ours.
    """
    try:
        if not target.exists() or target.is_dir() or target.stat().st_size == 0:
            return True  # whoever writes refuses a folder in its own words
        with target.open("rb") as file:
            beginning = file.read(LOOKED_AT)
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOOKED_AT))
            ending = file.read(LOOKED_AT)
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG  # nothing is there, and whoever writes says why
    except ValueError:
        return False
    mark = _OURS.get(".html" if target.suffix.casefold() == ".htm" else target.suffix.casefold())
    return mark is not None and (mark.search(beginning) or mark.search(ending)) is not None
