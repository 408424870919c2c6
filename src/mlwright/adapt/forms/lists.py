"""How models that recommend learn again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlwright.adapt import log_losses, log_material, log_reasons
from mlwright.errors import OptionError
from mlwright.model.recommender.recommender import recommender
from mlwright.tasks.recommend.request import FIELDS

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

WORTH = 0.02
USER, HISTORY = "user", "history"


class ListLearning:
    """The log that taught and what people took since teach, up to a moment; what came later judges."""

    noun: ClassVar[str] = "entry"

    def gather(self, workspace: Workspace, record: Record | None, champion: Model, plan: Plan) -> Material | Refusal:
        """Return the log that teaches."""
        return log_material.gather(workspace, record, recommender(champion), plan)

    def held_back(
        self, workspace: Workspace, record: Record | None, champion: Model, plan: Plan
    ) -> tuple[Known, Known]:
        """Return the requests that came after what teaches, and those before."""
        return log_material.held_back(workspace, record, recommender(champion), plan)

    def check_brought(self, champion: Model, source: str, until: int) -> None:
        """Read the log."""
        log_material.check_brought(recommender(champion), source, until)

    def check_policy(self, champion: Model, policy: Policy) -> None:
        """Refuse gates, which are about rows."""
        if policy.gates is not None:
            raise OptionError(
                f"{champion.name!r} recommends: it has no gates of rows.", hint="leave gates out of its settings."
            )

    def build(self, material: Material, champion: Model, options: Mapping[str, Any]) -> Model:
        """Build a model from the log."""
        from mlwright.building import build

        del champion
        return build(material.frame, **options)

    def check_same_question(self, champion: Model, challenger: Model) -> None:
        """Compare what is recommended."""
        one, other = recommender(champion), recommender(challenger)
        if one.target != other.target:
            raise OptionError(
                f"The models cannot be compared: one recommends {one.target!r}, the other {other.target!r}."
            )

    def replays(self, champion: Model, challenger: Model, hidden: tuple[str, ...]) -> bool:
        """Tell whether histories are recorded as they were."""
        del champion, challenger
        return HISTORY not in hidden

    def losses(
        self, known: Known, champion: Model, challenger: Model, metric: Metric, *, record: Record | None, replay: bool
    ) -> Losses:
        """Return what both lose on lists of which something was taken that was new to the person."""
        one, other = recommender(champion), recommender(challenger)
        return log_losses.losses(known, one, other, metric, record=record, replay=replay)

    def lost_by(self, known: Known, model: Model, metric: Metric, *, record: Record | None, replay: bool) -> Floats:
        """Return what one loses on lists."""
        return log_losses.lost_by(known, recommender(model), metric, record=record, replay=replay)

    def worth(self, metric: Metric, usual: float) -> float:
        """Return 2 % of what is gained: most of a list's loss nobody can save."""
        del metric
        return WORTH * max(1.0 - usual, WORTH)

    def against(
        self, known: Known, champion: Model, challenger: Model, policy: Policy, record: Record | None
    ) -> list[Reason]:
        """Return for which lengths of history the challenger is surely worse, and whether it takes much longer."""
        metric = log_losses.metric_of(recommender(champion), policy.loss)
        return log_reasons.against(known, recommender(champion), recommender(challenger), metric, record)

    def subject(self, model: Model) -> str | None:
        """Return the field that names who asks."""
        del model
        return USER

    def knows(self, model: Model, field: str) -> bool:
        """Tell whether it is a field of a request."""
        del model
        return field in FIELDS
