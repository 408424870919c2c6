"""How each form of models is served: a model that answers about rows, a recommender; registered by `Task.form`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlwright.model import Model, row_model
from mlwright.model.recommender.recommender import recommender
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.served import Served
from mlwright.serve.served_recommender import ServedRecommender
from mlwright.serve.serving import Serving

FORMS: Mapping[str, Callable[[Model, str, int, ModelPolicy], Serving]] = {
    "rows": lambda model, name, version, policy: Served(row_model(model), name, version, policy),
    "log": lambda model, name, version, policy: ServedRecommender(recommender(model), name, version, policy),
}
"""What puts a model into service under a name and a policy, by its form."""


def in_service(model: Model, name: str, version: int, policy: ModelPolicy) -> Serving:
    """Return a version of a model, ready to answer."""
    return FORMS[model.task.form](model, name, version, policy)
