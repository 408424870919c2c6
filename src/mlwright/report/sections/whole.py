"""Parts of the section on reasons that tell of the whole model: what moves answers, pairs, rules, and its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts import effects
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.plot import percentage
from mlwright.report.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Cell,
    Figure,
    Heading,
    Paragraph,
    Table,
    cut,
    headers,
    row,
)
from mlwright.report.sections import sums
from mlwright.report.sections.sums import value_of

Evidence = Mapping[str, Any]
DRAWN, LISTED, GROUPED = 12, 40, 8
LOG_ODDS = (
    "It is counted in log-odds. The odds of an answer are its chance divided by the chance that it is not so; log-odds "
    "of 0 are a chance of 50 %, and every 0.7 more doubles the odds: +0.7 is a chance of 67 %, +1.4 of 80 %, −0.7 of "
    "33 %."
)
LOG_CHANCES = (
    "It is counted in log-odds beside the average of all answers: every 0.7 more doubles the chance of this answer in "
    "proportion to theirs."
)
OPEN, NAMED = 8, 6
"""Curves of so few terms are shown, those of more are folded; so many values of each are named beside its curve."""


def moved(evidence: Evidence) -> Figure | None:
    """Return the chart of how far each column moves an answer, or None where that was not measured."""
    told = evidence.get("contributions")
    entries = [] if told is None else [entry for entry in told["columns"] if words.known(entry["value"])]
    if told is None or not entries:
        return None
    percent, drawn = bool(told["percent"]), entries[:DRAWN]
    unit = _unit(evidence, told)
    marks = [
        Bar(words.tidy(entry["column"]), entry["value"], _amount(entry["value"], percent=percent), entry["interval"])
        for entry in drawn
    ]
    label = f"How far each column moves {unit} on average, for the {len(marks)} that move it most."
    look = Look("bar", f"{unit} moved on average" if not percent else "points of probability", words.short)
    if percent:
        look = Look("bar", "probability moved on average", percentage)
    rows = tuple(
        row(words.tidy(one["column"]), _between(one["value"], one["interval"], percent=percent))
        for one in entries[:LISTED]
    )
    head = headers("Column", "Moves an answer by, and 95 % interval")
    table = Table("How far each column moves an answer on average", head, rows, cut(len(entries), len(rows)))
    first = entries[0]
    caption = (
        f"“{words.clipped(first['column'], 60)}” moves {unit} most: by"
        f" {_amount(first['value'], percent=percent)} on average, up or down, over {words.counted(told['rows'], 'row')}"
        " the model had not seen."
    )
    return Figure(bars(marks, look, label), label, caption, table, "How far it moves an answer")


def _unit(evidence: Evidence, told: Evidence) -> str:
    if not told["percent"]:
        return f"“{words.clipped(evidence['question']['target'], 60)}”"
    of = told.get("of")
    return "the probability of the answer" if of is None else f"the probability of “{words.clipped(of, 40)}”"


def _amount(value: object, *, percent: bool) -> str:
    amount = words.known(value)
    if amount is None:
        return words.UNKNOWN
    return f"{words.fixed(100 * amount, 1)} points" if percent else words.number(amount)


def _between(value: object, bounds: Sequence[object] | None, *, percent: bool) -> str:
    if not percent:
        return words.interval(value, bounds)
    low, high = (words.known(bound) for bound in bounds or (None, None))
    text = _amount(value, percent=True)
    if low is None or high is None:
        return text
    return f"{text} ({words.fixed(100 * low, 1)} to {words.fixed(100 * high, 1)})"


def beside(evidence: Evidence) -> list[Block]:
    """Return why what moves answers and what the score owes to a column differ, and which columns stand together."""
    told = evidence.get("contributions")
    if told is None:
        return []
    blocks: list[Block] = []
    if told["notes"]:
        blocks.append(Bullets(tuple(words.tidy(note) for note in told["notes"])))
    groups = told["groups"]
    if groups:
        rows = tuple(
            row(words.listed(group["columns"], 4), _between(group["value"], group["interval"], percent=told["percent"]))
            for group in groups[:GROUPED]
        )
        head = headers("Columns", "Together move an answer by (95 %)")
        blocks.append(
            Table("Columns that say nearly the same: read them together", head, rows, cut(len(groups), len(rows)))
        )
    return blocks


def pairs(evidence: Evidence) -> list[Block]:
    """Return the columns that work together, or that none was found."""
    told = evidence.get("interactions")
    if told is None:
        return []
    heading = Heading("Which columns work together")
    if not told["tested"]:
        return [heading, Paragraph("None do: what one column does to the answer never depends on another.")]
    if not told["pairs"]:
        looked, tested = words.counted(told["looked"], "pair"), words.count(told["tested"])
        return [
            heading,
            Paragraph(
                f"None clearly do. Of {looked} the {tested} that the model joins most were tried on unseen rows:"
                " none explains the truth there better than its two columns do each by itself. As far as these rows can"
                " tell, what one column does can be read without regard to the others."
            ),
        ]
    blocks: list[Block] = [
        heading,
        Paragraph(
            "What one of these columns does to the answer depends on the other, more than chance would make it seem on"
            " rows the model had not seen.",
            quiet=True,
        ),
    ]
    for pair in told["pairs"]:
        blocks += [Paragraph(words.tidy(pair["sentence"])), _table_of(pair, told)]
    return blocks


def _table_of(pair: Evidence, told: Evidence) -> Table:
    """Return the average answer where the one column has these values and the other those."""
    first, second = (words.clipped(name, 40) for name in pair["columns"])
    dates = [kind == "datetime" for kind in pair.get("kinds", ("", ""))]
    across = [f"{second} {value_of(x, dates=dates[1])}" for x in pair["x2"]]
    rows = tuple(
        row(
            f"{first} {value_of(x, dates=dates[0])}",
            *(words.number(answer, percent=bool(told["percent"])) for answer in answers),
        )
        for x, answers in zip(pair["x"], pair["answers"], strict=True)
    )
    return Table(f"Average {words.tidy(told['y_label'])} by {first} and {second}", headers(first, *across), rows)


def rules(evidence: Evidence) -> list[Block]:
    """Return the model in a few rules, or why there are none."""
    told = evidence.get("rules")
    if told is None:
        return []
    heading = Heading("The model in a few rules")
    agreement = told["measure"] == "agreement"
    share = words.interval(told["fidelity"], told["interval"], percent=True)
    reach = f"explain {share} of the differences between its answers"
    if agreement:
        reach = f"catch {share} of the answers that always giving the commonest one would miss"
    where = f"on {words.counted(told['rows'], 'row')} they were not made from"
    if not told["told"]:
        text = f"None are shown: the best few rules {reach}, {where}, and would give a wrong picture of the model."
        return [heading, Paragraph(text)]
    percent = bool(evidence["question"].get("classes")) and not agreement
    rows = tuple(
        row(
            Cell(words.tidy(" and ".join(rule["if"]) or "always")),
            words.number(rule["answer"], percent=percent)
            if words.known(rule["answer"]) is not None and not agreement
            else words.clipped(rule["answer"], 60),
            words.number(rule["share"], percent=True),
        )
        for rule in told["rules"]
    )
    classes = evidence["question"].get("classes") or []
    answer = (
        f"Probability of {words.clipped(classes[1], 30)}" if percent and len(classes) == 2 else "The model says about"
    )
    return [
        heading,
        Paragraph(
            f"A sketch of the model, not the model itself: these rules {reach}, {where}.",
            quiet=True,
        ),
        Table("Each row falls under one rule", headers("Where", answer, "Share of the rows"), rows),
    ]


def readable(evidence: Evidence) -> list[Block]:
    """Return whether the model can be read, what that costs, and all its terms where it can."""
    told = evidence.get("readable")
    if told is None:
        return []
    blocks: list[Block] = [Heading("Can it be read whole?"), Paragraph(words.tidy(told["sentence"]))]
    if not told["terms"]:
        return blocks
    what = words.tidy(told.get("y_label") or "added to the answer")
    odds, two = what.startswith("added to log-odds"), len(evidence["question"].get("classes") or ()) == 2
    rest = f", but for {words.counted(left_out, 'smaller part')}" if (left_out := told.get("left_out")) else ""
    dates = {column["name"] for column in evidence["data"]["columns"] if column["kind"] == "datetime"}
    alone = [term for term in told["terms"] if term["kind"] != "pair"]
    each = "each column" if len(alone) == len(told["terms"]) else "each column, and each pair of columns in the tables,"
    blocks.append(
        Paragraph(
            f"An answer is a sum: to where it starts comes what {each} adds, and all of it stands here{rest}."
            + ("" if not odds else f" {LOG_ODDS if two else LOG_CHANCES}")
        )
    )
    if total := told.get("total"):
        blocks += sums.worked_out(evidence, told, total, dates)
    cards = tuple(_card(place, term, what, dates) for place, term in enumerate(alone))
    if cards:
        blocks.append(Cards(cards, folded=len(cards) > OPEN))
    return blocks + [_pair(term, what, dates) for term in told["terms"] if term["kind"] == "pair"]


def _pair(term: Evidence, what: str, dates: set[str]) -> Table:
    """Return what two columns add together, folded away under their names."""
    first, second = (words.clipped(name, 40) for name in term["columns"])
    kinds = [name in dates for name in term["columns"]]
    lines = [words.aligned(line) for line in term["z"]]
    rows = tuple(row(f"{first} {value_of(x, dates=kinds[0])}", *line) for x, line in zip(term["x"], lines, strict=True))
    head = headers(first, *(f"{second} {value_of(x, dates=kinds[1])}" for x in term["x2"]))
    name = f"{first} × {second}: {words.number(term['size'])} on average"
    return Table(
        f"{what[:1].upper()}{what[1:]} by {first} and {second} together, beyond what each adds alone",
        head,
        rows,
        collapsed=name,
        short=6,
    )


def _card(place: int, term: Evidence, what: str, dates: set[str]) -> Card:
    """Return one term as a card: what it adds at each value of its column."""
    name = " × ".join(words.clipped(column, 60) for column in term["columns"])
    size = f"{words.number(term['size'])} on average"
    return Card(
        anchor=f"term-of-model-{place + 1}",
        title=name,
        kind={"number": "curve", "category": "steps", "other": "not drawn"}[term["kind"]],
        badges=(),
        short=size,
        sentence=words.tidy(term["sentence"]),
        pairs=(("moves an answer by", size), *_values(term, dates)),
        figure=_curve(term, what, dates),
        notes=(),
    )


def _values(term: Evidence, dates: set[str]) -> tuple[tuple[str, str], ...]:
    """Return what a term adds at a few of its values, from one end to the other."""
    places = [place for place, y in enumerate(term.get("y", ())) if words.known(y) is not None]
    last = len(places) - 1
    few = sorted({places[round(step * last / (NAMED - 1))] for step in range(NAMED)}) if places else []
    written = words.aligned([term["y"][place] for place in few])
    is_date = term["columns"][0] in dates
    return tuple((value_of(term["x"][place], dates=is_date), y) for place, y in zip(few, written, strict=True))


def _curve(term: Evidence, what: str, dates: set[str]) -> Figure | None:
    if term["kind"] not in {"number", "category"}:
        return None
    (column,) = term["columns"]
    effect = {**term, "column": column, "y_label": what, "sentence": f"What “{words.clipped(column, 60)}” adds"}
    return effects.figure(effect, dates=column in dates)
