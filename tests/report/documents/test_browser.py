"""Each document in Chromium: quiet, no sideways scroll, nothing that axe minds, and all there without JavaScript."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.report.pages import opened

from mlwright.report.documents import PLANS, write_documents

pytestmark = pytest.mark.browser
FILES = [plan.file for plan in PLANS]
LARGEST = 2_000_000


@pytest.fixture(scope="module")
def folders(knowing, tmp_path_factory):
    made = {}
    for name in ("binary", "hostile", "huge"):
        folder = tmp_path_factory.mktemp(name)
        (folder / "answers.toml").write_text('[purpose]\nintended = """For <b>one</b> branch.\n\n- a\n- b"""\n')
        write_documents(knowing(name, tested=True), folder)
        made[name] = folder
    return made


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", ["binary", "hostile", "huge"])
def test_page_is_small_quiet_and_fits(name, file, width, browser, folders):
    path = folders[name] / f"{file}.html"
    assert path.stat().st_size < LARGEST
    context, page, noted = opened(browser, path, viewport={"width": width, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.scripts.length") == 0
    assert noted == []
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("file", FILES)
def test_axe_finds_nothing(file, scheme, width, browser, folders):
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("wants axe-playwright-python")
    axe = (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    look = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    context, page, _ = opened(browser, folders["binary"] / f"{file}.html", **look)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    told = [(found["id"], [node["html"][:200] for node in found["nodes"][:3]]) for found in result["violations"]]
    assert told == []
    context.close()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.file)
def test_page_without_javascript_shows_all(plan, browser, folders):
    context, page, noted = opened(browser, folders["binary"] / f"{plan.file}.html", java_script_enabled=False)
    for part in plan.parts:
        assert page.locator(f"#{part.anchor}").is_visible()
    assert page.locator(".asked").first.is_visible()
    assert noted == []
    context.close()


def test_boxes_are_printed(browser, folders):
    context, page, _ = opened(browser, folders["binary"] / "technical-file.html", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".asked").first.is_visible()
    assert not page.locator("nav").is_visible()
    assert len(page.pdf(format="A4")) > 10_000
    context.close()
