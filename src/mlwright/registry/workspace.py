"""The Workspace: the one folder that holds all state, with named models and their immutable versions.

    <workspace>/models/<name>/<version>/     a model's folder; versions are 1, 2, 3, ...

A version is claimed by making its folder, which only one process can do, and filled by renaming the finished model over
the empty folder: readers see a version whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlwright.errors import ModelError, OptionError, OutputError, nearest
from mlwright.model import folder
from mlwright.model.archive import MANIFEST
from mlwright.model.model import Model

HOME = "MLWRIGHT_HOME"
DEFAULT = ".mlwright"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class Workspace:
    """The folder that holds all state: `path`, else MLWRIGHT_HOME, else ./.mlwright."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path or os.environ.get(HOME) or DEFAULT)

    @property
    def root(self) -> Path:
        """Where the models are."""
        return self.path / "models"

    def add(self, model: Model, name: str) -> tuple[str, int, Path]:
        """Keep a model as the next version of a name; return name, version and its folder. Raises OutputError."""
        home = self.root / checked_name(name)
        try:
            home.mkdir(parents=True, exist_ok=True)
            version, place = _claim(home)
        except OSError as error:
            raise OutputError(f"The workspace cannot be written: {error.strerror}.", where=str(self.path)) from error
        try:
            model.renamed(name, version).save(place)
        except BaseException:  # also Ctrl-C: a claimed version without a model must not stay
            with contextlib.suppress(OSError):
                place.rmdir()
            raise
        return name, version, place

    def resolve(self, reference: str | os.PathLike[str]) -> Path:
        """Return where a model is: a name (its latest version), name@version, or a path. Raises ModelError."""
        text = os.fspath(reference)
        name, _, wanted = text.partition("@")
        if _NAME.fullmatch(name) and (versions := self.versions(name)):
            return self.root / name / str(self._version(name, wanted, versions))
        if os.path.exists(text):  # noqa: PTH110 -- false, not an error, for a name that no system can have
            return Path(text)
        near = nearest(name, self.names())
        known = f"did you mean {near!r}?" if near else "`mlwright models` lists those there are."
        raise ModelError(f"There is no model {text!r}, neither by name in {self.root} nor as a path.", hint=known)

    def names(self) -> tuple[str, ...]:
        """Return the names with at least one version, sorted."""
        return tuple(sorted(entry.name for entry in _folders(self.root) if self.versions(entry.name)))

    def versions(self, name: str) -> tuple[int, ...]:
        """Return the versions of a name that are complete, oldest first."""
        found = (entry for entry in _folders(self.root / name) if _VERSION.fullmatch(entry.name))
        return tuple(sorted(int(entry.name) for entry in found if (entry / MANIFEST).is_file()))

    def models(self) -> list[dict[str, Any]]:
        """Return facts of every version, by name and newest first; damaged ones say so under "problem"."""
        return [
            _facts(name, version, self.root / name / str(version))
            for name in self.names()
            for version in reversed(self.versions(name))
        ]

    def _version(self, name: str, wanted: str, versions: tuple[int, ...]) -> int:
        if not wanted:
            return versions[-1]
        if _VERSION.fullmatch(wanted) and int(wanted) in versions:
            return int(wanted)
        there = ", ".join(map(str, versions[-12:]))
        raise ModelError(f"There is no version {wanted!r} of model {name!r}.", hint=f"there are: {there}.")


def checked_name(name: str) -> str:
    """Return the name, or raise OptionError where it cannot be the name of a model.

    >>> checked_name("churn-2026")
    'churn-2026'
    """
    if not _NAME.fullmatch(name) or name.endswith(".") or _RESERVED.fullmatch(name):
        raise OptionError(
            f"A model cannot be named {name[:120]!r}.",
            hint="use up to 100 letters, digits, '-', '_' and '.', starting with a letter or digit.",
        )
    return name


def _claim(home: Path) -> tuple[int, Path]:
    """Make the folder of the next version; another process that is faster gets it, and this one the one after."""
    version = max((int(entry.name) for entry in _folders(home) if _VERSION.fullmatch(entry.name)), default=0)
    while True:
        version += 1
        place = home / str(version)
        with contextlib.suppress(FileExistsError):
            place.mkdir()
            return version, place


def _folders(path: Path) -> Iterator[Path]:
    try:
        entries = sorted(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (entry for entry in entries if entry.is_dir())


def _facts(name: str, version: int, place: Path) -> dict[str, Any]:
    try:
        manifest, evidence = folder.read_evidence(place)
    except ModelError as error:
        return {"name": name, "version": version, "path": str(place), "problem": str(error)}
    score = evidence.get("score")
    score = score if isinstance(score, dict) else {}
    return {
        "name": name,
        "version": version,
        "task": manifest.get("task"),
        "target": manifest.get("target"),
        "metric": score.get("metric"),
        "score": score.get("value"),
        "interval": score.get("interval"),
        "created": manifest["run"].get("created"),
        "size_bytes": sum(facts["bytes"] for facts in manifest["files"].values()),
        "path": str(place),
    }
