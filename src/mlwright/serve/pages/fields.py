"""The fields of a form: one for each column that a model reads, in plain words, and the row that was filled in.

What a person types is text, and it is read as the text of a CSV file is: the page has no reading of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl

from mlwright.report import format as words
from mlwright.schema import QUANTILES, Column
from mlwright.serve.http import FORM
from mlwright.serve.problems import Problem
from mlwright.serve.shapes import Row
from mlwright.values import raw_value, reader

Kind = Literal["number", "choice", "truth", "date", "moment", "text", "line"]
PREFIX = "column:"
"""Names of fields begin with it, so that a column may be called whatever it likes."""
MOST_OPTIONS = 200
NAMED = 6
"""So many categories are named below a field."""
OPEN = 12
"""Up to so many fields are all shown; of more, those that matter most."""
SHOWN = 10
LONG = 60
DAY = 86_400.0
USUAL = QUANTILES.index(0.1), QUANTILES.index(0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form."""

    id: str
    name: str
    """Under which a browser sends it."""
    column: str
    kind: Kind
    help: str
    value: str
    options: Sequence[str] = ()
    keyboard: str = ""
    """Which keyboard a phone shows; empty for the usual one."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields, those that matter most first; `folded` is what is shown when asked for."""

    first: Sequence[Field]
    folded: Sequence[Field]

    @property
    def is_open(self) -> bool:
        """Whether something is wrong in what is folded, which is then not folded."""
        return any(field.error for field in self.folded)


def form_of(
    columns: Sequence[Column],
    texts: Mapping[str, str],
    *,
    importance: Sequence[str] = (),
    errors: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Form:
    """Return the form of a model.

    Parameters
    ----------
    columns
        What the model reads.
    texts
        What stands in the fields, by column; what is not there is empty.
    importance
        Columns, the one that matters most first.
    errors
        What is wrong, by column.
    beside
        Names that the model does not read and the service wants, with what for.
    """
    wrong = errors or {}
    order = {name: place for place, name in enumerate(importance)}
    ranked = sorted(columns, key=lambda column: order.get(column.name, len(order)))
    extra = [
        Field(id=f"field-{len(ranked) + place}", name=PREFIX + name, column=name, kind="line", help=what,
              value=texts.get(name, ""), error=wrong.get(name, ""))
        for place, (name, what) in enumerate((beside or {}).items())
    ]  # fmt: skip
    fields = [
        replace(_field(f"field-{place}", column, texts.get(column.name, "")), error=wrong.get(column.name, ""))
        for place, column in enumerate(ranked)
    ]
    cut = len(fields) if len(fields) <= OPEN else SHOWN
    return Form([*fields[:cut], *extra], fields[cut:])


def _field(id: str, column: Column, text: str) -> Field:  # noqa: A002  the name that HTML gives it
    kind, keyboard = _kind(column)
    told = _help(column)
    if kind in {"date", "moment"} and text:
        shown = _moment(column, text, kind)
        kind, text = ("line", text) if shown is None else (kind, shown)
    elif kind == "truth":
        value = reader(column)(text)
        text = "" if value is None else "yes" if value else "no"
    known = column.categories or ()
    options = [*map(str, known[:MOST_OPTIONS])] if kind == "choice" else []
    return Field(id=id, name=PREFIX + column.name, column=column.name, kind=kind, help=told, value=text,
                 options=options, keyboard=keyboard)  # fmt: skip


def _kind(column: Column) -> tuple[Kind, str]:
    """Return the kind of field, and the keyboard that a phone shows for it."""
    if column.kind == "boolean":
        return "truth", ""
    if column.kind == "datetime":
        known = [each for each in (column.low, column.high, *column.quantiles) if each is not None]
        return ("date" if known and all(each % DAY == 0 for each in known) else "moment"), ""
    if column.kind in {"number", "integer"}:
        # The keyboards for numbers of some phones have no minus.
        whole = "numeric" if column.kind == "integer" else "decimal"
        return "number", whole if column.low is not None and column.low >= 0 else ""
    if column.kind == "text" or any(len(each) > LONG for each in (column.categories or ())[:MOST_OPTIONS]):
        return "text", ""
    return ("choice" if column.categories else "line"), ""


def _moment(column: Column, text: str, kind: str) -> str | None:
    """Return a date or time as a browser's own field takes it, or None where the text is none."""
    value = reader(column)(text)
    if value is None:
        return None
    iso = raw_value(value, Column(name=column.name, kind="datetime"))
    if not isinstance(iso, str) or (kind == "date" and not iso.endswith("T00:00:00")):
        return None
    return iso[:10] if kind == "date" else iso[:23].removesuffix(":00")


def _help(column: Column) -> str:
    """Return what is said below a field."""
    told = []
    if column.kind in {"number", "integer", "duration"}:
        told.append(_range(column))
    elif column.categories and column.kind != "text":
        told.append(_categories(column))
    elif column.kind == "datetime" and column.low is not None and column.high is not None:
        told.append(f"From {words.day(column.low)} to {words.day(column.high)} in what the model learned from.")
    if column.missing_share > 0:
        told.append("May be left empty.")
    return " ".join(told)


def _range(column: Column) -> str:
    said = {"integer": "A whole number", "duration": "A duration, such as 1h 30min"}.get(column.kind, "A number")
    if column.low is None or column.high is None:
        return f"{said}."
    ends = f"{words.amount(column.low)} to {words.amount(column.high)} in what the model learned from"
    if not column.quantiles:
        return f"{said}; {ends}."
    low, high = (words.amount(column.quantiles[place]) for place in USUAL)
    return f"{said}; {ends}, mostly {low} to {high}."


def _categories(column: Column) -> str:
    known = column.categories or ()
    named = [words.clipped(each, 40) for each in known[:NAMED]]
    shown = ", ".join(f"“{each}”" if any(" " in each for each in named) else each for each in named)
    more = max(column.distinct, len(known)) - min(len(known), NAMED)
    if more <= 0:
        return f"The model knows {shown}."
    return f"The model knows {shown} and {words.count(more)} more; begin to type to see them."


def texts_sent(body: bytes, media_type: str, most: int) -> dict[str, str]:
    """Return what a browser sent, by column. Raises Problem where that is no form, or one with too many fields."""
    if media_type != FORM:
        raise Problem("unknown-media-type", f"This page takes {FORM}.", hint="programs ask /v1/models/NAME/predict.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError as error:
        raise Problem("malformed-request", "The form cannot be read.") from error
    own = [(_line_ends(name.removeprefix(PREFIX)), _line_ends(text)) for name, text in pairs if name.startswith(PREFIX)]
    found = dict(own)
    if len(found) != len(own):
        raise Problem("malformed-request", "A field of the form stands twice.")
    return found


def row_of(sent: Mapping[str, str], names: Iterable[str]) -> Row:
    """Return the row that a form says: what is empty is missing."""
    texts = ((name, sent.get(_line_ends(name), "")) for name in names)
    return {name: text if text.strip() else None for name, text in texts}


def _line_ends(text: str) -> str:
    """Return a text with the line ends of a file: forms make others of them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
