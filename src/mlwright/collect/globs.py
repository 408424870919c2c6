"""Globs: many files of one shape, read as one table."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from mlwright.collect.memory import limit_of
from mlwright.collect.names import slug
from mlwright.collect.options import ReadOptions
from mlwright.errors import DataError, SourceError
from mlwright.findings import Finding
from mlwright.table import Table


class GlobConnector:
    """Reads all files that fit a pattern, in the order of their names."""

    name = "glob"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a pattern; a file whose very name has brackets is none."""
        if not isinstance(source, str | Path) or "://" in str(source):
            return False
        return glob.has_magic(str(source)) and not Path(source).exists()

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of all files, one after the other."""
        if not isinstance(source, str | Path):
            raise TypeError(source)
        pattern = str(Path(source).expanduser())
        paths = sorted(filter(os.path.isfile, glob.glob(pattern, recursive=True)))  # noqa: PTH207 - any pattern
        if not paths:
            folder = Path(pattern).parent
            hint = (
                f"there is no folder {str(folder)!r}."
                if not glob.has_magic(str(folder)) and not folder.is_dir()
                else None
            )
            raise SourceError("No file fits the pattern.", where=str(source), hint=hint)
        return together(paths, options, shown=str(source))


def together(sources: Sequence[object], options: ReadOptions, *, shown: str) -> Table:
    """Return the rows of several sources as one table."""
    from mlwright.collect.sources import read_source

    part = replace(options, memory_limit=max(1, limit_of(options) // len(sources)))
    tables = list[Table]()
    for source in sources:
        try:
            table = read_source(source, part)
        except DataError:
            continue  # a file with a header and no rows, as exports of a quiet day are
        if not tables and any(finding.kind == "no_header" for finding in table.findings):
            part = replace(part, header=False)
        elif not tables:
            part = replace(part, header=True if part.header is None else part.header)
        tables.append(table)
    if not tables:
        raise DataError("None of the files has rows.", where=shown)
    return Table(_stacked(tables), name=_common_name(shown), origin=shown, findings=_findings(tables))


def _stacked(tables: list[Table]) -> pl.DataFrame:
    try:
        return pl.concat([table.frame for table in tables], how="diagonal_relaxed", rechunk=True)
    except pl.exceptions.PolarsError:
        # One file has text where another has numbers: text holds both.
        mixed = _mixed(tables)
        frames = [
            table.frame.with_columns(pl.col(mixed & set(table.frame.columns)).cast(pl.String)) for table in tables
        ]
        return pl.concat(frames, how="diagonal_relaxed", rechunk=True)


def _mixed(tables: list[Table]) -> set[str]:
    types: dict[str, set[pl.DataType]] = {}
    for table in tables:
        for name, dtype in table.frame.schema.items():
            types.setdefault(name, set()).add(dtype)
    return {name for name, kinds in types.items() if len(kinds) > 1}


def _findings(tables: list[Table]) -> tuple[Finding, ...]:
    """Return the findings of all files, with rows counted through; what all files have in common is said once."""
    found, offset = list[Finding](), 0
    for table in tables:
        for finding in table.findings:
            moved = replace(finding, rows=tuple(row + offset for row in finding.rows))
            if moved.kind == "ragged_lines":
                moved = replace(moved, message=f"{table.origin}: {moved.message}")
            if moved not in found:
                found.append(moved)
        offset += table.rows
    everywhere = set.intersection(*(set(table.frame.columns) for table in tables))
    partly = [
        name for name in dict.fromkeys(n for table in tables for n in table.frame.columns) if name not in everywhere
    ]
    if partly:
        shown = ", ".join(map(repr, partly[:5])) + (", ..." if len(partly) > 5 else "")
        verb = "stand" if len(partly) > 1 else "stands"
        message = (
            f"{len(partly)} column{'s' * (len(partly) > 1)} ({shown}) {verb} in some of the {len(tables)} files only; "
            "elsewhere the values are missing."
        )
        found.append(
            Finding(kind="different_columns", severity="warning", columns=tuple(partly), message=message, applied=True)
        )
    return tuple(found)


def _common_name(shown: str) -> str:
    """Return a name from the part of a pattern before its first wildcard, or from the folder."""
    fixed = shown.replace("\\", "/")
    last = fixed.rsplit("/", 1)[-1]
    before = last[: min((last.index(mark) for mark in "*?[" if mark in last), default=len(last))]
    if any(letter.isalnum() for letter in before):
        return slug(before)
    folders = [part for part in fixed.split("/")[:-1] if part and not glob.has_magic(part)]
    return slug(folders[-1]) if folders else "data"
