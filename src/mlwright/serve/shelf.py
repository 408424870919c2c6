"""The shelf: where a service takes its models from, and how it learns that another version is meant.

A model of the workspace follows the registry; one that was given as a path stays what it was when the service started.
"""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlwright.errors import ColumnError, ModelError, OptionError, nearest
from mlwright.model import Model, load
from mlwright.registry import Workspace
from mlwright.registry.keys import Key
from mlwright.registry.names import CHAMPION, LATEST, parsed
from mlwright.registry.version import digest_of
from mlwright.serve.endpoint import Endpoint, shares
from mlwright.serve.forms import in_service
from mlwright.serve.serving import Serving
from mlwright.serve.settings import Settings

logger = logging.getLogger("mlwright.serve")


def unpromoted(models: Sequence[str], workspace: Workspace) -> dict[str, int]:
    """Return the latest version of each bare name of which no champion was promoted, for `Settings.started`.

    Asked once, before there are workers: each of them, and each that takes another's place, begins with the same.
    Raises ModelError.
    """
    names = [name for name in models if parsed(name) and "@" not in name and workspace.versions(name)]
    return {name: workspace.find(name).version for name in names if CHAMPION not in workspace.aliases(name)}


class Shelf:
    """Loads models and says what each name means now. Used by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.workspace = Workspace(settings.workspace)
        self._fixed: dict[str, Serving] = {}
        self._sources: dict[str, tuple[str, str]] = {}
        self._followed: dict[str, str] = {}
        """By the name under which it is asked: the reference as it was given, with or without an alias or version."""
        self._kept: OrderedDict[tuple[str, int], Serving] = OrderedDict()
        self._started = dict(settings.started)
        self._checked: set[str] = set()
        """Names of which the versions of the start can follow their policy."""
        for reference in settings.models:
            self._take(reference)
        for name in settings.of_model:
            if name not in self.names:
                near = nearest(name, self.names)
                raise OptionError(
                    f"The settings speak of a model {name!r}, which is not served.",
                    hint=f"did you mean {near!r}?" if near else f"served are: {', '.join(self.names)}.",
                )

    def _take(self, reference: str) -> None:
        found = parsed(reference)
        if found is not None and self.workspace.versions(found.name):
            name = found.name
            self._followed.setdefault(name, reference)
            if name in self._fixed or self._followed[name] != reference:
                raise OptionError(f"Two models would be asked under the name {name!r}.", hint="serve one of them.")
            return
        place = self.workspace.resolve(reference)
        model, digest = load(place), digest_of(place)
        name = model.name if parsed(model.name) else Path(os.fspath(reference)).stem
        if name in self._fixed or name in self._followed:
            raise OptionError(f"Two models would be asked under the name {name!r}.", hint="serve one of them.")
        self._fixed[name] = self._served(model, name, model.version or 1)
        self._sources[name] = str(place.absolute()), digest

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which models are asked."""
        return (*self._fixed, *self._followed)

    def check_rules(self, endpoint: Endpoint) -> None:
        """Raise ColumnError or OptionError where the model cannot follow its policy; asked once, at the start.

        Versions that come later are served nevertheless, and the log tells.
        """
        where, main = f"settings of {endpoint.name!r}", endpoint.main
        own = self.settings.of_model.get(endpoint.name)
        if own is not None and own.policy is not None and main.unused_rules:
            columns = [column.name for column in main.columns]
            raise ColumnError.missing(main.unused_rules[0], columns, what="column of a rule", where=where)
        for served in {**endpoint.versions, main.version: main}.values():
            served.check_policy(where)
        self._checked.add(endpoint.name)

    def revision(self) -> int:
        """Return a number that has grown wherever the registry has changed. Raises OutputError."""
        return self.workspace.revision()

    def keys(self) -> tuple[dict[str, Key], bool]:
        """Return the keys that are valid now, by the hash of their secret, and whether one was ever made.

        Raises OutputError.
        """
        held = self.workspace.keys
        return held.active(), held.were_made()

    def endpoint(self, name: str) -> Endpoint:
        """Return what a name means now, with all its models loaded. Raises ModelError, OutputError."""
        if name in self._fixed:
            served = self._fixed[name]
            return Endpoint(name, served, {served.version: served}, latest=served.version)
        reference, aliases, latest = self._followed[name], self.workspace.aliases(name), self._latest(name)
        if reference != name:  # one version or alias of it, which traffic is not about
            main = self.served(name, self.workspace.find(reference).version)
            return Endpoint(name, main, self._held(name), aliases, latest=latest)
        main = self.served(name, self._meant(name, aliases))
        traffic = self.workspace.traffic(name)
        weights = [(self._of(name, target, aliases), share) for target, share in traffic.weights.items()]
        split = shares(main, weights)
        shadows = {served.version: served for served in (self._of(name, target, aliases) for target in traffic.shadow)}
        _refuse_other_form(main, [*(share.served for share in split), *shadows.values()])
        heard = {share.served.version for share in split} or {main.version}
        if len(heard) == 1:  # who answers everything has nothing to say besides
            shadows = {version: served for version, served in shadows.items() if version not in heard}
        return Endpoint(name, main, self._held(name), aliases, split, traffic.sticky, (*shadows.values(),), latest)

    def _meant(self, name: str, aliases: Mapping[str, int]) -> int:
        """Return what a bare name means: its champion; before there is one, the version that the service began with.

        A build makes a later version, and nobody has said yet that it is to answer.
        """
        if CHAMPION in aliases:
            return aliases[CHAMPION]
        if name not in self._started:
            self._started[name] = self.workspace.find(name).version
        return self._started[name]

    def _latest(self, name: str) -> int | None:
        try:
            return self.workspace.find(f"{name}@{LATEST}").version
        except ModelError:  # all are archived
            return None

    def _of(self, name: str, target: str, aliases: Mapping[str, int]) -> Serving:
        if target in aliases:
            return self.served(name, aliases[target])
        if target.isdecimal():
            return self.served(name, int(target))
        raise ModelError(f"The traffic of {name!r} names {target!r}, which is no alias of it.")

    def _held(self, name: str) -> dict[int, Serving]:
        return {version: served for (of, version), served in self._kept.items() if of == name}

    def served(self, name: str, version: int) -> Serving:
        """Return a version of a model of the workspace, loaded and ready. Raises ModelError."""
        if name in self._fixed:
            if self._fixed[name].version == version:
                return self._fixed[name]
            raise ModelError(f"There is no version {version} of {name!r}.")
        key = (name, version)
        if key not in self._kept:
            self._kept[key] = self._served(self.workspace.open(f"{name}@{version}"), name, version)
        self._kept.move_to_end(key)
        while len(self._kept) > self.settings.limits.models + 2 * len(self._followed):
            self._kept.popitem(last=False)
        return self._kept[key]

    def source(self, name: str, version: int) -> tuple[str, str]:
        """Return where another process finds a version: name@version, or a path and the digest of the model there."""
        return self._sources[name] if name in self._fixed else (f"{name}@{version}", "")

    def _served(self, model: Model, name: str, version: int) -> Serving:
        served = in_service(model, name, version, self.settings.policy_of(name))
        served.warm_up()
        if name in self._checked:
            try:
                served.check_policy(f"settings of {name!r}")
            except OptionError as error:
                logger.warning("Version %d of %r cannot follow its policy: %s", version, name, error)
        return served


def _refuse_other_form(main: Serving, others: Sequence[Serving]) -> None:
    """Raise ModelError where versions of one name share requests, and are not asked in the same way."""
    form = main.model.task.form
    for served in others:
        if served.model.task.form != form:
            raise ModelError(
                f"Version {served.version} of {served.name!r} answers the task {served.model.task.name!r} and cannot"
                f" share requests with version {main.version}, which answers {main.model.task.name!r}.",
                hint="take it out of the traffic, or give it a name of its own.",
            )
