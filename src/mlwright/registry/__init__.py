"""Named models, their immutable versions, the aliases that point to them, and who may ask."""

from mlwright.registry.traffic import Traffic
from mlwright.registry.version import Version
from mlwright.registry.workspace import Workspace

__all__ = ["Traffic", "Version", "Workspace"]
