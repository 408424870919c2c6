"""What a check says: each Violation in one sentence with numbers, and all of them together as Checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import CheckError
from mlwright.findings import percent

Severity = Literal["violation", "notice"]

ROWS_NAMED = 100
"""A violation names at most so many of its rows."""
VIOLATIONS_TOLD, NOTICES_TOLD = 50, 10
ROWS_TOLD = 5
"""So many of them stand in what people read."""

ORDER = (
    "no_rows", "missing_column", "too_few_rows", "too_many_rows", "unreadable", "new_category", "out_of_range",
    "missing_values", "not_unique", "repeated_key", "broken_rule", "pattern", "not_whole", "stale", "unknown_column",
    "repeated_rows",
)  # fmt: skip
"""The kinds, the worst first: what makes the rest of the file doubtful stands before what is wrong in single cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing that a contract does not allow, or (a notice) that is worth knowing although it is allowed.

    `rows` counts data rows from 0 and holds at most the first 100 of the `count` rows that are concerned; both are
    empty where it is about the column or the table as a whole.
    """

    kind: str
    message: str
    column: str | None = None
    rows: tuple[int, ...] = ()
    count: int = 0
    severity: Severity = "violation"
    advice: str = ""
    """What to do about it."""

    @classmethod
    def of(
        cls,
        mask: NDArray[np.bool_],
        *,
        kind: str,
        message: str,
        column: str | None = None,
        severity: Severity = "violation",
        advice: str = "",
    ) -> Violation:
        """Return what is said of the rows that are flagged."""
        flagged = np.flatnonzero(mask)
        rows = tuple(flagged[:ROWS_NAMED].tolist())
        return cls(
            kind=kind,
            message=message,
            column=column,
            rows=rows,
            count=len(flagged),
            severity=severity,
            advice=advice,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def noticed(self) -> Violation:
        """Return it as something that is allowed."""
        return replace(self, severity="notice")

    def __str__(self) -> str:
        """Return the sentence, the rows, and what to do."""
        lines = [f"{self.severity}: {self.message}"]
        if self.rows:
            more = self.count - min(len(self.rows), ROWS_TOLD)
            told = ", ".join(f"{row:,}" for row in self.rows[:ROWS_TOLD])
            lines.append(f"  data row{'s' if self.count > 1 else ''} {told}" + (f" and {more:,} more" if more else ""))
        if self.advice:
            lines.append(f"  to do: {self.advice}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found: whether the rows keep to the contract, and where not. Made by `mlwright.check`."""

    schema: str
    """The name of the model or contract that they were checked against."""
    source: str
    rows: int
    columns: int
    violations: tuple[Violation, ...] = ()
    notices: tuple[Violation, ...] = ()

    @classmethod
    def of(cls, found: Iterable[Violation], *, schema: str, source: str, rows: int, columns: int) -> Checked:
        """Sort what was found: violations apart from notices, the worst first."""
        ordered = sorted(found, key=lambda each: (ORDER.index(each.kind) if each.kind in ORDER else 99, -each.count))
        return cls(
            schema=schema,
            source=source,
            rows=rows,
            columns=columns,
            violations=tuple(each for each in ordered if each.severity == "violation"),
            notices=tuple(each for each in ordered if each.severity == "notice"),
        )

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        """Whether the contract is kept: "fail" where there is a violation."""
        return "fail" if self.violations else "pass"

    @property
    def passed(self) -> bool:
        """Whether there is no violation."""
        return not self.violations

    def raise_if_failed(self) -> Checked:
        """Raise CheckError where there is a violation; else return this, so that a pipeline can go on in one line."""
        if self.passed:
            return self
        first, more = self.violations[0], len(self.violations) - 1
        others = (
            f" There {'is' if more == 1 else 'are'} {more} more violation{'s' if more > 1 else ''}." if more else ""
        )
        raise CheckError(first.message + others, where=self.source, hint=first.advice or None, checked=self)

    def to_dict(self) -> dict[str, Any]:
        """Return it as `mlwright check --json` prints it."""
        return {
            "verdict": self.verdict,
            "schema": self.schema,
            "source": self.source,
            "rows": self.rows,
            "columns": self.columns,
            "violations": [each.to_dict() for each in self.violations],
            "notices": [each.to_dict() for each in self.notices],
        }

    @property
    def summary(self) -> str:
        """One sentence: how many violations and notices there are, in what."""
        size = f"{counted(self.rows, 'row')} and {counted(self.columns, 'column')} of {self.source}"
        found = counted(len(self.violations), "violation") if self.violations else "no violation"
        also = f", {counted(len(self.notices), 'notice')}" if self.notices else ""
        return f"{found}{also} in {size}, checked against {self.schema}."

    def told(self, style: Callable[[str], str] = str) -> str:
        """Return the verdict, the first violations and notices as people read them; `style` marks the first words.

        A pipe, a log and a pull request read it: no line depends on colour.
        """
        lines = [f"{style(self.verdict)}: {self.summary}"]
        for found, most in ((self.violations, VIOLATIONS_TOLD), (self.notices, NOTICES_TOLD)):
            for each in found[:most]:
                severity, rest = str(each).split(":", 1)
                lines.append(f"{style(severity)}:{rest}")
            if (more := len(found) - most) > 0:
                lines.append(f"{counted(more, f'more {found[0].severity}')}; JSON has them all.")
        return "\n\n".join(lines)

    def __str__(self) -> str:
        """Return the verdict, the first violations and the first notices."""
        return self.told()

    def __repr__(self) -> str:
        """Return the verdict and the next call."""
        following = "" if self.passed else " Next: print it, or .violations"
        return f"<Checked {self.verdict}: {self.summary}{following}>"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "row"), counted(1200, "value")
    ('1 row', '1,200 values')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def share_of_rows(count: int, rows: int) -> str:
    """Return how many of the rows that is, as it stands in a message.

    >>> share_of_rows(12, 1000)
    '1.2 % of the rows'
    """
    return f"{percent(count / max(rows, 1))} of the rows"


def example(value: object, most: int = 40) -> str:
    """Return a value in quotes as an example, cut short where it is long."""
    text = str(value)
    return repr(text if len(text) <= most else text[: most - 3] + "...")
