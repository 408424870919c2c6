"""--to onnx: the whole model as one ONNX file, compared with the model before it is written."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mlwright.errors import MissingExtraError
from mlwright.model.exports.exported import Exported
from mlwright.model.exports.facts import reference
from mlwright.model.exports.place import write_file
from mlwright.model.parts import RowParts

MARK = b"\x12\x08mlwright"
"""The field of a file that names who made it."""


def write(parts: RowParts, path: Path, wheel: Path | None = None) -> Exported:
    """Write the file. Raises OptionError where a part cannot be carried exactly, ModelError where answers differ."""
    del wheel
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        raise MissingExtraError.of("onnx", "Writing ONNX, which is compared with the model first,")
    from mlwright.model.exports.to_onnx import compare, input_doors, output_names, to_onnx

    data = to_onnx(parts)
    compared = compare(data, parts)
    write_file(path, data, MARK)
    names = output_names(parts, input_doors(parts.columns))
    renamed = [f"the output {what!r} is called {name!r}" for what, name in names.items() if name != what]
    return Exported(
        to="onnx",
        path=path,
        model=reference(parts),
        bytes=len(data),
        difference=compared.difference,
        rows=compared.rows,
        next=f'python -c "from onnxruntime import InferenceSession as S; print(S({str(path)!r}).get_inputs()[0])"',
        note=f"{' and '.join(renamed)}: a column of the model has that name." if renamed else None,
    )
