"""JSON: a list of objects, an object that holds one, or an object of columns; and NDJSON, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from mlwright.collect.cells import columns_of
from mlwright.collect.encoding import as_utf8
from mlwright.collect.files import File
from mlwright.collect.memory import Thinner, in_words, limit_of
from mlwright.collect.options import ReadOptions
from mlwright.collect.python_rows import table_of
from mlwright.errors import DataError, SourceError
from mlwright.findings import Finding
from mlwright.table import Table

WEIGHT = 8
"""Bytes of Python objects per byte of JSON, about."""


class JsonConnector:
    """Reads one JSON document."""

    name = "json"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a JSON file."""
        return isinstance(source, File) and source.ending in {".json", ".geojson"}

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows: nested objects flattened with dots, lists as JSON text."""
        if not isinstance(source, File):
            raise TypeError(source)
        if source.size * WEIGHT > limit_of(options):
            raise SourceError(
                "A JSON document is read as a whole, and this one needs about "
                f"{in_words(source.size * WEIGHT)} of memory.",
                where=source.shown,
                hint="write one object a line (.ndjson), which can be read piece by piece.",
            )
        with as_utf8(source, options) as (file, findings), file.opened() as content:
            text = bytes(content[:]).decode("utf-8-sig", errors="replace")
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            if error.msg == "Extra data" and text.lstrip().startswith("{"):
                return NdjsonConnector().read(source, options)  # NDJSON under another name, as many tools write it
            raise damaged(error, source.shown, error.lineno) from error
        except (RecursionError, ValueError) as error:
            raise _unreadable(error, source.shown) from error
        table = _table(document, source.shown)
        if not table.rows:
            raise DataError("The file has no rows.", where=source.shown)
        return Table(table.frame, name=source.name, origin=source.shown, findings=(*findings, *table.findings))


class NdjsonConnector:
    """Reads one JSON object a line."""

    name = "ndjson"

    def accepts(self, source: object) -> bool:
        """Tell whether this is an NDJSON file."""
        return isinstance(source, File) and source.ending in {".ndjson", ".jsonl"}

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows."""
        if not isinstance(source, File):
            raise TypeError(source)
        thinner = Thinner[tuple[Mapping[object, object], int]](options, source.shown, lambda row: row[1])
        with as_utf8(source, options) as (file, findings):
            thinner.extend(_records(file, source.shown))
        if not thinner.kept:
            raise DataError("The file has no rows.", where=source.shown)
        table = table_of(columns_of(record for record, _ in thinner.kept))
        told: tuple[Finding, ...] = (*findings, *table.findings, *thinner.findings)
        return Table(table.frame, name=source.name, origin=source.shown, findings=told)


def damaged(error: json.JSONDecodeError, shown: str, line: int) -> SourceError:
    """Return the sentence for JSON that is none."""
    return SourceError(f"This is not JSON: {error.msg}.", where=f"{shown}, line {line}, character {error.colno}")


def _unreadable(error: RecursionError | ValueError, where: str) -> SourceError:
    """Return the sentence for JSON that Python does not read."""
    deep = isinstance(error, RecursionError)
    return SourceError(
        "The JSON is nested too deeply." if deep else "The JSON holds a number of thousands of digits.",
        where=where,
        hint=None if deep else "write such numbers as text, in quotes.",
    )


def _records(file: File, shown: str) -> Iterator[tuple[Mapping[object, object], int]]:
    with file.opened() as content:
        start, number, end = 0, 0, len(content)
        while start < end:
            stop = content.find(b"\n", start) + 1 or end
            line, start, number = bytes(content[start:stop]), stop, number + 1
            text = line.decode("utf-8-sig", errors="replace")
            if not text.strip():
                continue
            try:
                record = json.loads(text)
            except json.JSONDecodeError as error:
                raise damaged(error, shown, number) from error
            except (RecursionError, ValueError) as error:
                raise _unreadable(error, f"{shown}, line {number}") from error
            if not isinstance(record, dict):
                raise SourceError(
                    f"Each line must hold an object, and this one holds a {_kind(record)}.",
                    where=f"{shown}, line {number}",
                )
            yield record, len(line) * WEIGHT


def _table(document: object, shown: str) -> Table:
    if isinstance(document, dict):
        lists = {name: value for name, value in document.items() if isinstance(value, list)}
        records = {
            name: value for name, value in lists.items() if value and all(isinstance(row, dict) for row in value)
        }
        if len(records) == 1:
            return table_of(columns_of(next(iter(records.values()))))
        if len(records) > 1:
            names = ", ".join(map(repr, records))
            raise SourceError(
                f"The document holds {len(records)} tables: {names}.", where=shown, hint="keep one of them."
            )
        if lists and len(lists) == len(document):
            return _columns(lists, shown)
        if (
            len(document) > 1
            and all(isinstance(value, dict) and value for value in document.values())
            and (len({frozenset(value) for value in document.values()}) == 1)
        ):
            return table_of({name: _by_row(value, document) for name, value in document.items()})
        return table_of(columns_of([document]))
    if isinstance(document, list):
        wrong = next((position for position, row in enumerate(document) if not isinstance(row, dict)), None)
        if wrong is None:
            return table_of(columns_of(document))
        raise SourceError(
            f"A list of objects is expected, and element {wrong} is a {_kind(document[wrong])}.", where=shown
        )
    raise SourceError(f"A list of objects is expected, and the document is a {_kind(document)}.", where=shown)


def _columns(lists: dict[str, list[object]], shown: str) -> Table:
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name!r} {length:,}" for name, length in list(lengths.items())[:10])
        raise SourceError(f"The columns differ in length: {found}.", where=shown)
    return table_of(lists)


def _by_row(column: dict[str, object], document: dict[str, dict[str, object]]) -> list[object]:
    """Return one column of {column: {row: value}}, as pandas writes frames; rows in the order of the first column."""
    keys = dict.fromkeys(key for values in document.values() for key in values)
    return [column.get(key) for key in keys]


def _kind(value: object) -> str:
    names = {list: "list", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
    return names.get(type(value), "object")
