"""A recommender asked from Python: what is no list is refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.serve.films import films

from mlwright.errors import InputError, OptionError
from mlwright.model.recommender.recommender import Recommender, read_history

DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def model() -> Recommender:
    return films("popularity")


@pytest.mark.parametrize("given", [np.array(5), np.array("i000001"), 5, DEEP])
def test_what_is_no_list_is_refused(model: Recommender, given: Any) -> None:
    for name in ("history", "exclude"):
        with pytest.raises(OptionError, match=f"{name} has to be a list"):
            model.recommend(**{name: given})


def test_a_cell_that_is_nested_without_end_is_refused(model: Recommender) -> None:
    with pytest.raises(OptionError, match="nested too deeply"):
        read_history(DEEP)
    with pytest.raises(InputError, match="nested too deeply"):
        model.predict(pl.DataFrame({"history": ['["i000001"]', DEEP]}))


def test_a_cell_holds_json_or_ids_with_commas_between_them() -> None:
    assert read_history('[1, "a"]') == [1, "a"]
    assert read_history("a, b,") == ["a", "b"]
    assert read_history(["a"]) == ["a"]
