"""Pages for people: the list of models, a model's form, and its answer to what was filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlwright.serve.answers import Answer
from mlwright.serve.auth import allows_some
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.handlers.predict import answer_rows
from mlwright.serve.http import FORM, HTML, Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.routes import OPEN, Route
from mlwright.serve.served import Served
from mlwright.serve.service import Service
from mlwright.values import as_text

SPARE_FIELDS = 20
"""A form may have so many fields beside those that are asked for: another version may have asked for others."""


async def first(service: Service, request: Request) -> Response:
    """List the models, or open the only one."""
    endpoints = _allowed(service, request)
    if len(endpoints) == 1:
        return await _blank(service, request, endpoints[0], None, endpoints[0].name)
    links = links_for(service, request)
    return Response(await service.in_background(lambda: _list(endpoints, links)), HTML)


def _allowed(service: Service, request: Request) -> list[Endpoint]:
    """Return what may be asked by whoever asks."""
    key = request.key
    return [each for each in service.endpoints.values() if key is None or key.allows("predict", each.name)]


def links_for(service: Service, request: Request) -> list[tuple[str, str]]:
    """Return the other pages that whoever asks may see: addresses, and what they are called."""
    key = request.key
    return [
        (route.path, route.link)
        for route in service.routes
        if route.link and (key is None or allows_some(key, route.scope) or key.allows(route.scope))
    ]


def _list(endpoints: list[Endpoint], links: list[tuple[str, str]]) -> bytes:
    from mlwright.serve.pages.models import list_page

    return list_page(endpoints, links)


async def form(service: Service, request: Request) -> Response:
    """Show a model's form, filled in with an example."""
    reference = request.named["name"]
    endpoint, served = await service.asked(reference)
    return await _blank(service, request, endpoint, served, reference)


async def _blank(
    service: Service, request: Request, endpoint: Endpoint, named: Served | None, reference: str
) -> Response:
    served, links = named or endpoint.main, links_for(service, request)
    page = await service.in_background(lambda: Asked(service, endpoint, served, reference, links).page(served.example))
    if not served.gives_reasons:
        service.soon(served.prepare_reasons)  # while the form is being filled in
    return Response(page, HTML)


async def answer(service: Service, request: Request) -> Response:
    """Answer what was filled in, on the same page; what is wrong is said there too."""
    from mlwright.serve.pages.fields import row_of, texts_sent

    reference = request.named["name"]
    endpoint, named = await service.asked(reference)
    asked = Asked(service, endpoint, named or endpoint.main, reference, links_for(service, request))
    names = asked.names
    row = row_of(texts_sent(request.body, request.media_type, len(names) + SPARE_FIELDS), names)
    try:
        answers, by = await answer_rows(service, request, endpoint, named, [row], explain=True)
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
    served: Served
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
        by: Served | None = None,
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


def asset(_: Service, request: Request) -> Response:
    """Give what the pages refer to."""
    from mlwright.serve.pages import STATIC, static

    name = request.named["file"]
    if name not in STATIC:
        raise Problem("no-such-path", "There is nothing at this address.")
    return Response(static(name), STATIC[name][0])


ROUTES = (
    Route(method="GET", path="/", scope="predict", handler=first, own=True,
          summary="The page: which models are served", gives=(HTML,)),
    Route(method="GET", path="/models/{name}", scope="predict", handler=form, summary="The page: a model's form",
          gives=(HTML,)),
    Route(method="POST", path="/models/{name}", scope="predict", handler=answer, takes=(FORM,),
          summary="The page: the answer to a form", gives=(HTML,)),
    Route(method="GET", path="/static/{file}", scope=OPEN, handler=asset, summary="What the pages look like",
          gives=("text/css", "image/svg+xml")),
)  # fmt: skip
