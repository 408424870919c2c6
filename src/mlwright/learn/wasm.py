"""WebAssembly: machine code made of text, in a memory of its own that it cannot leave.

Wasmtime makes the code in some milliseconds; where it is not there, or may not make code, NumPy has to do. Why so:
docs/decisions/0005-the-fast-path.md.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import POINTER, ArgumentError, byref
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Floats = NDArray[np.float64]

MOST_BYTES = 1 << 30
"""What wants more memory than this is left to NumPy."""
_PAGE = 1 << 16


@dataclass(frozen=True, slots=True)
class Code:
    """What makes machine code of a text, once in a process for each size of memory."""

    wasmtime: Any
    engine: Any
    text: str
    modules: dict[int, Any] = field(default_factory=dict)

    @classmethod
    @cache
    def ready(cls, path: Path) -> Self:
        """Return the engine and a file's text. Raises ImportError, OSError or RuntimeError where that cannot be."""
        import wasmtime

        configuration = wasmtime.Config()
        # Addresses are compared with the memory's end: no signal handlers in somebody's process, no 4 GB set aside.
        configuration.signals_based_traps = False
        configuration.memory_reservation = 0
        configuration.memory_reservation_for_growth = 0
        configuration.memory_guard_size = 0
        configuration.parallel_compilation = False
        try:
            return cls(wasmtime, wasmtime.Engine(configuration), path.read_text(encoding="ascii"))
        except wasmtime.WasmtimeError as error:
            raise RuntimeError(str(error)) from error

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What calls may raise."""
        return self.wasmtime.WasmtimeError, self.wasmtime.Trap

    def instance(self, size: int) -> tuple[Any, Callable[[Any], None], NDArray[np.uint8]]:
        """Return a store, what runs in it, and its memory of so many bytes or more, good while the store lives.

        Raises RuntimeError where nobody may make code, and MemoryError.
        """
        module = self._module(1 << (-(-size // _PAGE) - 1).bit_length())
        store = self.wasmtime.Store(self.engine)
        try:
            exports = self.wasmtime.Instance(store, module, []).exports(store)
        except self.errors as error:
            raise MemoryError(str(error)) from error
        run = _direct(self.wasmtime, store, exports["run"])
        return store, run, np.frombuffer(exports["memory"].get_buffer_ptr(store), dtype=np.uint8)

    def _module(self, pages: int) -> Any:
        """Return the code for a memory of exactly so many pages: its end is then a constant, which saves a tenth."""
        if pages not in self.modules:
            text = self.text.replace("PAGES", str(pages))
            try:
                self.modules[pages] = self.wasmtime.Module(self.engine, text)
            except self.errors as error:
                raise RuntimeError(str(error)) from error
        return self.modules[pages]


def _direct(wasmtime: Any, store: Any, run: Any) -> Callable[[Any], None]:
    """Return what calls `run` as Wasmtime's Python package does, less its questions about types.

    They cost a row a quarter of its time. What is used here is not of the package's public names: where one of them is
    not as it was, `run` itself is returned.
    """
    try:
        ffi = import_module("wasmtime._ffi")
        call, pointer, none = ffi.wasmtime_func_call, POINTER(ffi.wasm_trap_t), (ffi.wasmtime_val_t * 0)()
        context, function = store._context(), byref(run._func)  # noqa: SLF001  where they are
        failed, trapped = wasmtime.WasmtimeError._from_ptr, wasmtime.Trap._from_ptr  # noqa: SLF001

        def direct(_: Any) -> None:
            trap = pointer()
            error = call(context, function, none, 0, none, 0, byref(trap))
            if error:
                raise failed(error)
            if trap:
                raise trapped(trap)

        # An empty memory lists no forests, and there is nothing to do.
        direct(store)
    except (ImportError, AttributeError, TypeError, ArgumentError):
        called: Callable[[Any], None] = run
        return called
    return direct


class Image:
    """What the memory will hold: arrays one after the other, and room between them."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[tuple[int, NDArray[np.uint8]]] = []

    def reserve(self, count: int) -> int:
        """Return the address of so many bytes."""
        at = -(-self.size // 16) * 16
        self.size = at + count
        if self.size > MOST_BYTES:
            raise MemoryError
        return at

    def add(self, values: ArrayLike, dtype: DTypeLike) -> int:
        """Return the address of these values."""
        array = np.ascontiguousarray(values, dtype=dtype)
        at = self.reserve(array.nbytes)
        self.put(at, array, dtype)
        return at

    def put(self, at: int, values: ArrayLike, dtype: DTypeLike) -> None:
        """Put values where room was reserved for them."""
        self._pieces.append((at, np.ascontiguousarray(values, dtype=dtype).reshape(-1).view(np.uint8)))

    def write(self, memory: NDArray[np.uint8]) -> None:
        """Write everything into a memory."""
        for at, piece in self._pieces:
            memory[at : at + len(piece)] = piece


def numbers_at(memory: NDArray[np.uint8], at: int, *shape: int) -> Floats:
    """Return the numbers of that shape that stand at an address."""
    return memory[at : at + 8 * int(np.prod(shape))].view("<f8").reshape(shape)
