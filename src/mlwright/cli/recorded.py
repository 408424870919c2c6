"""The record of a workspace, opened for a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.serve.record import Record


def opened_record(workspace: Path | None, place: str | None, *, may_be_none: bool = False) -> Record:
    """Return the record that is there: none is made by asking for it, unless jobs too hold what is to be deleted."""
    from mlwright.registry import Workspace
    from mlwright.serve.record import Private, Record, private_key, record_place
    from mlwright.serve.record.record import KEY_FILE

    home = Workspace(workspace).path
    where = record_place(home, place)
    may_be_none = may_be_none and place is None and (home / "jobs").is_dir()
    if "://" not in str(where) and not Path(where).is_file() and not may_be_none:
        raise OptionError(
            "There is no record yet.", where=str(where), hint="`mlwright serve MODEL` begins one when it answers."
        )
    key = home / KEY_FILE
    return Record(where, private=Private(key=private_key(key)) if key.exists() else None)
