"""What a column's name says of it. Names only ever break a tie: the values have to allow what the name says."""

from __future__ import annotations

import re

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")

_ID = frozenset({"id", "ids", "uuid", "guid", "key", "pk", "rowid", "identifier", "hash"})
_ID_ALONE = frozenset({"index", "idx", "row", "rownum", "nr", "no", "number"})
"""Words that name rows only where they stand alone or after "row": a "body_mass_index" is measured."""
_GLUED_ID = re.compile(
    r"(user|item|movie|customer|client|order|product|session|account|member|patient|employee|transaction|row|record|"
    r"device|store|shop|case|loan|policy|claim|invoice|ticket|event|person|subject|student|passenger|brewery)(id|key|no|nr)"
)
_CODE = frozenset(
    {
        "code", "codes", "zip", "zipcode", "postcode", "postalcode", "postal", "plz", "type", "typ", "fips", "sic",
        "naics", "isin", "isbn", "ean", "upc", "sku", "phone", "telephone", "tel", "fax", "mobile", "ssn", "iban",
        "cusip", "geoid", "tract",
    }
)  # fmt: skip
_TIME = frozenset(
    {
        "time", "times", "date", "dates", "timestamp", "timestamps", "datetime", "ts", "dt", "epoch", "created",
        "updated", "modified", "occurred", "when", "moment", "unixtime", "dob", "datum", "zeit",
    }
)  # fmt: skip
_COUNTED_TIME = frozenset({"year", "yr", "month", "week", "day", "hour", "quarter", "period", "step", "t", "tick"})


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, folded.

    >>> words("customerID"), words("MS_SubClass"), words("created-at")
    (('customer', 'id'), ('ms', 'sub', 'class'), ('created', 'at'))
    """
    return tuple(part.casefold() for part in _PART.findall(name))


def says_id(name: str) -> bool:
    """Tell whether the name says that the values name things: "id", "customerID", "row_key"."""
    parts = words(name)
    if parts and parts[-1] in _ID_ALONE and set(parts[:-1]) <= {"row", "record", "line"}:
        return True
    return bool(_ID.intersection(parts)) or _GLUED_ID.fullmatch(name.casefold()) is not None


def says_code(name: str) -> bool:
    """Tell whether the name says that numbers are codes, not amounts: an id, "zip", "countyCode", "account_number"."""
    parts = words(name)
    numbered = len(parts) > 1 and parts[-1] in {"number", "no", "nr"} and parts[0] not in {"number", "no", "nr"}
    return says_id(name) or numbered or bool(_CODE.intersection(parts))


def says_time(name: str) -> bool:
    """Tell whether the name says that the values are points in time: "timestamp", "created_at"."""
    parts = words(name)
    return bool(_TIME.intersection(parts)) or (len(parts) > 1 and parts[-1] == "at")


def counts_time(name: str) -> bool:
    """Tell whether the name says that whole numbers count time: "year", "week", "period"."""
    return says_time(name) or bool(_COUNTED_TIME.intersection(words(name)))
