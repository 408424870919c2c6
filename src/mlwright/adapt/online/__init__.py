"""The fast layer: a small correction on top of a model, learned from outcomes as they come in, used where it wins."""

from mlwright.adapt.online.inputs import Inputs
from mlwright.adapt.online.layer import OnlineLayer, Standing
from mlwright.adapt.online.spaces import Amounts, Chances, Space

__all__ = ["Amounts", "Chances", "Inputs", "OnlineLayer", "Space", "Standing"]
