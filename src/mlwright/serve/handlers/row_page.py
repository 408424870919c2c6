"""The page of a model of rows: a form with a field for each column, and the answer to what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlwright.serve.answers import Answer
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.handlers.predict import answer_rows
from mlwright.serve.http import HTML, Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.service import Service
from mlwright.serve.serving import Serving
from mlwright.values import as_text

SPARE_FIELDS = 20
"""A form may have so many fields beside those that are asked for: another version may have asked for others."""


async def blank(asked: Asked) -> Response:
    """Show the form, filled in with an example."""
    page = await asked.service.in_background(lambda: asked.page(asked.served.example))
    if not asked.served.gives_reasons:
        asked.service.soon(asked.served.prepare_reasons)  # while the form is being filled in
    return Response(page, HTML)


async def answer(asked: Asked, request: Request, named: Serving | None) -> Response:
    """Answer what was filled in, on the same page; what is wrong is said there too."""
    from mlwright.serve.pages.fields import row_of, texts_sent

    service, names = asked.service, asked.names
    row = row_of(texts_sent(request.body, request.media_type, len(names) + SPARE_FIELDS), names)
    try:
        answers, by = await answer_rows(service, request, asked.endpoint, named, [row], explain=True)
    except Problem as problem:
        service.metrics.problem(problem.kind, problem.status)
        page = await service.in_background(partial(asked.page, row, problem=problem))
        return Response(page, HTML, problem.status, problem.headers)
    return Response(await service.in_background(lambda: asked.page(row, answer=answers[0], by=by)), HTML)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model a page is about; `page` is made on another thread, because one of 300 columns is long."""

    service: Service
    endpoint: Endpoint
    served: Serving
    """The version whose form it is; where traffic is split, another one may answer."""
    reference: str
    links: list[tuple[str, str]]
    """Other pages."""

    @property
    def names(self) -> list[str]:
        """What a row has to hold: the columns of whatever version may answer it, and what the service asks for."""
        versions = [self.served, *(each.served for each in self.endpoint.canaries), *self.endpoint.shadows]
        columns = [column.name for version in versions for column in version.model.parts.columns]
        return list(dict.fromkeys([*columns, *self._beside()]))

    def _beside(self) -> dict[str, str]:
        """Return the names that the service wants to know beside the model's columns, and what for."""
        columns = {column.name for column in self.served.model.parts.columns}
        subject = self.service.settings.policy_of(self.endpoint.name).subject
        told = {
            self.endpoint.sticky: "The model does not read it: the same value always gets the same version's answer.",
            subject: "The model does not read it: it says whom the row is about, so that it can be deleted later.",
        }
        return {name: what for name, what in told.items() if name is not None and name not in columns}

    def page(
        self, row: Mapping[str, Any], *, problem: Problem | None = None, answer: Answer | None = None,
        by: Serving | None = None,
    ) -> bytes:  # fmt: skip
        """Return the page with a row in its fields, and the answer that version `by` gave, or why there is none."""
        from mlwright.serve.pages.fields import form_of
        from mlwright.serve.pages.models import model_page
        from mlwright.serve.pages.shown import shown_of

        served = self.served
        ranked = served.model.evaluation.get("importance") or []
        filled = form_of(
            served.model.parts.columns,
            {name: value if isinstance(value, str) else as_text(value) or "" for name, value in row.items()},
            importance=[each["column"] for each in ranked if isinstance(each, dict) and "column" in each],
            errors={each.column: each.message for each in problem.errors if each.column} if problem else None,
            beside=self._beside(),
        )
        is_kept = self.service.recording.durability != "off"
        return model_page(
            served,
            self.reference,
            filled,
            shown=None if answer is None or by is None else shown_of(answer, by, is_kept=is_kept),
            problem=problem,
            row=row,
            has_list=len(self.service.endpoints) > 1,
            links=self.links,
        )
