"""Links from raw sums to predictions, as nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mlwright.model.exports.to_onnx.graph import Tensor

FAR = 700.0
"""Beyond this, exp leaves the range of a double."""


def _complement(raw: Tensor) -> Tensor:
    return raw.graph.joined([1.0 - raw, raw])


def _sigmoid(raw: Tensor) -> Tensor:
    return _complement(1.0 / ((raw * -1.0).clip(-FAR, FAR).apply("Exp") + 1.0))


def _softmax(raw: Tensor) -> Tensor:
    below = raw - raw.largest()
    powers = (below < -FAR).where(-FAR, below).apply("Exp")
    return powers / powers.sum()


LINKS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda raw: raw,
    "complement": _complement,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
