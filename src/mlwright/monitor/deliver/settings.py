"""Where alarms go, as a file says it; secrets are read from the environment, and never told.

dashboard = "https://models.example.org"     messages link to its pages

[channels.NAME]
kind = "webhook" | "slack" | "email"
level = "notice" | "page"                    what is told at all; by default everything
models = ["churn"]                           of which models; by default of all
...                                          what the kind wants; OPTION_env = "VARIABLE" for a value of the environment
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints
from urllib.parse import quote

from mlwright.errors import InputError, OptionError, nearest
from mlwright.evaluate.files import Written, read_written
from mlwright.monitor.deliver.base import Channel
from mlwright.monitor.deliver.kinds import CHANNELS
from mlwright.monitor.deliver.post import checked_url

EXAMPLE = 'write [channels.ops], and under it: kind = "webhook", url = "https://..."'
KEYS = ("dashboard", "channels")
LEVELS = ("notice", "page")
_OWN = ("kind", "level", "models")
_ENV = "_env"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_KINDS: Mapping[Any, tuple[type | tuple[type, ...], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    tuple[str, ...]: (list, "a list of texts"),
}
"""What a field may be: how TOML gives it, and what a person calls it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One channel under a name, and which alarms go there."""

    name: str
    channel: Channel
    level: Literal["notice", "page"] = "notice"
    """The least level that is told."""
    models: tuple[str, ...] = ()
    """Of which models; none: of all."""

    def wants(self, level: str, model: str) -> bool:
        """Tell whether an alarm goes there."""
        return (self.level == "notice" or level == "page") and (not self.models or model in self.models)


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """All channels, and where the dashboard is."""

    places: tuple[Place, ...] = ()
    dashboard: str | None = None

    def link(self, model: str) -> str | None:
        """Return the address of a model's page, where the settings say where the dashboard is."""
        return None if self.dashboard is None else f"{self.dashboard.rstrip('/')}/monitor/{quote(model, safe='')}"


def read_delivery(path: Path, *, environment: Mapping[str, str] = os.environ) -> DeliverySettings:
    """Return what a file says of channels, and nothing else. Raises SourceError, OptionError."""
    written = read_written(path, what="channels", example=EXAMPLE)
    for key in written.data:
        if key not in KEYS:
            raise _unknown(written, (key,), KEYS)
    return delivery_of(written, environment=environment)


def delivery_of(written: Written, *, environment: Mapping[str, str] = os.environ) -> DeliverySettings:
    """Return what a file that may say other things, too, says of channels. Raises OptionError.

    Parameters
    ----------
    written
        The file; only `dashboard` and `channels` are looked at.
    environment
        Where the variables are that it names.
    """
    dashboard, channels = written.data.get("dashboard"), written.data.get("channels", {})
    if dashboard is not None:
        if not isinstance(dashboard, str):
            raise OptionError("dashboard has to be a text.", where=written.place("dashboard"))
        _within(written, ("dashboard",), lambda: checked_url(dashboard, "the dashboard", is_called=False))
    if not isinstance(channels, Mapping) or not all(isinstance(each, Mapping) for each in channels.values()):
        raise OptionError("Each channel is a section with a name.", where=written.place("channels"), hint=EXAMPLE)
    places = tuple(_place(written, name, said, environment) for name, said in channels.items())
    return DeliverySettings(places, dashboard)


def _place(written: Written, name: str, said: Mapping[str, Any], environment: Mapping[str, str]) -> Place:
    keys = ("channels", name)
    if not _NAME.fullmatch(name):
        raise OptionError(
            f"A channel cannot be called {name!r:.80}.", where=written.place(*keys), hint="letters, digits, - and _."
        )
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in CHANNELS:
        near = nearest(str(kind), CHANNELS)
        raise OptionError(
            f"The channel {name} has no kind that is known.",
            where=written.place(*keys, "kind"),
            hint=(f"did you mean {near!r}? " if near else "") + f"Known: {', '.join(CHANNELS)}.",
        )
    level, models = said.get("level", "notice"), said.get("models", [])
    if level not in LEVELS:
        raise OptionError(
            f"level cannot be {level!r:.60}.", where=written.place(*keys, "level"), hint="notice or page."
        )
    own = {key: value for key, value in said.items() if key not in _OWN}
    options = _options(written, keys, CHANNELS[kind], own, environment)
    channel: Channel = CHANNELS[kind](**options)
    _within(written, keys, channel.check)
    return Place(name, channel, level, _value(written, (*keys, "models"), tuple[str, ...], models))


def _options(
    written: Written, keys: tuple[str, ...], kind: type[Any], said: Mapping[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a channel is made of."""
    hints, fields = get_type_hints(kind), {field.name: field for field in dataclasses.fields(kind)}
    secret = {name for name, field in fields.items() if field.metadata.get("secret")}
    known = [f"{name}{_ENV}" if name in secret else name for name in fields]
    found: dict[str, Any] = {}
    for key, value in said.items():
        name, place = key.removesuffix(_ENV), (*keys, key)
        if name not in fields or (key != name and hints[name] is not str):
            raise _unknown(written, place, [*known, *_OWN])
        if key == name and name in secret:
            raise OptionError(
                f"{name} is a secret, and does not belong into a file.",
                where=written.place(*place),
                hint=f'{name}{_ENV} = "VARIABLE" names the environment variable that holds it.',
            )
        if name in found:
            raise OptionError(f"{name} is said twice.", where=written.place(*place))
        text = _value(written, place, str if key != name else hints[name], value)
        found[name] = _from_environment(written, place, text, environment) if key != name else text
        if name == "timeout_s" and not 0.1 <= found[name] <= 300:
            raise OptionError(
                f"timeout_s cannot be {found[name]:g}.", where=written.place(*place), hint="0.1 to 300 seconds."
            )
    wanted = [name for name, field in fields.items() if field.default is dataclasses.MISSING and name not in found]
    if wanted:
        option = f"{wanted[0]}{_ENV}" if wanted[0] in secret else wanted[0]
        raise OptionError(f"The channel {keys[-1]} has no {option}.", where=written.place(*keys))
    return found


def _value(written: Written, place: tuple[str, ...], kind: Any, value: Any) -> Any:
    """Return a value as its field wants it."""
    given, word = _KINDS[kind]
    is_good = isinstance(value, given) and not isinstance(value, bool)
    if is_good and isinstance(value, list):
        is_good = all(isinstance(each, str) for each in value)
    if not is_good:
        raise OptionError(f"{place[-1]} has to be {word}.", where=written.place(*place))
    return tuple(value) if isinstance(value, list) else value


def _from_environment(written: Written, place: tuple[str, ...], name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise OptionError(
            f"The environment variable {name!r:.80} is not set.",
            where=written.place(*place),
            hint="set it where mlwright is started.",
        )
    return value


def _within(written: Written, keys: tuple[str, ...], check: Any) -> None:
    """Check something; what is wrong is said with the line that it stands in."""
    try:
        check()
    except InputError as error:
        raise OptionError(error.message, where=written.place(*keys), hint=error.hint) from error


def _unknown(written: Written, place: tuple[str, ...], known: Any) -> OptionError:
    near = nearest(place[-1], known)
    return OptionError(
        f"There is no setting {place[-1]!r:.80} here.",
        where=written.place(*place),
        hint=(f"did you mean {near!r}? " if near else "") + f"Known here: {', '.join(known)}.",
    )
