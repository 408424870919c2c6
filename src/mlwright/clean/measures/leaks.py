"""What the detectors of leaks share: which columns are told of elsewhere, and the score with and without a column."""

from __future__ import annotations

from mlwright.clean.base import Context
from mlwright.clean.measures.telling import Score, others
from mlwright.schema import Column

LEAVE_OUT = "Leave the column out (--exclude) unless it is known before the target is."


def with_and_without(context: Context, name: str, score: Score) -> str:
    """Return what a column tells alone beside what all others tell together, as the end of a sentence."""
    rest, many = others(context, name)
    if not many:
        return f"alone it reaches {score.words}, and there is no other column to learn from"
    which = "the other column reaches" if many == 1 else f"the {many:,} other columns together reach"
    return f"alone it reaches {score.words}, {which} {rest.words}"


def is_learned_from(column: Column) -> bool:
    """Tell whether a model would look at the column, so that its leak does harm."""
    return column.is_feature and column.role != "time"
