"""Gates on how a model works: behaviour tests, the time a row takes, and the rows that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.clean.contract.fields import Field, text
from mlwright.evaluate.gates.kinds.base import Asked, Result, Statistic, among, amount, count, rows_of
from mlwright.evaluate.gates.measured import Measured, ends_of, exact, listed, milliseconds, nothing, whole
from mlwright.evaluate.wording import count as counted
from mlwright.evaluate.wording import percent


def _behaviour(result: Result, gate: Asked) -> Measured:
    tests: Sequence[Mapping[str, Any]] = result.get("behaviour") or []
    if (name := gate.options.get("test")) is not None:
        among(name, dict.fromkeys(str(test["name"]) for test in tests), "behaviour test")
        tests = [test for test in tests if test["name"] == name]
    if (kind := gate.options.get("kind")) is not None:
        among(kind, dict.fromkeys(str(test["kind"]) for test in tests), "kind of behaviour test")
        tests = [test for test in tests if test["kind"] == kind]
    about = "failing behaviour tests"
    if not tests:
        return nothing(about, "no behaviour test was run (--tests FILE names some)", whole)
    failed = [str(test["name"]) for test in tests if test["verdict"] == "fail"]
    unclear = [str(test["name"]) for test in tests if test["verdict"] not in {"pass", "fail"}]
    clause = f"{len(failed)} of {counted(len(tests), 'behaviour test')} {'fails' if len(failed) == 1 else 'fail'}"
    clause += f": {listed(failed)}" if failed else ""
    why = f"These rows cannot tell of {listed(unclear)}" if unclear else ""
    ends = float(len(failed)), float(len(failed)), float(len(failed) + len(unclear))
    return Measured(*ends, about, whole, why=why, clause=clause, ends="with those that cannot be told:")


def _row_ms(result: Result, _: Asked) -> Measured:
    about = "time of one row"
    if not (found := result.get("speed")):
        return nothing(about, "it was not measured", milliseconds)
    ends = ends_of(found, "row_ms")
    return Measured(*ends, about, milliseconds, clause=f"one row takes {milliseconds(ends[0])} on this machine")


def _contract(result: Result, _: Asked) -> Measured:
    about = "breaches of the data contract"
    if (found := result.get("contract")) is None:
        return nothing(about, "it was not checked", whole)
    many, messages = int(found["violations"]), [str(each) for each in found["messages"]]
    clause = (
        f"the rows break the data contract in {counted(many, 'way')}" if many else "the rows keep the data contract"
    )
    return exact(float(many), about, clause + (f" (such as: {messages[0].rstrip('.')})" if messages else ""), whole)


def _unlike(result: Result, _: Asked) -> Measured:
    about = "rows unlike those of the build"
    if not (found := result.get("unlike")):
        return nothing(about, "the model does not remember what those were like", percent)
    ends = ends_of(found, "share")
    clause = f"{percent(ends[0])} of the rows are unlike those that the model was built from"
    return Measured(*ends, about, percent, rows_of(result), clause=clause)


def _labelled(result: Result, _: Asked) -> Measured:
    rows = rows_of(result)
    return exact(float(rows), "labelled rows", f"there are {counted(rows, 'labelled row')}", whole)


KINDS: dict[str, Statistic] = {
    "behaviour": Statistic(
        "the number of behaviour tests that fail",
        _behaviour,
        threshold=count,
        default=0.0,
        options={
            "test": Field(text, "one test, by its name; by default each"),
            "kind": Field(text, "one kind of test; by default each"),
        },
        of_answers=False,
        needs="behaviour",
    ),
    "row_ms": Statistic(
        "the milliseconds that one row takes", _row_ms, threshold=amount, of_answers=False, needs="speed"
    ),
    "data_contract": Statistic(
        "the number of ways in which the rows break the data contract, which is the model's schema",
        _contract,
        threshold=count,
        default=0.0,
        of_answers=False,
        needs="contract",
    ),
    "unlike_rows": Statistic(
        "the share of rows that are unlike those it was built from", _unlike, of_answers=False, needs="unlike"
    ),
    "rows": Statistic("the number of labelled rows", _labelled, sides=("at_least",), threshold=count, of_answers=False),
}
