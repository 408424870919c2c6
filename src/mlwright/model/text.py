"""JSON on disk: written the same each time, with null for what is no number, and read within bounds."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import numpy as np

from mlwright.errors import ModelError

MAX_JSON = 32 << 20
"""An empty list takes 3 bytes in a file and 64 in memory."""


def plain(value: object) -> Any:
    """Return the value as JSON knows it: NumPy's numbers and tuples become plain, NaN and infinity become None.

    >>> plain({"a": (np.float64(1.5), float("nan")), 2: np.bool_(True)})
    {'a': [1.5, None], '2': True}
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, str):
        # Names of files may hold bytes that are no UTF-8.
        return value if value.isascii() else value.encode("utf-8", errors="replace").decode()
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {plain(str(key)): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else str(value)


def write_json(value: object, *, sort: bool = True) -> bytes:
    """Return the JSON of a value in UTF-8, without NaN (a bug of ours where there is one).

    Keys are sorted, unless their order says something, such as the first metric being the one that was asked for.
    """
    text = json.dumps(value, sort_keys=sort, ensure_ascii=False, allow_nan=False, indent=1)
    return (text + "\n").encode()


def read_json(data: bytes, where: str, *, limit: int = MAX_JSON) -> Any:
    """Return what JSON bytes say. Raises ModelError where they are no JSON, too long, too deep, or hold NaN."""
    if len(data) > limit:
        raise ModelError(f"The file is {len(data):,} bytes long, more than the {limit:,} allowed.", where=where)
    try:
        found = json.loads(data.decode(), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once)
        if b"\\u" in data:
            json.dumps(found, ensure_ascii=False).encode()  # half of a pair of surrogates is no text
    except (ValueError, RecursionError) as error:
        raise ModelError("The file is damaged: it is not the JSON that a model holds.", where=where) from error
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not allowed")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: two readers could see two models in one file."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
