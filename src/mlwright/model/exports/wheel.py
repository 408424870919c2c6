"""The wheel of mlwright that travels with an export: a given one, or the code that runs now, packed as it stands.

So an export needs no package index for mlwright itself, and answers by the very code that it was made with. A wheel of
pure Python is a zip of the package with four files of metadata (PEP 427): making one needs no tool and no network.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from mlwright.errors import SourceError
from mlwright.model.exports.facts import version

NAME: Final = "mlwright"
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_WHEEL = re.compile(r"mlwright-[^-/\\]+(-[^-/\\]+)?-[^-/\\]+-[^-/\\]+-[^-/\\]+\.whl")
_FORMAT = "Wheel-Version: 1.0\nGenerator: mlwright\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_KEPT = frozenset({"METADATA", "entry_points.txt"})


def wheel(path: Path | None) -> tuple[str, bytes]:
    """Return a wheel's file name and bytes: that of the path, or one of the mlwright that runs now.

    Raises SourceError where the path is no wheel of mlwright.
    """
    return _packed() if path is None else _given(path)


def _given(path: Path) -> tuple[str, bytes]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"The wheel cannot be read: {error.strerror}.", where=str(path)) from error
    if not _WHEEL.fullmatch(path.name) or not zipfile.is_zipfile(io.BytesIO(data)):
        raise SourceError(
            "This is no wheel of mlwright.",
            where=str(path),
            hint="`pip wheel --no-deps .` in a clone makes one; without --wheel, the code that runs now is packed.",
        )
    return path.name, data


@cache
def _packed() -> tuple[str, bytes]:
    """Pack the code that runs now. Equal code gives equal bytes."""
    number, root = version(), Path(__file__).parents[2]
    within = f"{NAME}-{number}.dist-info"
    files = {f"{within}/WHEEL": _FORMAT.encode(), **_metadata(within, number)}
    for file in sorted(root.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix not in {".pyc", ".pyo"}:
            files[f"{NAME}/{file.relative_to(root).as_posix()}"] = file.read_bytes()
    record = f"{within}/RECORD"
    lines = [f"{name},sha256={_hash(data)},{len(data)}" for name, data in files.items()]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, date_time=ZIP_TIME)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o100644 << 16, 3
            archive.writestr(info, data, compresslevel=6)
    return f"{NAME}-{number}-py3-none-any.whl", buffer.getvalue()


def _metadata(within: str, number: str) -> dict[str, bytes]:
    """Return what the installed package says of itself: what it needs, its command, its license."""
    try:
        told = metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        return {f"{within}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {number}\n".encode()}
    found = {}
    for file in told.files or ():
        inside = next((at for at, part in enumerate(file.parts) if part.endswith(".dist-info")), None)
        if inside is None:
            continue
        name = "/".join(file.parts[inside + 1 :])
        if name in _KEPT or name.startswith("licenses/"):
            found[f"{within}/{name}"] = file.read_binary()
    return found


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
