"""All connectors, in the order in which they are asked whether a source is theirs. A new one is one line here."""

from __future__ import annotations

from mlwright.collect.archives import CompressedConnector
from mlwright.collect.options import Connector, ReadOptions
from mlwright.collect.paths import PathConnector, UnknownFileConnector
from mlwright.collect.stdin import StdinConnector
from mlwright.collect.text import TextConnector
from mlwright.errors import SourceError
from mlwright.table import Table

SOURCES: dict[str, Connector] = {
    connector.name: connector
    for connector in (
        StdinConnector(),
        CompressedConnector(),
        TextConnector(),
        PathConnector(),
        UnknownFileConnector(),
    )
}


def read_source(source: object, options: ReadOptions) -> Table:
    """Return the rows of a source, read by the first connector that accepts it."""
    for connector in SOURCES.values():
        if connector.accepts(source):
            return connector.read(source, options)
    raise SourceError(
        f"A source cannot be a {type(source).__name__}.",
        hint="give a path, a URL, a data frame, a list of dicts, a dict of columns or a 2-D NumPy array.",
    )
