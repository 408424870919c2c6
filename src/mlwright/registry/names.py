"""What models, versions and aliases may be called, and what a reference to a version says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlwright.errors import ModelError, OptionError, nearest

CHAMPION = "champion"
"""The alias that a bare name means, where one was promoted."""
LATEST = "latest"
"""What can be written behind the @ for the newest version that is not archived; no alias can be called so."""
VERSION = re.compile(r"[1-9][0-9]{0,8}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A model's name, and which version is wanted: a number, an alias, or "" for what the bare name means."""

    name: str
    wanted: str

    @property
    def version(self) -> int | None:
        """The number that is wanted, or None where it is an alias or nothing."""
        return int(self.wanted) if VERSION.fullmatch(self.wanted) else None

    def __str__(self) -> str:
        return f"{self.name}@{self.wanted}" if self.wanted else self.name


def parsed(text: str) -> Reference | None:
    """Return what a text refers to, or None where it can be no more than a path.

    >>> parsed("churn@3"), parsed("models/churn")
    (Reference(name='churn', wanted='3'), None)
    """
    name, _, wanted = text.partition("@")
    return Reference(name, wanted) if is_name(name) and "/" not in wanted and "\\" not in wanted else None


def named(text: str) -> Reference:
    """Return what a text refers to by name. Raises OptionError where it can be no name.

    >>> str(named("churn@challenger"))
    'churn@challenger'
    """
    reference = parsed(text)
    if reference is None:
        raise OptionError(f"This cannot be a model's name: {text[:120]!r}.", hint="write NAME, NAME@3 or NAME@alias.")
    return reference


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a model, and so of a folder on any system.

    >>> is_name("churn-2026"), is_name("../churn"), is_name("con")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None and not text.endswith(".") and not _RESERVED.fullmatch(text)


def checked_name(name: str) -> str:
    """Return the name, or raise OptionError where it cannot be the name of a model.

    >>> checked_name("churn-2026")
    'churn-2026'
    """
    if not is_name(name):
        raise OptionError(
            f"A model cannot be named {name[:120]!r}.",
            hint="use up to 100 letters, digits, '-', '_' and '.', starting with a letter or digit.",
        )
    return name


def checked_alias(alias: str) -> str:
    """Return the alias, or raise OptionError where it cannot be one: it would look like a number, or is taken.

    >>> checked_alias("challenger")
    'challenger'
    """
    if not _ALIAS.fullmatch(alias) or alias == LATEST:
        raise OptionError(
            f"An alias cannot be {alias[:80]!r}.",
            hint=f"use up to 50 letters, digits, '-' and '_', starting with a letter; {LATEST!r} is taken.",
        )
    return alias


def no_model(text: str, names: Iterable[str], where: str) -> ModelError:
    """Return the sentence for a model that is not there, with the nearest name."""
    near = nearest(text.partition("@")[0], names)
    hint = f"did you mean {near!r}?" if near else "`mlwright models` lists those there are."
    return ModelError(f"There is no model {text!r}, neither by name in {where} nor as a path.", hint=hint)


def no_version(reference: Reference, versions: Iterable[int], aliases: Iterable[str]) -> ModelError:
    """Return the sentence for a version that is not there, with those there are and the nearest alias."""
    numbers, named = sorted(versions), sorted(aliases)
    near = nearest(reference.wanted, named)
    hint = (f"did you mean {near!r}? " if near else "") + f"there are: {', '.join(map(str, numbers[-12:])) or 'none'}"
    hint += f"; aliases: {', '.join(named)}." if named else "."
    return ModelError(f"There is no version {reference.wanted!r} of model {reference.name!r}.", hint=hint)
