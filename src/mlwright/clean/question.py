"""What is asked of a table, as the user said it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from mlwright.errors import ColumnError, OptionError
from mlwright.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The target, where one is asked for, and what the user said of other columns; what is None is found out."""

    target: str | None = None
    task: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    sensitive: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    split: str = "auto"

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """The columns that were named, by what they were named as."""
        one = {"target": self.target, "time": self.time, "group": self.group, "weight": self.weight}
        several = {"sensitive": self.sensitive, "exclude": self.exclude}
        return {what: (name,) for what, name in one.items() if name is not None} | several

    def check(self, table: Table) -> None:
        """Raise ColumnError where a named column is not there, OptionError where one is named for two things.

        A sensitive column may be excluded: then the audit watches it, and the model does not look at it.
        """
        for what, names in self.named.items():
            for name in names:
                if name not in table.frame.columns:
                    kind = f"{what} column" if what != "exclude" else "column to exclude"
                    raise ColumnError.missing(name, table.frame.columns, what=kind, where=table.origin)
        for (what, names), (other, others) in combinations(self.named.items(), 2):
            if (what, other) == ("sensitive", "exclude"):
                continue
            for name in names:
                if name in others:
                    raise OptionError(
                        f"The column {name!r} is named as --{what} and as --{other}: it can be only one of them.",
                        hint=f"leave one of the two away, or name another column with --{other}.",
                    )
