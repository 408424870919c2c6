"""What monitors and adaptations know, in the registry's database: see `Store`."""

from mlwright.monitor.store.adaptations import Adaptation, TrailEntry
from mlwright.monitor.store.alarms import Acknowledged
from mlwright.monitor.store.leases import Fence, LeaseLostError
from mlwright.monitor.store.states import Point, Saved
from mlwright.monitor.store.store import Store

__all__ = ["Acknowledged", "Adaptation", "Fence", "LeaseLostError", "Point", "Saved", "Store", "TrailEntry"]
