"""Files elsewhere: the web, storages through fsspec, and the names that are made of addresses."""

from __future__ import annotations

import base64
import gzip
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import fsspec
import polars as pl
import pytest

from mlwright.collect import collect
from mlwright.collect.names import redacted, slug, tidy_names
from mlwright.errors import MissingExtraError, SourceError

CSV = b"a,b\n1,x\n2,y\n"


def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(out)
    return out.getvalue()


class Pages(BaseHTTPRequestHandler):
    pages: ClassVar[dict[str, tuple[str, bytes]]] = {
        "/data/shop.csv": ("text/plain", CSV),
        "/data/shop.csv.gz": ("application/gzip", gzip.compress(CSV)),
        "/data/k%C3%A4se%201.csv": ("text/csv", CSV),
        "/export": ("text/csv; charset=utf-8", CSV),
        "/download.php": ("application/octet-stream", parquet()),
        "/lines": ("application/octet-stream", b'{"a": 1}\n{"a": 2}\n'),
        "/page": ("text/html", b"<html></html>"),
        "/empty.csv": ("text/csv", b""),
    }

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/short.csv":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(CSV)
        elif path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/data/shop.csv")
            self.end_headers()
        elif path == "/trap.csv":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif path == "/secret.csv" and self.headers.get("Authorization") != (
            "Basic " + base64.b64encode(b"ann:p@ss").decode()
        ):
            self.send_error(401)
        elif path in self.pages or path == "/secret.csv":
            kind, content = self.pages.get(path, ("text/csv", CSV))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(content)
        else:
            self.send_error(404)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(60)


@pytest.mark.parametrize(
    ("path", "first", "name"),
    [
        ("/data/shop.csv", ("1", "x"), "shop"),
        ("/data/shop.csv?version=2", ("1", "x"), "shop"),
        ("/data/shop.csv.gz", ("1", "x"), "shop"),
        ("/data/käse 1.csv", ("1", "x"), "kase_1"),
        ("/export", ("1", "x"), "export"),
        ("/moved.csv", ("1", "x"), "moved"),
        ("/download.php", (1,), "download"),
        ("/lines", (1,), "lines"),
    ],
)
def test_files_on_the_web(host, path, first, name):
    table = collect(f"http://{host}{path}")
    assert table.frame.row(0) == first
    assert table.name == name


def test_user_and_password_of_an_address(host):
    table = collect(f"http://ann:p%40ss@{host}/secret.csv?token=t0ken")
    assert table.rows == 2
    assert table.origin == f"http://{host}/secret.csv?token=***"
    with pytest.raises(SourceError, match="The server answers 401") as caught:
        collect(f"http://ann:wr0ng@{host}/secret.csv")
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nothing.csv", r"/nothing\.csv: The server answers 404 Not Found\. Hint: check the address"),
        ("/page", "The address answers with a web page, not with data"),
        ("/empty.csv", "The file at the address is empty"),
        ("/short.csv", "The download broke off before its end"),
        ("/trap.csv", "The server (answers|cannot be reached)"),
    ],
)
def test_what_the_web_does_not_give(host, path, sentence):
    with pytest.raises(SourceError, match=sentence):
        collect(f"http://{host}{path}")


def test_servers_out_of_reach():
    with pytest.raises(SourceError, match=r"The server cannot be reached: .*refused"):
        collect("http://127.0.0.1:9/a.csv")
    with pytest.raises(SourceError, match="The server cannot be reached"):
        collect("https://[::bad/a.csv")


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    system.pipe("/bucket/day_1.csv", CSV)
    system.pipe("/bucket/day_2.csv", CSV)
    system.pipe("/bucket/table.parquet", parquet())
    yield system
    system.store.clear()


@pytest.mark.usefixtures("memory")
def test_storages():
    table = collect("memory://bucket/day_1.csv")
    assert (table.rows, table.name, table.origin) == (2, "day_1", "memory://bucket/day_1.csv")
    assert collect("memory://bucket/table.parquet").frame.rows() == [(1,)]
    assert collect("memory://bucket/day_*.csv").rows == 4
    with pytest.raises(SourceError, match=r"memory://bucket/day_9\.csv: There is no such file"):
        collect("memory://bucket/day_9.csv")
    with pytest.raises(SourceError, match="No file fits the pattern"):
        collect("memory://bucket/night_*.csv")
    with pytest.raises(SourceError, match="This is a directory"):
        collect("memory://bucket")


def test_unknown_schemes_and_missing_packages(monkeypatch):
    with pytest.raises(
        SourceError, match=r"Addresses that begin with postgresq:// are not known.*did you mean postgresql"
    ):
        collect("postgresq://localhost/a")

    def missing(*arguments: object) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(MissingExtraError, match=r"Reading s3:// needs an optional package\..*mlwright\[s3\]"):
        collect("s3://bucket/a.csv")
    with pytest.raises(MissingExtraError, match="pip install gcsfs"):
        collect("gs://bucket/a.csv")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/tmp/Customers 2024.csv.gz", "customers_2024"),
        ("a.b.c/Übersicht.v2.final.parquet", "ubersicht"),
        ("2024.csv", "2024"),
        ("sales_2024.01.csv", "sales_2024_01"),
        (".hidden", "hidden"),
        ("数据.csv", "data"),
        ("x" * 100 + ".csv", "x" * 40),
        ("../", "data"),
    ],
)
def test_slugs(text, name):
    assert slug(text) == name


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:p@h:5/d", "postgresql://h:5/d"),
        ("postgresql://u:p@/w@h:5/d", "postgresql://h:5/d"),
        ("https://u:p@h/@me/a.csv?x=1&api_key=2", "https://h/@me/a.csv?x=1&api_key=***"),
        ("sqlite:///a.db?mode=ro", "sqlite:///a.db?mode=ro"),
        ("s3://bucket/a.csv", "s3://bucket/a.csv"),
        ("a.csv", "a.csv"),
    ],
)
def test_redaction(address, shown):
    assert redacted(address) == shown


def test_tidy_names_never_collide():
    names, findings = tidy_names(["a_2", "a", "a", "", "column_4", "a", "column_4"])
    assert names == ["a_2", "a", "a_3", "column_4_2", "column_4", "a_4", "column_4_3"]
    assert findings[0].columns == ("a_3", "column_4_2", "a_4", "column_4_3")
