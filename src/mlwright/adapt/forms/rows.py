"""How models that answer about rows learn again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from mlwright.adapt import losses as row_losses
from mlwright.adapt import material as row_material
from mlwright.adapt.reasons import Reason, reasons
from mlwright.errors import InputError
from mlwright.model import row_model
from mlwright.model.rivals import check_same_question

if TYPE_CHECKING:
    from mlwright.adapt.losses import Losses
    from mlwright.adapt.material import Material, Plan
    from mlwright.adapt.policy import Policy
    from mlwright.adapt.refusals import Refusal
    from mlwright.adapt.rows import Known
    from mlwright.model import Model
    from mlwright.registry.workspace import Workspace
    from mlwright.serve.record import Record
    from mlwright.tasks.base import Floats, Metric

SHARE_WORTH, LOSS_WORTH = 0.005, 0.02


class RowLearning:
    """Rows with outcomes teach, beside those that the champion learned from."""

    noun: ClassVar[str] = "row"

    def gather(self, workspace: Workspace, record: Record | None, champion: Model, plan: Plan) -> Material | Refusal:
        """Return the rows that teach."""
        return row_material.gather(workspace, record, row_model(champion), plan)

    def held_back(
        self, workspace: Workspace, record: Record | None, champion: Model, plan: Plan
    ) -> tuple[Known, Known]:
        """Return the rows that were kept back, and those that taught."""
        del workspace
        return row_material.held_back(record, row_model(champion), plan)

    def check_brought(self, champion: Model, source: str, until: int) -> None:
        """Read the rows."""
        row_material.from_file(row_model(champion), source, until)

    def check_policy(self, champion: Model, policy: Policy) -> None:
        """Read the gates."""
        from mlwright.evaluate.gates import read_gates

        del champion
        if policy.gates is not None:
            read_gates(policy.gates)

    def build(self, material: Material, champion: Model, options: Mapping[str, Any]) -> Model:
        """Build a model of the same target."""
        from mlwright.building import build

        return build(material.frame, champion.target, **options)

    def check_same_question(self, champion: Model, challenger: Model) -> None:
        """Compare targets and classes."""
        check_same_question(row_model(champion).parts, row_model(challenger).parts)

    def replays(self, champion: Model, challenger: Model, hidden: tuple[str, ...]) -> bool:
        """Tell whether no column that either reads is hidden."""
        read = {column.name for model in (champion, challenger) for column in model.parts.columns}
        return not read & set(hidden)

    def losses(
        self, known: Known, champion: Model, challenger: Model, metric: Metric, *, record: Record | None, replay: bool
    ) -> Losses:
        """Return what both lose on rows."""
        one, other = row_model(champion), row_model(challenger)
        return row_losses.losses(known, one, other, metric, record=record, replay=replay)

    def lost_by(self, known: Known, model: Model, metric: Metric, *, record: Record | None, replay: bool) -> Floats:
        """Return what one loses on rows."""
        return row_losses.lost_by(known, row_model(model), metric, record=record, replay=replay)

    def worth(self, metric: Metric, usual: float) -> float:
        """Return half a point of errors, or 2 % of the loss."""
        return SHARE_WORTH if metric.decided else LOSS_WORTH * usual

    def against(
        self, known: Known, champion: Model, challenger: Model, policy: Policy, record: Record | None
    ) -> list[Reason]:
        """Return slices, groups, calibration and gates that speak against the challenger."""
        from mlwright.model.compare import compare

        del record
        one, other = row_model(champion), row_model(challenger)
        frame = row_material.as_frame(one, known, also=[column.name for column in other.parts.columns])
        try:
            compared = compare(one.parts, other.parts, frame)
            before, after = (model.evaluate(frame, gates=policy.gates) for model in (one, other))
        except InputError as error:
            return [Reason("rows", f"It cannot be told for whom the challenger is worse: {error.message}")]
        return reasons(compared, before, after)

    def subject(self, model: Model) -> str | None:
        """Return the column that groups rows."""
        group = model.schema.only("group")
        return None if group is None else group.name

    def knows(self, model: Model, field: str) -> bool:
        """Tell whether it is a column of the model's table."""
        return field in {column.name for column in model.schema}
