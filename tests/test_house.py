"""The house rules that no linter knows: sizes, what may never stand on a load path, and where a task may be named."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "mlwright"
FILES = sorted(SOURCE.rglob("*.py"))

LONGEST_FILE, LONGEST_BODY, MOST_PARAMETERS = 600, 60, 8

MANY_PARAMETERS = {
    "building/__init__.py:build": "the public call: one keyword for each thing a person may ask",
    "cli/commands/build.py:build": "one parameter for each option of `mlwright build`",
    "model/model.py:counterfactuals": "the public call: one keyword for each thing a person may ask",
    "cli/commands/explain.py:explain": "one parameter for each option of `mlwright explain`",
    "cli/commands/clean.py:clean": "one parameter for each option of `mlwright clean`",
    "cli/commands/evaluate.py:evaluate": "one parameter for each option of `mlwright evaluate`",
    "cli/commands/serve.py:serve": "one parameter for each option of `mlwright serve`",
    "cli/commands/predict.py:predict": "one parameter for each option of `mlwright predict`",
    "cli/commands/mitigate.py:mitigate": "one parameter for each option of `mlwright mitigate`",
    "cli/commands/record.py:record": "one parameter for each option of `mlwright record`",
    "cli/commands/monitor.py:monitor": "one parameter for each option of `mlwright monitor`",
    "cli/commands/simulate.py:simulate": "one parameter for each option of `mlwright simulate`",
    "cli/commands/watch.py:watch": "one parameter for each option of `mlwright watch`",
    "cli/commands/adapt.py:adapt": "one parameter for each option of `mlwright adapt`",
    "model/model.py:mitigate": "the public call: one keyword for each thing a person may ask",
    "model/row_model.py:counterfactuals": "as Model has it",
    "model/row_model.py:mitigate": "as Model has it",
    "cli/commands/recommend.py:recommend": "one parameter for each option of `mlwright recommend`",
}
"""Functions that may have more parameters, each with the reason."""

LEARN_WITH_TORCH = frozenset({"learn/recommenders/sasrec.py"})
"""PyTorch reads pickles: files that may import it to learn, and may have it neither read nor write anything."""
NEVER_OF_TORCH = frozenset({"load", "save", "hub", "jit", "package", "export", "compile"})

NEVER_CALLED = frozenset({"eval", "exec", "compile", "__import__"})
NEVER_IMPORTED = frozenset(
    {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "torch"}
)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name_of(path)}:{node.name}", node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    assert {name: lines for name, node in functions() if (lines := body_lines(node)) > LONGEST_BODY} == {}


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([argument for argument in named if argument.arg not in {"self", "cls"}])


def test_functions_have_few_parameters() -> None:
    many = {name for name, node in functions() if parameters(node) > MOST_PARAMETERS}
    assert many == set(MANY_PARAMETERS)


def test_public_functions_take_no_loose_keywords() -> None:
    loose = [name for name, node in functions() if node.args.kwarg is not None and not node.name.startswith("_")]
    assert loose == []


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def is_torch(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "torch"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_here_can_run_code_from_a_file(path: Path) -> None:
    tree = parsed(path)
    allowed = {"torch"} if name_of(path) in LEARN_WITH_TORCH else set()
    assert imported(tree) & NEVER_IMPORTED == allowed
    of_torch = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_torch(node.value)}
    assert of_torch & NEVER_OF_TORCH == set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            assert node.func.id not in NEVER_CALLED, f"line {node.lineno}"
        for keyword in node.keywords:
            if keyword.arg == "allow_pickle":
                assert isinstance(keyword.value, ast.Constant), f"line {node.lineno}"
                assert keyword.value.value is False, f"line {node.lineno}"
        if isinstance(node.func, ast.Attribute) and node.func.attr == "load" and ast.unparse(node.func.value) == "np":
            assert any(keyword.arg == "allow_pickle" for keyword in node.keywords), f"line {node.lineno}"


TASKS = frozenset({"binary", "multiclass", "regression", "recommend"})


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name != "tasks"], ids=name_of)
def test_nobody_but_a_task_asks_which_task_it_is(path: Path) -> None:
    """No comparison with a task's name outside tasks/; learners declare dicts by objective instead."""
    for node in ast.walk(parsed(path)):
        compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        for each in compared:
            for constant in ast.walk(each):
                if isinstance(constant, ast.Constant):
                    assert constant.value not in TASKS, f"line {constant.lineno}"
