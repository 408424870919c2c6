"""Personal data by value and by name, without false friends, and never printed whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context
from mlwright.clean.detectors.personal_data import PersonalData
from mlwright.clean.measures.personal_ids import NATIONAL_IDS, is_card, is_iban, luhn
from mlwright.clean.roles import infer_schema
from mlwright.findings import Finding
from mlwright.table import Table

ROWS = 120
Rng = np.random.Generator


def found(columns: dict[str, list[str | None]]) -> list[Finding]:
    table = Table(pl.DataFrame(columns), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return [detection.finding for detection in PersonalData().detect(table, Context(table, schema))]


def made(make: Callable[[Rng], str], rows: int = ROWS) -> list[str | None]:
    rng = np.random.default_rng(0)
    return [make(rng) for _ in range(rows)]


def digits(rng: Rng, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def with_luhn(body: str) -> str:
    return next(f"{body}{digit}" for digit in range(10) if luhn(f"{body}{digit}"))


def iban(rng: Rng) -> str:
    account = digits(rng, 18)
    return f"DE{98 - int(f'{account}131400') % 97:02d}{account}"


def dni(rng: Rng) -> str:
    number = int(rng.integers(10_000_000, 99_999_999))
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def bsn(rng: Rng) -> str:
    while True:
        text = digits(rng, 9)
        total = sum(int(digit) * weight for digit, weight in zip(text, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
        if total % 11 == 0 and text[0] != "0":
            return text


def cpf(rng: Rng) -> str:
    text = digits(rng, 9)
    for _ in range(2):
        weights = range(len(text) + 1, 1, -1)
        text += str(sum(int(digit) * weight for digit, weight in zip(text, weights, strict=True)) * 10 % 11 % 10)
    return text


def nir(rng: Rng) -> str:
    body = f"{rng.integers(1, 3)}{rng.integers(10, 99)}{rng.integers(1, 13):02d}{rng.integers(10, 95)}{digits(rng, 6)}"
    return f"{body}{97 - int(body) % 97:02d}"


def name(rng: Rng) -> str:
    first, last = ["Anna", "Peter", "Maria", "John", "Olga", "Wei"], ["Smith", "Müller", "Garcia", "Øst", "Kim"]
    return f"{rng.choice(first)} {chr(65 + rng.integers(26))}. {rng.choice(last)}"


SORTS: dict[str, tuple[str, Callable[[Rng], str], str]] = {
    "email": ("contact", lambda rng: f"anna.{digits(rng, 4)}@example.com", "e-mail addresses"),
    "phone": ("reach", lambda rng: f"+49 {digits(rng, 3)} {digits(rng, 6)}", "phone numbers"),
    "american phone": ("reach", lambda rng: f"({rng.integers(200, 999)}) 555-{digits(rng, 4)}", "phone numbers"),
    "bare phone": ("phone", lambda rng: f"20{digits(rng, 8)}", "phone numbers"),
    "iban": ("ref", iban, "IBAN"),
    "card": ("payment", lambda rng: with_luhn(f"4{digits(rng, 14)}"), "payment card numbers"),
    "ssn": ("key", lambda rng: f"{rng.integers(100, 600)}-{rng.integers(10, 99)}-{digits(rng, 4)}", "US social"),
    "dni": ("key", dni, "Spanish"),
    "bsn": ("key", bsn, "Dutch"),
    "cpf": ("key", cpf, "Brazilian"),
    "nir": ("key", nir, "French"),
    "swedish": (
        "key", lambda rng: with_luhn(f"{rng.integers(40, 99)}{rng.integers(1, 13):02d}{rng.integers(1, 28):02d}"
        f"{digits(rng, 3)}"), "Swedish",
    ),
    "ip": ("host", lambda rng: ".".join(map(str, rng.integers(1, 255, 4))), "IP addresses"),
    "mac": ("host", lambda rng: ":".join(f"{part:02x}" for part in rng.integers(0, 256, 6)), "hardware addresses"),
    "position": ("where", lambda rng: f"{rng.uniform(40, 60):.5f}, {rng.uniform(5, 20):.5f}", "positions"),
    "street": ("home", lambda rng: f"{rng.integers(1, 999)} {chr(65 + rng.integers(26))}all Road", "street addresses"),
    "name": ("who", name, "names of people"),
    "small name": ("name", lambda rng: name(rng).casefold(), "names of people"),
    "first name": ("first_name", lambda rng: name(rng).split()[0], "names of people"),
    "birth": (
        "date_of_birth", lambda rng: f"{rng.integers(1930, 2005)}-{rng.integers(1, 13):02d}-{rng.integers(1, 28):02d}",
        "dates of birth",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sort", SORTS)
def test_personal_data_is_found_and_not_printed(sort: str) -> None:
    column, make, said = SORTS[sort]
    values = made(make)
    values[::10] = [None] * len(values[::10])
    (finding,) = found({column: values})
    assert said in finding.message
    assert finding.columns == (column,)
    assert "90 % of the rows" in finding.message
    assert not any(text and text in finding.message for text in values)


@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("id", lambda rng: digits(rng, 10)),
        ("order_number", lambda rng: f"1{digits(rng, 8)}"),
        ("account", lambda rng: f"4{digits(rng, 15)}"),
        ("day", lambda rng: f"2024-{rng.integers(1, 13):02d}-{rng.integers(1, 28):02d}"),
        ("shipped", lambda rng: f"{rng.integers(1, 28):02d}-{rng.integers(1, 13):02d}-2024"),
        ("version", lambda rng: ".".join(map(str, rng.integers(0, 9, 4)))),
        ("town", lambda rng: str(rng.choice(["New York", "San Jose", "Saint Paul", "Santa Maria", "Los Angeles"]))),
        ("name", lambda rng: f"{rng.choice(['Old', 'Red', 'Wild'])} {rng.choice(['Ale', 'Stout'])} {digits(rng, 2)}"),
        ("hospital_name", lambda rng: f"{rng.choice(['Marshall', 'Baptist'])} Hospital {chr(65 + rng.integers(26))}"),
        ("price", lambda rng: f"{rng.lognormal(3, 1):.2f}"),
        ("isbn", lambda rng: f"978-{digits(rng, 10)}"),
        ("birth_rate", lambda rng: f"{rng.normal(10, 2):.1f}"),
        ("ward", lambda rng: f"{rng.integers(1, 20)} West"),
    ],
)
def test_other_numbers_and_names_are_none(column: str, make: Callable[[Rng], str]) -> None:
    assert found({column: made(make)}) == []


def test_addresses_within_texts_are_found() -> None:
    values = made(lambda rng: f"please write to jane{digits(rng, 2)}@example.org about the broken lamp in room 7 today")
    (finding,) = found({"note": values})
    assert "texts with e-mail addresses" in finding.message
    assert "j***@example.org" in finding.message


def test_a_latitude_and_a_longitude_are_a_position() -> None:
    rng = np.random.default_rng(0)
    columns: dict[str, list[str | None]] = {
        "lat": [f"{value:.5f}" for value in rng.uniform(40, 60, ROWS)],
        "lon": [f"{value:.5f}" for value in rng.uniform(0, 20, ROWS)],
    }
    (finding,) = found(columns)
    assert finding.columns == ("lat", "lon")
    assert finding.severity == "info"
    assert found({name: [str(text)[:5] for text in values] for name, values in columns.items()}) == []


def test_published_examples_pass_their_checks_and_changed_ones_do_not() -> None:
    checks = {each.said: each.check for each in NATIONAL_IDS}
    examples = {
        "Italian tax codes": "RSSMRA85T10A562S",
        "German tax numbers": "86095742719",
        "Indian Aadhaar numbers": "234123412346",
        "Polish identity numbers": "44051401359",
        "Finnish identity codes": "131052-308T",
        "Swiss insurance numbers": "756.9217.0769.85",
        "Chinese identity numbers": "11010519491231002X",
        "UK national insurance numbers": "AB123456C",
        "Spanish identity numbers": "12345678Z",
    }
    for said, text in examples.items():
        assert checks[said](text), said
    for said in examples.keys() - {"UK national insurance numbers"}:
        text = examples[said]
        place = next(at for at in range(len(text) - 2, -1, -1) if text[at].isdigit())
        changed = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
        assert not checks[said](changed), said
    assert is_iban("DE89 3704 0044 0532 0130 00")
    assert not is_iban("DE88 3704 0044 0532 0130 00")
    assert is_card("4111 1111 1111 1111")
    assert not is_card("9111 1111 1111 1111")


@pytest.mark.parametrize("each", NATIONAL_IDS, ids=lambda each: each.said)
def test_garbage_is_no_national_id(each: object) -> None:
    check = next(known.check for known in NATIONAL_IDS if known is each)
    for text in ("", "x", "0" * 9, "-" * 11, "١٢٣٤٥٦٧٨٩٠١", "9" * 18, "A" * 16):
        assert not check(text) or text == "0" * 9
