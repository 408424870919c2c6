"""The page of a recommender: one picks a few items and sees what is recommended, without a script."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from mlwright.serve.answers import Answer, Recommendation
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.handlers.predict import answer_rows
from mlwright.serve.http import HTML, Request, Response
from mlwright.serve.problems import Problem
from mlwright.serve.service import Service
from mlwright.serve.serving import Serving


@dataclass(frozen=True, slots=True)
class Asked:
    """Which recommender a page is about; `page` is made on another thread, because a catalogue is long."""

    service: Service
    endpoint: Endpoint
    served: Serving
    """The version whose items are shown; where traffic is split, another one may answer."""
    reference: str
    links: list[tuple[str, str]]
    """Other pages."""

    def page(
        self, state: Any, *, problem: Problem | None = None, answer: Answer | None = None, by: Serving | None = None
    ) -> bytes:
        """Return the page with what was picked, and what version `by` recommends, or why it does not."""
        from mlwright.serve.pages.recommend import Shown, recommend_page

        shown = None
        if isinstance(answer, Recommendation) and by is not None:
            shown = Shown(answer, by.version, is_kept=self.service.recording.durability != "off")
        return recommend_page(
            self.served,
            self.reference,
            state,
            shown=shown,
            problem=problem,
            has_list=len(self.service.endpoints) > 1,
            links=self.links,
        )


async def blank(asked: Asked) -> Response:
    """Show the page with nothing picked."""
    from mlwright.serve.pages.recommend import State

    return Response(await asked.service.in_background(lambda: asked.page(State())), HTML)


async def answer(asked: Asked, request: Request, named: Serving | None) -> Response:
    """Do what was asked for on the page (find, add or remove an item), and recommend for what is picked then."""
    from mlwright.serve.pages.recommend import state_sent

    service = asked.service
    state = await service.in_background(lambda: state_sent(request.body, request.media_type, asked.served))
    if not state.picked:
        return Response(await service.in_background(lambda: asked.page(state)), HTML)
    try:
        answers, by = await answer_rows(service, request, asked.endpoint, named, [state.request()])
    except Problem as problem:
        service.metrics.problem(problem.kind, problem.status)
        return Response(
            await service.in_background(partial(asked.page, state, problem=problem)), HTML, problem.status,
            problem.headers,
        )  # fmt: skip
    return Response(await service.in_background(lambda: asked.page(state, answer=answers[0], by=by)), HTML)
