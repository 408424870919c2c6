"""Where the files of versions are: in a folder of this machine, or in a store that fsspec reaches.

<folder>/<name>/<version>/       claimed by making it, filled by renaming the finished model over it
<store>/<name>/<version>.zip     one file, of which nobody speaks before it is whole; fetched into a cache once
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from mlwright.errors import MissingExtraError, ModelError, OptionError, OutputError
from mlwright.model.archive import MANIFEST, opened, write_files
from mlwright.model.checked import damaged
from mlwright.model.folder import MAX_MANIFEST, read_evidence
from mlwright.model.model import Model
from mlwright.registry.names import VERSION, is_name
from mlwright.registry.version import Version, digest_of

EXTRAS = {"s3": "s3", "s3a": "s3"}
"""Our extra that brings what a scheme needs."""


class Files(Protocol):
    """The files of versions, by name and number."""

    root: Path
    """Below it are the folders of versions on this machine."""

    def highest(self, name: str) -> int:
        """Return the highest number that is taken here, or 0."""

    def write(self, model: Model, name: str, version: int) -> Path:
        """Write a version, whole or not at all, and return a path to read it from.

        Raises FileExistsError where the number is taken, OutputError where it cannot be written.
        """

    def remove(self, name: str, version: int) -> None:
        """Remove what was written of a version that nobody knows of."""

    def place(self, name: str, version: int, digest: str) -> Path:
        """Return the folder of a version, the files being those with this digest. Raises ModelError."""

    def found(self, name: str | None = None) -> Iterator[tuple[str, int, Path]]:
        """Yield what looks like a version (of one name), be it known or not."""

    def shown(self, name: str, version: int) -> str:
        """Return where a version is, for people to read."""

    def problem(self, version: Version) -> str | None:
        """Return what is wrong with the files of a version as far as it is cheap to see, or None."""


class FolderFiles:
    """The files of versions in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def highest(self, name: str) -> int:
        """Return the highest number that is taken here, or 0."""
        return max((version for version, _ in _numbered(self.root / name)), default=0)

    def write(self, model: Model, name: str, version: int) -> Path:
        """Write a version: its folder is made, which only one process can do, and the model is renamed over it."""
        place = self.root / name / str(version)
        self._check(place.parent)
        with _writable(self.root):
            place.parent.mkdir(parents=True, exist_ok=True)
        with _writable(self.root, but=FileExistsError):
            place.mkdir()
        try:
            return model.save(place)
        except BaseException:  # also Ctrl-C: a claimed version without a model must not stay
            with contextlib.suppress(OSError):
                place.rmdir()
            raise

    def remove(self, name: str, version: int) -> None:
        """Remove what was written of a version that nobody knows of."""
        shutil.rmtree(self.root / name / str(version), ignore_errors=True)

    def place(self, name: str, version: int, digest: str) -> Path:
        """Return the folder of a version. Raises ModelError where it is not there, or holds another model."""
        place = self.root / name / str(version)
        self._check(place)
        if not place.is_dir():
            raise ModelError(
                f"The files of {name}@{version} are not there.",
                where=str(place),
                hint=f"bring the folder back, or `mlwright archive {name}@{version}` so that nobody asks for it.",
            )
        _check_digest(place, digest, f"{name}@{version}")
        return place

    def found(self, name: str | None = None) -> Iterator[tuple[str, int, Path]]:
        """Yield what looks like a version; a link, which may lead elsewhere, does not."""
        # The folder is listed also for one name: where a system takes "Churn" for "churn", the list says which it is.
        for folder in _folders(self.root, name):
            if is_name(folder.name):
                for version, place in _numbered(folder):
                    if (place / MANIFEST).is_file():
                        yield folder.name, version, place

    def shown(self, name: str, version: int) -> str:
        """Return where a version is."""
        return str(self.root / name / str(version))

    def problem(self, version: Version) -> str | None:
        """Return what is wrong with the manifest or the evidence of a version."""
        try:
            read_evidence(self.place(version.name, version.version, version.digest))
        except ModelError as error:
            return str(error)
        return None

    def _check(self, place: Path) -> None:
        """Raise ModelError where a link leads out of the folder of models."""
        if not place.resolve().is_relative_to(self.root.resolve()):
            raise ModelError(
                "is a link that leads out of the workspace.",
                where=str(place),
                hint="copy the model's folder there instead.",
            )


