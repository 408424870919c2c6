"""The size of a regular expression: what is counted how often."""

from __future__ import annotations

import polars as pl
import pytest

from mlwright.clean.contract.patterns import expanded_size


@pytest.mark.parametrize(
    ("expression", "size"),
    [
        ("", 0),
        ("abc", 3),
        ("[A-Z]{2}[0-9]{3,7}", 9),
        ("(?:a?){50}a{50}", 100),
        ("((?:a{10}){10}){10}", 1000),
        (r"(?P<year>\d{4})-(?<month>\d\d)", 7),
        ("(?i)ab|(?s:c.)", 4),
        (r"a\{900}", 6),
        (r"\p{Greek}{3}\x{41}", 4),
        ("[]a{900}]{3}", 3),
        ("[^]a{900}]{3}", 3),
        ("[a[b{900}]c]{3}", 3),
        (r"[\]{900}]{3}", 3),
        ("a{2,}b{0}", 3),
        ("a{99999999999999999999999}", 999_999_999),
    ],
)
def test_a_repetition_counts_as_often_as_it_may_be(expression: str, size: int) -> None:
    assert expanded_size(expression) == size


@pytest.mark.parametrize("expression", ["(", ")", "[", "a{", "\\", "*", "[[", "(?", "{3}", "))((", "[a-", "a{x}"])
def test_what_is_no_expression_has_a_size_all_the_same(expression: str) -> None:
    assert expanded_size(expression) >= 0


@pytest.mark.parametrize("inner", ["a", "[ab]", "[[:alpha:]]", "(?:a|b)", "(a)", r"\x{61}", "(?i:a)"])
def test_nothing_that_is_repeated_is_overlooked(inner: str) -> None:
    expression = f"(?:{inner}{{40}}){{40}}"
    assert pl.Series(["a" * 1600]).str.contains(f"^(?:{expression})$").item() is True
    assert expanded_size(expression) >= 1600
