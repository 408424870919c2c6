"""The trial of a challenger inside of an adaptation: its terms, the rows that count for it, and the gates beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlwright.adapt.forms import learning
from mlwright.adapt.forms.base import Learning
from mlwright.adapt.losses import deciding, is_bounded
from mlwright.adapt.pairs import loss_bound, paired
from mlwright.adapt.policy import Policy
from mlwright.adapt.reasons import Reason
from mlwright.adapt.rows import Known, counts_by_kind
from mlwright.adapt.trial import PairedTrial, Question, Terms
from mlwright.errors import DataError
from mlwright.evaluate.wording import count, percent
from mlwright.model import Model
from mlwright.serve.record import Record

ENOUGH = 5_000
"""So many rows tell what is usually lost."""
MOST_JUDGED = 20_000
Z = 1.96


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two versions of a model, the champion that was and the challenger, and what of them is recorded."""

    champion: Model
    challenger: Model
    policy: Policy
    record: Record | None
    hidden: tuple[str, ...] = ()
    """Columns of which the record holds no values."""

    def terms(self, question: Question, known: Known) -> Terms:
        """Return what is asked of a trial; `known`: rows before it, which tell what is usually lost.

        Raises OptionError where the two do not answer the same question.
        """
        self._learning.check_same_question(self.champion, self.challenger)
        policy, metric = self.policy, deciding(self.champion, self.policy.loss)
        some = known.take(range(max(len(known) - ENOUGH, 0), len(known)))
        usual = self._learning.lost_by(some, self.champion, metric, record=self.record, replay=self._replays)
        try:
            bound = 1.0 if is_bounded(metric) else loss_bound(usual)
        except DataError:  # nothing was lost on any row
            bound = 1.0
        mean = float(np.minimum(usual, bound).mean()) if len(usual) else 0.0
        worth = self._learning.worth(metric, mean)
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
        found = self._learning.losses(
            known, self.champion, self.challenger, metric, record=self.record, replay=self._replays
        )  # fmt: skip
        before, after = found.champion, found.challenger
        if trial.terms.question == "rollback":  # the former champion is the one that is to be proven better
            before, after = after, before
        trial.see(paired(found.units, before, after, bound=trial.terms.bound))

    def against(self, known: Known) -> list[Reason]:
        """Return why the challenger must not take over though the trial says so: slices, groups, calibration, gates."""
        if not self._replays:
            named = ", ".join(map(repr, self.hidden))
            return [Reason("rows", f"For whom the challenger is worse cannot be told: the record holds no {named}.")]
        rows = known.take(range(max(len(known) - MOST_JUDGED, 0), len(known)))
        return self._learning.against(rows, self.champion, self.challenger, self.policy, self.record)

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
        """Whether the record holds all that both models read."""
        return self._learning.replays(self.champion, self.challenger, self.hidden)

    @property
    def _learning(self) -> Learning:
        return learning(self.champion)


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
