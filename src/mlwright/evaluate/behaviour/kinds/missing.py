"""Missing: a value that is not there may move the answer only so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlwright.clean.contract.fields import Field
from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds.common import columns_of, farthest, moved_by, shown
from mlwright.learn.base import Floats
from mlwright.schema import Column


class Missing:
    """Leaves one column of each row empty."""

    name = "missing"
    meaning = "without the column's value the answer must not move too far"
    options: Mapping[str, Field] = {}
    needs_columns = True
    strict = False

    def suits(self, column: Column) -> str | None:  # noqa: ARG002  one signature for all kinds
        """Every column can be empty."""
        return None

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield each row that has the value, without it."""
        column = setting.column(test)
        for place, raw, _ in sample.known(column):
            yield Case(place, sample.changed(place, column.name, None), shown(raw), "missing")

    def tried(
        self, test: BehaviourTest, cases: Sequence[Case], before: Floats, after: Floats, setting: Setting
    ) -> list[Tried]:
        """Return how far each answer moved."""
        return farthest(cases, before, after, setting.watched(test))

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done."""
        return f"Leaving {columns_of(test)} empty"

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:
        """Return what the answer must not do."""
        return moved_by(setting.answer(test), most)
