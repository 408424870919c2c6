"""Typos: one typing error in a text may move the answer only so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mlwright.clean.contract.fields import Field
from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds.common import columns_of, farthest, moved_by, shown
from mlwright.learn.base import Floats
from mlwright.schema import Column

FEWEST_LETTERS = 3


class Typos:
    """Makes one typing error in each row: two letters change places, one is lost, or one stands twice."""

    name = "typos"
    meaning = "one typing error in a text must not move the answer too far"
    options: Mapping[str, Field] = {}
    needs_columns = True
    strict = False

    def suits(self, column: Column) -> str | None:
        """Only texts have letters."""
        return "holds no texts" if column.is_float else None

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield each row whose text is long enough, with an error in it that makes another text."""
        column, generator = setting.column(test), setting.generator(test)
        for place, raw, _ in sample.known(column):
            if not isinstance(raw, str):
                continue
            text = mistyped(raw, generator)
            if text is not None:
                yield Case(place, sample.changed(place, column.name, text), shown(raw), shown(text))

    def tried(
        self, test: BehaviourTest, cases: Sequence[Case], before: Floats, after: Floats, setting: Setting
    ) -> list[Tried]:
        """Return how far each answer moved."""
        return farthest(cases, before, after, setting.watched(test))

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done."""
        return f"A typing error in {columns_of(test)}"

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:
        """Return what the answer must not do."""
        return moved_by(setting.answer(test), most)


def mistyped(text: str, generator: np.random.Generator) -> str | None:
    """Return a text with one typing error in a word of it; None where no word is long enough to still be known.

    >>> [mistyped(text, np.random.default_rng(2)) for text in ("a1", "Bonn")]
    [None, 'Bnon']
    """
    letters = [
        at
        for at in range(len(text) - 1)
        if text[at : at + 2].isalpha() and text[at].casefold() != text[at + 1].casefold()
    ]
    if not letters or sum(map(str.isalpha, text)) < FEWEST_LETTERS:
        return None
    at, how = letters[int(generator.integers(len(letters)))], int(generator.integers(3))
    middle = (text[at + 1] + text[at], text[at], text[at] + text[at] + text[at + 1])[how]
    return text[:at] + middle + text[at + 2 :]
