"""What is particular to learning one form of models again; stages, trials, traffic and refusals are shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from mlwright.adapt.losses import Losses
    from mlwright.adapt.material import Material, Plan
    from mlwright.adapt.policy import Policy
    from mlwright.adapt.reasons import Reason
    from mlwright.adapt.refusals import Refusal
    from mlwright.adapt.rows import Known
    from mlwright.model import Model
    from mlwright.registry.workspace import Workspace
    from mlwright.serve.record import Record
    from mlwright.tasks.base import Floats, Metric


class Learning(Protocol):
    """How one form of models learns again. It holds no state."""

    noun: ClassVar[str]
    """What a model learns from: "row"."""

    def gather(self, workspace: Workspace, record: Record | None, champion: Model, plan: Plan) -> Material | Refusal:
        """Return what a challenger learns from, or why nothing is learned. Raises SourceError, OutputError, ..."""

    def held_back(
        self, workspace: Workspace, record: Record | None, champion: Model, plan: Plan
    ) -> tuple[Known, Known]:
        """Return what was kept back, and what taught, as answers with outcomes. Raises SourceError, OutputError."""

    def check_brought(self, champion: Model, source: str, until: int) -> None:
        """Raise InputError where what a person brings cannot teach."""

    def check_policy(self, champion: Model, policy: Policy) -> None:
        """Raise OptionError where a policy asks for what cannot be asked of such a model."""

    def build(self, material: Material, champion: Model, options: Mapping[str, Any]) -> Model:
        """Return a challenger. Raises DataError and others as `build` does."""

    def check_same_question(self, champion: Model, challenger: Model) -> None:
        """Raise OptionError where the two do not answer the same question."""

    def replays(self, champion: Model, challenger: Model, hidden: tuple[str, ...]) -> bool:
        """Tell whether the record holds all that both models read, so that both can be asked again."""

    def losses(
        self,
        known: Known,
        champion: Model,
        challenger: Model,
        metric: Metric,
        *,
        record: Record | None,
        replay: bool,
    ) -> Losses:
        """Return what both lose on answers whose outcome is known. Raises ColumnError."""

    def lost_by(self, known: Known, model: Model, metric: Metric, *, record: Record | None, replay: bool) -> Floats:
        """Return what one model loses. Raises ColumnError."""

    def worth(self, metric: Metric, usual: float) -> float:
        """Return by how much less has to be lost for a change to be worth it; `usual`: what is lost on average."""

    def against(
        self, known: Known, champion: Model, challenger: Model, policy: Policy, record: Record | None
    ) -> list[Reason]:
        """Return why a challenger that is better on the whole must not take over."""

    def subject(self, model: Model) -> str | None:
        """Return the field that says whom a request is about."""

    def knows(self, model: Model, field: str) -> bool:
        """Tell whether requests may have such a field."""
