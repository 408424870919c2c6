"""The pages in Chromium: quiet, as wide as the window, fit for keyboard, axe and no JavaScript; with a key, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import TASKS, Running
from tests.serve.pages.windows import Go, axe, windows

pytestmark = pytest.mark.browser
KEY = "k" * 43
WRONG = "422 (Unprocessable"


@pytest.fixture(scope="module")
def running(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    workspace = tmp_path_factory.mktemp("pages")
    with Running([models / task for task in TASKS], workspace) as process:
        process.predict(
            "binary", process.client.get("/v1/models/binary/example").json()["rows"], params={"explain": True}
        )
        yield process


@pytest.fixture
def opened(browser: Any, running: Running) -> Iterator[Go]:
    with windows(browser, running.address, may_say=WRONG) as go:
        yield go


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_and_pages_fit(opened: Any, width: int, scheme: str) -> None:
    page = opened("/", viewport={"width": width, "height": 844}, color_scheme=scheme)

    def check() -> None:
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    check()
    page.goto("/models/binary")
    check()
    page.get_by_label("plan").fill("unheard of")
    page.get_by_role("button", name="Ask the model").click()
    page.get_by_role("heading", name="What is unusual about this row").wait_for()
    check()
    page.get_by_label("income").fill("a lot")
    page.get_by_role("button", name="Ask the model").click()
    page.get_by_role("alert").wait_for()
    check()


def test_all_works_without_javascript(opened: Any) -> None:
    page = opened("/models/regression", java_script_enabled=False)
    page.get_by_label("note").fill("a new note\non two lines")
    page.get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Ask the model").click()
    assert page.get_by_role("heading", level=2).first.inner_text().startswith("→y: ")
    assert page.get_by_label("note").input_value() == "a new note\non two lines"
    assert page.get_by_label("No", exact=True).is_checked()


def test_all_works_by_keyboard(opened: Any) -> None:
    page = opened("/models/binary")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.textContent"))
        if reached[-1] == "column:income":
            page.keyboard.press("Control+a")
            page.keyboard.type("a lot")
        if reached[-1] == "Ask the model":
            break
    names = {f"column:{name}" for name in ("income", "age", "plan", "member", "joined", "note")}
    assert names <= set(reached)
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="'a lot' in 'income' cannot be read as a number.").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "column:income"
    page.keyboard.press("Control+a")
    page.keyboard.type("3100")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="y: ").wait_for()


def test_a_browser_asks_for_the_key(browser: Any, models: Path, tmp_path: Path) -> None:
    with Running([models / "binary"], tmp_path, environment={"MLWRIGHT_API_KEY": KEY}) as process:
        context = browser.new_context(
            base_url=process.address, http_credentials={"username": "anybody", "password": KEY}
        )
        page = context.new_page()
        page.goto("/")
        page.get_by_role("button", name="Ask the model").click()
        page.get_by_role("heading", name="y: ").wait_for()
        context.close()
