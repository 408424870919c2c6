"""How a raw value is read. There is one reader, `read_value`, for batch, single row, service and stream.

Everything here needs NumPy alone, because predicting does.
"""

from mlwright.values.durations import parse_duration
from mlwright.values.numbers import MULTIPLIERS, Scan, parse_number, scan_number
from mlwright.values.reader import parse_boolean, read_value, reader
from mlwright.values.text import MISSING, OUTER, as_text, is_null, json_text, plain, strip, well_formed
from mlwright.values.times import match_datetime, parse_datetime
from mlwright.values.written import raw_value

__all__ = [
    "MISSING",
    "MULTIPLIERS",
    "OUTER",
    "Scan",
    "as_text",
    "is_null",
    "json_text",
    "match_datetime",
    "parse_boolean",
    "parse_datetime",
    "parse_duration",
    "parse_number",
    "plain",
    "raw_value",
    "read_value",
    "reader",
    "scan_number",
    "strip",
    "well_formed",
]
