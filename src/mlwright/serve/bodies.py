"""Bodies: rows as clients write them, in JSON, NDJSON, CSV or Arrow, and answers in the same. What is odd is refused.

A body is data: nothing in it names a file, an address or a class, and nothing of it is run.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mlwright.errors import nearest
from mlwright.schema import Column
from mlwright.serve.answers import Answer
from mlwright.serve.arrow_stream import damaged, refuse_hostile
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON, PARQUET
from mlwright.serve.problems import Problem, RowError
from mlwright.serve.shapes import CELLS, SHAPE, Row, Rows, Shape
from mlwright.serve.tables import Columns, csv_cells, frame

_encode = msgspec.json.Encoder().encode


def read_rows(body: bytes, media_type: str, limit: int, shape: Shape = CELLS) -> Rows:
    """Return the rows of a body. Raises Problem where it cannot be read, or holds none or too many."""
    read = READERS.get(media_type)
    if read is None:
        said = f"not {media_type[:60]!r}" if media_type else "and the request does not say what it is"
        raise Problem(
            "unknown-media-type",
            f"Rows are read as {', '.join(READERS)}, {said}.",
            hint="set the header content-type: application/json.",
        )
    rows = read(body, limit, shape)
    if not rows:
        raise Problem("malformed-request", "The request holds no rows.", hint=shape.hint)
    if len(rows) > limit:
        raise Problem(
            "too-large",
            f"The request holds more than the {limit:,} rows that are taken at a time.",
            hint="send fewer at a time, or give the file to a job: POST /v1/models/{name}/jobs.",
        )
    return rows


def _read_json(body: bytes, _: int, shape: Shape = CELLS) -> Rows:
    try:
        rows: Rows = decoded(shape.whole, body, shape.hint).rows
    except Problem as problem:
        raise Problem(problem.kind, problem.detail, hint=_unwrapped(body, shape) or problem.hint) from problem
    refuse_repeated(body, sum(map(len, rows)) + 1)
    return rows


def decoded(decoder: Any, body: bytes, hint: str | None = None) -> Any:
    """Return what a decoder makes of JSON. Raises Problem where it is malformed or has another shape."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Problem("malformed-request", _wrong_shape(str(error), body), hint=hint or SHAPE) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Problem("malformed-request", _malformed(error, body), hint=hint or SHAPE) from error


def _unwrapped(body: bytes, shape: Shape) -> str | None:
    """Return a hint where a body is a row, or a list of rows, with nothing around it."""
    if body.lstrip().startswith(b"["):
        return 'wrap the list: {"rows": [{"column": value, ...}, ...]}.'
    try:
        row = shape.line.decode(body)
    except ValueError:  # which msgspec's own errors are
        return None
    return 'wrap the row: {"rows": [{"column": value, ...}]}.' if row and "rows" not in row else None


def _wrong_shape(said: str, body: bytes) -> str:
    what, _, place = said.partition(" - at `$")
    place = place.rstrip("`")
    name = _name_at(body, place.removesuffix("[...]")) if place.endswith("[...]") else None
    place = place.replace("[...]", "").lstrip(".")
    what = what.replace("`", "'").replace("bool | int | float | str | null", "one value")
    where = [*([f"at {place}"] if place else []), *([] if name is None else [f"in {name[:80]!r}"])]
    return f"{', '.join([what[:1].upper() + what[1:], *where])}."


def _name_at(body: bytes, place: str) -> str | None:
    """Return the first name in the object at a place whose value is none that a cell may have, else None.

    The decoder does not tell it, so the body is read once more; a place is written like `.rows[0]`.
    """
    try:
        found = json.loads(body)
        for key, at in re.findall(r"\.([^.\[]+)|\[(\d+)\]", place):
            found = found[key or int(at)]
        values = found.items()
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    odd = (name for name, value in values if isinstance(value, list | dict) or value in {math.inf, -math.inf})
    return next(odd, None)


def _malformed(error: Exception, body: bytes) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "The body is not written in UTF-8."
    if isinstance(error, RecursionError):
        return "The body is nested too deeply."
    if not body.strip():
        return "The body is empty."
    if any(word in body for word in (b"NaN", b"Infinity")):
        return "The body is not JSON: NaN and Infinity are no numbers there; send null where a value is missing."
    return f"The body is not JSON: {str(error).removeprefix('JSON is malformed: ').rstrip('.')}."


