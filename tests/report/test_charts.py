"""Charts: valid XML, everything inside the drawing, text large enough, ticks round, colours few and strong enough."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.report import render_html
from mlwright.report.charts import FORMS
from mlwright.report.charts.dates import date_ticks
from mlwright.report.charts.effects import figure
from mlwright.report.charts.plot import Axis, spanning
from mlwright.report.charts.svg import FONT, WIDTH, nice_ticks

STYLE = files("mlwright.report").joinpath("templates/style.css").read_text(encoding="utf-8")
PHONE = 358
"""The width that a phone of 390 px leaves for a chart."""
finite = st.floats(-1e12, 1e12, allow_nan=False)


def drawings(page: str) -> list[ET.Element]:
    return [ET.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "hostile", "huge"])
def test_drawings_are_valid_and_keep_inside(name, make, run):
    drawn = drawings(render_html(make(name), run))
    assert len(drawn) >= 4
    for svg in drawn:
        width, height = (float(part) for part in svg.attrib["viewBox"].split()[2:])
        assert width == WIDTH
        for element in svg.iter():
            for key, value in element.attrib.items():
                if key in {"x", "x1", "x2", "cx"}:
                    assert -1 <= float(value) <= width + 1
                if key in {"y", "y1", "y2", "cy"}:
                    assert -1 <= float(value) <= height + 1
                if key == "points":
                    assert all(math.isfinite(float(part)) for part in re.split(r"[ ,]", value))


def test_text_can_be_read_on_a_phone():
    assert FONT * PHONE / WIDTH >= 11
    assert f"font: {FONT}px" in STYLE


def test_dates_are_drawn_in_order_of_time():
    days = ["2024-01-01", "2024-02-01", "2024-03-01"]
    effect = {"column": "day", "kind": "category", "x": days, "y": [0.3, 0.1, 0.2], "count": [5, 9, 7]}
    drawn = figure(effect | {"y_label": "probability of yes", "sentence": "It falls."}, dates=True)
    assert [cells[0].text for cells in drawn.table.rows] == days
    line = re.search(r'<polyline[^>]*points="([^"]*)"', drawn.svg).group(1)
    across = [float(point.partition(",")[0]) for point in line.split()]
    assert across == sorted(across)
    assert len(across) == 3


def test_the_average_line_is_named_and_keeps_off_the_names():
    effect = {"column": "day", "kind": "category", "x": ["a", "b"], "y": [0.3, 0.1], "count": [5, 9]}
    svg = figure(effect | {"y_label": "probability of yes", "sentence": "It is highest where it is a."}).svg
    assert "average over these rows" in svg
    dashes = re.search(r'class="reference" d="([^"]*)"', svg).group(1)
    lines = [(float(start), float(end)) for start, end in re.findall(r"M\S+ ([\d.]+)L\S+ ([\d.]+)", dashes)]
    names = [float(y) for y in re.findall(r'<text class="t halo" x="0" y="([\d.]+)"', svg)]
    assert len(lines) == len(names) == 2
    assert not [name for name in names for start, end in lines if start < name < end]


@given(finite, finite, st.integers(2, 8))
def test_ticks_are_inside_even_and_few(one, other, steps):
    low, high = min(one, other), max(one, other)
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-9):
        return
    ticks = nice_ticks(low, high, steps)
    room = (high - low) * 1e-6
    assert all(low - room <= tick <= high + room for tick in ticks)
    assert len(ticks) <= 2.5 * steps + 2
    gaps = [after - before for before, after in itertools.pairwise(ticks)]
    assert all(math.isclose(gap, gaps[0], rel_tol=1e-6) for gap in gaps)


@given(st.lists(finite, max_size=20), st.booleans())
def test_ends_hold_all_values(values, zero):
    low, high = spanning(values, zero=zero)
    assert low < high
    assert all(low <= value <= high for value in values)
    assert not zero or not values or low <= 0 <= high


@given(st.floats(1, 1e6), st.floats(1.5, 1e4))
def test_logarithmic_ticks_are_inside(low, factor):
    axis = Axis(low, low * factor, "", logarithmic=True)
    assert all(-0.01 <= axis.place(tick) <= 1.01 for tick in axis.ticks())


@given(st.floats(-6e10, 2e11), st.floats(1, 1e10))
def test_ticks_of_dates_are_inside(low, span):
    ticks = date_ticks(low, low + span, 4)
    assert all(low <= tick <= low + span for tick in ticks)
    assert 2 <= len(ticks) <= 400


def colours(block: str) -> dict[str, tuple[float, ...]]:
    found = {}
    for name, value in re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block):
        found[name] = tuple(int(value[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return found


def luminance(colour: tuple[float, ...]) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "paper"])
def test_colours_are_strong_enough(scheme):
    """WCAG 2.2 AA: 4.5 for text, 3 for marks."""
    known = colours(re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[scheme])
    for text in ("text", "quiet", "a", "good", "bad", "unclear"):
        assert contrast(known[text], known["back"]) >= 4.5
    for text in ("text", "quiet"):
        assert contrast(known[text], known["panel"]) >= 4.5
    for tone in ("good", "bad", "unclear"):
        assert contrast(known[tone], known[f"{tone}-back"]) >= 4.5
        assert contrast(known["text"], known[f"{tone}-back"]) >= 4.5
    for mark in ("a", "b", "c", "axis"):
        assert contrast(known[mark], known["back"]) >= 3


def test_every_form_of_curve_is_drawn(make):
    assert set(FORMS) == {
        curve["form"] for name in ("binary", "multiclass", "regression") for curve in make(name)["curves"].values()
    }
