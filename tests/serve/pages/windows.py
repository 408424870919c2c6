"""Windows of a browser in which the pages of a service are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

Go = Callable[..., Any]


@contextmanager
def windows(browser: Any, address: str, *, may_say: str | None = None) -> Iterator[Go]:
    """Open pages of a service, each in a window of its own: a function of the path and of options of the window.

    In the end none of them may have said anything, but for what contains `may_say`, or asked another server.
    """
    contexts: list[Any] = []
    noted: list[str] = []

    def go(path: str, **options: Any) -> Any:
        context = browser.new_context(base_url=address, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noted.append(message.text))
        page.on("pageerror", lambda error: noted.append(str(error)))
        page.on("request", lambda asked: noted.append(asked.url) if not asked.url.startswith(address) else None)
        page.goto(path)
        return page

    yield go
    for context in contexts:
        context.close()
    assert [text for text in noted if may_say is None or may_say not in text] == []


def axe(page: Any) -> list[Any]:
    """Return what the accessibility scan finds on a page."""
    found = find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("wants axe-playwright-python")
    # A form that was sent is a new page, whose words may be there before its style: then nothing has its colours yet.
    page.wait_for_load_state()
    # The page lets no script in that is not its own; the test's is let in by the debugger.
    page.evaluate((Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    result = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in result["violations"]]
