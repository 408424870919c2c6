"""A page in a browser."""

from __future__ import annotations

from pathlib import Path


def opened(browser, path: Path, **options):
    """Open a page; every request but that for the page itself is noted and refused, every message noted."""
    context = browser.new_context(**options)
    page = context.new_page()
    noted: list[str] = []
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))

    def route(route):
        if route.request.url == path.as_uri():
            route.continue_()
        else:
            noted.append(route.request.url)
            route.abort()

    page.route("**/*", route)
    page.goto(path.as_uri())
    return context, page, noted
