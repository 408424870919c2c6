"""The pages: the list of models, and a model with its form, its answer and how good it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from mlwright.report import format as words
from mlwright.report.document import Verdict
from mlwright.report.sections.verdict import card
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.pages import render
from mlwright.serve.pages.fields import Form
from mlwright.serve.pages.shown import Shown
from mlwright.serve.problems import Problem
from mlwright.serve.serving import Serving

Links = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One line of the summary of what is wrong: what, and the field it is about."""

    message: str
    field: str | None


def list_page(endpoints: Sequence[Endpoint], links: Links = ()) -> bytes:
    """Return the page that lists the models; `links` are other pages: addresses, and what they are called."""
    cards = [
        {
            "name": endpoint.name,
            "path": path_of(endpoint.name),
            "version": endpoint.main.version,
            "says": endpoint.main.says(),
            "verdict": verdict_of(endpoint.main),
        }
        for endpoint in endpoints
    ]
    return render("list.html", {"cards": cards, "links": links})


def model_page(
    served: Serving, reference: str, form: Form, *, shown: Shown | None = None, problem: Problem | None = None,
    row: Mapping[str, Any] | None = None, has_list: bool = False, links: Links = (),
) -> bytes:  # fmt: skip
    """Return the page of a model.

    Parameters
    ----------
    served, reference
        The version whose form it is, and how it was asked for.
    form
        The fields with what stands in them.
    shown, problem
        What the model answered, or why it did not.
    row
        The row that was asked about.
    has_list
        Whether there are other models, and so a list to go back to.
    links
        Other pages: addresses, and what they are called.
    """
    return render(
        "model.html",
        {
            "name": reference,
            "path": path_of(reference),
            "version": served.version,
            "target": served.model.target,
            "says": served.says(),
            "verdict": verdict_of(served),
            "form": form,
            "shown": shown,
            "problem": problem,
            "mistakes": [] if problem is None else list(_mistakes(problem, form)),
            "json": "" if row is None else msgspec.json.format(msgspec.json.encode({"rows": [row]}), indent=2).decode(),
            "has_list": has_list,
            "links": links,
        },
    )


def path_of(reference: str) -> str:
    """Return the address of a model's page."""
    return f"/models/{quote(reference, safe='@')}"


def _mistakes(problem: Problem, form: Form) -> Iterator[Mistake]:
    ids = {field.column: field.id for field in (*form.first, *form.folded)}
    if not problem.errors:
        yield Mistake(problem.detail, None)
    for error in problem.errors:
        yield Mistake(words.tidy(error.message), ids.get(error.column or ""))


def verdict_of(served: Serving) -> Verdict | None:
    """Return how good a model is, as its report says; None where nothing was measured, or it cannot be told."""
    try:
        return card(served.model.evaluation)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):  # a file may hold anything
        return None
