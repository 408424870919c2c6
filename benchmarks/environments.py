"""Environments of their own for the tools that a benchmark compares with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def environments(packages: Mapping[str, Sequence[str]], folder: Path, *, install: bool) -> dict[str, Path]:
    """Return the interpreter of each peer, whose packages are installed where they are not and `install` is asked."""
    found = {}
    for name, wanted in packages.items():
        python = folder / name / "bin" / "python"
        if install and not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
        if not python.exists():
            sys.exit(f"There is no environment for {name} in {folder}: run with --install.")
        found[name] = python
    return found
