"""Storage elsewhere: s3://, gs://, az://, hdfs://, sftp:// and whatever else fsspec knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlwright.collect.files import ending_of
from mlwright.collect.globs import together
from mlwright.collect.names import redacted
from mlwright.collect.options import ReadOptions
from mlwright.collect.spool import CHUNK, spooled
from mlwright.errors import MissingExtraError, SourceError, nearest
from mlwright.table import Table

EXTRAS = {"s3": "s3", "s3a": "s3"}
"""Our extra that brings what a scheme needs."""
PACKAGES = {
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "hf": "huggingface_hub",
    "sftp": "paramiko",
}
COMMON = ("https", "s3", "gs", "az", "hf", "sftp", "ftp", "hdfs", "sqlite", "duckdb", "postgresql", "mysql")


class StorageConnector:
    """Downloads a file, or all files that fit a pattern, and hands them to the connector of their format."""

    name = "storage"

    def accepts(self, source: object) -> bool:
        """Tell whether this is an address of any scheme."""
        return isinstance(source, str) and re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source) is not None

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the file at the address."""
        address, shown = str(source), redacted(str(source))
        system, path = _system(address, shown)
        try:
            if re.search(r"[*?\[]", path):
                found = sorted(system.glob(path))
                if not found:
                    raise SourceError("No file fits the pattern.", where=shown)
                scheme = address.partition("://")[0]
                table = together(
                    [_Remote(system, one, f"{scheme}://{one.lstrip('/')}") for one in found], options, shown=shown
                )
            else:
                table = _Remote(system, path, shown).read(options)
        except (SourceError, MissingExtraError):
            raise
        except Exception as error:  # noqa: BLE001 - each storage has exceptions of its own
            raise _failed(error, shown) from None
        return Table(table.frame, name=table.name, origin=shown, findings=table.findings)


class RemoteFileConnector:
    """Downloads one of the files that fit a pattern."""

    name = "remote file"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a file of a storage."""
        return isinstance(source, _Remote)

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the file."""
        if not isinstance(source, _Remote):
            raise TypeError(source)
        return source.read(options)


class _Remote:
    """One file of a storage."""

    def __init__(self, system: Any, path: str, shown: str) -> None:
        self.system, self.path, self.shown = system, path, shown

    def read(self, options: ReadOptions) -> Table:
        from mlwright.collect.sources import read_source

        if self.system.isdir(self.path):
            raise SourceError(
                "This is a directory.",
                where=self.shown,
                hint=f"name the files in it: '{self.shown.rstrip('/')}/*.csv'.",
            )
        with spooled(self._chunks(), options, shown=self.shown, ending=ending_of(self.path)) as file:
            if file.size == 0:
                raise SourceError("The file is empty.", where=self.shown)
            return read_source(file, options)

    def _chunks(self) -> Iterator[bytes]:
        with self.system.open(self.path, "rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def _system(address: str, shown: str) -> tuple[Any, str]:
    import fsspec

    scheme = address.partition("://")[0].lower()
    if scheme not in fsspec.available_protocols():
        near = nearest(scheme, COMMON)
        hint = (f"did you mean {near}://? " if near else "") + f"Common ones: {', '.join(COMMON)}."
        raise SourceError(f"Addresses that begin with {scheme}:// are not known.", where=shown, hint=hint)
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError:
        if scheme in EXTRAS:
            raise MissingExtraError.of(EXTRAS[scheme], f"Reading {scheme}://") from None
        package = PACKAGES.get(scheme)
        hint = f"pip install {package}" if package else f"install fsspec's package for {scheme}://."
        raise MissingExtraError(f"Reading {scheme}:// needs an optional package.", hint=hint) from None
    except Exception as error:  # noqa: BLE001 - each storage has exceptions of its own
        raise _failed(error, shown) from None
    return system, path


def _failed(error: Exception, shown: str) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceError("There is no such file.", where=shown)
    if isinstance(error, PermissionError):
        return SourceError("You have no permission to read it.", where=shown, hint="check the storage's credentials.")
    kind = type(error).__name__
    hint = "set the storage's credentials." if "credential" in f"{kind} {error}".lower() else None
    # What the storage says may hold an address with credentials: only the sort of failure is passed on.
    return SourceError(f"The storage cannot be read ({kind}).", where=shown, hint=hint)
