"""Problems: told as RFC 9457 says; and the reference says all that there is to say of them, of addresses and flags."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlwright
from mlwright.serve.problems import MOST_ERRORS, STATUS, Problem, RowError
from mlwright.web.app import ROUTES

SOURCE = Path(mlwright.__file__).parent / "serve"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "service.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## {title}$\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def rows(title: str) -> list[list[str]]:
    """Return the rows of the table of a section of the reference."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


def named_first(*called: str) -> set[str]:
    """Return the texts that the source gives first to what is called so."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in called and node.args:
                first = node.args[0]
                found |= {first.value} if isinstance(first, ast.Constant) and isinstance(first.value, str) else set()
    return found


def test_every_kind_is_in_the_reference_with_its_status() -> None:
    assert rows("Problems") == [[kind, str(status), title] for kind, (status, title) in STATUS.items()]


def test_every_kind_is_told_by_something_and_nothing_tells_another() -> None:
    assert named_first("Problem") == set(STATUS)


def test_every_address_is_in_the_reference_with_its_scope() -> None:
    assert rows("Addresses") == [[f"{each.method} {each.path}", each.scope, each.summary] for each in ROUTES]


def test_every_flag_is_in_the_reference() -> None:
    from mlwright.serve.checking import _SAID

    assert {kind for kind, *_ in rows("Flags")} == {*_SAID, *named_first("Flag"), "absent"}


@pytest.mark.parametrize("kind", STATUS)
def test_a_problem_says_what_and_how_to_go_on(kind: str) -> None:
    problem = Problem(kind, "This is wrong.", hint="do that.", retry_after=3, headers=[(b"allow", b"GET")])
    status, title = STATUS[kind]
    assert json.loads(problem.body("7")) == {
        "type": f"urn:mlwright:problem:{kind}", "title": title, "status": status, "detail": "This is wrong.",
        "instance": "urn:mlwright:request:7", "hint": "do that.",
    }  # fmt: skip
    assert problem.headers == [(b"allow", b"GET"), (b"retry-after", b"3")]
    assert 400 <= status < 600


def test_a_kind_that_there_is_not_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Problem("odd", "This is odd.")


def test_in_tensors_the_sentence_says_all() -> None:
    errors = [RowError("'x' is no number.", "unreadable", 0), RowError("'y' is no number.", "unreadable", 1)]
    told = json.loads(
        Problem("invalid-rows", "2 values are wrong.", hint="mend them.", errors=errors).body("7", error=True)
    )
    assert told["error"] == "2 values are wrong. 'x' is no number. Hint: mend them."


@given(st.integers(0, 3 * MOST_ERRORS))
def test_all_errors_are_counted_and_the_first_are_listed(many: int) -> None:
    errors = [RowError(f"error {place}", "missing", place, "age", None, "31") for place in range(many)]
    told = json.loads(Problem("invalid-rows", "Wrong.", errors=errors).body("7"))
    assert told.get("error_count", 0) == many
    assert [each["row"] for each in told.get("errors", [])] == list(range(min(many, MOST_ERRORS)))


@given(st.text(), st.text(), st.text() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=True) | st.none())
def test_whatever_was_sent_can_be_told(detail: str, column: str, value: object) -> None:
    body = Problem("invalid-rows", detail, errors=[RowError(detail, "unreadable", 0, column, value)]).body("7")
    assert json.loads(body)["detail"] == detail
