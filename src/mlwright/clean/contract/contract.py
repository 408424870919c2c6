"""The Contract: rules that a person can write, read and change, for a table and each of its columns."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlwright.errors import OptionError, OutputError
from mlwright.schema import Column, Kind, Schema
from mlwright.values import MISSING

Answer = Literal["violation", "notice", "allowed"]
ENDINGS = (".toml", ".json")
"""What a contract's file is called; the ending says in which of the two languages it is written."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRules:
    """What is asked of one column; what is None, False or at its default is not asked."""

    name: str
    kind: Kind | None = None
    required: bool = True
    missing: float | None = None
    """The largest share of the rows that may have nothing."""
    unreadable: float = 0.0
    """The largest share of the rows with something that cannot be read as the kind."""
    low: float | None = None
    high: float | None = None
    tolerance: float = 0.0
    """So much beyond low and high, as a share of the width between them, is a notice only."""
    outside: float = 0.0
    """The largest share of the rows that may lie farther out than that."""
    far: float | None = None
    """So much beyond low and high, as a share of the width, is a violation even in one row."""
    categories: tuple[str, ...] | None = None
    new: Answer = "violation"
    """What a value that is none of the categories is."""
    new_share: float = 0.0
    """The largest share of the rows that may have such values."""
    unique: bool = False
    pattern: str | None = None
    """A regular expression that the whole text has to match."""
    format: str | None = None
    """How dates are written: a strptime format, "iso", or an epoch such as "epoch_s"."""
    fresh: float | None = None
    """The newest value is at most so many seconds old."""
    decimal: Literal[".", ","] = "."
    units: tuple[str, ...] = ()
    missing_values: tuple[str | float, ...] = ()
    """Texts and numbers that mean "missing" here, beside those that do everywhere."""

    @property
    def column(self) -> Column:
        """How the column is read."""
        texts = [value for value in self.missing_values if isinstance(value, str)]
        numbers = [value for value in self.missing_values if not isinstance(value, str)]
        words = self.categories or ()
        return Column(
            name=self.name,
            kind=self.kind or "text",
            decimal=self.decimal,
            units=self.units,
            datetime_format=self.format,
            missing_tokens=tuple(text.casefold() for text in texts),
            missing_numbers=tuple(map(float, numbers)),
            level_tokens=tuple(word.casefold() for word in words if word.casefold() in MISSING),
            numeric_text=bool(words) and all(_NUMBER.fullmatch(word) for word in words),
            categories=self.categories,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison that holds in every row in which both columns have a value."""

    left: str
    sign: str
    right: str

    def __str__(self) -> str:
        """Return it as a contract has it."""
        return f"{_quoted(self.left)} {self.sign} {_quoted(self.right)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """What is asked of the table as a whole."""

    fewest_rows: int = 1
    most_rows: int | None = None
    unknown_columns: Answer = "notice"
    """What a column is that the contract does not name."""
    repeated_rows: float | None = None
    """The largest share of the rows that may repeat an earlier row in all columns."""
    key: tuple[str, ...] = ()
    """No two rows have the same values in all of these."""
    rules: tuple[Comparison, ...] = ()
    allow_chance: bool = False
    """A share counts as too large only where chance alone would hardly make it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a table has to be like. Made by `mlwright.contract`, or read from a file that somebody wrote."""

    name: str = "contract"
    table: TableRules = field(default_factory=TableRules)
    columns: tuple[ColumnRules, ...] = ()
    learned: Schema | None = field(default=None, compare=False, repr=False)
    """What was seen in the file that it was inferred from; the comments tell it."""

    def text(self) -> str:
        """Return the contract as TOML, with a comment on what each line means."""
        from mlwright.clean.contract.writing import contract_text

        return contract_text(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the contract as TOML, or as JSON where the name ends in .json, and return where it is.

        What stands there already is never overwritten, and nothing is left half-written. Raises OptionError or
        OutputError.
        """
        from mlwright.clean.contract.writing import contract_json, contract_text
        from mlwright.collect.rows_out import write_bytes

        target = Path(path)
        check_contract_place(target)
        text = contract_json(self) if target.suffix.lower() == ".json" else contract_text(self)
        write_bytes(text.encode("utf-8", "replace"), target, what="contract")
        return target


def check_contract_place(path: Path) -> None:
    """Raise OptionError or OutputError where a contract could not be written there afterwards."""
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(
            "A contract is a file that ends in .toml or .json.",
            where=str(path),
            hint=f"{str(path.with_name((path.stem or 'contract') + '.toml'))!r} would do.",
        )
    if os.path.lexists(path):
        raise OutputError(
            "There is a file already, and somebody may have edited it.",
            where=str(path),
            hint="name another file, or remove that one first.",
        )
    if not path.parent.is_dir():
        raise OutputError(
            "The contract cannot be written: there is no such folder.",
            where=str(path.parent),
            hint="make it first, or name another.",
        )


def _quoted(name: str) -> str:
    plain = name and not set(name) & set("<>=!'\"") and name == name.strip()
    return name if plain else f'"{name}"'
