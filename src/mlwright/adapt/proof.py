"""The trial of a challenger inside of an adaptation: its terms, the rows that count for it, and the gates beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.adapt.losses import deciding, is_bounded, losses, lost_by
from mlwright.adapt.material import as_frame
from mlwright.adapt.pairs import loss_bound, paired
from mlwright.adapt.policy import Policy
from mlwright.adapt.reasons import Reason, reasons
from mlwright.adapt.rows import Known, counts_by_kind
from mlwright.adapt.trial import PairedTrial, Question, Terms
from mlwright.errors import DataError, InputError
from mlwright.evaluate.wording import count, percent
from mlwright.model import RowModel
from mlwright.model.rivals import check_same_question
from mlwright.serve.record import Record

ENOUGH = 5_000
"""So many rows tell what is usually lost."""
MOST_JUDGED = 20_000
SHARE_WORTH, LOSS_WORTH = 0.005, 0.02
Z = 1.96


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two versions of a model, the champion that was and the challenger, and what of them is recorded."""

    champion: RowModel
    challenger: RowModel
    policy: Policy
    record: Record | None
    hidden: tuple[str, ...] = ()
    """Columns of which the record holds no values."""

    def terms(self, question: Question, known: Known) -> Terms:
        """Return what is asked of a trial; `known`: rows before it, which tell what is usually lost.

        Raises OptionError where the two do not answer the same question.
        """
        check_same_question(self.champion.parts, self.challenger.parts)
        policy, metric = self.policy, deciding(self.champion, self.policy.loss)
        some = known.take(range(max(len(known) - ENOUGH, 0), len(known)))
        usual = lost_by(some, self.champion, metric, record=self.record, replay=self._replays)
        try:
            bound = 1.0 if is_bounded(metric) else loss_bound(usual)
        except DataError:  # nothing was lost on any row
            bound = 1.0
        mean = float(np.minimum(usual, bound).mean()) if len(usual) else 0.0
        worth = SHARE_WORTH if metric.decided else LOSS_WORTH * mean
        margin = policy.margin if question == "promotion" else 0.0
        return Terms(
            question=question,
            alpha=policy.alpha if question == "promotion" else policy.alpha / 2.0,  # of the canary, and of what follows
            margin=min(margin, 0.99 * bound),
            worth=max(worth if policy.worth is None else policy.worth, margin),
            most=policy.most_labels,
            bound=bound,
            is_share=metric.decided,
        )

    def feed(self, trial: PairedTrial, known: Known) -> None:
        """Let rows count for a trial. Raises ColumnError."""
        if not len(known) or trial.ended:
            return
        metric = deciding(self.champion, self.policy.loss)
        found = losses(
            known, self.champion, self.challenger, metric, record=self.record, replay=self._replays
        )  # fmt: skip
        before, after = found.champion, found.challenger
        if trial.terms.question == "rollback":  # the former champion is the one that is to be proven better
            before, after = after, before
        trial.see(paired(found.units, before, after, bound=trial.terms.bound))

    def against(self, known: Known) -> list[Reason]:
        """Return why the challenger must not take over though the trial says so: slices, groups, calibration, gates."""
        from mlwright.model.compare import compare

        if not self._replays:
            named = ", ".join(map(repr, self.hidden))
            return [Reason("rows", f"For whom the challenger is worse cannot be told: the record holds no {named}.")]
        rows = known.take(range(max(len(known) - MOST_JUDGED, 0), len(known)))
        frame = as_frame(self.champion, rows, also=[column.name for column in self.challenger.parts.columns])
        try:
            compared = compare(self.champion.parts, self.challenger.parts, frame)
            one, other = (model.evaluate(frame, gates=self.policy.gates) for model in (self.champion, self.challenger))
        except InputError as error:
            return [Reason("rows", f"It cannot be told for whom the challenger is worse: {error.message}")]
        return reasons(compared, one, other)

    def failing(self, since: int, until: int) -> tuple[int, int, str | None]:
        """Return how many rows the challenger answered and shadowed in a time, and why it fails, if it does."""
        if self.record is None:
            return 0, 0, None
        version = self.challenger.version or 0
        found = counts_by_kind(self.record, self.challenger.name, version, since=since, until=until)
        answered, asked, failed = found["answer"], found["shadow"], found["failed"]
        if not asked or _surely(failed, asked) <= self.policy.most_failed:
            return answered, asked, None
        return answered, asked, (
            f"Of {count(asked, 'row')} that the champion answers the challenger refuses "
            f"{percent(round(failed / asked, 4))}; at most {percent(self.policy.most_failed)} are allowed."
        )  # fmt: skip

    @property
    def _replays(self) -> bool:
        """Whether rows hold all that both models read."""
        read = {column.name for model in (self.champion, self.challenger) for column in model.parts.columns}
        return not read & set(self.hidden)


def restored(state: Mapping[str, Any]) -> PairedTrial:
    """Return a trial from its state. Raises ModelError."""
    return PairedTrial.from_dict(state)


def sentences(found: Sequence[Reason]) -> str:
    """Return reasons as one text."""
    return " ".join(reason.sentence for reason in found)


def _surely(few: int, all_: int) -> float:
    """Return the lower end of Wilson's 95 % interval of a share."""
    p = few / all_
    middle, half = p + Z * Z / (2 * all_), Z * float(np.sqrt(p * (1 - p) / all_ + Z * Z / (4 * all_ * all_)))
    return (middle - half) / (1 + Z * Z / all_)
