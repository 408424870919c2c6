"""Known answers: rows of which everybody knows what the answer has to be (minimum functionality)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlwright.clean.contract.fields import Field, NotOne, number
from mlwright.evaluate.behaviour.base import BehaviourTest, Case, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds.common import shown, watch
from mlwright.learn.base import Floats
from mlwright.schema import Column

MOST_ROWS = 1_000


def _rows(value: object) -> tuple[dict[str, Any], ...]:
    given = [value] if isinstance(value, Mapping) else value
    if not isinstance(given, (list, tuple)) or not 0 < len(given) <= MOST_ROWS:
        raise NotOne(f"a list of 1 to {MOST_ROWS:,} rows, each with values by column")
    if not all(isinstance(row, Mapping) and row and all(isinstance(key, str) for key in row) for row in given):
        raise NotOne("a list of rows, each with values by column, such as {age: 40, town: Rome}")
    return tuple(dict(row) for row in given)


def _label(value: object) -> object:
    if not isinstance(value, (str, int, float, bool)):
        raise NotOne("a class, as the target has it")
    return value


def _number(value: object) -> float:
    found = number(value)
    if found is None:
        raise NotOne("a number")
    return found


class KnownAnswers:
    """Asks the model about rows that a person wrote; a column that a row leaves out is missing."""

    name = "known"
    meaning = "rows that you write get the answer that you know"
    options: Mapping[str, Field] = {
        "rows": Field(_rows, "rows with values by column; a column left out is missing"),
        "answer": Field(_label, "the class that has to be the likeliest"),
        "at_least": Field(_number, "the least that the number, or the probability of the class in `of`, may be"),
        "at_most": Field(_number, "the most that it may be"),
    }
    needs_columns = False
    strict = True

    def suits(self, column: Column) -> str | None:  # noqa: ARG002  one signature for all kinds
        """Refuse all: it is about whole rows."""
        return "is not named in such a test: its rows name columns"

    def cases(self, test: BehaviourTest, sample: Sample, setting: Setting) -> Iterator[Case]:
        """Yield the rows of the test, whole."""
        names = sample.names or setting.schema.names
        for place, row in enumerate(test.options["rows"]):
            said = ", ".join(f"{name} {shown(value)}" for name, value in list(row.items())[:6])
            yield Case(place, {**dict.fromkeys(names), **row}, said, said)

    def tried(
        self,
        test: BehaviourTest,
        cases: Sequence[Case],
        before: Floats,  # noqa: ARG002  there is no row before
        after: Floats,
        setting: Setting,
    ) -> list[Tried]:
        """Return how far each answer is from what it has to be; 0 where it is that."""
        label = test.options.get("answer")
        if label is not None:
            at = setting.classes.index(label)
            away = after.max(axis=1) - after[:, at]
        else:
            at = watch(test, setting)
            low, high = test.options.get("at_least"), test.options.get("at_most")
            away = after[:, at] * 0.0
            if low is not None:
                away = (low - after[:, at]).clip(min=away)
            if high is not None:
                away = (after[:, at] - high).clip(min=away)
        return [
            Tried(case.row, float(size), case.was, case.now, None, float(answer))
            for case, size, answer in zip(cases, away, after[:, at], strict=True)
        ]

    def subject(self, test: BehaviourTest) -> str:
        """Return what was done."""
        return f"The known answer of {test.name!r}"

    def moved(self, test: BehaviourTest, setting: Setting, most: str) -> str:  # noqa: ARG002  one signature for all
        """Return what the answer must not do."""
        return "was missed"
