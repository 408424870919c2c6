"""Arrays on disk: NumPy's npz, written byte for byte the same each time and read by a reader that trusts nothing.

A .npy inside says how large its array is; that is compared with the bytes that are really there before anything is
allocated. Only numbers, booleans and strings of fixed length are read: never objects, which could run code.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.model.archive import ZIP_ERRORS, ZIP_TIME, read_entry

MAX_ARRAYS = 10_000
MAX_BYTES = 2 << 30
FREE_BYTES = 64 << 20
"""Arrays may unpack to this much however small their files are ..."""
MAX_RATIO = 50
"""... and beyond that to this many times the size of the files."""

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    r"\{'descr': '([<>|=]?[biufSU]\d{1,6}|\|b1)', 'fortran_order': (True|False), "
    r"'shape': \((|\d{1,12},|\d{1,12}(?:, \d{1,12}){1,7})\), \} *\n"
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]*(/[A-Za-z0-9_][A-Za-z0-9_.:+-]*)*")


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the npz of these arrays: sorted by name, without a time, so that the same arrays give the same bytes.

    >>> write_arrays({"a": np.arange(3)}) == write_arrays({"a": np.arange(3)})
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            array = np.asarray(arrays[name])
            if not _NAME.fullmatch(name) or array.dtype.kind not in "biufSU":
                raise ValueError(f"array {name!r} of type {array.dtype} cannot be kept in a model")
            entry = io.BytesIO()
            little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
            np.lib.format.write_array(entry, np.ascontiguousarray(little).reshape(array.shape), version=(1, 0))
            info = zipfile.ZipInfo(f"{name}.npy", date_time=ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, entry.getvalue(), compresslevel=6)
    return buffer.getvalue()


def unpacked_limit(size: int) -> int:
    """Return to how many bytes files of this size may unpack."""
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * size))


def read_arrays(data: bytes, where: str, *, limit: int | None = None) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz. Raises ModelError on anything that `write_arrays` would not have written."""
    budget = unpacked_limit(len(data)) if limit is None else limit
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ARRAYS:
                raise ModelError(f"holds {len(entries)} arrays, more than {MAX_ARRAYS}.", where=where)
            for entry in entries:
                name = entry.filename.removesuffix(".npy")
                if name == entry.filename or name in arrays:
                    raise ModelError(f"holds {entry.filename!r:.200}, which is no array of its own.", where=where)
                content = read_entry(archive, entry, limit=budget, where=where)
                budget -= len(content)
                arrays[name] = _array(content, where, name)
    except ZIP_ERRORS as error:
        raise ModelError("is damaged: it cannot be unpacked.", where=where) from error
    return arrays


def _array(content: bytes, where: str, name: str) -> NDArray[Any]:
    """Return the array of a .npy (version 1.0) whose bytes are exactly what its header says."""
    problem = ModelError(f"array {name!r:.200} is damaged or of a type that a model does not hold.", where=where)
    if not content.startswith(_MAGIC) or len(content) < 10:
        raise problem
    start = 10 + int.from_bytes(content[8:10], "little")
    header = _HEADER.fullmatch(content[10:start].decode("latin-1"))
    if header is None or len(content) < start:
        raise problem
    kind, fortran, sizes = header.groups()
    shape = tuple(int(size) for size in sizes.replace(",", " ").split())
    try:
        dtype = np.dtype(kind)
    except TypeError:
        raise problem from None
    if dtype.itemsize == 0 or math.prod(shape) * dtype.itemsize != len(content) - start:
        raise problem
    if dtype.kind == "b" and np.frombuffer(content, np.uint8, offset=start).max(initial=0) > 1:
        raise problem
    flat = np.frombuffer(content, dtype=dtype, offset=start)
    if dtype.kind == "U" and flat.size and flat.view(np.uint32).max(initial=0) > 0x10FFFF:
        raise problem
    array: NDArray[Any] = flat.reshape(shape, order="F" if fortran == "True" else "C").copy()
    return array
