"""The dashboard in Chromium: quiet, as wide as the window, fit for keyboard, axe and no JavaScript; and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.serve.conftest import Running
from tests.serve.pages.windows import Go, axe, windows
from tests.web.conftest import NAMES, made, watch

pytestmark = pytest.mark.browser
PATHS = ("/monitor", "/monitor/churn", "/monitor/price", "/monitor/demand", "/")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real process, with two workers: what a person reaches by `mlwright serve`."""
    workspace = made(tmp_path_factory.mktemp("dashboard"))
    watch(workspace)
    with Running(NAMES, workspace.path, "--workers", "2") as process:
        yield process


@pytest.fixture
def opened(browser: Any, running: Running) -> Iterator[Go]:
    with windows(browser, running.address) as go:
        yield go


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_and_pages_fit(opened: Any, width: int, scheme: str) -> None:
    page = opened("/monitor", viewport={"width": width, "height": 844}, color_scheme=scheme)
    for path in PATHS:
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_all_works_without_javascript(opened: Any) -> None:
    page = opened("/", java_script_enabled=False)
    page.get_by_role("link", name="How they are doing").click()
    page.get_by_role("link", name="churn").click()
    assert page.get_by_role("heading", level=1).inner_text() == "churn"
    ended = page.get_by_text("This is over.")
    assert not ended.is_visible()
    page.get_by_text("1 alarm that ended").click()
    assert ended.is_visible()
    page.get_by_role("link", name="Ask it").click()
    assert page.get_by_role("button", name="Ask the model").is_visible()


def test_all_is_reached_by_keyboard(opened: Any) -> None:
    page = opened("/monitor/churn")
    reached = []
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]"))
    for name in ("Skip to the page", "Ask it", "All models", "1 alarm that ended"):
        assert name in reached, reached
    assert any(name.startswith("The numbers") for name in reached)


def test_the_chart_is_drawn(opened: Any) -> None:
    page = opened("/monitor/churn", viewport={"width": 390, "height": 844})
    box = page.get_by_role("img").first.bounding_box()
    assert 300 < box["width"] <= 390
    assert 150 < box["height"] < 400
    letters = page.evaluate(
        "Math.min(...[...document.querySelectorAll('svg text')].map(each => each.getBoundingClientRect().height))"
    )
    assert letters >= 11  # of a line of text: it can be read on a phone