def refuse_repeated(body: bytes, keys: int) -> None:
    """Raise Problem where a name stands twice in an object, which two readers would read differently.

    Each name is followed by a colon, and colons may stand in texts too: where there are no more colons than names were
    read, no name was lost. Only else the body is read again, slowly.
    """
    if body.count(b":") == keys:
        return
    try:
        json.loads(body, object_pairs_hook=_once)
    except _RepeatedError as error:
        raise Problem("malformed-request", f"The name {str(error)[:80]!r} stands twice in one object.") from error
    except (ValueError, RecursionError) as error:
        raise Problem("malformed-request", "The body is not JSON.") from error


class _RepeatedError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedError(_twice(name for name, _ in pairs))
    return found


def _twice(names: Iterable[str]) -> str | None:
    """Return the first name that stood before, in one pass: there may be a million."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _read_ndjson(body: bytes, limit: int, shape: Shape = CELLS) -> Rows:
    return list(itertools.islice(ndjson_rows(io.BytesIO(body), shape), limit + 1))


def ndjson_rows(lines: Iterable[bytes], shape: Shape = CELLS) -> Iterator[Row]:
    """Yield the rows of lines of JSON. Raises Problem where one of them is none."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = decoded(shape.line, line)
            refuse_repeated(line, len(row))
        except Problem as problem:
            raise Problem("malformed-request", f"Line {number}: {problem.detail}", hint=shape.line_hint) from problem
        yield row


def _read_csv(body: bytes, limit: int, shape: Shape = CELLS) -> Rows:
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    return [shape.of_cells(row) for row in itertools.islice(csv_rows(text), limit + 1)]


