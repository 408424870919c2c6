"""A blend asked why keeps what its members said when they were asked for scores."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.recommending.blend import Blend
from mlwright.tasks.recommend.interactions import Codes, Histories


class Counting:
    """Scores by the last item of the history, and counts how often it is asked."""

    kind: ClassVar[str] = "counting"

    def __init__(self) -> None:
        self.asked = 0

    def scores(self, histories: Histories) -> NDArray[np.float32]:
        self.asked += 1
        last = histories.item[histories.starts[1:] - 1]
        return (np.arange(6)[None] * (last[:, None] - 2.5)).astype(np.float32)

    def because(self, histories: Histories, item: Codes) -> NDArray[np.intp]:
        return np.broadcast_to(histories.lengths[:, None] - 1, item.shape).astype(np.intp)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        return {}, {}

    @classmethod
    def from_state(cls, plain: Any, arrays: Any) -> Counting:
        return cls()


def history(*items: int) -> Histories:
    size = len(items)
    return Histories(np.array([0, size]), np.array(items, dtype=np.int32), np.zeros(size), None, np.array([np.nan]))


def blend(member: Counting) -> Blend:
    weights = np.array([[0.0, 0.0], [0.0, 1.0]])
    known = np.ones(6, dtype=np.bool_)
    return Blend([member], np.zeros((6, 1), dtype=np.float32), known, np.array([1], dtype=np.int64), weights)


def test_a_member_is_asked_once_for_scores_and_reasons() -> None:
    member = Counting()
    made, asked = blend(member), history(1, 4)
    made.scores(asked)
    assert made.because(asked, np.array([[5, 4]], dtype=np.int32)).tolist() == [[1, 1]]
    assert member.asked == 1


def test_what_is_kept_belongs_to_one_history_alone() -> None:
    made, fresh = blend(Counting()), blend(Counting())
    for asked in (history(1, 4), history(0), history(1, 4), history(5)):
        assert made.scores(asked).tolist() == fresh.scores(asked).tolist() == blend(Counting()).scores(asked).tolist()
        item = np.array([[5, 0]], dtype=np.int32)
        assert made.because(asked, item).tolist() == blend(Counting()).because(asked, item).tolist()
