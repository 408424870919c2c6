"""Files on the web: http:// and https://, with Python's own client, so that nothing more need be installed."""

from __future__ import annotations

import base64
import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

from mlwright.collect.files import ending_of
from mlwright.collect.names import redacted
from mlwright.collect.options import ReadOptions
from mlwright.collect.spool import CHUNK, spooled
from mlwright.errors import SourceError
from mlwright.table import Table

TIMEOUT = 30.0
"""Seconds without an answer after which a server counts as out of reach."""
TYPES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/jsonl": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/gzip": ".gz",
    "application/zip": ".zip",
}


class WebConnector:
    """Downloads a file and hands it to the connector of its format."""

    name = "web"

    def accepts(self, source: object) -> bool:
        """Tell whether this is a web address."""
        return isinstance(source, str) and source.lower().startswith(("http://", "https://"))

    def read(self, source: object, options: ReadOptions) -> Table:
        """Return the rows of the file at the address."""
        from mlwright.collect.sources import SOURCES, read_source

        address, shown = str(source), redacted(str(source))
        with _answer(address, shown) as answer:
            ending = ending_of(urllib.parse.unquote(urllib.parse.urlsplit(address).path))
            kind = answer.headers.get_content_type()
            if kind == "text/html" and ending not in {".csv", ".tsv", ".txt", ".json"}:
                raise SourceError("The address answers with a web page, not with data.", where=shown)
            with spooled(_body(answer, shown), options, shown=shown.split("?")[0], ending=ending) as file:
                if file.size == 0:
                    raise SourceError("The file at the address is empty.", where=shown)
                known = any(connector.accepts(file) for name, connector in SOURCES.items() if name != "unknown file")
                table = read_source(file if known else file.called(file.shown, TYPES.get(kind, "")), options)
        return Table(table.frame, name=table.name, origin=shown, findings=table.findings)


def _answer(address: str, shown: str) -> http.client.HTTPResponse:
    try:
        answer: http.client.HTTPResponse = _opener().open(_request(address), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        hints = {
            401: "give user and password in the address.",
            403: "you have no right to it.",
            404: "check the address.",
        }
        error.close()
        raise SourceError(
            f"The server answers {error.code} {error.reason}.", where=shown, hint=hints.get(error.code)
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        reason = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise SourceError(f"The server cannot be reached: {reason}.", where=shown) from None
    return answer


def _request(address: str) -> urllib.request.Request:
    """Return what is asked of the server: user and password go into a header, not into the address."""
    parts = urllib.parse.urlsplit(address)
    headers = {"User-Agent": "mlwright", "Accept": "*/*"}
    host = parts.netloc.rsplit("@", 1)[-1]
    if parts.username:
        user, password = (urllib.parse.unquote(part or "") for part in (parts.username, parts.password))
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~")
    plain = urllib.parse.urlunsplit((parts.scheme.lower(), host, path, parts.query, ""))
    return urllib.request.Request(plain, headers=headers)  # noqa: S310 - the connector accepts http and https alone


def _opener() -> urllib.request.OpenerDirector:
    """Return a client that follows http and https alone: a redirection to a file of ours would be read otherwise."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _body(answer: http.client.HTTPResponse, shown: str) -> Iterator[bytes]:
    try:
        while chunk := answer.read(CHUNK):
            yield chunk
        if answer.length:  # Python's client tells of a connection that ends early only in other ways of reading
            raise http.client.IncompleteRead(b"", answer.length)
    except http.client.IncompleteRead as error:
        raise SourceError("The download broke off before its end.", where=shown, hint="try again.") from error
    except OSError as error:
        raise SourceError(f"The download broke off: {error}.", where=shown, hint="try again.") from error
