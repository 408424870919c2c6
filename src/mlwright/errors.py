"""Every error a user can cause, in one tree.

    MlwrightError                 root; carries what happened, where, and a hint
    └── InputError                your input is wrong (exit code 2); also a ValueError
        ├── SourceError           a source cannot be read
        ├── ColumnError           a column is missing or is not what was said
        ├── DataError             the rows cannot answer the question
        ├── OptionError           an option has a value it cannot have
        ├── ModelError            a model is missing, damaged, foreign or hostile
        ├── OutputError           a result cannot be written (folder, permission, disk full)
        ├── CheckError            rows break their contract (raised by Checked.raise_if_failed alone)
        └── MissingExtraError     an optional package is not installed

A message is one sentence that says what is wrong and what was found; `where` says in which file, line or column;
`hint` says what to do. A bug of ours is none of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MlwrightError(Exception):
    """Something a person can put right: one sentence, the place, and a hint."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return the sentence with its place in front and its hint behind."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}" + (f" Hint: {self.hint}" if self.hint else "")


class InputError(MlwrightError, ValueError):
    """Your input is wrong: the command line exits with 2."""


class SourceError(InputError):
    """A source cannot be read."""


class ColumnError(InputError):
    """A column is missing or is not what was said of it."""

    @classmethod
    def missing(cls, name: str, among: Iterable[str], *, what: str = "column", where: str | None = None) -> ColumnError:
        """Name the missing column, what there is instead, and the nearest name.

        >>> print(ColumnError.missing("chrun", ["age", "churn"], what="target column"))
        The target column 'chrun' is not in the data. Hint: did you mean 'churn'? Columns: 'age', 'churn'.
        """
        names = list(among)
        near = nearest(name, names)
        shown = ", ".join(repr(other) for other in names[:12]) + (", ..." if len(names) > 12 else "")
        hint = (f"did you mean {near!r}? " if near else "") + f"Columns: {shown}."
        return cls(f"The {what} {name!r} is not in the data.", where=where, hint=hint)


class DataError(InputError):
    """The rows cannot answer the question that was asked of them."""


class OptionError(InputError):
    """An option has a value it cannot have."""

    @classmethod
    def unknown(cls, option: str, value: str, allowed: Iterable[str]) -> OptionError:
        """Name the option, what was given, what is allowed, and the nearest allowed value."""
        names = sorted(allowed)
        near = nearest(value, names)
        hint = (f"did you mean {near!r}? " if near else "") + f"Allowed: {', '.join(names)}."
        return cls(f"{option} cannot be {value!r}.", hint=hint)


class ModelError(InputError):
    """A model is missing, damaged, foreign or hostile."""


class OutputError(InputError):
    """A result cannot be written."""


class CheckError(InputError):
    """Rows break their contract; `checked` holds all that was found."""

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, checked: object = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.checked = checked


class MissingExtraError(InputError):
    """An optional package is not installed."""

    @classmethod
    def of(cls, extra: str, purpose: str) -> MissingExtraError:
        """Name what needs the package and the exact line that installs it."""
        return cls(f"{purpose} needs an optional package.", hint=f"pip install 'mlwright[{extra}]'")


def nearest(name: str, among: Iterable[str]) -> str | None:
    """Return the closest of the given names, or None where none is close."""
    folded = {str(other).casefold(): str(other) for other in among}
    close = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None
