"""What the name of a numeric target says: whether it is a code of classes or an amount."""

from __future__ import annotations

from mlwright.clean.names import words
from mlwright.schema import Column

CLASSES = frozenset(
    {
        *("class", "classes", "label", "labels", "category", "categories", "type", "types", "kind", "species"),
        *("cluster", "segment", "group", "outcome", "status", "diagnosis", "code", "colour", "color", "digit"),
    }
)
AMOUNTS = frozenset(
    {
        *("count", "counts", "number", "num", "n", "total", "sum", "amount", "quantity", "qty", "rating"),
        *("ratings", "score", "scores", "stars", "quality", "grade", "points", "rank", "level", "age", "year"),
        *("years", "month", "months", "week", "weeks", "day", "days", "hour", "hours", "minute", "minutes", "size"),
        *("distance", "children", "rooms", "visits", "price", "cost", "value", "rate", "index", "length", "duration"),
    }
)
MOST_CODES = 10


def reads_like_classes(column: Column, distinct: int) -> bool:
    """Tell whether whole numbers are codes: by the name, else where they are all of 0..k-1 or 1..k with k up to ten.

    A name of an amount ("rating", "count") outweighs the second: such numbers have an order worth learning.
    """
    whole = column.kind == "integer" or column.numeric_text
    if not whole:
        return False
    said = words(column.name)
    if AMOUNTS.intersection(said):
        return False
    if CLASSES.intersection(said):
        return True
    bounds = _bounds(column)
    return distinct <= MOST_CODES and bounds in {(0.0, distinct - 1.0), (1.0, float(distinct))}


def _bounds(column: Column) -> tuple[float, float] | None:
    if column.low is not None and column.high is not None:
        return column.low, column.high
    try:
        numbers = [float(category) for category in column.categories or ()]
    except ValueError:
        return None
    return (min(numbers), max(numbers)) if numbers else None
