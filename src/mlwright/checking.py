"""The check that stands before all else: whether rows are like those of a model, or as a contract asks."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlwright.errors import DataError, ModelError, OptionError, nearest
from mlwright.schema import Schema

if TYPE_CHECKING:
    from mlwright.clean.contract import Checked, Contract
    from mlwright.model import Model


def check(
    source: object, schema: object, *, query: str | None = None, workspace: str | os.PathLike[str] | None = None
) -> Checked:
    """Say whether rows are what a model was built from, or what a contract asks for, and where they are not.

    Parameters
    ----------
    source
        A path, glob, URL, "-" for standard input, SQL URL (with `query`), or a pandas, Polars, Arrow or NumPy table.
    schema
        A Model, or its name, name@version, folder or zip: then the rows are compared with those it was built from. Or
        a contract: a file in TOML or JSON, a dict, or what `mlwright.contract` returned.
    query, workspace
        SQL of an SQL source; the workspace in which names of models are looked up.

    Returns
    -------
    Checked
        `.verdict` is "fail" where there is a violation; `.violations`, `.notices` and `print` say what is wrong, and
        `.raise_if_failed()` raises CheckError.

    Raises
    ------
    SourceError, ModelError, OptionError
        Where rows, model or contract cannot be read, in one sentence that says what, where and what to do.

    Examples
    --------
    >>> print(check({"age": [41, 230]}, {"columns": {"age": {"low": 0, "high": 120}}}).violations[0].message)
    1 value of 'age' (50 % of the rows) is out of range, such as 230: the contract says at least 0 and at most 120.

    """
    name, against, reads = _schema(schema, workspace)
    from mlwright.clean.contract import Checked, check_table, no_rows
    from mlwright.collect import collect

    try:
        table = collect(source, query=query, sample=False)  # a contract speaks of every row
    except DataError as error:  # there is a table, and nothing in it
        return Checked.of([no_rows()], schema=name, source=error.where or "memory", rows=0, columns=0)
    return check_table(table, against, name=name, reads=reads)


def contract(source: object, *, query: str | None = None) -> Contract:
    """Return a contract that a good source keeps, to be saved, read and changed: `contract("good.csv").save("c.toml")`.

    Its limits have room for what another sample of the same rows would show by chance. Raises DataError where there are
    no rows or no columns.
    """
    from mlwright.clean.contract import infer_contract
    from mlwright.collect import collect

    table = collect(source, query=query)
    if not table.rows or not table.frame.width:
        lacks = "rows" if table.frame.width else "columns"
        raise DataError(
            f"There is nothing to learn a contract from: the table has no {lacks}.",
            where=table.origin,
            hint="give a file that is as new ones should be.",
        )
    return infer_contract(table)


def _schema(
    schema: object, workspace: str | os.PathLike[str] | None
) -> tuple[str, Contract | Schema, Collection[str] | None]:
    """Return the name of what rows are checked against, what that is, and the columns that a model reads."""
    from mlwright.clean.contract import Contract, contract_of, read_contract

    if isinstance(schema, Mapping):
        schema = contract_of(schema)
    if isinstance(schema, (str, os.PathLike)) and (path := Path(schema)).is_file() and path.suffix.lower() != ".zip":
        schema = read_contract(path)
        if isinstance(schema, Schema):
            return path.absolute().parent.name, schema, None
    if isinstance(schema, Contract):
        return schema.name, schema, None
    if isinstance(schema, Schema):
        return "schema", schema, None
    from mlwright.model import Model

    model = _load(os.fspath(schema), workspace) if isinstance(schema, (str, os.PathLike)) else schema
    if not isinstance(model, Model):
        raise OptionError(
            f"schema cannot be of type {type(schema).__name__!r}.",
            hint="give a model or its name, the path of a contract, or a contract as a dict.",
        )
    name = model.name + (f"@{model.version}" if model.version is not None else "")
    return name, model.schema, [column.name for column in model.parts.columns]


def _load(reference: str, workspace: str | os.PathLike[str] | None) -> Model:
    """Return the model of that name or path; where it looks like a file's, say that there is no such contract."""
    from mlwright.clean.contract import ENDINGS
    from mlwright.registry import Workspace

    path = Path(reference)
    if path.suffix.lower() in {*ENDINGS, ".yaml", ".yml"} and not path.exists():
        beside = [each.name for each in path.parent.glob("*") if each.suffix.lower() in ENDINGS]
        near = nearest(path.name, beside) if path.parent.is_dir() else None
        raise OptionError(
            "There is no such contract.",
            where=reference,
            hint=f"did you mean {str(path.parent / near)!r}?" if near
            else "`mlwright check SOURCE --write contract.toml` writes one from a good file.",
        )  # fmt: skip
    try:
        return Workspace(workspace).open(reference)
    except ModelError as error:
        if path.exists():
            raise
        message = error.message.replace("There is no model", "There is no model or contract", 1)
        raise ModelError(message, where=error.where, hint=error.hint) from None
