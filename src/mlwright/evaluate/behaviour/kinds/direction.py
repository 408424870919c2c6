"""Direction: more of something may move the answer in one direction only, such as more income and never more risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from mlwright.clean.contract.fields import Field, one_of
from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds.common import columns_of, raw_of, shown, watch
from mlwright.learn.base import Floats
from mlwright.schema import DIRECTIONS, Column

STEPS = 7
"""So many values, from the least to the largest, are put into each row, beside its own."""


class Direction:
    """Puts values from the least to the largest into each row and follows its answer."""

    name = "direction"
    meaning = "as the column rises, the answer must not fall (direction: increasing), or not rise (decreasing)"
    options: Mapping[str, Field] = {
        "direction": Field(one_of(*DIRECTIONS), '"increasing" where the answer may only rise with it, or "decreasing"')
    }
    needs_columns = True
    strict = False

    def suits(self, column: Column) -> str | None:
        """Only what is more or less can rise."""
        return None if column.is_float else "holds no numbers, dates or yes/no, which could rise"

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield each row with its own value and all steps, from the least on."""
        column = setting.column(test)
        steps = _steps(column, sample)
        for place, raw, typed in sample.known(column):
            tried = np.unique(np.append(steps, typed)).tolist()
            if len(tried) < 2:
                continue
            for value in tried:
                new = raw if value == typed else raw_of(value, column)
                yield Case(place, sample.changed(place, column.name, new), shown(new), shown(new), value)

    def tried(
        self,
        test: BehaviourTest,
        cases: Sequence[Case],
        before: Floats,  # noqa: ARG002  the row's own value is among the cases
        after: Floats,
        setting: Setting,
    ) -> list[Tried]:
        """Return for each row where its answer went farthest the wrong way, from one value to a larger one."""
        sign = _sign(test, setting)
        answers = sign * after[:, watch(test, setting)]
        found, start = [], 0
        for row, several in groupby(cases, key=lambda case: case.row):
            end = start + len(list(several))
            own = answers[start:end]
            falls = np.maximum.accumulate(own) - own
            low = int(falls.argmax())
            high = int(own[: low + 1].argmax())
            was, now = cases[start + high], cases[start + low]
            found.append(
                Tried(row, float(falls[low]), was.was, now.now, sign * float(own[high]), sign * float(own[low]))
            )
            start = end
        return found

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done."""
        return f"A larger value of {columns_of(test)}"

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:
        """Return what the answer must not do."""
        verb = "raised" if _sign(test, setting) < 0 else "lowered"
        return f"{verb} {setting.answer(test)}" + (f" by more than {most}" if most else "")


def _sign(test: BehaviourTest, setting: Setting) -> int:
    given = test.options.get("direction") or setting.column(test).direction
    return -1 if given == "decreasing" else 1


def _steps(column: Column, sample: Sample) -> Floats:
    """Return values of a column from its least to its largest: of the build's rows where they are known."""
    ends = [end for end in (column.low, column.high) if end is not None]
    known = np.array([value for value in sample.read(column) if value is not None], dtype=np.float64)
    spread = np.quantile(known, np.linspace(0, 1, STEPS), method="nearest") if len(known) else known
    steps = np.unique(np.concatenate([ends, column.quantiles or spread]))
    return np.array([step for step in steps.tolist() if step not in column.missing_numbers])
