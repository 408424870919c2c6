"""A category written in other letters is the one that is known: batch and row alike, whatever the encoder."""

from __future__ import annotations

import numpy as np
import pytest

from mlwright.columns import Coded, Columns
from mlwright.features.groups import LevelGroups
from mlwright.features.levels import Levels
from mlwright.features.recipe import Recipe
from mlwright.features.variants import VARIANTS
from mlwright.schema import Column


def coded(texts: list[str | None]) -> Coded:
    """Return a column of these texts."""
    values = tuple(dict.fromkeys(text for text in texts if text is not None))
    return Coded(np.array([-1 if text is None else values.index(text) for text in texts], dtype=np.int32), values)


def test_letters_alone_make_no_other_level() -> None:
    """One that is not known is that which is, and one that is known stays itself."""
    levels = Levels.fit(coded(["Rome"] * 9 + ["rome"] * 5 + ["Straße"] * 4 + ["x", None]), most=9)
    assert levels.kept == ("Rome", "rome", "Straße")
    assert [levels.place(text) for text in ("Rome", "rome", "ROME", "STRASSE", "Oslo")] == [0, 1, 0, 2, 3]
    assert levels.places(coded(["ROME", "rome", None, "Oslo"])).tolist() == [0, 1, 4, 3]
    assert LevelGroups(levels).place("ROME") == 0
    assert Levels.from_dict(levels.to_dict()).place("ROME") == 0


def test_a_rare_level_in_other_letters_is_no_other_one() -> None:
    """Then no training row is another level, and what is truly unknown is not guessed."""
    assert not Levels.fit(coded(["Rome"] * 9 + ["ROME"]), most=9).other
    assert Levels.fit(coded(["Rome"] * 9 + ["Oslo"]), most=9).other


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_reads_other_letters_alike(variant: str) -> None:
    """The row in capitals makes the same numbers, in a batch and by itself."""
    rng = np.random.default_rng(0)
    names = ["Rome", "Oslo", "Bonn", "Lyon", "Graz", "Brno", "Cork", "Vigo", "Turku", "Porto", "Malmö", "Essen"]
    texts = rng.choice(names, 400).tolist()
    columns = Columns({"town": coded(texts), "pay": rng.normal(size=400)}, 400)
    described = [Column(name="town", kind="category"), Column(name="pay", kind="number")]
    y = np.array([[float(names.index(text) % 3)] for text in texts]) * np.asarray(columns["pay"])[:, None]
    recipe, _ = Recipe.fit(columns, described, y, variant=variant, seed=0)
    other = Columns({"town": coded([text.upper() for text in texts]), "pay": columns["pay"]}, 400)
    np.testing.assert_array_equal(recipe.transform(other), recipe.transform(columns))
    for place in range(5):
        np.testing.assert_array_equal(recipe.transform_row(other.row(place)), recipe.transform(columns)[place])
