"""The benchmark of false alarms, on few samples: fresh rows of the same distribution pass, damaged ones do not."""

from __future__ import annotations

import re
from collections import Counter
from types import ModuleType

import numpy as np
import pytest
from tests.benchmarks.scripts import loaded


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return loaded("contract_alarms")


@pytest.mark.parametrize("size", [(100, 100), (1000, 1000), (1000, 100), (300, 6000)])
def test_fresh_rows_raise_no_alarm_and_damages_do(bench: ModuleType, size: tuple[int, int]) -> None:
    alarms, found = bench.Alarms(), dict[str, Counter[str]]()
    bench.made_tables([size], 8, alarms, found)
    assert sum(alarms.checks.values()) == 2 * (8 if sum(size) <= 2000 else 2)
    assert sum(alarms.alarms.values()) == 0, alarms.why
    if min(size) >= 1000:
        for counts in found.values():
            assert set(counts) == {"found"}, counts


def test_the_same_seed_makes_the_same_table(bench: ModuleType) -> None:
    one, two = (bench.made(50, np.random.default_rng(5)) for _ in range(2))
    assert one.equals(two)
    kinds = {kind for kind, _, frame in bench.damages(one, np.random.default_rng(0)) if not frame.equals(one)}
    assert len(kinds) == 13


def test_shares_are_told_with_their_interval(bench: ModuleType) -> None:
    alarms = bench.Alarms()
    alarms.checks["schema 9:9"] = 100
    alarms.alarms["schema 9:9"] = 1
    assert re.search(r"1 of +100 checks alarm: +1.00% \(95 %: 0.18% to 5.45%\)", alarms.told()[0])
