from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mlwright import build
from mlwright.columns import Coded, read_rows
from mlwright.errors import ColumnError, ModelError
from mlwright.model import Model
from mlwright.monitor.events import MINUTE, SECOND, Cursor, Events, FileSource, RecordSource
from mlwright.monitor.recorded import RecordedRows
from mlwright.schema import Column
from mlwright.serve.record import Answered, Record
from mlwright.serve.record.answered import line
from mlwright.serve.record.private import Private
from mlwright.serve.record.tables import ANSWERS, OUTCOME_HISTORY

START = 1_700_000_000_000_000
LATER = START + 10**15


def table(count: int = 300) -> pl.DataFrame:
    """Rows of which one number tells the target."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=count).round(3)
    day = [f"2024-0{1 + row % 9}-1{row % 10}" for row in range(count)]
    city = rng.choice(["Rome", "Oslo"], count)
    return pl.DataFrame({"x": x, "city": city, "day": day, "y": np.where(x > 0, "yes", "no")})


@pytest.fixture(scope="module")
def model() -> Model:
    """A model of a yes/no question."""
    return build(table(), "y", trials=1, clean=False)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """An empty record."""
    made = Record(tmp_path / "record.db")
    yield made
    made.close()


def put(record: Record, *given: Answered) -> None:
    """Write answers as they are."""
    with record.engine.begin() as connection:
        connection.execute(
            ANSWERS.insert(), [dict(zip(ANSWERS.c.keys(), line(each, Private()), strict=True)) for each in given]
        )


def tell(record: Record, name: str, outcome: str, received: int, at: int | None = None) -> None:
    """Write what was told of an answer at a moment."""
    values = {"at": received if at is None else at, "received": received, "outcome": json.dumps(outcome)}
    with record.engine.begin() as connection:
        connection.execute(OUTCOME_HISTORY.insert().values(model="m", id=name, digest=outcome, **values))


def answer(number: int, at: int, **changes: object) -> Answered:
    """Return an answer of the first version."""
    given = {
        "id": f"a{number:05d}",
        "at": at,
        "model": "m",
        "version": 1,
        "row": {"x": number / 10, "city": "Rome", "day": "2024-01-01"},
        "answer": {"prediction": "yes", "action": "answer", "probabilities": {"no": 0.25, "yes": 0.75}},
    }
    return Answered(**(given | changes))  # type: ignore[arg-type]


def ids(blocks: Iterator[tuple[Events, Cursor]]) -> list[str]:
    """Return the ids of all blocks."""
    return [name for events, _ in blocks for name in events.ids]


def test_recorded_rows_are_read_as_the_model_reads_them(model: Model) -> None:
    raw = [
        {"x": 1, "city": "Rome", "day": "2024-01-05"},
        {"x": "2.5", "city": None, "day": "nonsense"},
        {"x": True, "city": 7, "day": 2015},
        {"x": None, "city": "Oslo", "day": None, "more": [1]},
        {"x": 10**400, "city": True, "day": "2024-02-30"},
    ]
    for rows in (raw, raw[:1], raw[3:4], raw[:2] * 30):
        found = RecordedRows(model.parts.columns).read([json.dumps(row) for row in rows])
        wanted = read_rows(rows, model.parts.columns)
        for place in range(len(rows)):
            assert found.row(place) == wanted.row(place)


def test_a_column_that_is_not_recorded_or_hashed_is_left_out(model: Model) -> None:
    rows = [{"x": 1.5, "city": "hmac:00ff"}, {"x": None, "city": "hmac:00aa"}]
    found = RecordedRows(model.parts.columns).read([json.dumps(row) for row in rows])
    assert list(found) == ["x"]
    assert not isinstance(found["x"], Coded)
    part = RecordedRows(model.parts.columns).read(['{"x":1.5}', '{"day":"2024-01-01"}'])
    assert np.isnan(part["x"]).tolist() == [False, True]


def test_answers_come_in_order_and_going_on_from_any_place_gives_the_same(record: Record, model: Model) -> None:
    order = np.random.default_rng(1).permutation(40)
    put(record, *(answer(number, START + SECOND * (number // 3)) for number in order.tolist()))
    put(record, answer(98, START, model="other"), answer(99, START, version=2))
    source = RecordSource(record, "m", 1, model)
    whole = ids(source.blocks(now=LATER))
    assert whole == [f"a{number:05d}" for number in range(40)]
    for now in range(START + 60 * SECOND, START + 75 * SECOND, 4 * SECOND):
        before = list(source.blocks(now=now))
        cursor = before[-1][1] if before else Cursor()
        cursor = Cursor.from_dict(json.loads(json.dumps(cursor.to_dict())))
        assert ids(iter(before)) + ids(source.blocks(cursor, now=LATER)) == whole


def test_what_a_policy_withheld_counts_as_what_the_model_would_have_said(record: Record, model: Model) -> None:
    nothing = {"prediction": None, "action": "refer", "model_prediction": None}
    withheld = nothing | {"model_prediction": "no", "probabilities": {"no": 0.6, "yes": 0.4}}
    flag = {"kind": "new_category", "message": "…", "column": "city"}
    put(
        record,
        answer(0, START, flags=[flag], latency_us=7, propensity=0.05, subject="s", request="r"),
        answer(1, START + 1, answer=withheld),
        answer(2, START + 2, answer=nothing),
    )
    ((events, _),) = RecordSource(record, "m", 1, model).blocks(now=LATER)
    assert events.P[:2].tolist() == [[0.25, 0.75], [0.6, 0.4]]
    assert np.isnan(events.P[2]).all()
    assert events.answered[:2].tolist() == [1.0, 0.0]
    assert np.isnan(events.answered[2])
    assert events.given.tolist() == [True, False, False]
    assert events.flags == ((flag,), (), ())
    assert (events.latency[0], events.propensity[0], events.subjects[0], events.requests[0]) == (7, 0.05, "s", "r")
    assert np.isnan(events.y).all()
    part = events.take(np.array([1]))
    assert part.ids == ("a00001",)
    for field in dataclasses.fields(part):
        assert field.name in {"version", "columns", "counting"} or len(getattr(part, field.name)) == 1


def test_without_a_delay_the_first_outcome_counts_once_in_the_order_of_receipt(record: Record, model: Model) -> None:
    put(record, *(answer(number, START + number) for number in range(4)), answer(9, START, version=2))
    hour = 3_600 * SECOND
    tell(record, "a00002", "yes", START + hour)
    tell(record, "a00000", "no", START + 2 * hour, at=5)
    tell(record, "a00000", "yes", START + 2 * hour, at=6)  # at once: the newest counts
    tell(record, "a00002", "no", START + 3 * hour)  # a correction
    tell(record, "a00009", "no", START + 3 * hour)
    tell(record, "nobody", "no", START + 3 * hour)
    tell(record, "a00003", "strange", START + 4 * hour)
    source = RecordSource(record, "m", 1, model)
    blocks = list(source.matured(now=LATER))
    assert ids(iter(blocks)) == ["a00002", "a00000", "a00003"]
    known = np.concatenate([events.y for events, _ in blocks])
    assert known[:2].tolist() == [1.0, 1.0]
    assert np.isnan(known[2])
    assert blocks[-1][1].behind == 1
    first = list(source.matured(now=START + hour + 61 * SECOND))
    assert ids(iter(first)) == ["a00002"]
    assert ids(source.matured(first[-1][1], now=LATER)) == ["a00000", "a00003"]


def test_with_a_delay_the_outcome_that_was_known_by_then_counts(record: Record, model: Model) -> None:
    day = 86_400
    put(record, *(answer(number, START + number) for number in range(4)))
    tell(record, "a00000", "no", START + 2 * day * SECOND)  # too late
    tell(record, "a00001", "no", START + 10)
    tell(record, "a00001", "yes", START + 20)
    tell(record, "a00001", "no", START + 2 * day * SECOND)  # a correction that comes too late
    tell(record, "a00002", "no", START + 10, at=30)
    tell(record, "a00002", "yes", START + 20, at=29)  # older news that came later
    source = RecordSource(record, "m", 1, model, delay=day)
    ((events, cursor),) = source.matured(now=LATER)
    assert events.ids == ("a00000", "a00001", "a00002", "a00003")
    assert np.isnan(events.y[[0, 3]]).all()
    assert events.y[1:3].tolist() == [1.0, 0.0]
    assert list(source.matured(cursor, now=LATER)) == []
    assert ids(source.matured(now=START + (day + 60) * SECOND + 2)) == ["a00000", "a00001"]


def test_the_outcome_of_an_answer_is_that_of_its_shadow(record: Record, model: Model) -> None:
    put(record, answer(0, START), answer(7, START + 1, version=2, kind="shadow", of="a00000"))
    tell(record, "a00000", "yes", START + 50)
    for delay in (0.0, 1.0):
        ((events, _),) = RecordSource(record, "m", 2, model, kind="shadow", delay=delay).matured(now=LATER)
        assert events.ids == ("a00007",)
        assert events.y.tolist() == [1.0]


def test_answers_that_come_behind_the_cursor_are_counted(record: Record, model: Model) -> None:
    put(record, *(answer(number, START + number * SECOND) for number in range(5)))
    source = RecordSource(record, "m", 1, model)
    (*_, (_, cursor)) = source.blocks(now=LATER)
    put(record, answer(50, START + SECOND), answer(51, START + 2 * SECOND))
    put(record, answer(60, START + 20 * MINUTE))
    ((events, cursor),) = source.blocks(cursor, now=LATER)
    assert events.ids == ("a00060",)
    assert cursor.behind == 2


def test_looks_into_the_record_are_by_an_index(record: Record) -> None:
    record.models()
    behind = "(at > 5 OR id > 'x') ORDER BY at, id LIMIT 10"
    with record.engine.connect() as connection:
        for query, index in (
            (f"SELECT * FROM answers WHERE model = 'm' AND at < 9 AND at >= 5 AND {behind}", "answers_by_time"),
            (
                "SELECT id FROM outcome_history WHERE model = 'm' AND received >= 5 ORDER BY received, id LIMIT 10",
                "history_by_receipt",
            ),
            (
                "SELECT * FROM answers WHERE coalesce(model, '') = 'm' AND id IN ('a')",
                "sqlite_autoindex_answers_1",
            ),
        ):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
            assert f"USING INDEX {index}" in str(plan) or f"USING COVERING INDEX {index}" in str(plan)


def test_a_damaged_cursor_is_refused() -> None:
    with pytest.raises(ModelError, match="damaged"):
        Cursor.from_dict({"moment": "x", "id": 1})


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_rows_of_a_file_come_as_if_answered(name: str, tmp_path: Path, model: Model) -> None:
    frame = table(10_050)
    path = tmp_path / name
    frame.write_csv(path) if name.endswith("csv") else frame.write_parquet(path)
    source = FileSource(model, path)
    blocks = list(source.blocks())
    assert [len(events) for events, _ in blocks] == [10_000, 50]
    events = blocks[1][0]
    assert np.array_equal(events.P, model.predict_proba(frame.tail(50)))
    assert events.y.tolist() == (frame["y"].tail(50) == "yes").cast(float).to_list()
    assert ids(source.matured(blocks[0][1])) == list(events.ids)


def test_a_file_is_put_into_the_order_of_its_time(tmp_path: Path, model: Model) -> None:
    frame = table(60).drop("y")
    frame.write_csv(tmp_path / "rows.csv")
    source = FileSource(model, tmp_path / "rows.csv", time="day")
    ((events, _),) = source.blocks()
    assert (np.diff(events.at) >= 0).all()
    assert events.at[0] == int(np.datetime64(min(frame["day"]), "us").astype(np.int64))
    assert not source.has_outcomes
    assert list(source.matured()) == []
    with pytest.raises(ColumnError, match="--time"):
        FileSource(model, tmp_path / "rows.csv", time="dai")


def test_one_text_that_looks_like_a_hash_hides_no_column() -> None:
    rows = RecordedRows([Column(name="town", kind="category")])
    texts = ['{"town":"hmac:x"}', *['{"town":"Atlantis"}'] * 30]
    assert "town" in rows.read(texts)
    hidden = [f'{{"town":"hmac:{place:064x}"}}' for place in range(20)]
    assert "town" not in rows.read([*hidden, *texts[:5]])


def test_rows_of_which_no_column_is_wanted_are_counted() -> None:
    assert RecordedRows([]).read(['{"a":1}', '{"a":2}']).rows == 2
