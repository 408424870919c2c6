from __future__ import annotations

import numpy as np
import polars as pl

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.missing_pattern import MissingPattern
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 500


def found(**columns: object) -> list[Detection]:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    return list(MissingPattern().detect(table, Context(table, schema)))


def gaps(seed: int, values: list[object], share: float = 0.2) -> list[object]:
    lost = np.random.default_rng(seed).random(ROWS) < share
    return [None if gone else value for value, gone in zip(values, lost, strict=True)]


NUMBERS: list[object] = np.random.default_rng(0).normal(0, 1, ROWS).tolist()
WORDS: list[object] = np.random.default_rng(1).choice(["red", "blue", "green"], ROWS).tolist()


def test_columns_that_are_missing_together_are_named_once() -> None:
    (detection,) = found(a=gaps(3, NUMBERS), colour=gaps(3, WORDS), b=gaps(4, NUMBERS[::-1]), whole=[*NUMBERS[1:], 1.5])
    assert detection.finding.columns == ("a", "colour")
    assert detection.finding.severity == "info"
    assert detection.rows is not None
    assert f"the same {len(detection.rows):,} rows" in detection.finding.message


def test_gaps_of_their_own_are_not_told() -> None:
    assert found(a=gaps(3, NUMBERS), b=gaps(4, WORDS)) == []
    assert found(a=gaps(3, NUMBERS, 0.004), b=gaps(3, WORDS, 0.004)) == []
    assert found(a=NUMBERS, b=WORDS) == []
