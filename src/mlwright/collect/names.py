"""Names: of columns, of tables, and of sources without the passwords in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote

from mlwright.findings import Finding
from mlwright.values import well_formed

SECRET = re.compile(r"pass|pwd|secret|token|key|sig|credential|auth", re.IGNORECASE)
HIDDEN = "***"


def slug(text: str) -> str:
    """Return a short name fit for a model.

    >>> slug("Customers 2024.csv.gz"), slug("Kündigungen (neu).xlsx"), slug("数据.csv")
    ('customers_2024', 'kundigungen_neu', 'data')
    """
    stem = text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].lstrip(".")
    while match := re.fullmatch(r"(.+?)\.[A-Za-z][A-Za-z0-9]{0,8}", stem):
        stem = match[1]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_") or "data"


def redacted(address: str) -> str:
    """Return a URL without user, password, or parameters that look like secrets.

    >>> redacted("postgresql://ann:s3cret@db.example/shop?sslmode=require&sslpassword=x")
    'postgresql://db.example/shop?sslmode=require&sslpassword=***'
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    before, mark, after = rest.partition("?")
    # A database password may itself hold "@" or "/" that nobody escaped; the path of a web address may hold "@".
    authority, slash, path = before.partition("/") if scheme.startswith("http") else (before, "", "")
    shown = f"{scheme}://{authority.rsplit('@', 1)[-1]}{slash}{path}"
    pairs = parse_qsl(after, keep_blank_values=True)
    kept = "&".join(f"{quote(key)}={HIDDEN if SECRET.search(key) else quote(value)}" for key, value in pairs)
    return shown + (f"?{kept}" if mark else "")


def tidy_names(names: Sequence[str], *, strip: bool = True) -> tuple[list[str], tuple[Finding, ...]]:
    """Return names that are there, differ, and have no spaces around them; and a Finding for those that were made up.

    >>> tidy_names([" a", "a", ""])[0]
    ['a', 'a_2', 'column_3']
    """
    names = [well_formed(name) for name in names]
    bare = [name.removeprefix("\ufeff").strip(" \t\u00a0") if strip else name for name in names]
    taken, tidy = set(bare), list[str]()
    seen, renamed = set[str](), list[str]()
    for position, name in enumerate(bare, 1):
        new = name or f"column_{position}"
        number = 2
        if new in seen or (not name and new in taken):
            while f"{new}_{number}" in taken or f"{new}_{number}" in seen:
                number += 1
            new = f"{new}_{number}"
        if new != name:
            renamed.append(new)
        seen.add(new)
        tidy.append(new)
    return tidy, (_renamed(renamed),) if renamed else ()


def _renamed(names: list[str]) -> Finding:
    shown = ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    plural = len(names) > 1
    return Finding(
        kind="renamed_columns",
        columns=tuple(names),
        message=f"{len(names)} column{'s' * plural} had an empty or repeated name and {'are' if plural else 'is'} "
        f"called {shown}.",
        repair="give every column a name of its own",
        applied=True,
    )
