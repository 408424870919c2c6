"""Evidence from a stranger's file: what has the shape of evidence is drawn, whatever stands in it."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator

import pytest

from mlwright.model.evidence import Evidence
from mlwright.report import render_html, render_markdown
from mlwright.report.documents import PLANS, Drawn, Known
from mlwright.report.html import draw_html
from mlwright.report.markdown import draw_markdown

ODD = (None, True, -1, 0, 1e300, "", "x", "<script>", [], {}, [1], {"a": 1})


def places(value: object, above: tuple = ()) -> Iterator[tuple]:
    if above:
        yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*above, key))


def changed(plain, place, value):
    made = copy.deepcopy(plain)
    inside = made
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    return made


@pytest.mark.parametrize("name", ["binary", "regression"])
def test_what_has_the_shape_of_evidence_is_drawn(name, knowing, run):
    known = knowing(name, tested=True)
    plain = dict(known.evidence)
    measured = {"value": 0.9, "interval": [0.8, 0.95], "told": "mostly"}
    tells = {"columns": [{"column": "role", "read": True, **measured}], "together": {"columns": 2, **measured}}
    plain["people"] = {
        "gaps": [{"verdict": "worse", "sentence": "Women."}],
        "proposed": [{"column": "age"}, {"column": "sex", "reason": "its name", "audited": True}],
        "proxies": [{"column": "sex", "guess": 0.5, "many": 1, "sentence": "It tells.", **tells}],
    }
    Evidence(plain).check()
    rng = random.Random(7)
    every = list(places(plain))
    drawn = 0
    for place in rng.sample(every, min(len(every), 150)):
        made = changed(plain, place, rng.choice(ODD))
        try:
            Evidence(made).check()
        except TypeError:
            continue
        if not Evidence(made).is_whole:
            continue
        drawn += 1
        render_html(made, run)
        render_markdown(made, run)
        for plan in PLANS:
            page = Drawn(plan, Known(made, run, known.schema, known.answers, "<b>")).page("a.toml", ())
            assert "<script>" not in draw_html(page)
            assert "<script>" not in draw_markdown(page)
    assert drawn > 20


@pytest.mark.parametrize("schema", [{}, {"columns": []}])
def test_model_without_columns_is_drawn(schema, knowing):
    known = knowing("bare")
    for plan in PLANS:
        draw_markdown(Drawn(plan, Known(known.evidence, {}, schema)).page("a.toml", ()))
