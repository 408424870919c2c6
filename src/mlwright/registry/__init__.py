"""Named models and their immutable versions."""

from mlwright.registry.workspace import Workspace

__all__ = ["Workspace"]
