"""The page of a profile in Chromium: quiet, readable without JavaScript, nothing that axe minds, dark, on paper."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.report.test_browser import WIDTHS, opened
from tests.report.test_profile_page import MADE

pytestmark = pytest.mark.browser
OPEN = "document.querySelectorAll('details').forEach(part => part.open = true)"


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("profiles")
    return {name: make().report(folder / f"{name}.html") for name, make in MADE.items()}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", MADE)
def test_page_is_quiet_and_fits(name, width, browser, written) -> None:
    context, page, noted = opened(browser, written[name], viewport={"width": width, "height": 844})
    page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert noted == []
    context.close()


LOOKS = [("shop", 1280, "light"), ("shop", 390, "dark"), ("hostile", 390, "light"), ("wide", 1280, "dark")]


@pytest.mark.parametrize(("name", "width", "scheme"), LOOKS)
def test_axe_finds_nothing(name, width, scheme, browser, written) -> None:
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("wants axe-playwright-python")
    axe = (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    context, page, _ = opened(browser, written[name], viewport={"width": width, "height": 844}, color_scheme=scheme)
    if name != "wide":  # its 250 cards are as those of the others
        page.evaluate(OPEN)
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    told = [(found["id"], [node["html"][:200] for node in found["nodes"][:3]]) for found in result["violations"]]
    assert told == []
    context.close()


def test_page_without_javascript_shows_all(browser, written) -> None:
    context, page, noted = opened(browser, written["wide"], java_script_enabled=False)
    for section in ("overview", "findings", "glance", "columns", "associations", "made"):
        assert page.locator(f"#{section}").is_visible()
    card = page.locator("#column-2")
    assert not card.locator("svg").is_visible()
    card.locator("summary").first.click()
    assert card.locator("svg").is_visible()
    assert noted == []
    context.close()


def test_a_card_opens_by_keyboard(browser, written) -> None:
    context, page, _ = opened(browser, written["wide"])
    summary = page.locator("#column-3 > summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#column-3 .sentence").is_visible()
    context.close()


def test_chart_text_is_large_enough_on_a_phone(browser, written) -> None:
    context, page, _ = opened(browser, written["shop"], viewport={"width": 390, "height": 844})
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('svg')].map(svg => 12.5 * svg.getBoundingClientRect().width / 400))"
    )
    assert smallest >= 11
    context.close()


def test_print_is_white_and_shows_no_navigation(browser, written) -> None:
    context, page, _ = opened(browser, written["shop"], color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf(format="A4")) > 10_000
    context.close()


def test_notebook_card_is_small_and_quiet(browser, tmp_path) -> None:
    path = tmp_path / "card.html"
    path.write_text(f"<!doctype html><title>card</title>{MADE['shop']()._repr_html_()}", encoding="utf-8")
    context, page, noted = opened(browser, path, viewport={"width": 700, "height": 600})
    assert page.locator(".mlwright-card").bounding_box()["height"] < 420
    assert noted == []
    context.close()
