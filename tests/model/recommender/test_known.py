"""The catalogue: what a log and a table of items say, looked up both ways."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mlwright.errors import DataError
from mlwright.model.recommender import Answering, Catalogue
from mlwright.model.recommender.diversity import item_vectors
from mlwright.model.recommender.known import LARGEST_COLUMN
from mlwright.tasks.recommend.interactions import Features, Interactions
from mlwright.testing.logs import make_log


def log(ids: tuple[object, ...], item: list[int], time: list[float] | None = None) -> Interactions:
    return Interactions(
        users=("u",),
        items=ids,  # type: ignore[arg-type]
        user=np.zeros(len(item), dtype=np.int32),
        item=np.array(item, dtype=np.int32),
        time=np.arange(len(item), dtype=np.float64) if time is None else np.array(time),
        has_time=time is not None,
    )


def test_when_items_came_and_went_and_how_often_they_were_taken() -> None:
    found = Catalogue.of(log(("a", "b", "c", "d"), [1, 0, 1, 2, 1], [10.0, 20.0, 20.0, 30.0, 40.0]))
    assert found.first.tolist() == [20.0, 10.0, 30.0, 40.0]
    assert found.last.tolist() == [20.0, 40.0, 30.0, -math.inf]
    assert found.counts.tolist() == [1, 3, 1, 0]
    assert found.end == 40.0
    assert found.standing.tolist() == [1, 0, 2, 3]
    assert found.popularity.tolist() == [0.25, 0.75, 0.25, 0.0]
    assert found.there(25.0).tolist() == [True, True, False, False]
    assert found.there(math.nan).all()


def test_without_times_everything_was_always_there() -> None:
    found = Catalogue.of(log(("a", "b"), [1, 0]))
    assert found.end is None
    assert found.there(-1e12).all()


@pytest.mark.parametrize("ids", [(12, "12"), ("a", " a "), (1.0, 1), ("", "a"), ("\u00e9", "e\u0301")])
def test_ids_that_are_written_in_the_same_way_are_refused(ids: tuple[object, ...]) -> None:
    with pytest.raises(DataError, match="written in the same way"):
        Catalogue.of(log(ids, [0, 1]))


def test_ids_of_every_kind_are_found() -> None:
    found = Catalogue.of(log((12, "tt1", 1.5, True, "caf\u00e9", 10**30), [0]))
    assert [found.find(one) for one in (12, "12", "12.00", 12.0)] == [0] * 4
    assert [found.find(one) for one in ("tt1", " tt1", "TT1")] == [1, 1, -1]
    assert [found.find(one) for one in (1.5, "1.5", True, "true", 1, "cafe\u0301", 10**30, str(10**30))] == [
        *(2, 2, 3, 3, -1, 4, 5, 5)
    ]
    assert [found.find(one) for one in (None, math.nan, "", "nothing", 10**400, -12)] == [-1] * 6


def test_columns_are_indexed_as_their_cells_are_described() -> None:
    made = make_log(50, 60, 500, kind="features")
    features = made.features()
    assert features is not None
    found = Catalogue.of(made.interactions(), features)
    assert found.title == "title"
    genre = found.columns["genre"]
    for place, cell in enumerate(features.columns["genre"]):
        assert set(genre.of_item(place)) == set(str(cell).split("|"))
        assert all(genre.having([part.casefold()])[place] for part in str(cell).split("|"))
    assert genre.having(["nothing"]).sum() == 0
    assert found.columns["year"].numbers is not None
    assert genre.numbers is None
    assert found.name(3) == features.columns["title"][3]


def test_texts_that_are_too_long_stay_behind_and_the_title_is_kept() -> None:
    ids = tuple(range(200))
    columns: dict[str, Sequence[object]] = {
        "plot": [f"{place} " + "x" * (LARGEST_COLUMN // 200) for place in ids],
        "title": [f"Title {place}" for place in ids],
        "genre": ["war" if place % 2 else "art" for place in ids],
    }
    found = Catalogue.of(log(ids, [0]), Features(columns))
    assert list(found.columns) == ["title", "genre"]
    assert found.title == "title"


def test_what_the_same_people_take_is_alike(featured: tuple[Answering, Interactions]) -> None:
    answering, taken = featured
    vectors = answering.catalogue.vectors
    assert vectors is not None
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((np.abs(lengths - 1) < 1e-2) | (lengths == 0)).all()
    genres = answering.catalogue.columns["genre"]
    shared = np.array([[len({*genres.of_item(a)} & {*genres.of_item(b)}) for a in range(90)] for b in range(90)]) > 0
    likeness, off = vectors @ vectors.T, ~np.eye(90, dtype=np.bool_)
    assert likeness[shared & off].mean() > likeness[~shared].mean() + 0.2
    again = item_vectors(taken, answering.catalogue, dimensions=8)
    assert again.tobytes() == vectors.tobytes()


def test_items_of_which_nothing_is_known_are_like_nothing() -> None:
    taken = log(("a", "b", "c"), [0, 1, 0])
    vectors = item_vectors(taken, Catalogue.of(taken))
    assert vectors.shape[0] == 3
    assert not vectors[2].any()
    assert np.isfinite(vectors).all()


def test_vectors_of_a_changed_catalogue_do_not_change_it(featured: tuple[Answering, Interactions]) -> None:
    catalogue = featured[0].catalogue
    assert catalogue.with_vectors(None).vectors is None
    assert catalogue.vectors is not None
    assert replace(catalogue).places == catalogue.places
