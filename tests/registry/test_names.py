"""What a reference says, and what can be no name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.registry.names import checked_alias, is_name, named, parsed

HOSTILE = (
    "../x",
    "a/../b",
    "/etc/passwd",
    "a\0b",
    "..%2f",
    "..",
    ".",
    "",
    "C:\\x",
    "a\\..\\b",
    "a\n",
    "é",
    "con",
    "a@1@2/..",
)


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_what_leads_elsewhere_is_no_name(text: str) -> None:
    assert not is_name(text)
    assert parsed(text) is None
    assert parsed(f"{text}@1") is None
    with pytest.raises(OptionError, match="cannot be a model's name"):
        named(text)


def test_a_path_behind_the_at_is_no_reference() -> None:
    assert parsed("churn@../x") is None
    assert parsed("churn@a\\b") is None


@given(st.text(max_size=20))
def test_a_name_stays_one_folder(text: str) -> None:
    if is_name(text):
        assert re.fullmatch(r"[A-Za-z0-9._-]+", text)
        assert text.strip(".") == text.lstrip(".")
        assert not text.startswith(".")


@given(st.text(alphabet="churn-1._", min_size=1, max_size=10).filter(is_name), st.text(alphabet="a1_-x", max_size=8))
def test_a_reference_is_read_as_it_is_written(name: str, wanted: str) -> None:
    assert str(parsed(f"{name}@{wanted}" if wanted else name)) == (f"{name}@{wanted}" if wanted else name)


@pytest.mark.parametrize("alias", ["1", "42", "0x1", "-a", "", "a b", "a@b", "a/b", "../x", "é", "a" * 51, "latest"])
def test_aliases_that_cannot_be(alias: str) -> None:
    with pytest.raises(OptionError, match="An alias cannot be"):
        checked_alias(alias)
