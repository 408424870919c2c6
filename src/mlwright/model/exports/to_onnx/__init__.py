"""A model as one ONNX file, from raw columns to answers, in double precision."""

from mlwright.model.exports.to_onnx.check import Compared, compare
from mlwright.model.exports.to_onnx.file import READING, input_doors, output_names, to_onnx

__all__ = ["READING", "Compared", "compare", "input_doors", "output_names", "to_onnx"]
