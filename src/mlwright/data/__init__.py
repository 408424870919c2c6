"""Data that comes with the package, for the demo and the examples. Origin and licence stand in README.md beside it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["bank_marketing"]


def bank_marketing() -> Path:
    """Return the path of the calls of a Portuguese bank (UCI Bank Marketing; 45,211 rows, target "deposit").

    >>> bank_marketing().name
    'bank_marketing.csv.gz'
    """
    return Path(__file__).with_name("bank_marketing.csv.gz")
