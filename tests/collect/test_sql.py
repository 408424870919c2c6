"""Databases: SQLite and DuckDB by URL and by file, PostgreSQL where there is one; read only, without passwords."""

from __future__ import annotations

import datetime as dt
import gzip
import itertools
import os
import shlex
import sqlite3
import sys
from pathlib import Path

import pytest

from mlwright.collect import collect
from mlwright.collect.names import redacted
from mlwright.collect.queries import reading_query
from mlwright.errors import DataError, InputError, MissingExtraError, OptionError, SourceError


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        CREATE TABLE customers (id INTEGER, name TEXT, spent REAL);
        INSERT INTO customers VALUES (1, 'Ann', 1.5), (2, NULL, 2), (3, 'Zoë', NULL);
        """
    )
    connection.close()
    return path


def test_the_only_table_is_read(shop):
    for source in (shop, str(shop), f"sqlite:///{shop}"):
        table = collect(source)
        assert table.frame.rows() == [(1, "Ann", 1.5), (2, None, 2.0), (3, "Zoë", None)]
        assert table.name == "customers"
        assert table.origin == str(source)


def test_a_compressed_database(shop):
    packed = shop.with_name("shop.sqlite.gz")
    packed.write_bytes(gzip.compress(shop.read_bytes()))
    assert collect(packed).rows == 3


def test_a_query(shop):
    table = collect(f"sqlite:///{shop}", query="SELECT name, name, 2 * spent AS twice FROM customers WHERE id < 3; ")
    assert table.frame.to_dict(as_series=False) == {"name": ["Ann", None], "name_2": ["Ann", None], "twice": [3.0, 4.0]}
    assert table.name == "shop"
    with pytest.raises(DataError, match="The query gives no rows"):
        collect(shop, query="SELECT * FROM customers WHERE id > 9")


def test_relative_paths(shop, monkeypatch):
    monkeypatch.chdir(shop.parent)
    assert collect("sqlite:///shop.db").rows == 3


def test_several_tables_are_named(shop):
    with sqlite3.connect(shop) as connection:
        connection.execute('CREATE TABLE "odd ""name" (a)')
    connection.close()
    with pytest.raises(SourceError, match=r"2 tables .*customers.*, and none was named\. Hint: give a query") as caught:
        collect(shop)
    assert caught.value.hint is not None
    assert shlex.split(caught.value.hint)[-2:] == ["--query", 'SELECT * FROM "customers"']
    with pytest.raises(SourceError, match=r"There is no table 'custmers'\. Hint: did you mean 'customers'"):
        collect(shop, query="SELECT * FROM custmers")
    with pytest.raises(SourceError, match="The query fails: no such column: nme"):
        collect(shop, query="SELECT nme FROM customers")
    with pytest.raises(SourceError, match='The query fails: near "FRM": syntax error'):
        collect(shop, query="SELECT * FRM customers")


def test_an_empty_table_and_an_empty_database(tmp_path):
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE a (x)")
    connection.commit()
    with pytest.raises(DataError, match="no rows"):
        collect(path)
    connection.execute("DROP TABLE a")
    connection.commit()
    connection.close()
    with pytest.raises(SourceError, match="The database has no tables"):
        collect(path)


def test_databases_are_read_only(shop):
    with pytest.raises(SourceError, match="readonly database"):
        collect(shop, query="WITH a AS (SELECT 1) INSERT INTO customers SELECT 4, 'x', 1 FROM a")
    assert collect(shop).rows == 3


def test_damaged_and_missing_databases(tmp_path, shop):
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all")
    with pytest.raises(SourceError, match=r"a\.db: The file is no SQLite or DuckDB database"):
        collect(path)
    path.write_bytes(b"SQLite format 3\x00" + b"garbage " * 500)
    with pytest.raises(SourceError, match="The database is damaged, or is none"):
        collect(path)
    with pytest.raises(SourceError, match=r"There is no such file\. Hint: did you mean '.*shop\.db'"):
        collect(f"sqlite:///{tmp_path}/shp.db")


def test_large_results_are_sampled_while_they_are_read(shop):
    with sqlite3.connect(shop) as connection:
        connection.executemany("INSERT INTO customers VALUES (?, 'x', 0)", [(i,) for i in range(4, 5001)])
    connection.close()
    table = collect(shop, memory_limit=50_000)
    kept = table.frame["id"].to_list()
    assert 50 < len(kept) < 500
    assert {after - before for before, after in itertools.pairwise(kept)} == {kept[1] - kept[0]}
    assert f"{len(kept):,} of 5,000 rows" in table.findings[0].message


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "The query is empty"),
        ("-- nothing", "The query is empty"),
        ("DELETE FROM a", "must begin with SELECT or WITH, and this one begins with 'DELETE'"),
        ("/* SELECT */ DROP TABLE a", "begins with 'DROP'"),
        ("SELECT 1; DELETE FROM a", "must be one statement, and this one has 2"),
        ("SELECT ';' ; -- x\n ATTACH 'b'", "must be one statement"),
    ],
)
def test_queries_that_do_more_than_read_are_refused(query, sentence):
    with pytest.raises(OptionError, match=sentence):
        reading_query(query)


@pytest.mark.parametrize(
    "query",
    ["select 1", " -- c\n WITH a AS (SELECT ';') SELECT * FROM a", "SELECT $$;$$", 'SELECT "a;b", `c;d`', "(SELECT 1)"],
)
def test_queries_that_read_pass(query):
    assert reading_query(query) == query.rstrip()
    assert reading_query(query + ";\n") == query.rstrip()


def test_duckdb(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "lake.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE events AS SELECT 1::HUGEINT AS a, DATE '2024-01-01' AS d, 1.50::DECIMAL(9,2) AS m, [1,2] AS l"
        )
    for source in (path, f"duckdb:///{path}"):
        table = collect(source)
        assert table.frame.rows() == [(1, dt.date(2024, 1, 1), 1.5, "[1, 2]")]
        assert table.name == "events"
    assert collect(path, query="SELECT a + 1 AS b FROM events").frame.rows() == [(2,)]
    with pytest.raises(SourceError, match=r"There is no table 'event'\. Hint: did you mean 'events'"):
        collect(path, query="SELECT * FROM event")
    with pytest.raises(SourceError, match="The query fails"):
        collect(path, query="SELECT nothing FROM events")
    (tmp_path / "secret.txt").write_text("s3cret")
    with pytest.raises(SourceError, match="The query fails: Permission Error"):
        collect(path, query=f"SELECT * FROM read_text('{tmp_path}/secret.txt')")


@pytest.mark.parametrize(
    ("package", "source", "line"),
    [
        ("duckdb", "lake.duckdb", "pip install 'mlwright\\[duckdb\\]'"),
        ("MySQLdb", "mysql://u:p@localhost/x", "pip install "),
        ("psycopg", "postgresql://u:p@localhost/x", "pip install 'mlwright\\[postgres\\]'"),
    ],
)
def test_a_missing_package_is_named_with_its_line(tmp_path, monkeypatch, package, source, line):
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    Path("lake.duckdb").write_bytes(bytes(8) + b"DUCK" + bytes(100))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=line):
        collect(source)


SECRET = "s3cr%40t/@x"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ann:{SECRET}@127.0.0.1:1/shop",
        f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/shop?connect_timeout=2",
        f"postgresql://ann:{SECRET}@127.0.0.1:port/shop",
        f"postgresql://ann@127.0.0.1:1/shop?password={SECRET}",
        f"mysql+nodriver://ann:{SECRET}@127.0.0.1/shop",
        f"duckdb:///nowhere.duckdb?password={SECRET}",
        f"s3x://key:{SECRET}@bucket/a.csv",
        f"https://ann:{SECRET.replace('/', '')}@127.0.0.1:1/a.csv?token={SECRET}",
    ],
)
def test_passwords_appear_nowhere(address):
    pytest.importorskip("psycopg")
    with pytest.raises(InputError) as caught:
        collect(address)
    chain: BaseException | None = caught.value
    while chain is not None and not chain.__suppress_context__:
        assert "s3cr" not in f"{chain} {chain.args}"
        chain = chain.__cause__ or chain.__context__
    assert "s3cr" not in str(caught.value)
    assert "s3cr" not in redacted(address)


@pytest.fixture(scope="module")
def postgres() -> str:
    url = os.environ.get("MLWRIGHT_TEST_POSTGRES")
    if not url:
        pytest.skip("MLWRIGHT_TEST_POSTGRES is not set: no PostgreSQL server to read from")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql('DROP TABLE IF EXISTS "Orders"')
        connection.exec_driver_sql("CREATE SEQUENCE IF NOT EXISTS numbers")
        connection.exec_driver_sql(
            'CREATE TABLE "Orders" (id int, price numeric(9,2), at timestamptz, '
            "day date, tags text[], extra jsonb, ok bool)"
        )
        connection.exec_driver_sql(
            """INSERT INTO "Orders" VALUES (1, 9.50, '2024-01-01 12:00+01', '2024-01-01', '{a,b}', '{"k": 1}', true),
            (2, NULL, NULL, NULL, NULL, NULL, NULL)"""
        )
    engine.dispose()
    return url


@pytest.mark.postgres
def test_postgres(postgres):
    table = collect(postgres)
    moment = dt.datetime(2024, 1, 1, 11, tzinfo=dt.UTC)
    assert table.frame.rows() == [
        (1, 9.5, moment, dt.date(2024, 1, 1), '["a", "b"]', '{"k": 1}', True),
        (2, None, None, None, None, None, None),
    ]
    assert table.name == "orders"
    assert "@" not in table.origin
    query = """SELECT id::int, '100%' AS share, ':x' AS colon FROM "Orders" WHERE id = 1"""
    assert collect(postgres, query=query).frame.rows() == [(1, "100%", ":x")]


@pytest.mark.postgres
def test_postgres_refuses(postgres):
    with pytest.raises(SourceError, match=r"There is no table 'orders'\. Hint: did you mean 'Orders'"):
        collect(postgres, query="SELECT * FROM orders")
    with pytest.raises(SourceError, match="must not contain data-modifying statements"):
        collect(postgres, query='WITH gone AS (DELETE FROM "Orders" RETURNING *) SELECT * FROM gone')
    with pytest.raises(SourceError, match="read-only transaction"):
        collect(postgres, query="SELECT nextval('numbers')")
    with pytest.raises(SourceError, match="The query fails: division by zero"):
        collect(postgres, query='SELECT 1 / (id - 2) FROM "Orders"')
    assert collect(postgres).rows == 2


@pytest.mark.postgres
def test_postgres_with_a_wrong_password(postgres):
    import sqlalchemy

    wrong = sqlalchemy.make_url(postgres).set(password="wr0ng").render_as_string(hide_password=False)
    with pytest.raises(
        SourceError, match=r"The database cannot be reached: .*password authentication failed"
    ) as caught:
        collect(wrong)
    assert "wr0ng" not in str(caught.value)
