"""What is watched: one file and one line below for each."""

from __future__ import annotations

from mlwright.monitor.watchers.base import Seen, Streams, Watch, Watcher
from mlwright.monitor.watchers.calibration import Calibration
from mlwright.monitor.watchers.columns import Columns
from mlwright.monitor.watchers.contract import Contract
from mlwright.monitor.watchers.groups import Groups
from mlwright.monitor.watchers.health import Health
from mlwright.monitor.watchers.joint import Joint
from mlwright.monitor.watchers.labels import Labels
from mlwright.monitor.watchers.losses import Losses
from mlwright.monitor.watchers.predictions import Predictions

_ALL: tuple[Watcher, ...] = (
    Losses(),
    Groups(),
    Contract(),
    Calibration(),
    Labels(),
    Predictions(),
    Columns(),
    Joint(),
    Health(),
)
WATCHERS = {watcher.kind: watcher for watcher in _ALL}

__all__ = ["WATCHERS", "Seen", "Streams", "Watch", "Watcher"]
