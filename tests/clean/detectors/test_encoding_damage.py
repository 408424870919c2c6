"""Text read in the wrong encoding, with lost letters, or with markup in it."""

from __future__ import annotations

import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.encoding_damage import EncodingDamage
from mlwright.clean.repairs import Recode
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

TOWNS = ["München", "Zürich", "São Paulo", "Łódź", "Oslo", "Århus", "Besançon"] * 20


def found(values: list[str | None]) -> list[Detection]:
    table = Table(pl.DataFrame({"town": values}), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return list(EncodingDamage().detect(table, Context(table, schema)))


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "mac_roman", "cp437", "cp850", "cp1250"])
@pytest.mark.parametrize("town", ["München", "São Paulo", "Besançon", "Tromsø"])
def test_what_was_read_wrongly_is_read_anew(town: str, codec: str) -> None:
    damaged = town.encode().decode(codec)
    (detection,) = found([*TOWNS, damaged])
    assert detection.finding.kind == "encoding_damage"
    assert detection.cells[0].new == (town,)
    assert detection.repair is not None
    assert detection.repair.apply_one({"town": damaged}) == town


def test_twice_damaged_text_is_read_anew_twice() -> None:
    damaged = "München".encode().decode("cp1252").encode().decode("cp1252")
    (detection,) = found([*TOWNS, damaged])
    assert detection.cells[0].new == ("München",)


def test_text_that_is_damaged_in_part_is_mended_in_part() -> None:
    (detection,) = found([*TOWNS, "Zürich â€“ MÃ¼nchen"])
    assert detection.cells[0].new == ("Zürich – München",)


@pytest.mark.parametrize("name", ["García", "Martínez", "ÍÑIGO", "Łukasz Nowak"])
def test_a_soft_hyphen_may_be_half_of_a_letter(name: str) -> None:
    damaged = name.encode().decode("latin-1")
    (detection,) = found([*TOWNS, damaged])
    assert detection.finding.kind == "encoding_damage"
    assert detection.cells[0].new == (name,)
    left = Recode("town", "invisible").mend(f"{damaged}\u200b so\u00adft")
    assert left == f"{damaged} soft"
    assert Recode("town", "latin-1").mend(left) == f"{name} soft"


def test_lost_letters_are_told_and_found_again_where_another_value_has_them() -> None:
    told = found([*TOWNS, "M\ufffdnchen"])
    assert [detection.cells[0].new for detection in told] == [(None,)]
    (detection,) = found([*TOWNS, "M?nchen", "S?o Paulo"])
    assert detection.cells[0].new == ("München", "São Paulo")
    assert detection.repair is not None
    assert detection.repair.apply_one({"town": "M?nchen"}) == "München"


def test_right_text_is_left_alone() -> None:
    assert found([*TOWNS]) == []
    assert (
        found(["Is it so? Yes", "what?who", "C:\\new\\table", "http://a.b/%20c", "AT&T", "R&D;", "a < b > c"] * 9) == []
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Marks &amp; Spencer", "Marks & Spencer"),
        ("Marks &amp;amp; Spencer", "Marks & Spencer"),
        ("M&uuml;nchen", "München"),
        ("M&#252;nchen", "München"),
        ("<b>Oslo</b>", "Oslo"),
        ("Oslo<br/>Bergen", "Oslo Bergen"),
        ("M\\u00fcnchen", "München"),
        ("New%20York", "New York"),
        ("Os\u200blo", "Oslo"),
        ("Os\x07lo", "Oslo"),
    ],
)
def test_markup_is_read_as_what_it_stands_for(text: str, meant: str) -> None:
    (detection,) = found([*TOWNS, text])
    assert detection.finding.kind == "markup_in_text"
    assert detection.cells[0].new == (meant,)
    assert detection.repair is not None
    assert detection.repair.apply_one({"town": text}) == meant
    assert detection.repair.apply_one({"town": "Oslo"}) == "Oslo"
