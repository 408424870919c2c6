"""What each address does: a file for each family of them, and the table of all."""

from __future__ import annotations

from mlwright.serve.handlers.api import ROUTES as API
from mlwright.serve.handlers.events import ROUTES as EVENTS
from mlwright.serve.handlers.health import ROUTES as HEALTH
from mlwright.serve.handlers.inference import ROUTES as INFERENCE
from mlwright.serve.handlers.jobs import ROUTES as JOBS
from mlwright.serve.handlers.models import ROUTES as MODELS
from mlwright.serve.handlers.outcomes import ROUTES as OUTCOMES
from mlwright.serve.handlers.page import ROUTES as PAGE
from mlwright.serve.handlers.predict import ROUTES as PREDICT
from mlwright.serve.handlers.recommend import ROUTES as RECOMMEND
from mlwright.serve.routes import Route

ROUTES: tuple[Route, ...] = (*PREDICT, *RECOMMEND, *JOBS, *OUTCOMES, *EVENTS, *INFERENCE, *MODELS, *API, *HEALTH, *PAGE)
"""Every address of the service. A new family is one file and one line here."""
