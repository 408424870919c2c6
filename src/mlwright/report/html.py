"""The report as one HTML file: no script, nothing from outside, light and dark, on paper too."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mlwright.report.document import Page
from mlwright.report.format import glued, tidy
from mlwright.report.glossary import Terms
from mlwright.report.sections import page
from mlwright.report.sections.verdict import card


def templates(package: str) -> Environment:
    """Return the environment of a package's templates: all text is escaped, and a name not there is an error."""
    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tidy"] = tidy
    environment.filters["glued"] = glued
    return environment


@cache
def _environment() -> Environment:
    environment = templates("mlwright.report")
    # Drawings are made by mlwright.report.charts, which escapes every text.
    environment.filters["drawing"] = Markup
    return environment


@cache
def _style() -> Markup:
    """Return the style sheet, without its comments and line ends."""
    text = files("mlwright.report").joinpath("templates/style.css").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return Markup("".join(line for line in lines if not line.startswith("/*")))  # noqa: S704 - our own file


def render_html(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return the report as one HTML page."""
    return draw_html(page(evidence, run))


def draw_html(whole: Page) -> str:
    """Return a page, whatever it is about, as one HTML file."""
    template = _environment().get_template("page.html")
    return template.render(page=whole, terms=Terms(whole.meanings), style=_style())


def fill(name: str, values: Mapping[str, object]) -> str:
    """Return a template that is no whole page, filled in."""
    return _environment().get_template(name).render(values)


def summary_html(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return a small card for notebooks: the verdict, its numbers, and the next call."""
    facts = page_facts(evidence, run)
    return fill("summary.html", {"verdict": card(evidence), "facts": facts, **_named(evidence)})


def page_facts(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return what the model is, in one line."""
    asked = evidence["question"]
    whole = f"{asked['task_label']} · {asked['rows']:,} rows, {asked['columns']:,} columns"
    return f"{whole} · seed {run['seed']}" if run.get("seed") is not None else whole


def _named(evidence: Mapping[str, Any]) -> dict[str, str]:
    return {"target": str(evidence["question"]["target"])}
