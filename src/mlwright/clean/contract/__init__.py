"""Contracts: what a table has to be like, and whether it is: by rules that a person wrote, or by a model's Schema."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from mlwright.clean.contract.contract import ENDINGS, Contract
from mlwright.clean.contract.inferred import infer_contract
from mlwright.clean.contract.learned import check_schema
from mlwright.clean.contract.reading import contract_of, read_contract
from mlwright.clean.contract.result import Checked, Violation
from mlwright.clean.contract.written_rules import check_contract, no_rows
from mlwright.schema import Schema
from mlwright.table import Table

__all__ = [
    "ENDINGS",
    "Checked",
    "Contract",
    "Violation",
    "check_table",
    "contract_of",
    "infer_contract",
    "no_rows",
    "read_contract",
]

READING = "reading"
"""The kind of a notice on what was noticed while the source was read."""


def check_table(
    table: Table, against: Contract | Schema, *, name: str, reads: Collection[str] | None = None
) -> Checked:
    """Return whether a table keeps a contract, or is like the rows of a schema, which needs the columns `reads`."""
    found = [
        Violation(
            kind=READING,
            column=finding.columns[0] if finding.columns else None,
            rows=finding.rows,
            count=len(finding.rows),
            message=finding.message,
            severity="notice",
            advice=finding.repair or "",
        )
        for finding in table.findings
        if finding.severity != "info"
    ]
    with np.errstate(over="ignore"):  # values near the largest float there is are far apart
        if isinstance(against, Contract):
            found += check_contract(table, against)
        else:
            names = [column.name for column in against.features] if reads is None else reads
            found += check_schema(table, against, set(names))
            found += [] if table.rows else [no_rows()]
    return Checked.of(found, schema=name, source=table.origin, rows=table.rows, columns=table.frame.width)
