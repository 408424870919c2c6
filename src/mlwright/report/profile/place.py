"""Whether the page of a profile and its twins may be written somewhere: nobody's data, nobody's notes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mlwright.errors import OutputError
from mlwright.report.write import check_writable, places

BEGINNING: Final = 4096
"""So many bytes at the beginning of a file tell whether it is a profile."""
OURS: Final = {
    ".json": re.compile(rb'\s*\{\s*"format"\s*:\s*"mlwright-profile"'),
    ".md": re.compile(rb"# Profile of [^\r\n]*\r?\n\r?\nWhat [^\r\n]* holds, and what is wrong with it\r?\n"),
    ".html": re.compile(rb'(?s).*name="generator" content="mlwright".*<title>Profile of '),
}
"""How a page and each of its twins begin."""


def ending_of_page(path: Path) -> str:
    """Return how the page's name ends: as it was asked for, else .html."""
    return ".htm" if path.suffix.casefold() == ".htm" else ".html"


def check_place(path: Path, source: object = None) -> None:
    """Raise OutputError where page and twins cannot be written, or would take the place of what is not theirs.

    `source` is what is looked at: neither page nor twin may be that file, by whatever path it is named.
    """
    endings = (ending_of_page(path), ".json", ".md")
    check_writable(path, endings)
    for target in places(path, endings):
        if _same(target, source):
            raise OutputError(
                f"The report cannot be written: {str(target)!r} is the source itself, which is never written over.",
                where=str(path),
                hint="name another file or folder.",
            )
        # A page that was asked for by its name may take the place of another page.
        asked_for = target.suffix in {".html", ".htm"} and path.suffix.casefold() not in {".json", ".md"}
        if not asked_for and target.exists() and not _ours(target):
            raise OutputError(
                f"The report cannot be written: {str(target)!r} is there and is no profile that mlwright wrote.",
                where=str(path),
                hint="name another file or folder, or move that file away.",
            )


def _same(target: Path, source: object) -> bool:
    if not isinstance(source, str | Path):
        return False
    try:
        return target.samefile(source)
    except (OSError, ValueError):  # one of them is no file
        return False


def _ours(target: Path) -> bool:
    """Tell whether a file begins as a profile does; one that cannot be read is not known to be ours."""
    try:
        with target.open("rb") as file:
            beginning = file.read(BEGINNING)
    except OSError:
        return False
    return OURS[".html" if target.suffix == ".htm" else target.suffix].match(beginning) is not None
