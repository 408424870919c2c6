"""Queries: one statement that reads, told from everything else before a database sees it."""

from __future__ import annotations

import re

from mlwright.errors import OptionError

QUOTED_OR_COMMENT = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | (\$\w*\$).*?\1 | --[^\n]* | /\*.*?\*/""", re.VERBOSE | re.DOTALL
)


def reading_query(query: str) -> str:
    r"""Return the query without the semicolon at its end. Raises OptionError where it is not one SELECT or WITH.

    >>> reading_query("-- all\nSELECT ';' AS a;")
    "-- all\nSELECT ';' AS a"
    """
    bare = QUOTED_OR_COMMENT.sub(lambda match: " " if match[0][:2] in {"--", "/*"} else "''", query)
    words = re.findall(r"[A-Za-z]+", bare)
    if not words:
        raise OptionError("The query is empty.", hint='give a query like "SELECT * FROM customers".')
    if words[0].upper() not in {"SELECT", "WITH"}:
        raise OptionError(
            f"A query must begin with SELECT or WITH, and this one begins with {words[0]!r}.",
            hint="data is read, never changed.",
        )
    statements = [piece for piece in bare.split(";") if piece.strip()]
    if len(statements) > 1:
        raise OptionError(f"A query must be one statement, and this one has {len(statements)}.")
    # Comments may follow the last semicolon; where they do, the database sees both.
    stripped = query.rstrip()
    return stripped.removesuffix(";") if stripped.endswith(";") else stripped
