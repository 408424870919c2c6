"""Paths: a file on this machine, given by name."""

from __future__ import annotations

from pathlib import Path

from mlwright.collect.files import File, local_file
from mlwright.collect.options import ReadOptions
from mlwright.errors import SourceError
from mlwright.table import Table


class PathConnector:
    """Finds the file and hands it to the connector of its format."""

    name = "path"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a path."""
        return isinstance(source, str | Path)

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the file."""
        from mlwright.collect.sources import read_source

        if not isinstance(source, str | Path):
            raise TypeError(source)
        return read_source(local_file(source), options)


class UnknownFileConnector:
    """Takes the files that no other connector knows by their ending: sniffs those without one, refuses the others."""

    name = "unknown file"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a file."""
        return isinstance(source, File)

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows where the content says what it is."""
        from mlwright.collect.sources import read_source
        from mlwright.collect.stdin import sniffed_ending

        if not isinstance(source, File):
            raise TypeError(source)
        if source.ending:
            raise SourceError(
                f"Files that end in {source.ending!r} are not known.",
                where=source.shown,
                hint="known endings: .csv, .tsv, .txt, .parquet, .json, .ndjson, .xlsx, .arrow, .feather, .db, "
                ".sqlite, .duckdb, also compressed (.gz, .bz2, .xz, .zst, .zip). Rename it to the one it is.",
            )
        return read_source(source.called(source.shown, sniffed_ending(source)), options)
