"""Files that people write and review: gates and behaviour tests, in TOML (or JSON, or YAML where PyYAML is there).

Every mistake in them is said with the line that it stands in, and a file from a stranger runs nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlwright.errors import MissingExtraError, OptionError, SourceError

ENDINGS = (".toml", ".json", ".yaml", ".yml")
LARGEST = 4 << 20
"""Bytes of the largest file that is read."""

UNREAD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What PyYAML raises for a value that is not what its tag says: !!timestamp "x", !!bool "maybe", !!float ""."""

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What a file says, and in which line each of its keys stands."""

    data: Mapping[str, Any]
    path: str | None = None
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def place(self, *keys: str) -> str | None:
        """Return where a key stands: "gates.toml, line 12", of the nearest key around it where it is not there."""
        if self.path is None:
            return None
        for end in range(len(keys), 0, -1):
            if line := self.lines.get(keys[:end]):
                return f"{self.path}, line {line}"
        return self.path


def read_written(path: Path, *, what: str, example: str) -> Written:
    """Return what a file says. `what` is what it is called in messages ("gates"), `example` a hint at how to write it.

    Raises SourceError where it cannot be read, OptionError where it is not written as its ending says.
    """
    where, ending = str(path), path.suffix.lower()
    if ending not in ENDINGS:
        raise OptionError(f"A file of {what} ends in .toml, .json or .yaml.", where=where)
    text = _text(path, what, where)
    read = {".toml": _toml, ".json": _json}.get(ending, _yaml)
    data, lines = read(text, where, what)
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise OptionError(f"The file of {what} holds no fields with names.", where=where, hint=example)
    return Written(data, where, lines)


def _text(path: Path, what: str, where: str) -> str:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise OptionError(f"The file of {what} has {size:,} bytes, more than the {LARGEST:,} allowed.", where=where)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"The file of {what} cannot be read: {error.strerror}.", where=where) from error
    except UnicodeDecodeError as error:
        raise OptionError(f"The file of {what} is not written in UTF-8.", where=where) from error


def _why(error: Exception) -> str:
    """Return what a parser says, on one line and without advice for programmers."""
    said = " ".join(str(error).split()).rstrip(".")
    return "it has a number of thousands of digits" if "set_int_max_str_digits" in said else said


# --- TOML ------------------------------------------------------------------------------------------------------------


def _toml(text: str, where: str, what: str) -> tuple[object, dict[Keys, int]]:
    try:
        return tomllib.loads(text), _toml_lines(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(
            f"The file of {what} is not TOML: {_why(error)}.",
            where=where,
            hint="texts stand in quotes, numbers and true or false do not; a name stands once.",
        ) from error


def _toml_lines(text: str) -> dict[Keys, int]:
    """Return the line of each table and key. TOML's own parser tells no lines, so single lines are given to it."""
    found: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("["):
            if keys := _only_keys(bare):
                table = keys
                found.setdefault(table, number)
        elif "=" in bare and (keys := _only_keys(bare.split("=", 1)[0] + "= 0")):
            found.setdefault((*table, *keys), number)
    return found


def _only_keys(line: str) -> Keys:
    """Return the names that a header or an assignment goes through; nothing where the line is neither."""
    try:
        inside: Any = tomllib.loads(line)
    except (ValueError, RecursionError):
        return ()
    keys: list[str] = []
    while isinstance(inside, dict) and len(inside) == 1:
        key, inside = next(iter(inside.items()))
        keys.append(key)
        inside = inside[0] if isinstance(inside, list) and inside else inside
    return tuple(keys)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _json(text: str, where: str, what: str) -> tuple[object, dict[Keys, int]]:
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise OptionError(
            f"The file of {what} is not JSON: {_why(error)}.",
            where=where,
            hint="look for a missing comma or quote just before that place.",
        ) from error
    return data, dict(_json_lines(text, data, (), 0))


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice, as TOML does: somebody means the other one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice")
    return found


def _json_lines(text: str, data: object, above: Keys, start: int) -> Iterator[tuple[Keys, int]]:
    """Yield the line of each key, found in the order in which they stand; names that escape letters have none."""
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        match = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:").search(text, start)
        if match is None:
            continue
        start = match.end()
        yield (*above, key), text.count("\n", 0, match.start()) + 1
        yield from _json_lines(text, value, (*above, key), start)


# --- YAML ------------------------------------------------------------------------------------------------------------


def require_yaml(what: str) -> None:
    """Raise MissingExtraError where YAML cannot be read here."""
    from importlib.util import find_spec

    if find_spec("yaml") is None:
        raise MissingExtraError(
            f"A file of {what} in YAML needs PyYAML.", hint="pip install 'mlwright[yaml]', or write it in TOML."
        )


def _yaml(text: str, where: str, what: str) -> tuple[object, dict[Keys, int]]:
    require_yaml(what)
    import yaml

    try:
        # An alias stands for what was said elsewhere; a few lines of them can stand for more than memory holds.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise OptionError(f"The file of {what} has aliases (*name), which are not read.", where=where)
        lines = dict(_yaml_lines(yaml.compose(text, Loader=yaml.SafeLoader), ()))
        return yaml.load(text, Loader=_yaml_loader()), lines  # noqa: S506  a SafeLoader with words for what it cannot read
    except (yaml.YAMLError, RecursionError, *UNREAD) as error:
        if isinstance(error, OptionError):
            raise
        raise OptionError(
            f"The file of {what} is not YAML: {_why(error)}.",
            where=where,
            hint="look at the indentation, and for a missing colon or quote before that place.",
        ) from error


def _yaml_loader() -> Any:
    """Return PyYAML's safe loader, which says in which line a value is not what its tag says it is."""
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002  PyYAML's signature
            try:
                return super().construct_object(node, deep=deep)
            except UNREAD as error:
                kind, line = str(node.tag).rpartition(":")[2], node.start_mark.line + 1
                raise ValueError(f"a value in line {line} cannot be read as {kind}") from error

    return Loader


def _yaml_lines(node: Any, above: Keys) -> Iterator[tuple[Keys, int]]:
    """Yield the line of each key of a composed document. Raises ValueError where one stands twice."""
    if type(node).__name__ != "MappingNode":
        return
    seen: set[str] = set()
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in seen:
            raise ValueError(f"{name!r} stands twice, the second time in line {line}")
        seen.add(name)
        yield (*above, name), line
        yield from _yaml_lines(value, (*above, name))
