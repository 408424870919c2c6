"""Sections 3 and 4: all columns at a glance, and a card for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Badge, Card, Cards, Cell, Figure, Header, Section, Table, Tone, cut
from mlwright.report.profile.charts import chart
from mlwright.report.profile.sentences import KINDS, sentence, writer

LISTED: Final = 1_000
CARDS: Final = 250
PLOTTED: Final = 120
"""So many columns are in the table, have a card, and a chart: the page stays small however wide the table is."""
FOLDED: Final = 30
"""More cards than these are folded."""
SEVERITIES: Final[dict[str, tuple[Tone, str]]] = {
    "error": ("bad", "✖"),
    "warning": ("unclear", "!"),
    "info": ("info", "i"),
}
ROLES: Final[dict[str, str]] = {
    "target": "to be predicted",
    "ignored": "of no use to a model",
    "time": "orders the rows",
    "group": "names whom a row is about",
    "weight": "weight",
    "sensitive": "sensitive",
}
PARTNERS: Final = 3
NOTES: Final = 4
EXAMPLE: Final = 40
IN_MARKDOWN: Final = frozenset({"For example", "Most frequent", "Frequent words", "Goes with", "Read as"})

Facts = Mapping[str, Any]


def glance(facts: Facts) -> Section:
    """Return the table of all columns."""
    columns = facts["columns"]
    opening = "Each line is a column: what it holds, how often it is empty, how many different values it has."
    if not columns:
        return Section("glance", "All columns at a glance", "There are no columns.")
    carded = {place: card for card, place in enumerate(chosen(facts))}
    head = (
        Header("Column"),
        Header("Kind"),
        Header("Empty", numeric=True),
        Header("Different values", numeric=True),
        Header("In short"),
    )
    rows = tuple(_line(facts, place, card=place in carded) for place in range(min(len(columns), LISTED)))
    folded = f"All {words.count(len(columns))} columns" if len(columns) > FOLDED else ""
    table = Table("Columns in their order", head, rows, cut(len(columns), len(rows)), collapsed=folded, short=60)
    return Section("glance", "All columns at a glance", opening, (table,))


def section(facts: Facts) -> Section:
    """Return the cards."""
    places = chosen(facts)
    partners = _partners(facts)
    cards = tuple(
        _card(facts, place, plotted=number < PLOTTED, partners=partners.get(facts["columns"][place]["name"], []))
        for number, place in enumerate(places)
    )
    cards = tuple(sorted(cards, key=lambda card: int(card.anchor.rpartition("-")[2])))
    folded = len(cards) > FOLDED
    opening = "What each column holds, in words, numbers and a picture, and what was found about it."
    opening += " A click on a name opens it." if folded else ""
    more = cut(len(facts["columns"]), len(cards))
    return Section("columns", "Column by column", opening, (Cards(cards, folded, more, told=IN_MARKDOWN),))


def chosen(facts: Facts) -> list[int]:
    """Return the places of the columns that get a card: all, or where there are too many, those that matter first."""
    columns, findings = facts["columns"], facts["findings"]

    def rank(place: int) -> tuple[bool, bool, int]:
        column = columns[place]
        alarmed = any(findings[found]["severity"] != "info" for found in column["findings"])
        return column["role"] != "target", not alarmed, place

    return sorted(range(len(columns)), key=rank)[:CARDS]


def _line(facts: Facts, place: int, *, card: bool) -> tuple[Cell, ...]:
    column = facts["columns"][place]
    role = ROLES.get(column["role"], "")
    alarms = _alarms(facts, column)
    note = "; ".join(part for part in (role, words.counted(alarms, "thing") + " to look at" if alarms else "") if part)
    return (
        Cell(words.clipped(column["name"], 80), note, anchor=f"column-{place + 1}" if card else ""),
        Cell(KINDS[column["kind"]]),
        Cell(words.share(column["missing_share"])),
        Cell(words.count(column["distinct"])),
        Cell(in_short(column)),
    )


def _alarms(facts: Facts, column: Facts) -> int:
    return sum(facts["findings"][place]["severity"] != "info" for place in column["findings"])


def in_short(column: Facts) -> str:
    """Return the range or the most frequent values of a column in a few words."""
    numbers, dates, texts, top = (column.get(what) for what in ("numbers", "dates", "texts", "top"))
    if numbers:
        written = writer(column)
        return f"{written(numbers['low'])} to {written(numbers['high'])}"
    if dates:
        return f"{dates['first']} to {dates['last']}"
    if top and column["kind"] not in {"text", "id"}:
        named = ", ".join(words.clipped(each["value"], 24) for each in top[:3])
        return f"{named}, …" if column["distinct"] > 3 else named
    if texts:
        return f"{words.counted(texts['median'], 'character')} in the middle"
    return ""


def _card(facts: Facts, place: int, *, plotted: bool, partners: Sequence[tuple[str, float]]) -> Card:
    column = facts["columns"][place]
    found = [facts["findings"][number] for number in column["findings"]]
    badges = [Badge(ROLES[column["role"]], "info")] if column["role"] in ROLES else []
    if alarms := _alarms(facts, column):
        grave = any(finding["severity"] == "error" for finding in found)
        badges.append(
            Badge(f"{words.counted(alarms, 'thing')} to look at", *SEVERITIES["error" if grave else "warning"])
        )
    name = words.clipped(column["name"], 120)
    figure: Figure | None = chart(column, facts["rows"]) if plotted else None
    return Card(
        anchor=f"column-{place + 1}",
        title=name,
        kind=KINDS[column["kind"]],
        badges=tuple(badges),
        short=f"{words.share(column['missing_share'])} empty · {words.counted(column['distinct'], 'different value')}",
        sentence=sentence(column, facts["rows"]),
        pairs=tuple(_pairs(column, partners)),
        figure=figure,
        notes=tuple(_notes(found)),
    )


def _notes(found: Sequence[Facts]) -> list[Badge]:
    told = [
        Badge(words.clipped(finding["message"], 300), *SEVERITIES[finding["severity"]]) for finding in found[:NOTES]
    ]
    more = len(found) - NOTES
    return [
        *told,
        *(
            [Badge(f"{words.counted(more, 'more finding')} above or in the JSON twin.", "info", "i")]
            if more > 0
            else []
        ),
    ]


def _partners(facts: Facts) -> dict[str, list[tuple[str, float]]]:
    """Return for each column the others that it goes with most."""
    found: dict[str, list[tuple[str, float]]] = {}
    for pair in facts["associations"]:
        for one, other in (pair["columns"], pair["columns"][::-1]):
            found.setdefault(one, []).append((other, pair["strength"]))
    return found


def _pairs(column: Facts, partners: Sequence[tuple[str, float]]) -> list[tuple[str, str]]:
    """Return the column's numbers by name."""
    pairs = [
        ("Empty", f"{words.count(column['missing'])} ({words.share(column['missing_share'])})"),
        ("Different values", words.count(column["distinct"])),
    ]
    pairs += _numbers(column)
    texts, top = column.get("texts"), column.get("top") or []
    if texts:
        lengths = [words.count(texts[name]) for name in ("shortest", "median", "longest")]
        pairs.append(("Length: shortest, middle, longest", f"{', '.join(lengths)} characters"))
        if texts["words"]:
            pairs.append(("Frequent words", ", ".join(word["value"] for word in texts["words"])))
    if texts and top:
        pairs.append(
            (
                "Most frequent",
                ", ".join(
                    f"“{words.clipped(each['value'], EXAMPLE)}” ({words.count(each['count'])})" for each in top[:3]
                ),
            )
        )
    elif column["examples"] and not top:
        pairs.append(("For example", ", ".join(f"“{words.clipped(text, EXAMPLE)}”" for text in column["examples"])))
    if column.get("with_target") is not None:
        pairs.append(("Tells of the target", f"{words.fixed(column['with_target'], 2)} of 1"))
    if partners:
        pairs.append(
            (
                "Goes with",
                ", ".join(
                    f"{words.clipped(name, EXAMPLE)} ({words.fixed(strength, 2)})"
                    for name, strength in partners[:PARTNERS]
                ),
            )
        )
    if column["note"]:
        pairs.append(("Read as", words.clipped(column["note"], 300)))
    return pairs


def _numbers(column: Facts) -> list[tuple[str, str]]:
    numbers = column.get("numbers")
    if not numbers:
        return []
    written = writer(column)
    pairs = [
        ("Smallest, largest", f"{written(numbers['low'])}, {written(numbers['high'])}"),
        ("Quartiles", ", ".join(map(written, numbers["quartiles"]))),
    ]
    spread = words.duration if column["kind"] == "duration" else words.amount
    pairs.append(("Average ± deviation", f"{written(numbers['mean'])} ± {spread(numbers['deviation'])}"))
    if numbers["zeros"]:
        pairs.append(("Zeros", words.count(numbers["zeros"])))
    if numbers["negatives"]:
        pairs.append(("Below zero", words.count(numbers["negatives"])))
    return pairs
