"""Numbers that name a person or an account, told by their check digits: not by their length alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

_VERHOEFF_D = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043",
    "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_P = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_FISCAL_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16,
         10, 22, 25, 24, 23],
        strict=True,
    )
)  # fmt: skip
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|"
    r"3(?:0[0-5]|[68]\d)\d{11}|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
"""Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay."""


def luhn(digits: str) -> bool:
    """Tell whether the last digit is Luhn's check digit of the others.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def is_card(text: str) -> bool:
    """Tell whether a text is the number of a payment card: an issuer's range, and Luhn's check digit."""
    digits = re.sub(r"[ -]", "", text)
    return _ISSUERS.fullmatch(digits) is not None and luhn(digits)


def is_iban(text: str) -> bool:
    """Tell whether a text is an account number (ISO 13616) with the right check digits.

    >>> is_iban("GB82 WEST 1234 5698 7654 32"), is_iban("GB83 WEST 1234 5698 7654 32")
    (True, False)
    """
    plain = text.replace(" ", "").upper()
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", plain) is None:
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _us_ssn(text: str) -> bool:
    match = re.fullmatch(r"(\d{3})[- ](\d{2})[- ](\d{4})", text)
    if match is None:
        return False
    return match[1] not in {"000", "666"} and match[1] < "900" and match[2] != "00" and match[3] != "0000"


def _uk_ni(text: str) -> bool:
    plain = text.replace(" ", "").upper()
    shaped = re.fullmatch(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][0-9]{6}[A-D]", plain)
    return shaped is not None and plain[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


def _german_tax(text: str) -> bool:
    digits = re.sub(r"[ /]", "", text)
    if re.fullmatch(r"[1-9][0-9]{10}", digits) is None:
        return False
    repeats = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if repeats[-1] not in {2, 3} or repeats.count(1) not in {7, 8}:
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def _french_nir(text: str) -> bool:
    plain = text.replace(" ", "").upper()
    if re.fullmatch(r"[12][0-9]{2}(?:0[1-9]|1[0-2]|[2-9][0-9])(?:[0-9]{2}|2[AB])[0-9]{8}", plain) is None:
        return False
    number = int(plain[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - number % 97 == int(plain[13:])


def _italian_code(text: str) -> bool:
    plain = text.upper()
    shaped = re.fullmatch(r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", plain)
    if shaped is None:
        return False
    total = sum(
        _FISCAL_ODD[sign] if place % 2 == 0 else int(sign) if sign.isdigit() else ord(sign) - 65
        for place, sign in enumerate(plain[:15])
    )
    return chr(65 + total % 26) == plain[15]


def _spanish_dni(text: str) -> bool:
    plain = text.replace("-", "").replace(" ", "").upper()
    if re.fullmatch(r"[0-9XYZ][0-9]{7}[A-Z]", plain) is None:
        return False
    number = int(plain[:8].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == plain[8]


def _dutch_bsn(text: str) -> bool:
    digits = re.sub(r"[. ]", "", text)
    return (
        re.fullmatch(r"[0-9]{9}", digits) is not None
        and int(digits) > 0
        and (_weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0)
    )


def _swedish(text: str) -> bool:
    match = re.fullmatch(r"(?:19|20)?([0-9]{2})([0-9]{2})([0-9]{2})[-+]?([0-9]{4})", text)
    if match is None or not _is_day(2000, int(match[2]), int(match[3])):
        return False
    return luhn("".join(match.groups()))


def _norwegian(text: str) -> bool:
    digits = text.replace(" ", "")
    if re.fullmatch(r"[0-9]{11}", digits) is None or not _is_day(2000, int(digits[2:4]), int(digits[:2])):
        return False
    first = _weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
    return first and _weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _brazilian(text: str) -> bool:
    digits = re.sub(r"[.-]", "", text)
    if re.fullmatch(r"[0-9]{11}", digits) is None or len(set(digits)) == 1:
        return False
    one = _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    two = _weighted(digits, (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) * 10 % 11 % 10
    return digits[9:] == f"{one}{two}"


def _indian(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    if re.fullmatch(r"[2-9][0-9]{11}", digits) is None:
        return False
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_VERHOEFF_D[check][int(_VERHOEFF_P[place % 8][int(digit)])])
    return check == 0


def _polish(text: str) -> bool:
    if re.fullmatch(r"[0-9]{11}", text) is None or not _is_day(2000, int(text[2:4]) % 20, int(text[4:6])):
        return False
    return _weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _finnish(text: str) -> bool:
    match = re.fullmatch(r"([0-9]{6})[-+A-FU-Y]([0-9]{3})([0-9A-Y])", text.upper())
    return match is not None and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(match[1] + match[2]) % 31] == match[3]


def _swiss(text: str) -> bool:
    digits = text.replace(".", "")
    return re.fullmatch(r"756[0-9]{10}", digits) is not None and _weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def _chinese(text: str) -> bool:
    if re.fullmatch(r"[1-9][0-9]{16}[0-9Xx]", text) is None:
        return False
    if not _is_day(int(text[6:10]) or 1, int(text[10:12]), int(text[12:14])):
        return False
    weights = tuple(2**place % 11 for place in range(17, 0, -1))
    return "10X98765432"[_weighted(text[:17], weights) % 11] == text[17].upper()


@dataclass(frozen=True, slots=True)
class NationalId:
    """A number that a state gives to a person."""

    said: str
    check: Callable[[str], bool]
    by_chance: float
    """The share of numbers of that form which pass the check by chance."""


NATIONAL_IDS = (
    NationalId("US social security numbers", _us_ssn, 0.9),
    NationalId("UK national insurance numbers", _uk_ni, 0.3),
    NationalId("Italian tax codes", _italian_code, 1 / 26),
    NationalId("Spanish identity numbers", _spanish_dni, 1 / 23),
    NationalId("French social security numbers", _french_nir, 1 / 97),
    NationalId("Chinese identity numbers", _chinese, 1 / 11),
    NationalId("Swiss insurance numbers", _swiss, 1 / 10),
    NationalId("Finnish identity codes", _finnish, 1 / 31),
    NationalId("German tax numbers", _german_tax, 1 / 20),
    NationalId("Norwegian birth numbers", _norwegian, 1 / 121),
    NationalId("Polish identity numbers", _polish, 1 / 20),
    NationalId("Brazilian tax numbers (CPF)", _brazilian, 1 / 100),
    NationalId("Indian Aadhaar numbers", _indian, 1 / 10),
    NationalId("Swedish personal numbers", _swedish, 1 / 30),
    NationalId("Dutch citizen numbers", _dutch_bsn, 1 / 11),
)
