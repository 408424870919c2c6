"""The door to the databases: addresses, transactions, migrations."""

from __future__ import annotations

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mlwright.errors import MissingExtraError, OptionError, OutputError
from mlwright.model import Model
from mlwright.registry import Workspace, database
from mlwright.registry.state import MIGRATIONS, NEWEST, State
from mlwright.registry.tables import METADATA, models, tags


def state_of(tmp_path: Path, registry: str | None) -> State:
    return State(registry or tmp_path / "registry.db")


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrations_make_the_tables_that_the_code_speaks_of(tmp_path: Path, registry: str | None) -> None:
    state = state_of(tmp_path, registry)
    options = {"version_table": "registry_version", "compare_type": True}
    with state.reading() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == NEWEST
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST
    database.migrate(state.engine, MIGRATIONS)  # again: nothing is left to do
    assert state.revision() == 0


@pytest.mark.parametrize("version", [None, 1])
def test_a_tag_is_there_once(version: int | None, model: Model, tmp_path: Path, registry: str | None) -> None:
    workspace = Workspace(tmp_path, registry=registry)
    workspace.add(model, "churn")
    workspace.tag("churn", {"owner": "ann"}, version=version)
    again = sa.insert(tags).values(name="churn", version=version, key="owner", value="bob")
    with pytest.raises(sa.exc.IntegrityError), workspace._state.changing() as connection:
        connection.execute(again)
    assert workspace.tags("churn") == {version: {"owner": "ann"}}


def test_a_registry_that_is_there_needs_no_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert State(tmp_path / "registry.db").revision() == 0
    monkeypatch.setitem(sys.modules, "alembic", None)
    assert State(tmp_path / "registry.db").revision() == 0


def test_a_change_is_kept_whole_or_not_at_all(tmp_path: Path, registry: str | None) -> None:
    state = state_of(tmp_path, registry)

    def break_off() -> None:
        with state.changing() as connection:
            connection.execute(sa.insert(models).values(name="a", created="", last_version=0))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        break_off()
    with state.reading() as connection:
        assert connection.execute(sa.select(models)).all() == []
    assert state.revision() == 0


def test_changes_are_made_one_after_another(tmp_path: Path, registry: str | None) -> None:
    """Each thread reads a number and writes its successor: none of the additions is lost."""
    state = state_of(tmp_path, registry)
    with state.changing() as connection:
        connection.execute(sa.insert(models).values(name="a", created="", last_version=0))

    def add() -> None:
        for _ in range(5):
            with state.changing() as connection:
                last = connection.execute(sa.select(models.c.last_version)).scalar_one()
                connection.execute(sa.update(models).values(last_version=last + 1))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with state.reading() as connection:
        assert connection.execute(sa.select(models.c.last_version)).scalar_one() == 30
    assert state.revision() == 31


def test_a_reader_waits_for_no_writer(tmp_path: Path, registry: str | None) -> None:
    state = state_of(tmp_path, registry)
    with state.changing() as connection:
        connection.execute(sa.insert(models).values(name="a", created="", last_version=0))
        assert state.revision() == 0
    assert state.revision() == 1


@pytest.mark.parametrize(
    ("address", "driver"),
    [
        ("postgresql://ann@host/models", "postgresql+psycopg"),
        ("sqlite:////tmp/registry.db", "sqlite"),
        ("relative.db", "sqlite"),
    ],
)
def test_addresses(address: str, driver: str) -> None:
    assert database.database_url(address).drivername == driver


@pytest.mark.parametrize("address", ["mysql://host/x", "://", "oracle://host"])
def test_addresses_that_cannot_be(address: str) -> None:
    with pytest.raises(OptionError):
        database.database_url(address)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mlwright\[postgres\]'"):
        database.connect("postgresql://ann@host/models")


def test_a_database_that_is_not_there_is_one_sentence_without_the_password() -> None:
    with pytest.raises(OutputError, match=r"The database cannot be used: .*Hint") as caught:
        State("postgresql://ann:s3cret@127.0.0.1:1/models?connect_timeout=2").revision()
    told: BaseException | None = caught.value
    while told is not None:
        assert "s3cret" not in str(told)
        told = told.__cause__


def test_a_busy_database_is_waited_for_and_then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.1)
    state = State(tmp_path / "registry.db")
    with state.changing(), pytest.raises(OutputError, match="database is locked"), state.changing():
        pass
    assert state.revision() == 1


def test_nothing_stays_open(tmp_path: Path, registry: str | None) -> None:
    opened: list[Any] = []
    state = state_of(tmp_path, registry)
    state.engine.dispose()
    sa.event.listen(state.engine, "connect", lambda connection, _: opened.append(connection))
    sa.event.listen(state.engine, "close", lambda connection, _: opened.remove(connection))
    state.revision()
    with state.changing():
        assert len(opened) == 1
    assert len(opened) == (registry is not None)  # a server's connection is kept for the next question
    del state
    gc.collect()
    assert opened == []


def test_a_database_of_a_newer_version_is_said(tmp_path: Path) -> None:
    engine = database.connect(tmp_path / "new.db")
    database.migrate(engine, MIGRATIONS)
    with database.writing(engine) as connection:
        connection.execute(sa.text("UPDATE registry_version SET version_num = '9999'"))
    with pytest.raises(OutputError, match="of a newer mlwright"):
        database.migrate(engine, MIGRATIONS)


def test_threads_that_migrate_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    engines = [database.connect(tmp_path / f"{number}.db") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda engine: database.migrate(engine, MIGRATIONS), engines))
    assert all("versions" in sa.inspect(engine).get_table_names() for engine in engines)
    for engine in engines:
        engine.dispose()
