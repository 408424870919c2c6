"""Numbers as people write them: "$1,234.50", "1.234,50", "12 %", "1.2k", "(432)", "12.0 oz", "ca. 40", "> 90"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

MULTIPLIERS: dict[str, float] = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6,
    "b": 1e9, "bn": 1e9, "billion": 1e9, "billions": 1e9, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip

_CODES = (
    "USD EUR GBP JPY CNY RMB INR CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RON RUB TRY BRL MXN ZAR KRW SGD HKD THB IDR "
    "PHP VND AED SAR ILS EGP NGN KES ARS CLP COP PEN UAH TWD MYR PKR"
)
_MONEY_CODES = frozenset(_CODES.split())
_MONEY_WORDS = frozenset({"rs", "kr", "kč", "zł", "lei", "fr", "eur", "usd", "gbp", "euro", "euros", "dollars"})
_BEFORE_SIGN = frozenset({"us", "a", "c", "hk", "nz", "s", "r", "ca", "au", "mx"})
_PERCENT = frozenset({"%", "\u2030", "percent", "pct", "pc"})

PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SHAPE = re.compile(
    r"(?P<open>\()?\s*(?P<sign1>[+-])?\s*(?P<before>[^\d+\-().,'\s][^\d+\-()',]{0,7})?\s*(?P<sign2>[+-])?\s*"
    r"(?P<body>(?:\d|[.,]\d)[\d.,' ]*+)(?P<power>[eE][+-]?\d{1,5}(?![\w.]))?\s*(?P<sign3>-(?!.))?"
    r"(?P<after>[^\d()+\-'][^\d()+']{0,19})?(?P<close>\))?",
    re.ASCII,
)
_ROUGH = re.compile(
    r"(?:[<>]=?|[~\u2248\u2264\u2265]|(?:ca|approx)\.|"
    r"(?:ca|circa|approx|approximately|about|around|roughly|etwa|ungefähr|rund|environ)(?= ))\s*(?=[^\s<>=])",
    re.IGNORECASE,
)
_NO_CENTS = re.compile(r"(?<=\d)[.,](?:-{1,2}|\u2013|\u2014)(?=$|\s)")  # "12.-" and "12,--" are round prices
_SIMPLE = re.compile(r"\d*[.,]?\d*")
_GROUPED = {
    ",": re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|[1-9]\d?(?:,\d{2})*,\d{3}(?:\.\d*)?"),  # also 12,34,567 (India)
    ".": re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?"),
    " ": re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d*)?"),
    "'": re.compile(r"[1-9]\d{0,2}(?:'\d{3})+(?:[.,]\d*)?"),
}
_TRANSLATED = {ord(space): " " for space in "\xa0\u2007\u2008\u2009\u202f\u200a\u2002\u2003\u3000"} | {
    ord("\u2212"): "-", ord("\u2010"): "-", ord("\u2011"): "-", ord("\u2012"): "-", ord("\u2019"): "'",
    ord("\u02bc"): "'", ord("\u066b"): ".", ord("\u066c"): "'", ord("\uff0e"): ".", ord("\uff0c"): ",",
}  # fmt: skip


class Scan(NamedTuple):
    """The parts of a number that stands in a text; `body` may hold separators."""

    negative: bool
    body: str
    power: str
    unit: str
    """What stands behind the number, folded, without dots, percent sign and currency; "" where nothing does."""
    currency: str
    percent: bool
    rough: bool = False
    """Whether "ca.", "~", ">" or the like stands before it: the number is not exact."""


def scan_number(text: str) -> Scan | None:
    """Take a stripped text apart, or return None where it is no number.

    >>> scan_number("-$1,234.50")
    Scan(negative=True, body='1,234.50', power='', unit='', currency='$', percent=False, rough=False)
    >>> scan_number("12 oz.").unit
    'oz'
    """
    if len(text) > 64:
        return None
    rough = _ROUGH.match(text)
    text = text[rough.end() :] if rough else text
    text = _NO_CENTS.sub("", text if text.isascii() else _ascii_digits(text))
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    opened, closed = match["open"] is not None, match["close"] is not None
    signs = [sign for sign in (match["sign1"], match["sign2"], match["sign3"]) if sign]
    if opened != closed or len(signs) + opened > 1:
        return None
    currency = _currency_before(match["before"] or "")
    if currency is None:
        return None
    unit, behind, percent = _after(match["after"] or "")
    if currency and behind:
        return None
    negative = opened or "-" in signs
    body, power = match["body"].rstrip(" "), match["power"] or ""
    return Scan(negative, body, power, unit, currency or behind, percent, rough is not None)


def has_unit(scan: Scan, units: Collection[str]) -> bool:
    """Tell whether one of the units stands behind the number, maybe with words after it: "12 oz. can"."""
    return scan.unit in units or first_word(scan.unit) in units


def first_word(unit: str) -> str:
    """Return the first word of what stands behind a number."""
    return unit.split(" ", 1)[0].rstrip(".,;")


def is_multiplier(scan: Scan) -> bool:
    """Tell whether k, m, bn ... stands behind the number. "12B" alone is a house number or a code, "$12B" is not."""
    if scan.percent or scan.unit not in MULTIPLIERS:
        return False
    return scan.unit != "b" or bool(scan.currency) or "." in scan.body or "," in scan.body


def _ascii_digits(text: str) -> str:
    text = text.translate(_TRANSLATED)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in text)


def _is_money(word: str) -> bool:
    return word in _MONEY_CODES or word.casefold() in _MONEY_WORDS  # codes count in capitals only: "try 3" is no money


def _currency_before(text: str) -> str | None:
    text = text.strip(" ")
    if not text:
        return ""
    sign = "".join(letter for letter in text if unicodedata.category(letter) == "Sc")
    words = "".join(" " if letter in sign else letter for letter in text).replace(".", " ").split()
    if len(sign) > 1 or not all(_is_money(word) or (sign and word.casefold() in _BEFORE_SIGN) for word in words):
        return None
    return sign or (words[0].casefold() if words else None)


def _after(text: str) -> tuple[str, str, bool]:
    text = text.strip(" .")
    if not text:
        return "", "", False
    sign = next((letter for letter in text if unicodedata.category(letter) == "Sc"), "")
    words = (text.replace(sign, " ") if sign else text).split()
    percent = bool(words) and words[0].casefold() in _PERCENT
    if percent:
        words = words[1:]
    if words and not sign and _is_money(words[-1].strip(".")):
        sign = words.pop().strip(".").casefold()
    return " ".join(words).casefold(), sign, percent


def decimal_sign(body: str) -> str | None:
    """Return the decimal sign that a body proves, "" where it has none to prove, None where it is no number.

    A body that could be either ("1,234", "1.234") proves nothing; "1,5", "1.234,5" and "1.234.567" prove a comma.

    >>> [decimal_sign(body) for body in ("1,5", "1.5", "1,234", "1.234.567", "12", "1,2,3")]
    [',', '.', '', ',', '', None]
    """
    point, comma = body.count("."), body.count(",")
    if _SIMPLE.fullmatch(body):
        if not point and not comma:
            return ""
        sign = "." if point else ","
        return "" if _GROUPED[sign].fullmatch(body) else sign
    group = next((sign for sign in " '" if sign in body), None) or _first(body, point, comma)
    if group is None or not _GROUPED[group].fullmatch(body):
        return None
    if group in " '":
        return "." if point else "," if comma else ""
    return "," if group == "." else "."


def _first(body: str, point: int, comma: int) -> str | None:
    if point and comma:
        return "." if body.index(".") < body.index(",") else ","
    return "." if point else "," if comma else None


def _body_value(body: str, decimal: str) -> str | None:
    if body.isdigit():
        return body
    proved = decimal_sign(body)
    if proved is None:
        return None
    sign = proved or decimal
    group = "." if sign == "," else ","
    return body.replace(group, "").replace(" ", "").replace("'", "").replace(",", ".")


def parse_number(text: str, decimal: str = ".", units: tuple[str, ...] = ()) -> float | None:
    """Return the number that a text writes, or None where it writes none (or one beyond all bounds).

    `decimal` is the column's decimal sign: it decides what "1,234" is; where there is only one reading, that is taken.
    A percent sign and a currency are dropped ("12 %" is 12), k, m and bn multiply, one of `units` is dropped, and any
    other word makes it no number. What is rough ("ca. 40", "~40") or a bound ("> 90", "<5") is the number it names.

    >>> parse_number("$1,234.50"), parse_number("€ 1.234,50", ","), parse_number("(432)"), parse_number("1.2k")
    (1234.5, 1234.5, -432.0, 1200.0)
    >>> parse_number("12.0 oz.", units=("oz",)), parse_number("12B7"), parse_number("1_000"), parse_number("0x1A")
    (12.0, None, None, None)
    >>> parse_number("ca. 40"), parse_number("~ $1.2k"), parse_number("> 90")
    (40.0, 1200.0, 90.0)
    """
    if PLAIN.fullmatch(text) and (decimal == "." or "." not in text):
        return _finite(float(text))
    scan = scan_number(text.strip(" "))
    if scan is None:
        return None
    factor = 1.0
    if scan.unit and not has_unit(scan, units):
        if not is_multiplier(scan):
            return None
        factor = MULTIPLIERS[scan.unit]
    body = _body_value(scan.body, decimal)
    if body is None:
        return None
    value = float(body + scan.power) * factor
    return _finite(-value if scan.negative else value)


def _finite(value: float) -> float | None:
    return value if value - value == 0.0 else None
