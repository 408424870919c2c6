"""A graph in the making: nodes and constants of an ONNX model, and tensors that are calculated with as with arrays.

Numbers are doubles throughout, because a model's thresholds are: in single precision a number just beside one falls on
its other side (docs/decisions/0005-the-fast-path.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET, ML_OPSET, IR = 21, 5, 10
"""ONNX 1.16: the first whose TreeEnsemble (ai.onnx.ml 5) has thresholds in double precision."""
ML = "ai.onnx.ml"

FLOAT, SINGLE, INT, BOOL, TEXT = (np.dtype(kind) for kind in ("float64", "float32", "int64", "bool", "object"))
SMALL = 64
"""Bytes of constants that are kept once, however often they are asked for."""


class Graph:
    """Collects nodes and constants; every value has a name, which no input or output of the model bears."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._taken = set(taken)
        self._known: dict[object, Tensor] = {}
        self._count = 0

    def add(
        self,
        op: str,
        inputs: Sequence[Tensor],
        dtype: np.dtype[Any],
        *,
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
    ) -> Tensor:
        """Add a node of one output, and return that."""
        from onnx.helper import make_node

        name = self._name()
        names = [each.name for each in inputs]
        self.nodes.append(make_node(op, names, [name], name=name, domain=domain, **(attributes or {})))
        return Tensor(self, name, dtype)

    def rename(self, tensor: Tensor, name: str) -> None:
        """Give a tensor the name of an output."""
        from onnx.helper import make_node

        self.nodes.append(make_node("Identity", [tensor.name], [name], name=name))

    def constant(self, values: NDArray[Any]) -> Tensor:
        """Return a constant of these numbers."""
        key = (values.dtype.str, values.shape, values.tobytes()) if values.nbytes <= SMALL else None
        if key is not None and key in self._known:
            return self._known[key]
        from onnx.numpy_helper import from_array

        made = Tensor(self, self._name(), values.dtype)
        self.constants.append(from_array(np.ascontiguousarray(values).reshape(values.shape), made.name))
        if key is not None:
            self._known[key] = made
        return made

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Return a constant (n,) of texts."""
        made = Tensor(self, self._name(), TEXT)
        self.constants.append(text_tensor(made.name, texts))
        return made

    def joined(self, parts: Sequence[Tensor], axis: int = 1) -> Tensor:
        """Return the parts one after the other."""
        return parts[0] if len(parts) == 1 else self.add("Concat", parts, parts[0].dtype, attributes={"axis": axis})

    def lifted(self, operand: Tensor | float | NDArray[Any], dtype: np.dtype[Any]) -> Tensor:
        """Return the operand as a tensor; a number or an array becomes a constant of this type."""
        return operand if isinstance(operand, Tensor) else self.constant(np.asarray(operand, dtype=dtype))

    def _name(self) -> str:
        self._count += 1
        while (name := f"t{self._count}") in self._taken:
            self._count += 1
        return name


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A value of the graph."""

    graph: Graph
    name: str
    dtype: np.dtype[Any]

    def __add__(self, other: Tensor | float | NDArray[Any]) -> Tensor:
        """Add."""
        return self._with("Add", other)

    def __sub__(self, other: Tensor | float | NDArray[Any]) -> Tensor:
        """Subtract."""
        return self._with("Sub", other)

    def __rsub__(self, other: float) -> Tensor:
        """Subtract from a number."""
        return self.graph.lifted(other, self.dtype) - self

    def __mul__(self, other: Tensor | float | NDArray[Any]) -> Tensor:
        """Multiply."""
        return self._with("Mul", other)

    def __rtruediv__(self, other: float) -> Tensor:
        """Divide a number by this."""
        return self.graph.lifted(other, self.dtype) / self

    def __truediv__(self, other: Tensor | float | NDArray[Any]) -> Tensor:
        """Divide."""
        return self._with("Div", other)

    def __floordiv__(self, other: Tensor | int) -> Tensor:
        """Divide whole numbers, none of them below 0: ONNX rounds towards 0 where Python rounds down."""
        return self._with("Div", other)

    def __mod__(self, other: Tensor | int) -> Tensor:
        """Return what is left of whole numbers; it has the divisor's sign, as in Python."""
        return self._with("Mod", other)

    def __gt__(self, other: Tensor | float) -> Tensor:
        """Compare."""
        return self._with("Greater", other, BOOL)

    def __ge__(self, other: Tensor | float) -> Tensor:
        """Compare."""
        return self._with("GreaterOrEqual", other, BOOL)

    def __lt__(self, other: Tensor | float) -> Tensor:
        """Compare."""
        return self._with("Less", other, BOOL)

    def __le__(self, other: Tensor | float) -> Tensor:
        """Compare."""
        return self._with("LessOrEqual", other, BOOL)

    def __and__(self, other: Tensor) -> Tensor:
        """Tell whether both are so."""
        return self._with("And", other)

    def __or__(self, other: Tensor) -> Tensor:
        """Tell whether one of both is so."""
        return self._with("Or", other)

    def __invert__(self) -> Tensor:
        """Tell the opposite."""
        return self.apply("Not")

    def equals(self, other: Tensor | float) -> Tensor:
        """Compare."""
        return self._with("Equal", other, BOOL)

    def is_nan(self) -> Tensor:
        """Tell where there is no number."""
        return self.graph.add("IsNaN", [self], BOOL)

    def where(
        self,
        then: Tensor | float | NDArray[Any],
        otherwise: Tensor | float | NDArray[Any],
        dtype: np.dtype[Any] = FLOAT,
    ) -> Tensor:
        """Return one where this holds, else the other; `dtype` is that of numbers that are given as such."""
        kind = next((each.dtype for each in (then, otherwise) if isinstance(each, Tensor)), dtype)
        return self.graph.add("Where", [self, self.graph.lifted(then, kind), self.graph.lifted(otherwise, kind)], kind)

    def clip(self, low: float | NDArray[Any], high: float | NDArray[Any]) -> Tensor:
        """Keep numbers between two ends; NaN stays, which Min, Max and Clip of runtimes do not agree on."""
        lowest, highest = self.graph.lifted(low, self.dtype), self.graph.lifted(high, self.dtype)
        return (self > highest).where(highest, (self < lowest).where(lowest, self))

    def apply(self, op: str) -> Tensor:
        """Return what an operation makes of each number: "Exp", "Sqrt", ..."""
        return self.graph.add(op, [self], self.dtype)

    def power(self, exponents: NDArray[Any]) -> Tensor:
        """Raise to powers."""
        return self._with("Pow", exponents)

    def matmul(self, weights: Tensor) -> Tensor:
        """Multiply matrices."""
        return self.graph.add("MatMul", [self, weights], self.dtype)

    def cast(self, dtype: np.dtype[Any]) -> Tensor:
        """Return the same in another type; numbers become whole by dropping what stands behind the point."""
        if dtype == self.dtype:
            return self
        return self.graph.add("Cast", [self], dtype, attributes={"to": onnx_type(dtype)})

    def take(self, places: Tensor | NDArray[Any] | Sequence[int], axis: int = 0) -> Tensor:
        """Return what stands at these places along an axis."""
        index = places if isinstance(places, Tensor) else self.graph.constant(np.asarray(places, dtype=INT))
        return self.graph.add("Gather", [self, index], self.dtype, attributes={"axis": axis})

    def sum(self, axis: int = 1, *, keep: bool = True) -> Tensor:
        """Add up along an axis."""
        axes = self.graph.constant(np.array([axis]))
        return self.graph.add("ReduceSum", [self, axes], self.dtype, attributes={"keepdims": int(keep)})

    def largest(self) -> Tensor:
        """Return the largest number of each row, (n, 1)."""
        return self.graph.add("ReduceMax", [self, self.graph.constant(np.array([1]))], self.dtype)

    def first_largest(self) -> Tensor:
        """Return where in each row the largest number stands, the first of equal ones: (n,)."""
        return self.graph.add("ArgMax", [self], INT, attributes={"axis": 1, "keepdims": 0, "select_last_index": 0})

    def shaped(self, *shape: int) -> Tensor:
        """Return the same numbers in another shape; -1 stands for what is left over."""
        return self.graph.add("Reshape", [self, self.graph.constant(np.array(shape))], self.dtype)

    def lookup(self, keys: Sequence[str] | NDArray[Any], values: NDArray[Any], default: int) -> Tensor:
        """Return for each text or number the whole number that belongs to it, or the default."""
        if self.dtype == TEXT:
            # As lists: ONNX Runtime 1.25 cannot load tensors of texts as attributes.
            told: Mapping[str, Any] = {
                "keys_strings": _utf8(keys),
                "values_int64s": [int(value) for value in values],
                "default_int64": default,
            }
            return self.graph.add("LabelEncoder", [self], INT, attributes=told, domain=ML)
        from onnx.numpy_helper import from_array

        attributes = {
            "keys_tensor": from_array(np.asarray(keys), "keys"),
            "values_tensor": from_array(np.asarray(values, dtype=INT), "values"),
            "default_tensor": from_array(np.array([default], dtype=INT), "default"),
        }
        return self.graph.add("LabelEncoder", [self], INT, attributes=attributes, domain=ML)

    def _with(self, op: str, other: Tensor | float | NDArray[Any], dtype: np.dtype[Any] | None = None) -> Tensor:
        return self.graph.add(op, [self, self.graph.lifted(other, self.dtype)], dtype or self.dtype)


def text_tensor(name: str, texts: Sequence[str]) -> Any:
    """Return texts as ONNX holds them."""
    from onnx import TensorProto
    from onnx.helper import make_tensor

    held: Any = _utf8(texts)  # onnx declares numbers alone
    return make_tensor(name, TensorProto.STRING, [len(texts)], held)


def _utf8(texts: Iterable[object]) -> list[bytes]:
    """Return texts as bytes; half a letter, which no text that is read holds, is not known by any."""
    return [str(text).encode("utf-8", "replace") for text in texts]


def onnx_type(dtype: np.dtype[Any]) -> int:
    """Return ONNX's number for a type."""
    from onnx import TensorProto
    from onnx.helper import np_dtype_to_tensor_dtype

    return int(TensorProto.STRING if dtype == TEXT else np_dtype_to_tensor_dtype(dtype))
