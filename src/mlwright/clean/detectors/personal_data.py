"""Personal data: what names a person, an account or a device, told by the values and by the column's name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
import polars as pl

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.given_names import GIVEN_NAMES
from mlwright.clean.measures.likeness import plain_letters
from mlwright.clean.measures.personal_ids import NATIONAL_IDS, is_card, is_iban
from mlwright.clean.names import words
from mlwright.findings import Finding, Severity, percent
from mlwright.schema import Column
from mlwright.table import Table
from mlwright.values import MISSING, as_text, strip

LOOKED_AT = 3_000
"""So many rows of each column are looked at."""
LEAST = 5
"""So many different values must be of a sort before the column is said to hold it."""
LEAST_NUMBER = 1e6
"""Smaller numbers are nobody's."""
MOST_VALUES = 0.6
"""So large a share of a column's values are of the sort."""
NEARLY_ALL = 0.9
CHANCE = 1e-7
"""Numbers with check digits are told from others where so many right ones are less likely than this by chance."""
WITHIN = 0.01
"""Texts with an address or an account number in them are told from this share of the rows on."""
PLACES = 4
"""A position with so many decimals of a degree is good to ten metres."""

EMAIL = re.compile(r"[\w.+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}")
EMAIL_WITHIN = r"[A-Za-z0-9_.+-]{2,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}\b"
INTERNATIONAL = re.compile(
    r"(?:\+|00)[1-9][0-9]{0,2}[ ()./-]{0,3}[0-9](?:[ ()./-]{0,2}[0-9]){5,12}(?: ?(?:x|ext\.?) ?\d+)?"
)
AMERICAN = re.compile(
    r"(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}(?: ?(?:x|ext\.?) ?\d+)?"
)
NATIONAL = re.compile(r"\(?0[1-9][0-9]{1,4}\)?(?: ?[/-] ?| )[0-9]{2,4}(?:[ -]?[0-9]{2,4}){1,3}")
ANY_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]{5,18}[0-9]")
MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}")
POSITION = re.compile(r"\(?-?[0-9]{1,2}\.[0-9]{4,},? ?-?[0-9]{1,3}\.[0-9]{4,}\)?")
STREET = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|way|highway|hwy|terrace|circle|"
    r"square|sq|rue|via|calle|avenida|rua|plaza|platz|weg|allee|laan|straat|gata|gatan|ulica|ul)\b\.?|"
    r"stra(?:ss|ß)e\b|str\.|gasse\b|straat\b|gatan\b|vej\b|weg\b"
)
NUMBERED = re.compile(r"(?:^|\s)[0-9]{1,5}[a-z]?(?:\s|,|$)")
PERSON = re.compile(r"(?:[^\W\d_a-z][\w'.\u2019-]*,? ){1,5}\(?[^\W\d_a-z][\w'.)\u2019-]*")
SEVERAL_WORDS = re.compile(r"(?:[^\W\d_](?:[^\W\d_]|['.\u2019-])*,? ){1,4}[^\W\d_](?:[^\W\d_]|['.\u2019-])*")
ONE_NAME = re.compile(r"[^\W\d_]+(?:[ '.\u2019-]{1,2}[^\W\d_]+){0,2}\.?")

