"""Pages that a person uses: HTML that needs no script, in the style of the report and a little more."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment

from mlwright.report.html import templates
from mlwright.serve.problems import Problem

__all__ = ["STATIC", "problem_page", "render", "static"]

STATIC: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "style.css": (
        "text/css",
        (("mlwright.report", "templates/style.css"), ("mlwright.serve.pages", "templates/style.css")),
    ),
    "icon.svg": ("image/svg+xml", (("mlwright.serve.pages", "templates/icon.svg"),)),
}
"""Files that pages refer to: their kind, and what of the package they are put together from."""
HELP: Mapping[str, str] = {
    "no-key": "Your browser asks for a name and a password. The password is your API key; the name does not matter.",
    "not-allowed": "Whoever runs this service can give you another key.",
    "no-such-path": "The first page lists what there is.",
    "no-such-model": "The first page lists what there is.",
    "busy": "Wait a moment, go back, and send it again: nothing that you typed is lost.",
    "not-ready": "Wait a moment, and load the page again.",
}
"""What a person with a browser can do, where that is not what a program can do."""


@cache
def static(name: str) -> bytes:
    """Return one of the files of STATIC."""
    _, parts = STATIC[name]
    return b"\n".join(files(package).joinpath(path).read_bytes() for package, path in parts)


@cache
def _environment() -> Environment:
    return templates("mlwright.serve.pages")


def render(template: str, values: Mapping[str, Any]) -> bytes:
    """Return a page as it is sent. A lone surrogate, which UTF-8 cannot hold, becomes a question mark."""
    return _environment().get_template(template).render(values).encode("utf-8", "replace")


def problem_page(problem: Problem, request_id: str) -> bytes:
    """Return what a person with a browser is told of a problem."""
    hint = problem.hint or ""
    told = hint if hint.startswith("did you mean") else HELP.get(problem.kind, hint)
    return render("problem.html", {"problem": problem, "help": told, "request_id": request_id})
