"""What a recommender's lists are like: for sample people, how much of the catalogue, how popular, for newcomers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Block, Cell, Facts, Header, Heading, Paragraph, Section, Table, headers, row

SENTENCE = (
    "This is what it recommends to a few people, and what its lists are like beside what people take by themselves: "
    "judge by eye whether you would show them."
)
SHOWN = 8


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where the model recommends nothing."""
    told = evidence.get("recommending")
    if not told:
        return None
    blocks: list[Block] = [Facts(tuple(_facts(told)))]
    if told["lists"]:
        blocks += [Heading("What its lists are like"), _lists(told)]
    if told["samples"]:
        blocks.append(Heading("What sample people get"))
        for sample in told["samples"]:
            blocks += _sample(sample)
    return Section("lists", "What it recommends", SENTENCE, tuple(blocks))


def _facts(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what there is to tell, in order; what is not known is left out."""
    people, log = told["people"], told["log"]
    entries, items = words.counted(log["entries"], "entry", "entries"), words.counted(log["items"], "item")
    asked = f"{words.counted(people['warm'], 'person', 'people')} with a history"
    facts = [
        ("The log", f"{entries} of {words.counted(log['users'], 'person', 'people')} and {items}"),
        ("Who was asked", f"{asked}, {words.counted(people['cold'], 'newcomer')} without one"),
    ]
    facts += [
        (f"Who has {name}", f"is served by: {words.tidy(told['chosen'][kind])}")
        for kind, name in (("warm", "a history"), ("cold", "none"))
        if kind in told["chosen"]
    ]
    said = ((name, tell(told)) for name, tell in TOLD.items())
    return [*facts, *((name, sentence) for name, sentence in said if sentence)]


def _cold(told: Mapping[str, Any]) -> str:
    if (cold := told["cold"]) is None:
        return ""
    score = words.interval(cold["score"], cold["interval"])
    rule = f"{words.tidy(cold['rule']['label'])}, reaches {words.number(cold['rule']['score'])}"
    return f"{words.tidy(told['metric_label'])} {score}; the best simple rule, {rule}"


def _single(told: Mapping[str, Any]) -> str:
    if (single := told["single"]) is None:
        return ""
    score, gain = words.interval(single["score"], single["interval"]), words.difference(single["difference"])
    return f"{words.tidy(single['label'])}: {score}; the model's gain over it is {gain}"


def _random(told: Mapping[str, Any]) -> str:
    if (random := told["random"]) is None:
        return ""
    score = f"{words.tidy(told['metric_label'])} {words.interval(random['score'], random['interval'])}"
    return f"{score}: what teaches sees the future there; it is told only for comparison with others' numbers"


def _fresh(told: Mapping[str, Any]) -> str:
    if not (fresh := told["fresh"])["taken"]:
        return ""
    people = words.counted(fresh["people"], "person", "people")
    taken = words.counted(fresh["taken"], "item")
    return f"{people} took {taken} that nobody had taken before the moment of asking; these do not count"


TOLD: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "Newcomers": _cold,
    "The best learner by itself": _single,
    "On the usual random split": _random,
    "New items": _fresh,
}


def _lists(told: Mapping[str, Any]) -> Table:
    own, rule = told["lists"]["model"], told["lists"].get("rule")
    names = ["What", "The model", *([words.tidy(told["rule"])] if rule else []), "What people take"]
    rows = []
    for key, name, note, taken in MEASURES:
        cells = [words.number(own[key]), *([words.number(rule[key])] if rule else [])]
        rows.append(
            (Cell(name, note), *(Cell(text) for text in cells), Cell(words.number(own[taken]) if taken else ""))
        )
    return Table("Lists of ten for everybody who was asked", headers(*names), tuple(rows))


MEASURES: Final = (
    ("coverage", "Coverage", "Share of all items that are in somebody's list.", None),
    ("novelty", "Novelty", "How little known what is listed is: 0 is what everybody has, 5 what one in 32 has.", None),
    ("popularity", "Popularity", "Average rank of what is listed: 1 is the most popular of all.", "popularity_taken"),
    ("head_share", "Share of the head", "Places that go to the most popular fifth of items.", "head_share_taken"),
    (
        "alikeness",
        "Alikeness",
        "How much the items of a list are taken by the same people: 1 is more of the same.",
        None,
    ),
)
"""What is told of lists: its name in the evidence, for people, in words, and what is told of what people take."""


def _sample(sample: Mapping[str, Any]) -> list[Block]:
    took = ", ".join(words.clipped(name, 60) for name in sample["history"])
    rows = tuple(
        row(words.clipped(one["title"] or str(one["item"]), 80), words.clipped(one["reason"], 160))
        for one in sample["items"][:SHOWN]
    )
    caption = f"For {sample['who']}"
    last = f"What they took last: {took}." if took else "Nothing is known of them."
    return [Paragraph(f"{caption}. {last}"), Table("What they get", (Header("Item"), Header("Why")), rows)]
