"""Answers as a table: which columns it has and of which types they are, the same in CSV, Arrow and Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from mlwright.serve.answers import Answer
from mlwright.values import as_text

if TYPE_CHECKING:
    import polars as pl


class Columns:
    """The columns of a table of answers: the same for all rows, whichever version answered and also where none did."""

    def __init__(
        self, labels: Sequence[str], kinds: set[type], *, version: int, has_interval: bool, explain: bool
    ) -> None:
        """Fix the columns.

        Parameters
        ----------
        labels
            Of all versions that answer, as answers name them.
        kinds
            Types of the values in `prediction`. Without labels they are numbers: whole ones make no whole column.
        version
            Which version answered where an answer does not say.
        has_interval, explain
            Whether there are columns for an interval, for reasons.
        """
        self.labels, self.version, self.explain = tuple(labels), version, explain
        self.kinds = kinds if labels else kinds | {float}
        self.ends = ("lower", "upper") if has_interval else ()
        self.numbers = [*(f"probability_{label}" for label in self.labels), *self.ends]
        reasons = ["reasons"] if explain else []
        self.names = ["id", "prediction", *self.numbers, "action", "flags", "version", *reasons]

    @classmethod
    def of_answers(cls, answers: Sequence[Answer], version: int) -> Self:
        """Return the columns for some answers, which several versions may have given."""
        labels = dict.fromkeys(label for answer in answers for label in answer.probabilities or ())
        said = (value for answer in answers for value in (answer.cell, answer.model_prediction))
        return cls(
            tuple(labels),
            {type(value) for value in said if value is not None},
            version=version,
            has_interval=any(answer.lower is not None for answer in answers),
            explain=any(answer.text is not None for answer in answers),
        )

    def row(self, answer: Answer) -> list[Any]:
        """Return an answer as the cells of a row; a class that its version does not know has an empty cell."""
        chances = answer.probabilities or {}
        cells = [answer.id, answer.cell, *(chances.get(label) for label in self.labels)]
        cells += [getattr(answer, end) for end in self.ends]
        cells += [answer.action, " ".join(flag.message for flag in answer.flags) or None]
        cells.append(self.version if answer.version is None else answer.version)
        return [*cells, answer.text] if self.explain else cells


def csv_cells(columns: Columns, answers: Iterable[Answer]) -> list[list[Any]]:
    """Return answers as rows of CSV, in which what is missing is empty."""
    return [["" if cell is None else cell for cell in columns.row(answer)] for answer in answers]


def frame(columns: Columns, rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Return rows as a frame whose types depend on the columns alone, so that parts of one table fit together."""
    import polars as pl

    made = []
    for name, cells in zip(columns.names, zip(*rows, strict=True), strict=True):
        kind = _kind(columns, name)
        if kind is str:
            texts = [cell if isinstance(cell, str) else as_text(cell) for cell in cells]
            made.append(pl.Series(name, texts, dtype=pl.String))
        elif kind is float:
            made.append(pl.Series(name, [None if cell is None else float(cell) for cell in cells], dtype=pl.Float64))
        else:
            made.append(pl.Series(name, cells, dtype=pl.Boolean if kind is bool else pl.Int64))
    return pl.DataFrame(made)


def _kind(columns: Columns, name: str) -> type:
    if name == "version":
        return int
    if name in columns.numbers:
        return float
    if name != "prediction":
        return str
    if len(columns.kinds) == 1:
        (kind,) = columns.kinds
        return kind if kind in {int, float, bool} else str
    return float if columns.kinds <= {int, float} else str
