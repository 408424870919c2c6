"""The log of a crash: what is needed to mend a bug of ours, and no password."""

from __future__ import annotations

import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("mlwright", "numpy", "polars", "scikit-learn", "lightgbm", "typer", "rich")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s'\"]+@")


def write_log(error: BaseException, words: Sequence[str]) -> Path | None:
    """Write the log into the folder for temporary files; return its path, or None where nothing can be written."""
    lines = [
        f"command: mlwright {' '.join(words)}",
        f"python: {sys.version}",
        f"system: {platform.platform()}",
        *(f"{package}: {_version(package)}" for package in PACKAGES),
        "",
        *traceback.format_exception(error),
    ]
    text = without_credentials("\n".join(lines))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="mlwright-crash-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
        return Path(file.name)
    except OSError:
        return None


def summary(error: BaseException) -> str:
    """Return the error in one line.

    >>> summary(KeyError("x"))
    "KeyError: 'x'"
    """
    lines = str(error).strip().splitlines()
    return without_credentials(f"{type(error).__name__}: {lines[0]}") if lines else type(error).__name__


def without_credentials(text: str) -> str:
    """Return the text without users and passwords in its addresses.

    >>> without_credentials("postgresql://ann:secret@host/db")
    'postgresql://***@host/db'
    """
    return _CREDENTIALS.sub("***@", text)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
