"""What schema and audit tell in the documents: the columns, what may stand in them, and the people behind the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report import sections
from mlwright.report.advice import unlooked
from mlwright.report.document import Block, Bullets, Cell, Facts, Header, Paragraph, Table, cut
from mlwright.report.documents.point import Known
from mlwright.report.sections import data
from mlwright.schema import QUANTILES

Blocks = Sequence[Block]
Column = Mapping[str, Any]
LISTED: Final = 200
NAMED: Final = 6
"""So many possible values of a category are named."""


def _columns(known: Known) -> list[Column]:
    return list(known.schema.get("columns") or ())


def _is_read(column: Column) -> bool:
    """Tell whether the model may look at a column."""
    return column["role"] in {"feature", "sensitive", "time"} and not column.get("excluded")


def size(known: Known) -> Blocks:
    """Tell how many rows and columns there are, and how many of them teach and judge."""
    asked = known.evidence["question"]
    facts = [
        ("Rows", words.count(known.evidence["data"]["rows"])),
        ("Columns", words.count(asked["columns"])),
        ("Rows it learned from before it was judged", words.count(asked.get("rows_learned"))),
        ("Rows that judged it", words.count(asked["rows_held_out"]) if asked["rows_held_out"] else ""),
    ]
    return (Facts(tuple(pair for pair in facts if pair[1] not in {"", words.UNKNOWN})),)


def origin(known: Known) -> Blocks:
    """Tell which table it was, so that another one cannot be taken for it."""
    facts = [
        ("Source", words.tidy(known.evidence["question"]["source"])),
        ("Fingerprint (SHA-256)", str(known.evidence["data"].get("hash") or known.run.get("data_hash") or "")),
        ("Read on", words.moment(known.run["created"]) if known.run.get("created") else ""),
    ]
    return (Facts(tuple(pair for pair in facts if pair[1])),)


def described(known: Known) -> Blocks:
    """Tell each column: what it is for, what it holds, and how much of it is missing."""
    found = known.evidence["data"]["columns"]
    return (data.columns(found, known.evidence["data"]["rows"]),) if found else ()


def wanted(known: Known) -> Blocks:
    """Tell what a row has to hold to be answered: each column that may be read, and what was seen in it."""
    read = [column for column in _columns(known) if _is_read(column)]
    if not read:
        return ()
    return (
        Paragraph(
            "Any column may be missing in a row, and a value that was never seen is read as well as it can be; the "
            "further a row is from what is listed here, the less its answer is worth."
        ),
        _values(read, "What a row may hold"),
    )


def values(known: Known) -> Blocks:
    """Tell what stands in every column, whether the model looks at it or not."""
    found = _columns(known)
    return (_values(found, "What stands in each column"),) if found else ()


def _values(found: Sequence[Column], caption: str) -> Table:
    rows = tuple(
        (
            Cell(words.clipped(column["name"], 80)),
            Cell(str(column["kind"])),
            Cell(_seen(column)),
            Cell(words.share(share) if (share := words.known(column.get("missing_share")) or 0.0) else "none"),
        )
        for column in found[:LISTED]
    )
    head = (Header("Column"), Header("Kind"), Header("Seen while learning"), Header("Missing then", numeric=True))
    return Table(caption, head, rows, cut(len(found), len(rows)), short=60)


def _seen(column: Column) -> str:
    """Return the range or the values that a column had."""
    if column["kind"] in {"text", "id"}:
        return "texts of all kinds"
    if column["kind"] == "boolean":
        return "no or yes"
    categories = column.get("categories")
    if categories:
        return words.listed([words.clipped(each, 30) for each in categories], NAMED)
    low, high = words.known(column.get("low")), words.known(column.get("high"))
    if low is None or high is None:
        return words.UNKNOWN
    if column["kind"] == "datetime":
        return f"{words.day(low)} to {words.day(high)}"
    middle = dict(zip(QUANTILES, column.get("quantiles") or (), strict=False)).get(0.5)
    half = f", half of them at most {words.amount(middle)}" if words.known(middle) is not None else ""
    return f"{words.amount(low)} to {words.amount(high)}{half}"


def target(known: Known) -> Blocks:
    """Tell what the label of a row is."""
    asked = known.evidence["question"]
    classes = asked.get("classes") or []
    facts = [
        ("Target", f"{words.tidy(asked['target'])} ({asked['task_label']})"),
        ("Possible answers", words.listed(classes, 20) if classes else "any number"),
        ("The answer that counts as yes", words.tidy(asked["positive"]) if asked.get("positive") is not None else ""),
    ]
    return (Facts(tuple(pair for pair in facts if pair[1])),)


def missing(known: Known) -> Blocks:
    """Tell in which columns values are missing."""
    gaps = [column for column in _columns(known) if words.known(column.get("missing_share"))]
    if not gaps:
        return (Paragraph("No value is missing in any column."),)
    gaps.sort(key=lambda column: -column["missing_share"])
    rows = tuple(
        (Cell(words.clipped(column["name"], 80)), Cell(words.share(column["missing_share"])))
        for column in gaps[:LISTED]
    )
    head = (Header("Column"), Header("Missing", numeric=True))
    return (Table("Columns with missing values, the emptiest first", head, rows, cut(len(gaps), len(rows))),)


def splits(known: Known) -> Blocks:
    """Tell which rows judge, why these, and which columns tie rows together."""
    split = known.evidence["question"]["split"]
    by = f" by “{words.clipped(split['column'], 60)}”" if split.get("column") else ""
    return (Facts((("Rows that judge", f"{split['kind']} split{by}: {words.tidy(split['reason'])}"),)),)


def related(known: Known) -> Blocks:
    """Tell whether rows belong together: the columns that name whom a row is about, or when it was."""
    told = [
        f"“{words.clipped(column['name'], 60)}” {what}"
        for role, what in (("group", "says which rows are about the same one."), ("time", "orders the rows in time."))
        for column in _columns(known)
        if column["role"] == role
    ]
    if not told:
        return (Paragraph("No column was named that says which rows belong together, or in which order they came."),)
    return (Bullets(tuple(told)),)


def sensitive(known: Known) -> Blocks:
    """Tell which columns tell groups of people: those that were named, and those that look as if they did."""
    named = [str(column["name"]) for column in known.evidence["data"]["columns"] if column["role"] == "sensitive"]
    people = known.evidence.get("people") or {}
    proposed = [_proposed(each) for each in people.get("proposed") or ()]
    told = [f"Named as sensitive, and watched: {words.listed(named, 20)}."] if named else []
    told += [f"Looks as if it told groups of people, and was not named: {each}" for each in proposed]
    if not told:
        told = ["No column was named as telling groups of people (--sensitive), so none was watched."]
    return (Bullets(tuple(told)), *_sizes(known.evidence.get("fairness") or ()))


def _sizes(groups: Sequence[Mapping[str, Any]]) -> Blocks:
    """Return how many of the rows that judged are in each group."""
    if not groups:
        return ()
    rows = tuple(
        (
            Cell(f"{words.clipped(one['column'], 40)} = {words.clipped(one['group'], 40)}"),
            Cell(words.count(one["rows"])),
        )
        for one in groups[:LISTED]
    )
    head = (Header("Group"), Header("Rows", numeric=True))
    return (Table("Groups among the rows that judged", head, rows, cut(len(groups), len(rows)), short=40),)


def _proposed(each: object) -> str:
    """Return a column that the audit proposes, with its reason where it gives one."""
    if isinstance(each, Mapping):
        said = each.get("sentence") or each.get("reason") or ""
        return words.clipped(f"{each.get('column', '')}: {said}" if said else str(each.get("column", "")), 300)
    return words.clipped(each, 120)


def personal(known: Known) -> Blocks:
    """Tell which personal data were found."""
    found = [each for each in known.evidence["findings"] if each["kind"] == "personal_data"]
    missed = unlooked(known.evidence)
    if not found and missed:
        return (Bullets((*missed, "So whether personal data stand in the columns, a person has to say.")),)
    if not found:
        return (
            Paragraph(
                "No names, addresses, e-mail addresses, numbers of phones, accounts or documents were recognised in "
                "the columns. What is recognised is a matter of patterns: a person has to confirm it."
            ),
        )
    return (Bullets(tuple(words.clipped(each["message"], 400) for each in found[:LISTED])),)


def groups(known: Known) -> Blocks:
    """Tell how each group of people is served."""
    written = sections.found(known.evidence, "people")
    if written is None and known.evidence.get("fairness"):
        written = sections.found(known.evidence, "groups")
    if written is None:
        return ()
    return (Paragraph(written.sentence), *written.blocks)


def worst_rows(known: Known) -> Blocks:
    """Tell for which kinds of rows it is worse."""
    if known.evidence.get("slices") == []:
        return (Paragraph("All kinds of rows were looked at, and none was found for which it is clearly worse."),)
    written = sections.found(known.evidence, "groups") if known.evidence.get("slices") else None
    return () if written is None else (Paragraph(written.sentence), *written.blocks)


def behaviour(known: Known) -> Blocks:
    """Tell what happened to answers when one thing about a row was changed."""
    written = sections.found(known.evidence, "behaviour")
    return () if written is None else (Paragraph(written.sentence), *written.blocks)
