"""A recommender as files: back as it was, and whatever somebody changed in them is refused or does no harm."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.model.recommender.conftest import learned
from tests.model.test_hostile import changed, odd_array, places

from mlwright.errors import ModelError
from mlwright.model.arrays import read_arrays, write_arrays
from mlwright.model.recommender import Answering
from mlwright.model.recommender.files import WITHIN, from_files, golden_requests, history_of, to_files
from mlwright.model.text import write_json
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.request import read_request

Kept = dict[str, bytes]


class Stored:
    """Files in memory."""

    def __init__(self, files: Kept) -> None:
        self.files = files

    def json(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.files[name])
        return found

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        return read_arrays(self.files[name], name)


@pytest.fixture(scope="module")
def files(featured: tuple[Answering, Interactions]) -> Kept:
    answering, log = featured
    return to_files(answering, golden_requests(log, answering.catalogue))


@pytest.mark.parametrize("kind", ["features", "ratings", "no_time", "implicit"])
def test_back_from_its_files_it_answers_the_same(kind: Any) -> None:
    answering, log = learned(kind)
    golden = golden_requests(log, answering.catalogue)
    files = to_files(answering, golden)
    again = from_files(Stored(files))
    assert to_files(again, golden) == files
    for asked in (*golden, {"history": history_of(log, 3), "diversity": 0.5, "k": 40, "explore": 0.3}):
        assert again.answer(read_request(asked)) == answering.answer(read_request(asked))


def test_the_golden_requests_try_what_can_be_asked(featured: tuple[Answering, Interactions]) -> None:
    answering, log = featured
    golden = golden_requests(log, answering.catalogue)
    assert {name for asked in golden for name in asked} >= {"at", "history", "k", "diversity", "filters", "caps"}
    assert all(answering.answer(read_request(asked)).items for asked in golden)
    assert golden == json.loads(json.dumps(golden, allow_nan=False))


def test_the_history_of_somebody_is_what_they_took(rated: tuple[Answering, Interactions]) -> None:
    _, log = rated
    history = history_of(log, 5)
    rows = np.flatnonzero(log.user == 5)
    assert log.value is not None
    assert [(entry["item"], entry["at"], entry["rating"]) for entry in history] == [
        (log.items[log.item[row]], log.time[row], log.value[row]) for row in rows
    ]


def test_it_notices_that_it_answers_differently(files: Kept) -> None:
    golden = json.loads(files[f"{WITHIN}golden.json"])
    golden["answers"][3][0]["item"], golden["answers"][3][-1]["item"] = (
        golden["answers"][3][-1]["item"],
        golden["answers"][3][0]["item"],
    )
    with pytest.raises(ModelError, match="does not answer its own test requests as it did"):
        from_files(Stored({**files, f"{WITHIN}golden.json": write_json(golden)}))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"boosted": [{"where": {"genre": ["x"]}}]}, "fields of a test request"),
        ({"pinned": ["i000001"]}, "fields of a test request"),
        ({"history": ["i000001"] * 1_001}, "history of a test request"),
        ({"exclude": ["i000001"] * 2}, "exclusions of a test request"),
        ({"filters": {"a": 1, "b": 2}}, "filters of a test request"),
        ({"k": 101}, "from 1 to 100"),
        ({"history": None}, "damaged"),
        ([], "fields of a test request"),
    ],
)
def test_test_requests_are_within_what_a_build_writes(files: Kept, asked: Any, sentence: str) -> None:
    name = f"{WITHIN}golden.json"
    with pytest.raises(ModelError, match=sentence):
        from_files(Stored({**files, name: write_json({"requests": [asked], "answers": [[]]})}))


def test_test_requests_are_few(files: Kept) -> None:
    name = f"{WITHIN}golden.json"
    with pytest.raises(ModelError, match="number of answers"):
        from_files(Stored({**files, name: write_json({"requests": [{}] * 21, "answers": [[]] * 21})}))


def catalogue_with(files: Kept, **fields: Any) -> Kept:
    name = f"{WITHIN}catalogue.json"
    return {**files, name: write_json({**json.loads(files[name]), **fields})}


def chain_with(files: Kept, change: Callable[[dict[str, Any]], Any]) -> Kept:
    name = f"{WITHIN}chain.json"
    found = json.loads(files[name])
    change(found)
    return {**files, name: write_json(found)}


def arrays_with(files: Kept, **arrays: NDArray[Any]) -> Kept:
    name = f"{WITHIN}catalogue.npz"
    return {**files, name: write_arrays({**read_arrays(files[name], name), **arrays})}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda files: catalogue_with(files, ids=[]), "number of items does not fit"),
        (lambda files: catalogue_with(files, ids=["a"] * 90), "written in the same way"),
        (lambda files: catalogue_with(files, ids=[[]] * 90), "id does not fit"),
        (lambda files: catalogue_with(files, ids=list(range(80))), "array of the items does not fit"),
        (lambda files: catalogue_with(files, end="now"), "end of the log does not fit"),
        (lambda files: catalogue_with(files, title="plot"), "title does not fit"),
        (lambda files: catalogue_with(files, columns=[{"name": "x"}]), "damaged"),
        (lambda files: arrays_with(files, counts=np.full(90, -1.0)), "count of an item"),
        (lambda files: arrays_with(files, first=np.full(90, np.nan)), "number of an item"),
        (lambda files: arrays_with(files, first=np.full(90, np.inf)), "moment of an item"),
        (lambda files: arrays_with(files, vectors=np.full((90, 8), 1e9)), "vector of an item"),
        (lambda files: arrays_with(files, vectors=np.zeros((90, 5_000))), "length of the vectors"),
        (lambda files: arrays_with(files, more=np.zeros(3)), "list of arrays"),
        (lambda files: chain_with(files, lambda chain: chain["levels"].clear()), "number of rankers"),
        (lambda files: chain_with(files, lambda chain: chain["levels"][0].update(name="best")), "level does not fit"),
        (lambda files: chain_with(files, lambda chain: chain["levels"][0].update(kind="os.system")), "not known"),
        (lambda files: chain_with(files, lambda chain: chain.update(verb=3)), "verb does not fit"),
    ],
)
def test_damage_is_refused_in_a_sentence(files: Kept, damage: Callable[[Kept], Kept], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        from_files(Stored(damage(files)))


def test_a_ranker_of_other_items_is_refused(files: Kept) -> None:
    short = learned("ratings")[0].catalogue
    fewer = {**json.loads(files[f"{WITHIN}catalogue.json"]), "ids": list(short.ids[:80]), "columns": [], "title": None}
    arrays = read_arrays(files[f"{WITHIN}catalogue.npz"], "")
    cut = {name: array[:80] for name, array in arrays.items()}
    changed_files = {
        **files,
        f"{WITHIN}catalogue.json": write_json(fewer),
        f"{WITHIN}catalogue.npz": write_arrays(cut),
    }
    with pytest.raises(ModelError, match="does not score its 80 items"):
        from_files(Stored(changed_files))


def usable_or_refused(files: Kept) -> bool:
    """Load and ask. Any other error than a ModelError fails the test."""
    try:
        answering = from_files(Stored(files))
    except ModelError:
        return False
    for asked in ({}, {"history": ["i000001", 3], "k": 30}, {"history": ["i000002"], "diversity": 0.4, "explore": 0.2}):
        answer = answering.answer(read_request(asked))
        assert all(math.isfinite(one.score) for one in answer.items)
        json.dumps(answer.to_dict(), allow_nan=False)
    return True


@pytest.mark.parametrize("name", ["chain.json", "catalogue.json", "golden.json"])
def test_changed_json_does_no_harm(files: Kept, name: str) -> None:
    rng = random.Random(name)
    found = json.loads(files[f"{WITHIN}{name}"])
    everywhere = places(found)
    for _ in range(40):
        other = changed(found, rng.choice(everywhere), rng)
        if isinstance(other, dict):
            try:
                data = write_json(other)
            except UnicodeEncodeError:
                continue
            usable_or_refused({**files, f"{WITHIN}{name}": data})


@pytest.mark.parametrize("name", ["catalogue.npz", "0.npz", "1.npz"])
def test_changed_arrays_do_no_harm(files: Kept, name: str) -> None:
    rng, generator = random.Random(1), np.random.default_rng(1)
    arrays = read_arrays(files[f"{WITHIN}{name}"], name)
    for _ in range(40):
        one = rng.choice(sorted(arrays))
        other = {**arrays, one: odd_array(arrays[one], rng, generator)}
        usable_or_refused({**files, f"{WITHIN}{name}": write_arrays(other)})
