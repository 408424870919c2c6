"""The law of one truth: no number stands in a document that does not stand in the evidence, the run or the schema."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mlwright.report
from mlwright.report import format as words
from mlwright.report.document import Paragraph
from mlwright.report.documents import PLANS, Drawn
from mlwright.report.documents.point import Part, Plan, Point
from mlwright.report.markdown import draw_markdown
from mlwright.report.twin import render_json

HERE = Path(mlwright.report.__file__).parent
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
WRITTEN = [*HERE.glob("*.py"), *HERE.glob("documents/*.py"), *HERE.glob("sections/*.py"), *HERE.glob("charts/*.py")]


def numbers(text: str) -> set[str]:
    return {token.rstrip(",") for token in NUMBER.findall(text)}


def leaves(value: Any) -> Iterator[Any]:
    """Yield every text and number of some JSON, and how long its lists are, in all and by each text in their items."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from leaves(inner)
    elif isinstance(value, list):
        yield len(value)
        told = [item for item in value if isinstance(item, Mapping)]
        for key in {key for item in told for key in item}:
            yield from Counter(str(item[key]) for item in told if isinstance(item.get(key), str | bool)).values()
        for inner in value:
            yield from leaves(inner)
    elif value is not None:
        yield value


def forms(value: Any) -> Iterator[str]:
    """Yield all ways in which a number of the evidence may be written down."""
    if isinstance(value, (str, bool)):
        yield str(value)
        return
    for scaled in (value, 100 * value):
        yield from (words.fixed(scaled, decimals) for decimals in range(7))
    yield from (words.number(value), words.number(value, percent=True), words.amount(value), words.short(value))
    yield from (words.duration(value), words.size(value), words.size(1e6 * value), words.milliseconds(value))
    if 0 <= value <= 1:
        yield words.share(value)
    if abs(value) < 1e11:
        yield words.day(value)


def static() -> set[str]:
    """Return the numbers that stand in the words of the program itself: "95 % interval", "Annex IV, point 3"."""
    found: set[str] = set()
    for path in WRITTEN:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= numbers(node.value)
    return found | {str(number) for number in range(10)}


def strangers(drawn: Drawn) -> set[str]:
    """Return the numbers of a document that are told by nothing it may draw on."""
    known = drawn.known
    whole = json.loads(render_json(known.evidence, known.run, known.schema))
    told = {token for leaf in leaves(whole) for form in forms(leaf) for token in numbers(form)}
    counted = [drawn.points, *(drawn.count(state) for state in ("open", "answered", "known", "unknown"))]
    counted += [sum(each.state == "open" for each in points) for _, points in drawn.parts]
    said = numbers(" ".join(known.answers.said.values()))
    text = draw_markdown(drawn.page("answers.toml", ()))
    return numbers(text) - told - {str(number) for number in counted} - said - static()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.file)
@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "hostile", "bare"])
def test_no_number_stands_in_a_document_that_the_evidence_does_not_hold(name, plan, knowing):
    drawn = Drawn(plan, knowing(name, {"data.row": "One of 4711 things."}, tested=True))
    assert strangers(drawn) == set()


def test_a_number_of_its_own_would_be_found(knowing):
    points = (Point("Made up", lambda known: [Paragraph(f"{known.evidence['score']['rows'] * 7.5 + 0.123:.3f}")]),)
    plan = Plan("x", "X", "About it.", "nobody", (Part("x", "X", "X.", points),))
    assert strangers(Drawn(plan, knowing("binary"))) == {"10567.623"}
