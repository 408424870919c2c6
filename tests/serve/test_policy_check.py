"""Policies that a model cannot follow are told when the service starts, with what could be said instead."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import Inside, constant

from mlwright.errors import OptionError
from mlwright.model import Model
from mlwright.registry import Workspace
from mlwright.serve.checking import usual_value
from mlwright.serve.policy import Humility, ModelPolicy, Policy, Treatments
from mlwright.serve.policy_check import check_policy
from mlwright.serve.served import Served
from mlwright.serve.settings import Settings
from mlwright.serve.shelf import Shelf

WHERE = "settings of 'it'"


def check(model: Model, policy: Policy | None = None, **humility: Any) -> None:
    check_policy(ModelPolicy(policy=policy, humility=Humility(**humility)), model, WHERE)


@pytest.mark.parametrize(
    ("name", "default", "said"),
    [
        ("age", "abc", r"default of column 'age' cannot be used\. 'abc' .* whole number\. Hint: one that can is \d+"),
        ("age", 900, r"900 in 'age' is outside .* the nearest that can is \d\d\.$"),
        ("age", True, r"true in 'age' is yes or no"),
        ("plan", "por", r"'por' in 'plan'.* the nearest that can is pro\."),
        ("plan", "gold", r"it knows .*'basic'.* one that can is \""),
        ("joined", "soon", r"it is written as '20\d\d-\d\d-\d\d' here.* one that can is \"20\d\d-"),
        ("member", "maybe", r"cannot be read as yes or no.* one that can is (true|false)\."),
        ("age", "NA", r"'age' is missing; it never was"),
    ],
)
def test_a_default_that_would_be_odd_itself_is_refused(
    loaded: dict[str, Model], name: str, default: Any, said: str
) -> None:
    with pytest.raises(OptionError, match=said) as caught:
        check(loaded["binary"], Policy(columns={name: Treatments(default=default)}))
    assert str(caught.value).startswith(WHERE)


@pytest.mark.parametrize(
    ("name", "default"),
    [("age", 40), ("age", "40"), ("plan", "PRO"), ("member", "yes"), ("member", False), ("income", "NA"), ("ago", "x")],
)
def test_what_the_column_may_hold_is_taken(loaded: dict[str, Model], name: str, default: Any) -> None:
    check(loaded["binary"], Policy(columns={name: Treatments(default=default)}))


@pytest.mark.parametrize(
    ("task", "humility", "said"),
    [
        ("binary", {"uncertain_below": 60.0}, "uncertain_below cannot be 60"),
        ("binary", {"uncertain_below": -0.1}, "uncertain_below cannot be -0.1"),
        ("binary", {"uncertain_below": float("nan")}, "uncertain_below cannot be nan"),
        ("binary", {"wider_than": 1.0}, "'y' is a class.* give humility.uncertain_below"),
        ("regression", {"uncertain_below": 0.5}, "'y' is a number.* give humility.wider_than"),
        ("regression", {"wider_than": 0.0}, "wider_than cannot be 0"),
        ("regression", {"wider_than": float("inf")}, "wider_than cannot be inf"),
        ("binary", {"then": "default"}, 'humility.then is "default", and there is no default_answer'),
        ("binary", {"unlike": "default"}, 'humility.unlike is "default"'),
        ("binary", {"default_answer": "yess"}, 'cannot be "yess", which is no class of \'y\'.* did you mean "yes"'),
        ("binary", {"default_answer": True}, 'cannot be true.* it can be "no", "yes"'),
        ("multiclass", {"default_answer": 1}, 'cannot be 1,.* it can be "high"'),
        ("regression", {"default_answer": "much"}, "no number, as 'y' is"),
        ("regression", {"default_answer": True}, "cannot be true"),
        ("regression", {"default_answer": float("inf")}, "no number"),
    ],
)
def test_humility_that_cannot_be_is_refused(
    loaded: dict[str, Model], task: str, humility: dict[str, Any], said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        check(loaded[task], **humility)


@pytest.mark.parametrize(
    ("task", "humility"),
    [
        ("binary", {"uncertain_below": 0.0, "then": "default", "default_answer": "no"}),
        ("binary", {"uncertain_below": 1.0}),
        ("regression", {"wider_than": 0.5, "then": "default", "default_answer": 3}),
    ],
)
def test_humility_that_can_be_is_taken(loaded: dict[str, Model], task: str, humility: dict[str, Any]) -> None:
    check(loaded[task], **humility)


def settings(workspace: Workspace, default: Any) -> Settings:
    own = ModelPolicy(policy=Policy(columns={"size": Treatments(default=default)}))
    return Settings(models=("price",), workspace=str(workspace.path), of_model={"price": own})


def test_a_service_does_not_start_with_what_its_model_cannot_follow(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    workspace.add(constant(1.0), "price")
    with pytest.raises(OptionError, match="the nearest that can is 19"), Inside(settings(workspace, 20)):
        pass


def test_a_version_that_comes_later_is_served_and_the_log_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = Workspace(tmp_path / "ws")
    workspace.add(constant(1.0), "price")
    shelf = Shelf(settings(workspace, 10))
    shelf.check_rules(shelf.endpoint("price"))
    workspace.add(constant(2.0), "price")

    def cannot(*_: object) -> None:
        raise OptionError("Its default cannot be.")

    monkeypatch.setattr("mlwright.serve.served.check_policy", cannot)
    monkeypatch.setattr(logging.getLogger("mlwright"), "propagate", True)
    with caplog.at_level(logging.WARNING, "mlwright.serve"):
        assert shelf.served("price", 2).version == 2
    assert "Version 2 of 'price' cannot follow its policy: Its default cannot be." in caplog.text


def test_the_usual_value_of_a_column_is_not_odd_itself(loaded: dict[str, Model], served: Callable[..., Served]) -> None:
    for task, model in loaded.items():
        names = [column.name for column in model.parts.columns if usual_value(column) is not None]
        assert len(names) >= 5
        assert [name for name in names if served(task).checker.fault_of_default(name) is not None] == []
