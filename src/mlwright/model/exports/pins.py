"""The versions that an export is to be installed with: those that stand beside the mlwright that made it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRAS = re.compile(r"\[([^\]]*)\]")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def pins(name: str = "mlwright", *, extras: Sequence[str] = ()) -> tuple[str, ...]:
    """Return "package==version" of everything that a package needs here with these extras, sorted; not of itself.

    What a marker leaves out on this machine is not installed on it, and so is not pinned. A package's own extras that
    name itself, as `all` does, are followed.
    """
    seen: set[tuple[str, str]] = set()
    found: dict[str, str] = {}
    todo = [(name, "")] + [(name, extra) for extra in extras]
    while todo:
        package, extra = todo.pop()
        if (_plain(package), extra) in seen:
            continue
        seen.add((_plain(package), extra))
        try:
            told = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            continue
        found[_plain(package)] = f"{_plain(package)}=={told.version}"
        todo += [each for line in told.requires or () for each in _needed(line, extra)]
    found.pop(_plain(name), None)
    return tuple(found[package] for package in sorted(found))


def _needed(line: str, extra: str) -> list[tuple[str, str]]:
    """Return the package of one requirement, with each extra it is wanted with; none where it is for another extra."""
    wanted, _, marker = line.partition(";")
    of_extra = _EXTRA.search(marker)
    name = _NAME.match(wanted)
    if name is None or (of_extra[1] if of_extra else "") != extra:
        return []
    more = _EXTRAS.search(wanted)
    extras = [each.strip() for each in more[1].split(",")] if more else []
    return [(name[0], ""), *((name[0], each) for each in extras)]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
