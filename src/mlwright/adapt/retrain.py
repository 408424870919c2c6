"""Building a challenger: the same question, other rows; registered once, with its parent and why it was made."""

from __future__ import annotations

import hashlib
from typing import Any

from mlwright.adapt.forms import learning
from mlwright.adapt.material import Material, Plan
from mlwright.building.options import MOST_SEED
from mlwright.model import Model
from mlwright.registry.workspace import Workspace


def seed_of(adaptation: str) -> int:
    """Return the seed of an adaptation's build, always the same, so that it builds the same again after a restart.

    >>> seed_of("churn-1") == seed_of("churn-1") != seed_of("churn-2")
    True
    """
    return int.from_bytes(hashlib.sha256(adaptation.encode()).digest()[:4]) % MOST_SEED


def built_already(workspace: Workspace, plan: Plan) -> int | None:
    """Return the version that this adaptation has registered before it was cut off, or None."""
    for version in workspace.search(_mark(plan.id)):
        if version.name == plan.name and version.why.startswith(_mark(plan.id)):
            return version.version
    return None


def retrain(workspace: Workspace, champion: Model, plan: Plan, material: Material, why: str) -> int:
    """Build a challenger and register it; return its version. What was registered before is found, not built again.

    Nothing is carried over from the champion but the question: boosters that go on learning keep trees of what no
    longer holds, and the search starts from learners' own first configurations, which were tried on many tables.
    Raises DataError and others as `build` does.
    """
    if (made := built_already(workspace, plan)) is not None:
        return made
    options: dict[str, Any] = {**material.options, "seed": seed_of(plan.id)}
    if plan.policy.trials is not None:
        options.pop("budget", None)
        options["trials"] = plan.policy.trials
    elif plan.policy.budget is not None:
        options.pop("trials", None)
        options["budget"] = plan.policy.budget
    model = learning(champion).build(material, champion, options)
    parent = f"{plan.name}@{champion.version}"
    return workspace.add(model, plan.name, why=f"{_mark(plan.id)}: {why}", who="mlwright adapt", parent=parent)[1]


def _mark(adaptation: str) -> str:
    return f"adaptation {adaptation}"
