"""Policy: when a model learns again, from what, and how carefully the new version takes over.

[adapt]                  for every model
[models.NAME.adapt]      for one of them; what it does not say stands as above

Other sections of the same file belong to others and are not read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from mlwright.errors import OptionError, nearest
from mlwright.evaluate.files import Written, read_written
from mlwright.values import parse_duration

Action = Literal["retrain and promote", "retrain and ask", "tell only"]
Window = Literal["all", "last", "weighted", "since change"]
EXAMPLE = 'write [adapt], and under it: every = "30d".'
SECOND = 1_000_000
"""Moments and durations are in microseconds."""
NEVER_0 = frozenset({"every", "half_life", "longest", "last"})
"""Durations that stand for nothing where they are 0."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done about a model that may no longer be right. Every default is safe."""

    on_page: bool = True
    """Whether an alarm of level "page" begins an adaptation."""
    every: str | None = None
    """How old the champion may become before it learns again, such as "30d"."""
    new_labels: int | None = None
    """After so many outcomes that the champion has not learned from it learns again."""
    action: Action = "retrain and promote"
    window: Window = "since change"
    """What is learned from: all rows, the last ones, all with less weight the older they are, or those since the change
    that an alarm has found (all where none was found, where it is the inputs that changed, or where they are few)."""
    last: str | int | None = None
    """Of window "last": a number of rows, or how old they may be, such as "180d"."""
    half_life: str = "90d"
    """Of window "weighted": the age at which a row counts half."""
    use_source: bool = True
    """Whether the rows that the champion learned from teach, too, where the window reaches so far back."""
    delay: str = "0s"
    """How old a row is when its outcome counts: as old as outcomes take. "0s": as soon as the outcome is there, which
    is right only where what came of a row does not change how soon it is known."""
    budget: str | None = None
    trials: int | None = None
    """What the build may take; by default what that of the champion might."""
    least_rows: int = 200
    least_of_class: int = 20
    """So many matured rows there have to be, and so many of each class."""
    most_broken: float = 0.05
    """Where a larger share of the recent rows breaks the contract of a column, nothing is learned from them."""
    exploration: Literal["none", "random"] = "none"
    """"random": the outcomes known of rows that are seldom followed up are a random few of them, so that each can stand
    for many. Say it only where it was arranged."""
    held_back: float = 0.2
    """The share of matured rows that do not teach, so that champion and challenger can be compared at once."""
    loss: str | None = None
    """The metric whose losses decide; by default the one the champion was chosen by, or the nearest that is a mean."""
    alpha: float = 0.05
    """How likely a challenger that is no better may be promoted, and one that is no worse rolled back."""
    margin: float = 0.0
    """So much less the challenger has to lose."""
    worth: float | None = None
    """A difference that is surely smaller is not waited for; by default half a point of errors, or 2 % of the loss."""
    most_labels: int = 5_000
    """So many outcomes are waited for at most."""
    canary: tuple[float, ...] = (5.0, 25.0, 100.0)
    """The percentages of the requests that the challenger answers, one after the other."""
    step: str = "1h"
    """How long each of these lasts at least ..."""
    step_rows: int = 30
    """... and how many rows the challenger has answered, or shadowed, before the next."""
    most_failed: float = 0.02
    """The share of rows that it may refuse or fail on which the champion answers."""
    longest: str = "60d"
    """No stage lasts longer: what is not proven by then is refused, and who has not been rolled back by then stays."""
    retry: str = "1d"
    """After a refusal nothing is tried again for so long."""
    sticky: str | None = None
    """The column whose value decides who is answered by the challenger; by default what is set by `mlwright traffic`,
    else the column that groups rows, where the model has one."""
    gates: str | None = None
    """A file of gates that the challenger has to pass besides."""

    def us(self, name: Literal["every", "delay", "half_life", "step", "longest", "retry"]) -> int:
        """Return a duration in microseconds."""
        return _microseconds(name, getattr(self, name) or "0s")

    @property
    def last_us(self) -> int | None:
        """How old a row of window "last" may be; None where their number is limited."""
        return _microseconds("last", self.last) if isinstance(self.last, str) else None

    def check(self, written: Written | None = None, keys: tuple[str, ...] = ()) -> None:
        """Raise OptionError where a setting cannot be."""
        for name, low, high in (
            ("new_labels", 1, 10**9), ("trials", 1, 10**6), ("least_rows", 20, 10**9), ("least_of_class", 2, 10**9),
            ("most_broken", 0.0, 1.0), ("held_back", 0.0, 0.5), ("alpha", 1e-6, 0.5), ("worth", 0.0, 1e12),
            ("margin", 0.0, 1e12),
            ("most_labels", 50, 10**7), ("step_rows", 0, 10**9), ("most_failed", 0.0, 1.0),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                self._refuse(written, (*keys, name), f"cannot be {value:g}", f"give one from {low:g} to {high:g}.")
        for name in ("every", "delay", "half_life", "step", "longest", "last", "retry"):
            value = getattr(self, name)
            seconds = seconds_of(value) if isinstance(value, str) else 1.0
            if seconds is None or (seconds == 0.0 and name in NEVER_0):
                self._refuse(written, (*keys, name), f"cannot be {value!r}", 'write a time such as "30d" or "12h".')
        rising = all(low < high for low, high in zip(self.canary, self.canary[1:], strict=False))
        if not rising or not self.canary or not all(0 < percent <= 100 for percent in self.canary):
            self._refuse(written, (*keys, "canary"), "has to rise, above 0 and up to 100", "write [5, 25, 100].")
        if self.window == "last" and not self.last:
            self._refuse(written, (*keys, "window"), 'is "last" without saying of what', 'add last = "180d".')
        if isinstance(self.last, int) and self.last < self.least_rows:
            self._refuse(written, (*keys, "last"), f"cannot be {self.last}", "give at least least_rows.")

    @staticmethod
    def _refuse(written: Written | None, keys: tuple[str, ...], what: str, hint: str) -> None:
        where = written.place(*keys) if written is not None else None
        raise OptionError(f"{'.'.join(keys)} {what}.", where=where, hint=hint)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def policy_from(plain: Mapping[str, Any]) -> Policy:
    """Return the policy that `to_dict` has written."""
    return msgspec.convert(dict(plain), Policy)


class Policies:
    """The policies of all models.

    >>> Policies({"adapt": {"alpha": 0.01}, "models": {"churn": {"adapt": {"every": "30d"}}}}).of("churn").every
    '30d'
    """

    def __init__(self, data: Mapping[str, Any] | None = None, written: Written | None = None) -> None:
        self._written = written
        data = data or {}
        self._usual = self._section(data, "adapt")
        self._models = {
            name: self._section(section, "adapt", above=("models", name))
            for name, section in self._tables(data, "models").items()
        }
        self._read(self._usual, ("adapt",))
        for name, section in self._models.items():
            self._read({**self._usual, **section}, ("models", name, "adapt"))

    @classmethod
    def read(cls, path: Path | None) -> Policies:
        """Return what a file says, the defaults where there is none. Raises SourceError, OptionError."""
        if path is None:
            return cls()
        written = read_written(path, what="settings", example=EXAMPLE)
        return cls(written.data, written)

    def of(self, name: str) -> Policy:
        """Return the policy of a model."""
        return msgspec.convert({**self._usual, **self._models.get(name, {})}, Policy)

    def _tables(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        found = data.get(name, {})
        return (
            {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}
        )

    def _section(self, data: Mapping[str, Any], name: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, dict):
            self._refuse((*above, name), f"{name} has to be a section with names.", EXAMPLE)
        return dict(found)

    def _read(self, section: dict[str, Any], keys: tuple[str, ...]) -> None:
        """Raise OptionError where a section says what cannot be, with its line."""
        known = [field.name for field in msgspec.structs.fields(Policy)]
        for name in section:
            if name not in known:
                near = nearest(name, known)
                hint = (f"did you mean {near!r}? " if near else "") + f"Known here: {', '.join(known)}."
                self._refuse((*keys, name), f"There is no setting {name!r} here.", hint)
        try:
            policy = msgspec.convert(section, Policy)
        except msgspec.ValidationError as error:
            said, _, place = str(error).partition(" - at `$")
            named = re.findall(r"[A-Za-z_]\w*", place)
            message = f"{'.'.join((*keys, *named))} is not what it has to be: {said[:1].lower()}{said[1:]}."
            self._refuse((*keys, *named), message, "docs/how-to/adapt-a-model.md lists all settings.")
        else:
            policy.check(self._written, keys)

    def _refuse(self, keys: tuple[str, ...], message: str, hint: str) -> None:
        where = self._written.place(*keys) if self._written is not None else None
        raise OptionError(message, where=where, hint=hint)


def seconds_of(text: str) -> float | None:
    """Return the seconds of a duration such as "30d"; None where a text writes none, or one below 0."""
    # A number and one letter is no duration in a table, where "5m" may be metres; here it can be nothing else.
    seconds = next(
        (found for each in (text, f"{text} 0s", f"0h {text}") if (found := parse_duration(each)) is not None), None
    )
    return seconds if seconds is not None and seconds >= 0 else None


def _microseconds(name: str, text: str) -> int:
    seconds = seconds_of(text)
    if seconds is None:
        raise OptionError(f"{name} cannot be {text!r}.", hint='write a time such as "30d" or "12h".')
    return round(seconds * SECOND)
