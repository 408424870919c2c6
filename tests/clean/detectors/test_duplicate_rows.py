from __future__ import annotations

import numpy as np
import polars as pl

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.duplicate_rows import DuplicateRows, by_chance
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 500


def found(frame: pl.DataFrame) -> list[Detection]:
    table = Table(frame)
    schema, _ = infer_schema(table, Question())
    return list(DuplicateRows().detect(table, Context(table, schema)))


def measured() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame({f"x{place}": rng.normal(size=ROWS).round(2) for place in range(5)})


def test_copies_are_told_with_their_rows() -> None:
    frame = measured()
    (told,) = found(pl.concat([frame, frame.head(20)]))
    assert told.finding.severity == "warning"
    assert told.rows is not None
    assert told.rows.tolist() == list(range(ROWS, ROWS + 20))
    assert found(frame) == []


def test_few_copies_are_only_worth_knowing() -> None:
    frame = measured()
    (told,) = found(pl.concat([frame, frame.head(2)]))
    assert told.finding.severity == "info"


def test_rows_that_are_alike_by_chance_are_no_copies() -> None:
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({f"x{place}": rng.integers(0, 4, ROWS).astype(str) for place in range(6)})
    (told,) = found(frame)
    assert told.finding.severity == "info"
    assert "by chance" in told.finding.message


def test_where_all_combinations_are_there_rows_must_repeat() -> None:
    rng = np.random.default_rng(2)
    (told,) = found(pl.DataFrame({name: rng.integers(0, 3, ROWS) for name in ("a", "b")}))
    assert told.finding.kind == "few_different_rows"


def test_copies_of_rows_with_an_id_are_copies_however_alike_their_other_columns_are() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"id": [f"A{row:04d}" for row in range(ROWS)], "kind": rng.choice(["a", "b"], ROWS)})
    (told,) = found(pl.concat([frame, frame.head(20)]))
    assert told.finding.severity == "warning"


def test_how_many_rows_repeat_by_chance_is_known() -> None:
    rng = np.random.default_rng(4)
    alike = pl.DataFrame({f"x{place}": rng.integers(0, 5, 2_000) for place in range(6)})
    assert 0.6 < by_chance(alike) < 1.6
    assert by_chance(pl.concat([measured(), measured().head(50)])) < 0.05


def test_one_different_row_and_one_copy_are_told_in_the_singular() -> None:
    (told,) = found(pl.DataFrame({"a": ["x"] * 60, "b": ["y"] * 60}))
    assert told.finding.message.startswith("There is only 1 different row among 60")
    (told,) = found(pl.concat([measured(), measured().head(1)]))
    assert told.finding.message.startswith("1 row (0.2 %) repeats an earlier row")
