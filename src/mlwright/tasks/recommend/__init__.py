"""Recommend: what somebody will take next, from a log of who took what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mlwright.tasks.base import Metric
from mlwright.tasks.recommend.metrics import RECOMMEND


class Recommend:
    """What somebody with a history will take next, out of all items.

    How a log is read stands in `read`, which people and moments judge in `split`, what a list is worth in `metrics`,
    how it comes from scores in `decide`, what may be asked in `request`.
    """

    name: ClassVar[str] = "recommend"
    label: ClassVar[str] = "recommendation"
    form: ClassVar[str] = "log"
    metrics: ClassVar[Mapping[str, Metric]] = RECOMMEND
