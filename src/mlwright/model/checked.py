"""The files of a model, each compared with its hash before anybody reads what it says."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from mlwright.errors import InputError, ModelError
from mlwright.model.archive import MANIFEST, Store
from mlwright.model.arrays import read_arrays, unpacked_limit
from mlwright.model.text import MAX_JSON, read_json


@contextmanager
def damaged(where: str) -> Iterator[None]:
    """Turn whatever wrong content leads to into one ModelError; what reads it may then stay plain."""
    try:
        yield
    except ModelError as error:
        raise ModelError(error.message, where=error.where or where, hint=error.hint) from error
    except (InputError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"The model is damaged: {str(error)[:300]}", where=where) from error
    except MemoryError as error:
        raise ModelError("The model asks for more memory than there is.", where=where) from error


class Checked:
    """The files of a model that the manifest names, each compared with its size and hash when it is read."""

    def __init__(self, store: Store, manifest: dict[str, Any], where: str) -> None:
        self.store = store
        self.table: dict[str, dict[str, Any]] = manifest["files"]
        self.where = where
        self.seen: set[str] = set()
        self.json_left = MAX_JSON
        self.arrays_left = unpacked_limit(sum(facts["bytes"] for facts in self.table.values()))

    def bytes(self, name: str) -> bytes:
        """Return a file's bytes."""
        facts = self.table.get(name)
        if facts is None or name not in self.store.sizes:
            raise ModelError(f"The file {name!r} is missing.", where=self.where)
        data = self.store.read(name, facts["bytes"])
        if len(data) != facts["bytes"] or sha256(data) != facts["sha256"]:
            raise ModelError(f"The file {name!r} is not the one that was saved: its hash differs.", where=self.where)
        self.seen.add(name)
        return data

    def json(self, name: str) -> dict[str, Any]:
        """Return the object that a JSON file holds."""
        data = self.bytes(name)
        found = read_json(data, f"{self.where}/{name}", limit=self.json_left)
        self.json_left -= len(data)
        if not isinstance(found, dict):
            raise ModelError(
                "The file is damaged: it is not the JSON that a model holds.", where=f"{self.where}/{name}"
            )
        return found

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays that an npz holds; all of a model's together stay within its bounds."""
        found = read_arrays(self.bytes(name), f"{self.where}/{name}", limit=self.arrays_left)
        self.arrays_left -= sum(array.nbytes for array in found.values())
        return found

    def check_names(self) -> None:
        """Refuse a model with files too few or too many."""
        there, said = set(self.store.sizes) - {MANIFEST}, set(self.table)
        if missing := sorted(said - there):
            raise ModelError(f"The file {missing[0]!r} is missing.", where=self.where)
        if extra := sorted(there - said):
            raise ModelError(f"The file {extra[0]!r:.200} does not belong to the model.", where=self.where)

    def check_rest(self) -> None:
        """Refuse a model with files that nothing speaks of."""
        if unused := sorted(set(self.table) - self.seen):
            raise ModelError(f"The file {unused[0]!r} does not belong to the model.", where=self.where)


def sha256(data: bytes) -> str:
    """Return the hash of a file, as the manifest has it."""
    return hashlib.sha256(data).hexdigest()


def number(value: object) -> float:
    """Return a finite number. Raises ModelError where it is none."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ModelError(f"{value!r:.100} is not the number that a model holds.")
    return float(value)