def csv_rows(text: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of a CSV text, whose lines keep their ends. Raises Problem where it is none."""
    written = ""
    try:
        parts = iter(text)
        written = next(parts, "")
        lines = csv.reader(itertools.chain([written], parts), strict=True)
        header = next(lines, [])
        if (twice := _twice(header)) is not None:
            raise Problem("malformed-request", f"The column {twice[:80]!r} stands twice in the header.")
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                raise _other_separator(written) or Problem(
                    "malformed-request",
                    f"Line {lines.line_num} has {len(cells)} values, the header {len(header)} names.",
                    hint="the first line names the columns; a value that holds a comma stands in quotes.",
                )
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _other_separator(written) or Problem("malformed-request", f"The body is not CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise Problem("malformed-request", "The body is not written in UTF-8.") from error


def _other_separator(header: str) -> Problem | None:
    """Return what is said of CSV whose first line has no comma, but another sign that often separates."""
    found = max(SEPARATORS, key=header.count)
    if "," in header or found not in header:
        return None
    said = f"The separator seems to be {SEPARATORS[found]}: the first line has no comma."
    return Problem("malformed-request", said, hint="send CSV whose values are separated by commas.")


SEPARATORS: Mapping[str, str] = {";": "';'", "\t": "a tab", "|": "'|'"}


def refuse_absent(row: Row, columns: Sequence[Column], media_type: str) -> None:
    """Raise Problem where columns are absent from a table, all of whose rows have the names of one of them.

    It is said once for the table. Of other kinds, whose rows each have names of their own, nothing is said here.
    """
    if media_type not in HOW_TO_LEAVE_OUT or not (absent := [each.name for each in columns if each.name not in row]):
        return
    asked = {each.name for each in columns}
    others = [name for name in row if name not in asked and len(name) <= 80] if len(row) <= MOST_AMONG else []
    near = [nearest(name, others) for name in absent]
    if len(absent) == len(columns) and not any(near):
        if media_type == CSV and len(row) == 1 and (problem := _other_separator(next(iter(row)))) is not None:
            raise problem
        where = "The first line" if media_type == CSV else "The table"
        raise Problem(
            "malformed-request",
            f"{where} names none of the model's columns {_listed(absent)}, but {_listed([*row])}.",
            hint=HOW_TO_LEAVE_OUT[media_type],
        )
    errors = [
        RowError(
            f"The column {name!r} is not there.{f' Did you mean it by {meant!r}?' if meant else ''}",
            "absent",
            column=name,
            nearest=meant,
        )
        for name, meant in zip(absent, near, strict=True)
    ]
    said = errors[0].message if len(errors) == 1 else f"{len(absent):,} columns are not there: {_listed(absent)}."
    raise Problem("invalid-rows", said, hint=HOW_TO_LEAVE_OUT[media_type], errors=errors)


MOST_AMONG = 1_000
"""In a table of more columns none is looked for that may have been meant."""
HOW_TO_LEAVE_OUT: Mapping[str, str] = {
    CSV: "name each column in the first line, and leave a cell empty where its value is not known.",
    ARROW: "send each column, and null where a value is not known.",
    PARQUET: "send each column, and null where a value is not known.",
}
"""How a value is left out, in the kinds of content whose rows all have the same names."""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:80]) for name in names[:5]) + (" and others" if len(names) > 5 else "")


def _read_arrow(body: bytes, limit: int, shape: Shape = CELLS) -> Rows:
    try:
        import polars as pl
    except ImportError as error:
        raise Problem("unknown-media-type", "Arrow is read by Polars, which is not installed here.") from error
    refuse_hostile(body, limit)
    try:
        table = pl.read_ipc_stream(io.BytesIO(body))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise damaged() from error
    refuse_nested(table.schema)
    return [shape.of_cells(row) for row in table.to_dicts()]


def refuse_nested(schema: Mapping[str, Any]) -> None:
    """Raise Problem where a column of a frame, given by the Polars type of each, does not hold single values."""
    if nested := [name for name, kind in schema.items() if kind.is_nested() or str(kind) == "Object"]:
        raise Problem("malformed-request", f"Column {nested[0][:80]!r} holds lists or objects, not single values.")


READERS: Mapping[str, Callable[..., Rows]] = {
    JSON: _read_json,
    NDJSON: _read_ndjson,
    CSV: _read_csv,
    ARROW: _read_arrow,
}

# --- answers ---------------------------------------------------------------------------------------------------------


def written(answers: Sequence[Answer], model: Mapping[str, Any], media_type: str) -> bytes:
    """Return answers as a body of a kind."""
    return WRITERS[media_type](answers, model)


def _write_json(answers: Sequence[Answer], model: Mapping[str, Any]) -> bytes:
    return _encode({"model": model, "predictions": answers})


def _write_ndjson(answers: Sequence[Answer], model: Mapping[str, Any]) -> bytes:
    start = b'{"model":' + _encode(model) + b","  # before the rest of each answer's own object
    return b"".join(start + _encode(answer)[1:] + b"\n" for answer in answers)


def _write_csv(answers: Sequence[Answer], model: Mapping[str, Any]) -> bytes:
    columns = Columns.of_answers(answers, model["version"])
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns.names)
    writer.writerows(csv_cells(columns, answers))
    return out.getvalue().encode()


def _write_arrow(answers: Sequence[Answer], model: Mapping[str, Any]) -> bytes:
    columns = Columns.of_answers(answers, model["version"])
    out = io.BytesIO()
    frame(columns, [columns.row(answer) for answer in answers]).write_ipc_stream(out)
    return out.getvalue()


WRITERS: Mapping[str, Callable[[Sequence[Answer], Mapping[str, Any]], bytes]] = {
    JSON: _write_json,
    NDJSON: _write_ndjson,
    CSV: _write_csv,
    ARROW: _write_arrow,
}


def wanted(accept: bytes, sent: str, kinds: Collection[str] = tuple(WRITERS)) -> str:
    """Return as which of some kinds of content answers are to be written: what is accepted, else as the rows came.

    Raises Problem where none of them is accepted.
    """
    if not accept or accept == b"*/*":
        return sent if sent in kinds else next(iter(kinds))
    weights: dict[str, float] = {}
    for part in accept.decode("latin-1").lower().split(",")[:20]:
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weights[kind] = max(weights.get(kind, 0.0), _weight(parameters))
    for kind in sorted(weights, key=lambda kind: -weights[kind]):
        if weights[kind] <= 0:
            continue
        if kind in kinds:
            return kind
        if kind in {"*/*", "application/*", "text/*"}:
            family = kind.partition("/")[0]
            fits = [each for each in (sent, *kinds) if each in kinds and (family == "*" or each.startswith(family))]
            if fits:
                return fits[0]
    raise Problem("not-acceptable", f"Answers are written as {', '.join(kinds)}.", hint="leave the header accept out.")


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                weight = float(parameter[2:])
            except ValueError:
                return 0.0
            return weight if math.isfinite(weight) else 0.0
    return 1.0
