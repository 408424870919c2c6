from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.serve.checking import Flag
from mlwright.serve.record import Answered, Private, new_ids
from mlwright.serve.record.answered import COLUMNS, as_json, line, storable, weight

texts = st.text(st.characters(exclude_categories=()))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def expected(value: Any) -> bool:
    """Tell whether JSON holds a value as it is."""
    return (isinstance(value, float) and math.isfinite(value)) or value is None or isinstance(value, bool | int)


@given(st.dictionaries(texts, values, max_size=5))
def test_any_row_can_be_written_and_numbers_come_back(row: dict[str, Any]) -> None:
    text = as_json(row)
    text.encode()
    assert "\0" not in text
    back = json.loads(text)
    for name, value in row.items():
        if expected(value) and name.isascii():
            assert back[name] == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, "null"),
        (-math.inf, "null"),
        (10**40, "1" + "0" * 40),
        ("\ud83d", '"\ufffd"'),
        ("\ud83d\ude00", '"\U0001f600"'),
        ("a\0b", '"a\\u0000b"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (np.float64(0.5), "0.5"),
        ({"\ud83d": [np.int64(3), b"x", {1: None}]}, '{"\ufffd":[3,"x",{"1":null}]}'),
        (["\ud83d", Flag("unknown", "m", "plan")], '["\ufffd",{"kind":"unknown","message":"m","column":"plan"}]'),
    ],
)
def test_what_json_has_no_word_for(value: object, written: str) -> None:
    assert as_json(value) == written


def test_what_holds_itself_is_cut_off_and_does_not_end_the_writer() -> None:
    row: dict[str, Any] = {"a": 1}
    row["self"] = row
    assert json.loads(as_json(row))["a"] == 1


def test_a_row_of_10_000_columns(answered: Callable[..., Answered]) -> None:
    row = {f"column_{place}": place * 0.5 for place in range(10_000)}
    made = dict(zip(COLUMNS, line(answered(row=row), Private()), strict=True))
    assert json.loads(made["row"]) == row
    assert weight(tuple(made.values())) > len(made["row"])


def test_texts_that_postgresql_refuses_are_stored_without_it() -> None:
    assert storable("a\0b\ud800") == "a\ufffdb\ufffd"
    assert storable("Zoë") == "Zoë"
    assert storable(None) is None


def test_ids_are_unlike_in_all_threads_and_ordered_by_time() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [name for names in pool.map(lambda _: new_ids(500), range(20)) for name in names]
    assert len(set(made)) == 10_000
    assert new_ids()[0][:11] >= made[0][:11]


FORKED = """
import os
from mlwright.serve.record import new_ids
new_ids()
child = os.fork()  # here, where no other thread can hold a lock that the child would wait for
os.write(1, " ".join([*new_ids(3), ""]).encode())  # at once: the two of them write to the same pipe
if child:
    os.waitpid(child, 0)
"""


def test_a_forked_process_makes_other_ids() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True, timeout=60)
    names = done.stdout.split()
    assert len(names) == 6
    assert len({name[11:] for name in names}) == 6
