"""The Workspace: the one folder that holds all state, with named models and their immutable versions.

    <workspace>/registry.db                  which versions there are, what aliases mean, keys; or a PostgreSQL
    <workspace>/models/<name>/<version>/     a model's folder; versions are 1, 2, 3, ...; or a store such as s3://
    <workspace>/cache/<digest>/              what was fetched from a store

A version is known only when its files are whole: readers see a version whole or not at all. Folders of models that the
registry does not know, because they are older than it or were copied here, become known when they are first seen.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlwright.errors import MlwrightError, ModelError, OptionError
from mlwright.model import Model, load
from mlwright.registry.files import Files, check_whole, files_of
from mlwright.registry.names import CHAMPION, LATEST, Reference, checked_name, is_name, no_model, parsed
from mlwright.registry.traffic import Traffic
from mlwright.registry.version import DAMAGED, Origin, Version, read_version

if TYPE_CHECKING:
    from mlwright.registry.aliases import Aliases, Move
    from mlwright.registry.keys import Keys
    from mlwright.registry.state import Guard, State
    from mlwright.registry.tags import Tags
    from mlwright.registry.versions import Versions

__all__ = ["Workspace", "checked_name"]

HOME, REGISTRY, MODELS = "MLWRIGHT_HOME", "MLWRIGHT_REGISTRY", "MLWRIGHT_MODELS"
DEFAULT = ".mlwright"
Numbered = tuple[str, int]


class Seen(NamedTuple):
    """What there is when somebody looks: the registry where there is one, its versions, and folders that are none."""

    known: Versions | None
    numbers: set[Numbered]
    damaged: dict[Numbered, ModelError]


class Workspace:
    """The folder that holds all state: `path`, else MLWRIGHT_HOME, else ./.mlwright.

    `registry` is the URL of a PostgreSQL database, else MLWRIGHT_REGISTRY, else registry.db in the folder. `store` is
    a folder or an address that fsspec knows, such as s3://bucket/models, else MLWRIGHT_MODELS, else models/ in the
    folder.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, registry: str | None = None, store: str | None = None
    ) -> None:
        self.path = Path(path or os.environ.get(HOME) or DEFAULT)
        self._registry = _place(registry or os.environ.get(REGISTRY) or self.path / "registry.db")
        self._store = _place(store or os.environ.get(MODELS) or self.path / "models")

    @property
    def root(self) -> Path:
        """Below it are the folders of versions on this machine: models/, or the cache of a store."""
        return self._files.root

    @property
    def registry(self) -> str | Path:
        """Where the registry is: the path of an SQLite file, or a URL."""
        return self._registry

    def guarded(self, guard: Guard) -> Workspace:
        """Return the same workspace, in which each change of the registry is made only where the guard lets it be.

        The guard is called within the transaction of the change, with its connection, and raises an error or does not.
        """
        other = copy(self)
        other._state = self._state.guarded(guard)  # noqa: SLF001  its own class
        return other

    def add(
        self, model: Model, name: str, *, why: str = "", who: str | None = None, parent: str | None = None
    ) -> tuple[str, int, Path]:
        """Keep a model as the next version of a name; return name, version and its folder.

        Parameters
        ----------
        why, who
            For the record; by default nobody's words, and the user of this process.
        parent
            The version it was made from, as name@version; by default the one that the model was loaded as.

        Raises OptionError, OutputError.
        """
        from mlwright.registry.state import now, person, storable

        checked_name(name)
        origin = Origin(person(who), storable(why), now(), self._parent(model, parent))
        version, place = self._written(model, name)
        try:
            self._versions.register(read_version(place, name, version, origin))
        except BaseException:  # also Ctrl-C: what nobody knows of must not stay
            if self._is_unknown(name, version):
                self._files.remove(name, version)
            raise
        return name, version, place

    def open(self, reference: str | os.PathLike[str]) -> Model:
        """Load a model by what `resolve` takes; by name, with the files that were registered. Raises ModelError."""
        found = self._meant(reference)
        if isinstance(found, Path):
            return load(found)
        model = load(self._files.place(found.name, found.version, found.digest))
        if (model.name, model.version) == (found.name, found.version):
            return model
        return model.renamed(found.name, found.version)

    def resolve(self, reference: str | os.PathLike[str]) -> Path:
        """Return where a model is: a name (its champion, else its latest), name@version, name@alias, or a path.

        Raises ModelError where there is none, or its manifest is not the one that was registered.
        """
        found = self._meant(reference)
        return found if isinstance(found, Path) else self._files.place(found.name, found.version, found.digest)

    def find(self, reference: str) -> Version:
        """Return the version that a name, name@version or name@alias means now; never a path. Raises ModelError."""
        wanted = parsed(reference)
        found = None if wanted is None else self._picked(wanted)
        if found is None:
            raise no_model(reference, self.names(), str(self.root))
        return found

    def names(self) -> tuple[str, ...]:
        """Return the names with at least one version, sorted."""
        return tuple(sorted({name for name, _ in self._seen().numbers}))

    def versions(self, name: str) -> tuple[int, ...]:
        """Return the versions of a name, oldest first, with those that are archived."""
        return tuple(sorted(number for _, number in self._seen(name).numbers)) if is_name(name) else ()

    def models(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return facts of every version (of a name), newest first; damaged ones say so under "problem"."""
        known, _, damaged = self._seen(name)
        if known is None:
            return []
        versions = [version for version in known.search() if name in {None, version.name}]
        aliases = {each: self.aliases(each) for each in {version.name for version in versions}}
        facts = [self._facts(version, aliases[version.name]) for version in versions]
        for (each, number), error in damaged.items():
            told = {"name": each, "version": number, "state": DAMAGED, "path": self._files.shown(each, number)}
            facts.append({**told, "aliases": [], "problem": str(error)})
        return sorted(facts, key=lambda told: (told["name"], -told["version"]))

    def search(
        self, text: str = "", *, tag: str | None = None, task: str | None = None, target: str | None = None
    ) -> list[Version]:
        """Return the versions for which all holds that is given, by name and newest first; reads no model's files.

        `text` is looked for in names, targets, tasks, reasons, aliases and tags, in any case; `tag` is a key, or
        key=value.
        """
        known = self._looked()
        return [] if known is None else known.search(text, tag=tag, task=task, target=target)

    def lineage(self, name: str, version: int) -> list[Version]:
        """Return a version, what it was made from, and so on to the root. Raises ModelError where there is none."""
        return self._known(name).lineage(name, version)

    def archive(self, name: str, version: int) -> bool:
        """Let a version answer only where its number is named; False where it was so.

        Raises ModelError where an alias or the traffic points to it.
        """
        return self._known(name).archive(name, version)

    def unarchive(self, name: str, version: int) -> bool:
        """Take back that a version was archived; False where it was not. Raises ModelError where there is none."""
        return self._known(name).unarchive(name, version)

    def promote(
        self,
        name: str,
        version: int | str = LATEST,
        *,
        alias: str = CHAMPION,
        why: str = "",
        who: str | None = None,
        instead_of: int | None = None,
    ) -> Move:
        """Let an alias point to a version, named by number or by another alias. Raises ModelError, OptionError.

        Where `instead_of` is given, nothing is moved unless the alias still points to that version.
        """
        wanted = self._known(name).pick(Reference(name, str(version)))
        check_whole(self._files.place(name, wanted.version, wanted.digest))  # what could not answer is not promoted
        meant = Reference(name, str(wanted.version))
        return self._aliases.promote(meant, alias=alias, why=why, who=who, instead_of=instead_of)

    def rollback(
        self, name: str, alias: str = CHAMPION, *, why: str = "", who: str | None = None, instead_of: int | None = None
    ) -> Move:
        """Let an alias point to what it pointed to before, `instead_of` as in `promote`.

        Raises ModelError where there is nothing to go back to.
        """
        known = self._known(name)
        while True:
            before = self._aliases.before(name, alias)
            wanted = known.pick(Reference(name, str(before)))
            check_whole(self._files.place(name, before, wanted.digest))
            move = self._aliases.rollback(name, alias, to=before, why=why, who=who, instead_of=instead_of)
            if move is not None:
                return move

    def history(self, name: str) -> list[Move]:
        """Return how the aliases of a name were moved, the newest first. Raises ModelError."""
        self._known(name)
        return self._aliases.history(name)

    def aliases(self, name: str) -> dict[str, int]:
        """Return the aliases of a name with the versions they point to."""
        return self._aliases.of(name) if is_name(name) and not self._is_new else {}

    def traffic(self, name: str) -> Traffic:
        """Return who answers which requests of a name."""
        return self._aliases.traffic(name) if is_name(name) and not self._is_new else Traffic()

    def set_traffic(self, name: str, traffic: Traffic) -> None:
        """Change who answers which requests of a name. Raises OptionError, ModelError."""
        self._known(name)
        self._aliases.set_traffic(name, traffic)

    def tags(self, name: str) -> dict[int | None, dict[str, str]]:
        """Return the tags of a name (under None) and of its versions, by their keys."""
        return self._tags.of(name) if is_name(name) and not self._is_new else {}

    def tag(self, name: str, values: Mapping[str, str], *, version: int | str | None = None) -> None:
        """Note values by their keys, of a version or of the name as a whole. Raises OptionError, ModelError."""
        self._known(name)
        self._tags.tag(Reference(name, "" if version is None else str(version)), values)

    def untag(self, name: str, *keys: str, version: int | str | None = None) -> None:
        """Remove tags of a version or of the name as a whole. Raises OptionError, ModelError."""
        self._known(name)
        self._tags.untag(Reference(name, "" if version is None else str(version)), keys)

    def revision(self) -> int:
        """Return a number that grows with every change of versions, aliases, tags, traffic and keys; one query."""
        return 0 if self._is_new else self._state.revision()

    @property
    def keys(self) -> Keys:
        """The keys of the service."""
        from mlwright.registry.keys import Keys

        return Keys(self._state)

    @cached_property
    def _files(self) -> Files:
        return files_of(self._store, self.path / "cache")

    @cached_property
    def _state(self) -> State:
        from mlwright.registry.state import State

        if self._is_new and self.path.is_dir() and not os.access(self.path, os.W_OK):
            return State.in_memory(self.path)
        return State(self._registry)

    @property
    def _versions(self) -> Versions:
        from mlwright.registry.versions import Versions

        return Versions(self._state)

    @property
    def _aliases(self) -> Aliases:
        from mlwright.registry.aliases import Aliases

        return Aliases(self._state)

    @property
    def _tags(self) -> Tags:
        from mlwright.registry.tags import Tags

        return Tags(self._state)

    @property
    def _is_new(self) -> bool:
        """Whether there is no registry yet; looking for something does not make one."""
        if not isinstance(self._registry, Path) or ("_state" in self.__dict__ and self._state.is_open):
            return False
        return not self._registry.is_file()

    def _looked(self, name: str | None = None) -> Versions | None:
        """Return what is known, after all folders (of a name) have become known; None where nothing was ever kept."""
        return self._seen(name).known

    def _seen(self, name: str | None = None) -> Seen:
        """Return what is known after all folders (of a name) have become known, and which of them are damaged."""
        found = {(each, version): place for each, version, place in self._files.found(name)}
        if not found and self._is_new:
            return Seen(None, set(), {})
        known = self._versions
        numbers = known.numbers(name)
        new = {each: found[each] for each in sorted(found.keys() - numbers)}
        damaged = self._adopt(known, new)
        return Seen(known, numbers | (new.keys() - damaged.keys()), damaged)

    def _adopt(self, known: Versions, found: Mapping[Numbered, Path]) -> dict[Numbered, ModelError]:
        """Make folders known, but for those that are damaged; return what is wrong with these."""
        from mlwright.registry.state import now, person

        origin = Origin(person(None), "found in the folder of models", now())
        versions, damaged = [], {}
        for (name, version), place in found.items():
            try:
                versions.append(read_version(place, name, version, origin))
            except ModelError as error:
                damaged[name, version] = error
        if versions:
            known.adopt(versions)
        return damaged

    def _known(self, name: str) -> Versions:
        """Return what is known of a name that has versions. Raises ModelError."""
        seen = self._seen(name) if is_name(name) else None
        if seen is None or seen.known is None or not seen.numbers:
            raise no_model(name, self.names(), str(self.root))
        return seen.known

    def _picked(self, wanted: Reference) -> Version | None:
        """Return the version that is meant, or None where there is no such name. Raises ModelError."""
        seen = self._seen(wanted.name)
        if seen.damaged and (not seen.numbers or (wanted.name, wanted.version) in seen.damaged):
            number = wanted.version or max(number for _, number in seen.damaged)
            raise seen.damaged.get((wanted.name, number), next(iter(seen.damaged.values())))
        return seen.known.pick(wanted) if seen.known is not None and seen.numbers else None

    def _meant(self, reference: str | os.PathLike[str]) -> Version | Path:
        """Return the version or the path that is meant; what can only be a path asks no database."""
        text = os.fspath(reference)
        wanted = parsed(text)
        if wanted is not None and (found := self._picked(wanted)) is not None:
            return found
        if os.path.exists(text):  # noqa: PTH110 -- false, not an error, for a name that no system can have
            return Path(text)
        raise no_model(text, self.names(), str(self.root))

    def _parent(self, model: Model, parent: str | None) -> str | None:
        """Return the version that a model was made from. Raises OptionError where the one named is not there."""
        given = parent or (f"{model.name}@{model.version}" if model.version is not None else "")
        wanted = parsed(given)
        if wanted is not None and wanted.version is not None and wanted.version in self.versions(wanted.name):
            return given
        if parent is not None:
            raise OptionError(f"There is no version {parent[:200]!r} to be the parent.", hint="write name@version.")
        return None

    def _written(self, model: Model, name: str) -> tuple[int, Path]:
        """Write a model under a number that nobody else has; return the number and where it is."""
        known, above = self._versions, self._files.highest(name)
        while True:
            version = known.claim(name, above)
            try:
                return version, self._files.write(model.renamed(name, version), name, version)
            except FileExistsError:  # a folder that the registry does not know
                above = max(version, self._files.highest(name))
            except BaseException:  # also Ctrl-C
                self._is_unknown(name, version)
                raise

    def _is_unknown(self, name: str, version: int) -> bool:
        """Take back a number; False where its version is known after all, because another process found it whole."""
        try:
            return self._versions.give_back(name, version)
        except MlwrightError:  # the database is gone, and that is what is being said
            return True

    def _facts(self, version: Version, aliases: Mapping[str, int]) -> dict[str, Any]:
        pointing = [alias for alias, number in aliases.items() if number == version.version]
        place = self._files.shown(version.name, version.version)
        facts = {**version.to_dict(), "path": place, "aliases": pointing}
        problem = self._files.problem(version)
        return facts if problem is None else {**facts, "problem": problem}


def _place(given: str | Path) -> str | Path:
    """Return an address as it is, and all else as a path."""
    return given if isinstance(given, str) and "://" in given else Path(given)
