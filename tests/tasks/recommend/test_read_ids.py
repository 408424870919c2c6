"""Ids that may be one thing written in two ways are told and kept apart."""

from __future__ import annotations

import polars as pl

from mlwright.tasks.recommend.ids import id_findings, read_ids


def kinds(*ids: str) -> dict[str, str]:
    return {each.kind: each.message for each in id_findings(read_ids(pl.Series("item", ids), typed=False))}


def test_ids_that_differ_in_zeros_at_the_front_are_told_and_kept_apart() -> None:
    ids = ("007", "7", "0001", "1", "01", "0", "000", "12", "A07", "A7")
    message = kinds(*ids)["ids_differ_in_zeros"]
    assert "3 ids in 'item'" in message
    assert "'007' and '7'" in message
    assert len(read_ids(pl.Series("item", ids), typed=False).labels) == len(ids)


def test_ids_that_all_have_zeros_at_the_front_are_no_news() -> None:
    assert kinds("0001", "0002", "0010", "12") == {}
