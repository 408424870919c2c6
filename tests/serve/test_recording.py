"""What is hidden of which model's answers, and names under `private` that mean nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.serve.conftest import Inside

from mlwright.errors import OptionError
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.record import Answered, Private
from mlwright.serve.record.answered import COLUMNS, line
from mlwright.serve.recording import check_private, private_of
from mlwright.serve.served import Served
from mlwright.serve.settings import Settings


def recorded(model: str, private: Private) -> dict[str, object]:
    row = {"mail": "ann@example.org", "age": 41}
    made = line(Answered("a", 1, model, 1, row, {"prediction": "yes"}, subject="ann@example.org"), private)
    return dict(zip(COLUMNS, made, strict=True))


def test_each_model_hides_what_its_own_settings_name(tmp_path: Path) -> None:
    policies = {
        "one": ModelPolicy(private={"mail": "omit"}),
        "two": ModelPolicy(private={"mail": "hash", "age": "omit"}, subject="mail"),
        "three": ModelPolicy(subject="mail"),
    }
    for order in (list(policies), list(reversed(policies))):
        private = private_of({name: policies[name] for name in order}, tmp_path)
        assert private is not None
        hashed = private.of("two").hash("ann@example.org")
        assert recorded("one", private)["row"] == '{"age":41}'
        assert recorded("two", private)["row"] == f'{{"mail":"{hashed}"}}'
        assert recorded("three", private)["row"] == '{"mail":"ann@example.org","age":41}'
        told = [recorded(name, private)["subject"] for name in policies]
        assert told == ["ann@example.org", hashed, "ann@example.org"]
    assert private_of({"three": policies["three"]}, tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_a_private_field_that_is_nearly_a_column_is_a_slip(models: Path, tmp_path: Path) -> None:
    told = {"binary": ModelPolicy(private={"incme": "omit"})}
    settings = Settings(models=(str(models / "binary"),), workspace=str(tmp_path), of_model=told)
    with pytest.raises(OptionError, match=r"keep 'incme' private.*did you mean 'income'"), Inside(settings):
        raise AssertionError("it started")


def test_a_private_field_that_is_like_no_column_is_told_of(
    served: Callable[..., Served], caplog: pytest.LogCaptureFixture
) -> None:
    put = served("binary", told=ModelPolicy(private={"customer_id": "hash", "note": "omit", "y": "omit"}))
    logger = logging.getLogger("mlwright.serve")
    logger.addHandler(caplog.handler)
    try:
        check_private(Endpoint("binary", put, {1: put}))
    finally:
        logger.removeHandler(caplog.handler)
    said = {record.getMessage() for record in caplog.records}
    assert said == {"private names 'customer_id', which is no column of the model 'binary'"}