class StoreFiles:
    """The files of versions in a store that fsspec reaches, such as s3://bucket/models, and a cache on this machine."""

    def __init__(self, address: str, cache: Path) -> None:
        self.address = address.rstrip("/")
        self.root = cache
        self._system, self._base = _system(self.address)

    def highest(self, name: str) -> int:  # noqa: ARG002
        """Return 0: here the registry alone says which numbers are taken."""
        return 0

    def write(self, model: Model, name: str, version: int) -> Path:
        """Upload a version, and keep it in the cache."""
        packed = self.root / f".{secrets.token_hex(8)}.zip"
        try:
            model.save(packed)
            with _told(self.shown(name, version), OutputError, "written"):
                self._system.makedirs(f"{self._base}/{name}", exist_ok=True)
                self._system.put_file(str(packed), self._path(name, version))
            return self._keep(packed, digest_of(packed))
        except BaseException:  # also Ctrl-C: nobody knows of it, and nobody shall find it
            self.remove(name, version)
            raise
        finally:
            packed.unlink(missing_ok=True)

    def remove(self, name: str, version: int) -> None:
        """Remove what was uploaded of a version that nobody knows of."""
        with contextlib.suppress(Exception):  # each storage has exceptions of its own, and another is on its way
            self._system.rm_file(self._path(name, version))

    def place(self, name: str, version: int, digest: str) -> Path:
        """Return the folder of a version in the cache, fetched where it is not there. Raises ModelError."""
        kept = self.root / digest
        if not kept.is_dir():
            packed = self.root / f".{secrets.token_hex(8)}.zip"
            try:
                with _writable(self.root):
                    self.root.mkdir(parents=True, exist_ok=True)
                with _told(self.shown(name, version), ModelError, "fetched"):
                    self._system.get_file(self._path(name, version), str(packed))
                _check_digest(packed, digest, f"{name}@{version}")
                kept = self._keep(packed, digest)
            finally:
                packed.unlink(missing_ok=True)
        _check_digest(kept, digest, f"{name}@{version}")
        return kept

    def found(self, name: str | None = None) -> Iterator[tuple[str, int, Path]]:  # noqa: ARG002
        """Yield nothing: what is in a store without being known was never finished."""
        yield from ()

    def shown(self, name: str, version: int) -> str:
        """Return the address of a version, without what it holds of credentials."""
        from mlwright.collect.names import redacted

        return f"{redacted(self.address)}/{name}/{version}.zip"

    def problem(self, version: Version) -> str | None:  # noqa: ARG002
        """Return None: a store is asked only for what is to answer, and what it gives is then compared."""
        return None

    def _path(self, name: str, version: int) -> str:
        return f"{self._base}/{name}/{version}.zip"

    def _keep(self, packed: Path, digest: str) -> Path:
        """Unpack a zip beside its place in the cache, and rename it there unless another process was faster."""
        kept = self.root / digest
        beside = self.root / f".{secrets.token_hex(8)}"
        try:
            write_files(_checked_files(packed), beside)
            with _writable(self.root):
                beside.rename(kept)
        except OutputError:
            if not (kept / MANIFEST).is_file():
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return kept


def files_of(store: str | Path, cache: Path) -> Files:
    """Return the files of a folder, or of an address such as s3://bucket/models. Raises OptionError."""
    return FolderFiles(store) if isinstance(store, Path) else StoreFiles(store, cache)


def _check_digest(place: Path, digest: str, reference: str) -> None:
    if digest_of(place) != digest:
        raise ModelError(
            f"The files of {reference} are not those that were registered.",
            where=str(place),
            hint="versions never change: bring the old files back, and keep the others as a version of their own.",
        )


def _checked_files(packed: Path) -> Mapping[str, bytes]:
    """Return the files of a zip, each compared with what its manifest says. Raises ModelError."""
    manifest, _ = read_evidence(packed)  # which sees that the digest is that of the files it names
    with opened(packed) as store:
        files = {MANIFEST: store.read(MANIFEST, MAX_MANIFEST)}
        for name, facts in manifest["files"].items():
            files[name] = store.read(name, facts["bytes"]) if name in store.sizes else b""
            if hashlib.sha256(files[name]).hexdigest() != facts["sha256"]:
                raise ModelError(f"The file {name!r} is not the one that was saved: its hash differs.")
    return files


def check_whole(place: Path) -> None:
    """Raise ModelError unless every file of a model is the one that its manifest names, and there is no other."""
    with damaged(str(place)), opened(place) as store:
        files = _checked_files(place)
        if extra := sorted(set(store.sizes) - files.keys()):
            raise ModelError(f"The file {extra[0]!r:.200} does not belong to the model.")


@contextlib.contextmanager
def _writable(root: Path, *, but: type[OSError] | tuple[()] = ()) -> Iterator[None]:
    try:
        yield
    except but:
        raise
    except OSError as error:
        raise OutputError(f"The workspace cannot be written: {error.strerror}.", where=str(root)) from error


def _folders(path: Path, name: str | None = None) -> Iterator[Path]:
    """Yield the folders in a folder (or the one of this name), links left aside."""
    try:
        entries = sorted(entry for entry in path.iterdir() if name in {None, entry.name})
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (entry for entry in entries if entry.is_dir() and not entry.is_symlink())


def _numbered(home: Path) -> Iterator[tuple[int, Path]]:
    yield from ((int(entry.name), entry) for entry in _folders(home) if VERSION.fullmatch(entry.name))


def _system(address: str) -> tuple[Any, str]:
    """Return the file system of an address and the path in it. Raises OptionError, MissingExtraError."""
    import fsspec

    scheme = address.partition("://")[0].lower()
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or scheme not in fsspec.available_protocols():
        raise OptionError.unknown("The store's scheme", scheme, ("file", "gs", "az", "memory", "s3", "sftp"))
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError:
        if scheme in EXTRAS:
            raise MissingExtraError.of(EXTRAS[scheme], f"A store at {scheme}://") from None
        raise MissingExtraError(
            f"A store at {scheme}:// needs an optional package.", hint=f"install fsspec's package for {scheme}://."
        ) from None
    return system, str(path).rstrip("/")


@contextlib.contextmanager
def _told(where: str, kind: type[ModelError | OutputError], done: str) -> Iterator[None]:
    """Say in one sentence what a storage's own exception means; what it says may hold credentials."""
    try:
        yield
    except (ModelError, OutputError):
        raise
    except FileNotFoundError as error:
        raise kind(f"The version cannot be {done}: there is no such file.", where=where) from error
    except Exception as error:  # noqa: BLE001 - each storage has exceptions of its own
        raise kind(
            f"The version cannot be {done} ({type(error).__name__}).",
            where=where,
            hint="see that the store is there, and that its credentials are set.",
        ) from None
