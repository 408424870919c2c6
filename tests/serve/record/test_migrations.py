from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mlwright.registry.database import reading
from mlwright.serve.record import Record
from mlwright.serve.record.tables import METADATA


def test_the_migrations_make_the_tables_that_the_code_reads(record: Record) -> None:
    with reading(record.engine) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "record_version"})
        assert compare_metadata(context, METADATA) == []


def test_many_that_begin_at_once_make_one_record(place: str | Path) -> None:
    records = [Record(place) for _ in range(6)]
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda each=each: found.append(each.models())) for each in records]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    for each in records:
        each.close()
    assert found == [[]] * 6


def test_records_that_are_made_side_by_side_get_their_own_tables(tmp_path: Path) -> None:
    records = [Record(tmp_path / f"{number}.db") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(Record.models, records)) == [[]] * 6
    for each in records:
        each.close()