PHONE_WORDS = frozenset({"phone", "telephone", "tel", "mobile", "fax", "handy", "telefon", "cell", "cellphone"})
BIRTH_WORDS = frozenset({"dob", "birthdate", "birthday", "geburtsdatum", "dateofbirth", "naissance", "birth"})
ADDRESS_WORDS = frozenset({"address", "addr", "street", "adresse", "direccion", "strasse", "addressline", "residence"})
PEOPLE = frozenset(
    {
        "person", "people", "customer", "client", "patient", "employee", "passenger", "student", "teacher", "author",
        "user", "owner", "contact", "applicant", "borrower", "candidate", "driver", "guest", "member", "subscriber",
        "player", "physician", "doctor", "nurse", "manager", "staff", "full", "real", "victim", "suspect", "donor",
        "holder", "cardholder", "seller", "buyer", "tenant", "resident", "voter", "caller", "sender", "recipient",
    }
)  # fmt: skip
PART_OF_NAME = frozenset(
    {"firstname", "lastname", "surname", "forename", "fullname", "givenname", "familyname", "vorname", "nachname",
     "apellido", "prenom", "nom", "middlename", "maidenname"}
)  # fmt: skip
ORGANISED = re.compile(
    r"\b(?:inc|llc|ltd|corp|company|co|gmbh|hospital|school|university|college|bank|county|city|district|church|club|"
    r"center|centre|clinic|department|group|brewery|brewing|hotel|restaurant|cafe|store|market|airport|station|park|"
    r"ale|beer|stout|edition|series|the|of|and)\b"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of one column, as stripped texts that are not missing, and how many rows each is."""

    name: str
    parts: tuple[str, ...]
    """The words of the column's name."""
    texts: tuple[str, ...]
    counts: tuple[int, ...]
    rows: int
    """How many rows were looked at, those that are missing among them."""

    def share(self, test: Callable[[str], object]) -> float:
        """Return the share of the known rows that pass a test."""
        known = sum(self.counts)
        return sum(count for text, count in zip(self.texts, self.counts, strict=True) if test(text)) / max(known, 1)

    def first(self, test: Callable[[str], object]) -> str:
        """Return the first text that passes a test."""
        return next((text for text in self.texts if test(text)), "")

    def called(self, names: frozenset[str]) -> bool:
        """Tell whether one of the words, or two side by side, stand in the column's name."""
        pairs = {a + b for a, b in zip(self.parts, self.parts[1:], strict=False)}
        return bool(names & ({*self.parts} | pairs | {"".join(self.parts)}))


@dataclass(frozen=True, slots=True)
class Told:
    """What a column holds, for what share of its rows, and an example without what names the person."""

    what: str
    share: float
    example: str
    reason: str
    severity: Severity = "warning"
    confidence: float = 0.95


class PersonalData:
    """Finds e-mail addresses, phone and account numbers, national ids, names, addresses, positions, dates of birth."""

    name: ClassVar[str] = "personal_data"
    kinds: ClassVar[tuple[str, ...]] = ("personal_data",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column with personal data."""
        positions: list[str] = []
        for column in context.schema:
            if context.stop():
                return
            series = table.frame[column.name]
            if column.kind in {"boolean", "duration", "constant"} or series.dtype.is_nested():
                continue
            if _is_position(series, column, context):
                positions.append(column.name)
                continue
            if column.is_float and column.kind != "datetime" and (column.high or 0.0) < LEAST_NUMBER:
                continue
            sample = _sample(series, context.seed)
            told = next((found for look in LOOKS if (found := look(sample, column)) is not None), None)
            if told is None and series.dtype == pl.String:
                told = _within(series)
            if told is not None:
                yield _finding((column.name,), told)
        if len(positions) >= 2:
            said = Told(
                f"positions on the map to {PLACES} decimals or more", 1.0, "", "good to about ten metres, so they may "
                "be somebody's home", severity="info", confidence=0.8,
            )  # fmt: skip
            yield _finding(tuple(positions[:2]), said)


def _finding(names: tuple[str, ...], told: Told) -> Detection:
    columns = " and ".join(map(repr, names))
    example = f", such as {told.example!r}" if told.example else ""
    return Detection(
        finding=Finding(
            kind="personal_data",
            columns=names,
            message=f"{columns} hold{'s' if len(names) == 1 else ''} {told.what} in about {percent(told.share)} of the "
            f"rows{example}: {told.reason}.",
            severity=told.severity,
            confidence=told.confidence,
            repair="Leave the column out, or replace it by what the question needs (--exclude).",
        )
    )


def _sample(series: pl.Series, seed: int) -> Sample:
    known = series.drop_nulls()
    looked_at = known.sample(LOOKED_AT, seed=seed) if len(known) > LOOKED_AT else known
    values = looked_at.to_list()
    held: dict[str, int] = {}
    for value in values:
        text = strip(as_text(value) or "")
        if text.casefold() not in MISSING and len(text) <= 200:
            held[text] = held.get(text, 0) + 1
    rows = round(len(values) * len(series) / max(len(known), 1))
    return Sample(series.name, words(series.name), tuple(held), tuple(held.values()), rows)


def _sort(
    sample: Sample, test: Callable[[str], object], what: str, mask: Callable[[str], str], least: float, reason: str
) -> Told | None:
    """Say that a column holds a sort of data, where enough of its values pass the test."""
    if len(sample.texts) < LEAST:
        return None
    share = sample.share(test)
    if share < least or sum(bool(test(text)) for text in sample.texts) < LEAST:
        return None
    of_all = share * sum(sample.counts) / max(sample.rows, 1)
    return Told(what, min(of_all, 1.0), mask(sample.first(test)), reason)


def emails(sample: Sample, column: Column) -> Told | None:  # noqa: ARG001  one signature for all
    """Look for e-mail addresses."""
    return _sort(sample, EMAIL.fullmatch, "e-mail addresses", mask_email, MOST_VALUES, "each one reaches a person")


def accounts(sample: Sample, column: Column) -> Told | None:  # noqa: ARG001
    """Look for account and card numbers, which have check digits."""
    return _sort(
        sample, is_iban, "bank account numbers (IBAN)", mask_end, MOST_VALUES, "their check digits are right"
    ) or _sort(sample, is_card, "payment card numbers", mask_end, NEARLY_ALL, "their check digits are right")


def national_ids(sample: Sample, column: Column) -> Told | None:  # noqa: ARG001
    """Look for numbers that a state gives to people, by form and check digits."""
    for each in NATIONAL_IDS:
        few = sample.texts[:200]
        passed = sum(map(each.check, few))
        if passed < LEAST or passed < NEARLY_ALL * len(few):
            continue
        if each.by_chance**passed > CHANCE and not (each.by_chance > 0.2 and passed >= 20):
            continue
        return _sort(sample, each.check, each.said, mask_end, NEARLY_ALL, "their form and check digits are right")
    return None


def phones(sample: Sample, column: Column) -> Told | None:
    """Look for phone numbers: by their form, or by any digits where the column's name says so."""
    if column.kind == "datetime":
        return None
    reason = "each one reaches a person or a household"

    def formed(text: str) -> bool:
        return any(form.fullmatch(text) for form in (INTERNATIONAL, AMERICAN, NATIONAL))

    if told := _sort(sample, formed, "phone numbers", mask_end, MOST_VALUES, reason):
        return told
    if sample.called(PHONE_WORDS) and not sample.called(frozenset({"service", "model", "type"})):

        def plausible(text: str) -> bool:
            return ANY_PHONE.fullmatch(text) is not None and 7 <= sum(sign.isdigit() for sign in text) <= 15

        return _sort(sample, plausible, "phone numbers", mask_end, MOST_VALUES, reason)
    return None


def devices(sample: Sample, column: Column) -> Told | None:
    """Look for the addresses of devices on a network."""
    reason = "they can lead to a household or a device"
    if told := _sort(sample, MAC.fullmatch, "hardware addresses (MAC)", mask_end, NEARLY_ALL, reason):
        return told
    if column.kind in {"number", "integer", "datetime"}:
        return None
    told = _sort(sample, is_ip, "IP addresses", mask_ip, NEARLY_ALL, reason)
    if told is None or sample.share(lambda text: ":" in text or max(map(int, text.split("."))) > 31) < 0.5:
        return None
    return told


def positions_in_text(sample: Sample, column: Column) -> Told | None:  # noqa: ARG001
    """Look for positions that are written as one text."""
    told = _sort(
        sample, POSITION.fullmatch, "positions on the map", mask_start, NEARLY_ALL,
        "good to about ten metres, so they may be somebody's home",
    )  # fmt: skip
    return None if told is None else Told(told.what, told.share, told.example, told.reason, "info", 0.8)


def births(sample: Sample, column: Column) -> Told | None:
    """Look for dates of birth: dates whose column says so."""
    called = sample.called(BIRTH_WORDS) and ("birth" not in sample.parts or "date" in sample.parts)
    if column.kind != "datetime" or not called or column.low is None or column.high is None:
        return None
    now = datetime.now(tz=UTC).timestamp()
    if column.high > now or column.low < -125 * 366 * 86400.0 or len(sample.texts) < LEAST:
        return None
    share = sum(sample.counts) / max(sample.rows, 1)
    return Told(
        "dates of birth", min(share, 1.0), "", "with a post code and the sex they name most people", "warning", 0.9
    )


def streets(sample: Sample, column: Column) -> Told | None:
    """Look for addresses: a street's word and a house number."""
    if column.kind not in {"text", "category", "id"}:
        return None

    def addressed(text: str) -> bool:
        plain = text.casefold()
        return STREET.search(plain) is not None and NUMBERED.search(plain) is not None and len(text.split()) <= 12

    least = 0.4 if sample.called(ADDRESS_WORDS) else 0.8
    return _sort(sample, addressed, "street addresses", mask_words, least, "they say where somebody lives or works")


def people(sample: Sample, column: Column) -> Told | None:
    """Look for names of people: by the column's name and the shape of its values, and by given names."""
    if column.kind not in {"text", "category", "id"} or len(sample.texts) < LEAST:
        return None
    reason = "they name people"
    if sample.called(PART_OF_NAME):
        return _sort(sample, ONE_NAME.fullmatch, "names of people", mask_words, NEARLY_ALL, reason)
    if len(sample.texts) < 20 or len(sample.texts) < 0.3 * sum(sample.counts):
        return None
    given = sample.share(has_given_name)
    organised = sample.share(lambda text: ORGANISED.search(text.casefold()))
    by_name = "name" in sample.parts and (len(sample.parts) == 1 or bool(PEOPLE & set(sample.parts)))
    by_name |= len(sample.parts) == 1 and bool(PEOPLE & set(sample.parts))
    enough, shape = (0.25, SEVERAL_WORDS) if by_name else (0.6, PERSON)
    shaped = sample.share(lambda text: PERSON.fullmatch(text) or shape.fullmatch(text))
    if shaped < 0.7 or given < enough or organised > 0.1:
        return None
    return _sort(
        sample, lambda text: PERSON.fullmatch(text) or shape.fullmatch(text), "names of people", mask_words, 0.7, reason
    )


LOOKS: tuple[Callable[[Sample, Column], Told | None], ...] = (
    emails,
    accounts,
    national_ids,
    phones,
    devices,
    positions_in_text,
    births,
    streets,
    people,
)


def has_given_name(text: str) -> bool:
    """Tell whether one of the words is a frequent given name, beside others.

    >>> has_given_name("Braund, Mr. Owen Harris"), has_given_name("New York")
    (True, False)
    """
    parts = re.findall(r"[^\W\d_]+", plain_letters(text))
    return len(parts) >= 2 and any(part in GIVEN_NAMES for part in parts)


def is_ip(text: str) -> bool:
    """Tell whether a text is an address of the internet, of the old or the new form."""
    if text.count(".") != 3 and text.count(":") < 2:
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_position(series: pl.Series, column: Column, context: Context) -> bool:
    """Tell whether a column of numbers is called a latitude or longitude, can be one, and has many decimals."""
    said = set(words(column.name))
    latitude = bool(said & {"lat", "latitude"})
    if (
        column.kind != "number"
        or said & {"delta", "diff", "change", "error"}
        or not (latitude or said & {"lon", "lng", "long", "longitude"})
    ):
        return False
    values = context.numbers(column.name)
    known = values[~np.isnan(values)]
    if len(known) < LEAST or np.abs(known).max() > (90.0 if latitude else 180.0) or not len(series):
        return False
    scaled = known[:LOOKED_AT] * 10.0 ** (PLACES - 1)
    return float(np.mean(np.abs(scaled - np.round(scaled)) > 1e-6)) >= 0.5


def _within(series: pl.Series) -> Told | None:
    """Look for e-mail addresses within longer texts."""
    held = series.str.contains(EMAIL_WITHIN).fill_null(value=False)
    share = float(held.mean() or 0.0)  # type: ignore[arg-type]  # the mean of truths is a float
    if held.sum() < LEAST or share < WITHIN:
        return None
    match = re.search(EMAIL_WITHIN, series.filter(held)[0])
    example = mask_email(match.group()) if match else ""
    return Told("texts with e-mail addresses in them", share, example, "each one reaches a person")


def mask_email(text: str) -> str:
    """Return an address without the name in it.

    >>> mask_email("john.doe@example.com")
    'j***@example.com'
    """
    name, _, host = text.partition("@")
    return f"{name[:1]}***@{host}"


def mask_end(text: str) -> str:
    """Return the last two letters or digits behind stars."""
    return f"***{text[-2:]}"


def mask_start(text: str) -> str:
    """Return the first two letters or digits before stars."""
    return f"{text[:2]}***"


def mask_ip(text: str) -> str:
    """Return the first part of an address."""
    return re.split(r"[.:]", text)[0] + ".***"


def mask_words(text: str) -> str:
    """Return the first letter of each word.

    >>> mask_words("Owen Harris")
    'O*** H***'
    """
    parts: Sequence[str] = text.split()
    return " ".join(f"{part[:1]}***" for part in parts[:4])
