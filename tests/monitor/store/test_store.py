"""The door to the database: tables and migrations, and a database that is gone, foreign or newer."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mlwright.errors import OutputError
from mlwright.monitor.store import Store
from mlwright.monitor.store.store import MIGRATIONS, NEWEST, VERSION_TABLE
from mlwright.monitor.store.tables import METADATA
from mlwright.registry import Workspace
from mlwright.registry.database import reading, writing


def save(store: Store, *, after: int = 0) -> bool:
    return store.save("churn", 1, after=after, state=b"kept", cursor={})


def test_the_migrations_make_the_tables_that_the_code_speaks_of(store: Store) -> None:
    assert save(store)
    with reading(store.engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == NEWEST
        indexes = sa.inspect(connection).get_indexes("adaptations")
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST
    assert [each["unique"] for each in indexes if each["name"] == "one_adaptation_at_a_time"] == [True]


def test_it_shares_the_database_of_the_registry(place: str | Path, tmp_path: Path) -> None:
    """Whichever of the two is there first, and a change of the one is none of the other."""
    workspace = Workspace(tmp_path, registry=None if isinstance(place, Path) else place)
    store = Store.of(workspace)
    assert workspace.registry == place
    assert save(store)
    assert workspace.names() == ()
    workspace.keys.add("key", ["read"])
    revision = workspace.revision()
    assert save(store, after=1)
    assert workspace.revision() == revision > 0
    again = Store.of(Workspace(tmp_path, registry=None if isinstance(place, Path) else place)).load("churn", 1)
    assert again is not None
    assert again.step == 2


def test_a_store_that_is_there_needs_no_alembic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert save(Store(tmp_path / "registry.db"))
    monkeypatch.setitem(sys.modules, "alembic", None)
    assert save(Store(tmp_path / "registry.db"), after=1)


def test_many_that_begin_at_once_make_one_store(place: str | Path) -> None:
    stores = [Store(place) for _ in range(6)]
    found: list[bool] = []
    threads = [threading.Thread(target=lambda each=each: found.append(save(each))) for each in stores]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    for store in stores:
        store.close()
    assert sorted(found) == [False] * 5 + [True]


def test_a_registry_that_was_taken_away_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path / "registry.db")
    assert save(store)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(OutputError, match="The registry is gone"):
        store.load("churn", 1)
    with pytest.raises(OutputError, match="The registry is gone"):
        save(store, after=1)
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_a_newer_version_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path / "registry.db")
    assert save(store)
    with writing(store.engine) as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(OutputError, match="of a newer mlwright"):
        Store(tmp_path / "registry.db").load("churn", 1)


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(OutputError, match="The database cannot be used"):
        Store(tmp_path / "registry.db").load("churn", 1)
