"""Answers of a job come into the record all or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import rows_of

from mlwright.errors import OutputError
from mlwright.serve.jobs.folder import Job
from mlwright.serve.jobs.spool import Spool
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.record import Record
from mlwright.serve.record.writer import Writer
from mlwright.serve.served import Served
from mlwright.serve.settings import RecordSettings


def job() -> Job:
    return Job(
        id="0" * 27, model="binary", version=1, source="", digest="", sent="text/csv", gives="text/csv", explain=False,
        recorded=True, key=None, submitted=1.0, policy=ModelPolicy(private={"note": "omit"}), record=RecordSettings(),
    )  # fmt: skip


def filled(spool: Spool, served: Served) -> None:
    for start in (0, 3):
        rows = [{**row, "note": "a secret"} for row in rows_of("binary", 3)]
        spool.add(served, rows, served.answer(rows, [f"{'0' * 27}-{start + at}" for at in range(3)]))


def test_all_is_brought_and_nothing_private_lies_in_the_file(tmp_path: Path, served: Callable[..., Served]) -> None:
    spool = Spool(tmp_path / "part", job(), tmp_path)
    filled(spool, served("binary"))
    spool.bring()
    assert b"a secret" not in (tmp_path / "part").read_bytes()
    record = Record(tmp_path / "record.db")
    assert record.frame("binary")["id"].to_list() == [f"{'0' * 27}-{at}" for at in range(6)]
    record.close()


def test_where_the_record_fails_what_came_there_is_taken_back(
    tmp_path: Path, served: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = Writer.write, []

    def fails(writer: Writer, lines: Any) -> Any:
        calls.append(len(lines))
        if len(calls) == 2:
            raise OutputError("The disk is full.")
        return write(writer, lines)

    spool = Spool(tmp_path / "part", job(), tmp_path)
    filled(spool, served("binary"))
    monkeypatch.setattr(Writer, "write", fails)
    with pytest.raises(OutputError, match="disk is full"):
        spool.bring()
    assert calls == [3, 3]
    record = Record(tmp_path / "record.db")
    assert record.status("binary")["answers"] == 0
    record.close()
