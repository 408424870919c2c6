"""The record: what was answered, to which row, by which version, and later the outcome."""

from mlwright.serve.record.answered import Answered, new_ids
from mlwright.serve.record.histories import Event
from mlwright.serve.record.keys import KeyBusyError, KeyReusedError
from mlwright.serve.record.outcomes import Item, Outcome, microseconds
from mlwright.serve.record.private import Private, private_key
from mlwright.serve.record.reading import unpacked
from mlwright.serve.record.record import Record, record_place
from mlwright.serve.record.recorder import Durability, Recorder

__all__ = [
    "Answered",
    "Durability",
    "Event",
    "Item",
    "KeyBusyError",
    "KeyReusedError",
    "Outcome",
    "Private",
    "Record",
    "Recorder",
    "microseconds",
    "new_ids",
    "private_key",
    "record_place",
    "unpacked",
]
