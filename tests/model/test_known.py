"""Whether a model learned from rows: its own are known, new ones are not, and of a mixture about how many."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from tests.model.conftest import FEATURES, frame_of

from mlwright.columns import read_frame
from mlwright.model import Model
from mlwright.model.known import known


def test_rows_that_taught_are_known_and_new_ones_are_not(built: Model, frame: pl.DataFrame) -> None:
    parts = replace(built.parts, schema=replace(built.parts.schema, rows=frame.height))
    for rows, share in ((frame, 1.0), (frame_of(300, seed=5), 0.0), (frame.sample(60, seed=1), 1.0)):
        found = known(parts, read_frame(rows, FEATURES))
        assert found is not None
        assert found.sure == (share > 0)
        assert found.of_these is not None
        assert abs(found.of_these - share) < 0.35
    mixed = known(parts, read_frame(pl.concat([frame.head(150), frame_of(150, seed=5)]), FEATURES))
    assert mixed is not None
    assert mixed.sure
    assert 0.3 < (mixed.of_these or 0.0) < 0.7


def test_what_cannot_be_told_is_none(built: Model, frame: pl.DataFrame) -> None:
    assert known(built.parts, read_frame(frame.head(5), FEATURES)) is None
    forgetful = replace(built.parts, cases=None, golden=())
    assert known(forgetful, read_frame(frame, FEATURES)) is None
    # Its golden rows tell, unless they are made up.
    found = known(replace(built.parts, cases=None), read_frame(frame, FEATURES))
    assert found is not None
    assert found.sure
    assert found.of_these is None
    assert known(replace(built.parts, cases=None), read_frame(frame_of(300, seed=5), FEATURES)) is None


def test_rows_that_all_are_alike_are_no_sign_of_anything(built: Model) -> None:
    """Where rows repeat one another anyway, those that taught are among new ones by chance."""
    alike = frame_of(1).drop("extra")
    rows = pl.concat([alike] * 200)
    columns = read_frame(rows, FEATURES)
    cases = replace(built.parts.cases, columns=columns.take(range(50)), y=built.parts.cases.y[:50])  # type: ignore[type-var,union-attr,arg-type]
    found = known(replace(built.parts, cases=cases), columns)
    assert found is not None
    assert found.share == found.by_chance == 1.0
    assert not found.sure
