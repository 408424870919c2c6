"""Standard input, given as "-": what it holds is found out from its first bytes."""

from __future__ import annotations

import json
import re
import sys

from mlwright.collect.files import File, signature_of
from mlwright.collect.options import ReadOptions
from mlwright.collect.spool import pieces, spooled
from mlwright.errors import SourceError
from mlwright.table import Table


class StdinConnector:
    """Reads standard input to its end."""

    name = "stdin"

    def accepts(self, source: object) -> bool:
        """Tell whether standard input is meant."""
        return isinstance(source, str) and source == "-"

    def read(self, source: object, options: ReadOptions) -> Table:  # noqa: ARG002 - the source is always "-"
        """Return the rows."""
        from mlwright.collect.sources import read_source

        stream = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise SourceError("There is no standard input to read.", where="standard input")
        with spooled(pieces(stream), options, shown="standard input", ending="") as file:
            if file.size == 0:
                raise SourceError("Nothing came in.", where="standard input", hint="pipe a file into it: < data.csv")
            table = read_source(file.called(file.shown, sniffed_ending(file)), options)
        return Table(table.frame, name="data", origin="standard input", findings=table.findings)


def sniffed_ending(file: File) -> str:
    """Return the ending that content of no known name should have: by its signature, as JSON, or else as text."""
    head = file.head
    if (ending := signature_of(head)) is not None:
        workbook = ending == ".zip" and (b"[Content_Types].xml" in head or b"xl/" in head)
        return ".xlsx" if workbook else ending
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"\[\s*[\[{\]]", text):
        return ".json"
    if text.startswith(b"{"):
        line = text.split(b"\n", 1)[0]
        try:
            json.loads(line)
        except ValueError:
            # The first line of an object that goes on ends after its bracket, a comma or a colon.
            return ".json" if len(line) < len(text) and line.rstrip().endswith((b"{", b"[", b",", b":")) else ".ndjson"
        return ".json" if not text[len(line) :].strip() else ".ndjson"
    return ".csv"
