"""The page in Chromium: no errors, no request, no sideways scroll, nothing that axe minds; and without JavaScript."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.report.pages import opened

from mlwright.report import summary_html, write_report

pytestmark = pytest.mark.browser
NAMES = ["binary", "multiclass", "regression", "hostile", "huge"]
WIDTHS = [390, 1280]


@pytest.fixture(scope="session")
def written(make, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    return {name: write_report(make(name), run, folder / f"{name}.html")[0] for name in NAMES}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_page_is_quiet_and_fits(name, width, browser, written):
    context, page, noted = opened(browser, written[name], viewport={"width": width, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert noted == []
    context.close()


# The three verdicts have colours of their own, so each is looked at in both schemes.
LOOKS = [(name, 1280, scheme) for name in ("binary", "multiclass", "regression") for scheme in ("light", "dark")]


@pytest.mark.parametrize(("name", "width", "scheme"), [*LOOKS, ("binary", 390, "light"), ("hostile", 390, "dark")])
def test_axe_finds_nothing(name, width, scheme, browser, written):
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("wants axe-playwright-python")
    axe = (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    context, page, _ = opened(browser, written[name], viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    told = [(found["id"], [node["html"][:200] for node in found["nodes"][:3]]) for found in result["violations"]]
    assert told == []
    context.close()


@pytest.mark.parametrize("name", ["binary", "regression"])
def test_page_without_javascript_shows_all(name, browser, written):
    context, page, noted = opened(browser, written[name], java_script_enabled=False)
    for section in ("verdict", "question", "leaderboard", "errors", "reasons", "data", "limits", "reproduce"):
        assert page.locator(f"#{section}").is_visible()
    assert page.locator("svg").count() == page.locator("figure").count()
    # Folding and explaining are the browser's own.
    page.locator("summary").first.click()
    assert page.locator("details table").first.is_visible()
    assert noted == []
    context.close()


def test_explanations_open_by_keyboard(browser, written):
    context, page, _ = opened(browser, written["binary"])
    term = page.locator("button.term").first
    tip = page.locator(f"#{term.get_attribute('popovertarget')}")
    assert not tip.is_visible()
    term.focus()
    page.keyboard.press("Enter")
    assert tip.is_visible()
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    context.close()


def test_chart_text_is_large_enough_on_a_phone(browser, written):
    context, page, _ = opened(browser, written["binary"], viewport={"width": 390, "height": 844})
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('svg')].map(svg => 12.5 * svg.getBoundingClientRect().width / 400))"
    )
    assert smallest >= 11
    context.close()


def test_print_shows_no_navigation(browser, written):
    context, page, _ = opened(browser, written["binary"], color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf(format="A4")) > 10_000
    context.close()


def test_notebook_card_is_small_and_quiet(browser, make, run, tmp_path):
    path = tmp_path / "card.html"
    path.write_text(f"<!doctype html><title>card</title>{summary_html(make('binary'), run)}", encoding="utf-8")
    context, page, noted = opened(browser, path, viewport={"width": 700, "height": 600})
    assert page.locator(".mlwright-card").bounding_box()["height"] < 420
    assert noted == []
    context.close()
