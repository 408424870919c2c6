"""What a job's answers will be in the record: beside the result until that is whole, for who never got them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from mlwright.errors import OutputError
from mlwright.serve.answers import Answer
from mlwright.serve.jobs.folder import Job
from mlwright.serve.record import Private, Record, record_place
from mlwright.serve.record.answered import Line, line
from mlwright.serve.record.recorder import REFUSED
from mlwright.serve.record.writer import Writer
from mlwright.serve.recording import line_of, private_of
from mlwright.serve.serving import Serving
from mlwright.serve.shapes import Rows

_LENGTH = 8


class Spool:
    """Lines of the record in a file; what is private is hidden before they come there.

    Raises OSError where the file cannot be written, OutputError where the key of private values cannot be used.
    """

    def __init__(self, path: Path, job: Job, workspace: Path) -> None:
        self._path, self._job, self._workspace = path, job, workspace
        self._private = private_of({job.model: job.policy}, workspace) or Private()
        self._file = path.open("wb")
        self._encode = msgspec.msgpack.Encoder().encode

    def add(self, served: Serving, rows: Rows, answers: Sequence[Answer]) -> None:
        """Take answers to rows."""
        now = time.time_ns() // 1_000
        told = [
            line(line_of(answer, row, served, now, 0, self._job.id, None), self._private)
            for answer, row in zip(answers, rows, strict=True)
        ]
        made = self._encode(told)
        self._file.write(len(made).to_bytes(_LENGTH, "big") + made)

    def bring(self) -> None:
        """Write all to the record. Raises OutputError where that fails; what was written is then taken back."""
        self._file.close()
        settings = self._job.record
        place = record_place(self._workspace, settings.place)
        record = Record(place, synchronous="FULL" if settings.durability == "request" else "NORMAL")
        writer, written = Writer(record), 0
        try:
            for lines in self._lines():
                refused = writer.write(lines)
                written += len(lines)
                if refused:
                    raise OutputError(REFUSED)
        except OutputError:
            self._take_back(record, written)
            raise
        finally:
            record.close()

    def _lines(self) -> Iterator[list[Line]]:
        decode = msgspec.msgpack.Decoder(list[tuple]).decode  # type: ignore[type-arg]
        with self._path.open("rb") as file:
            while size := file.read(_LENGTH):
                yield decode(file.read(int.from_bytes(size, "big")))

    def _take_back(self, record: Record, written: int) -> None:
        """Delete what nobody will be given; a database that is gone cannot be helped."""
        with suppress(OutputError):
            for start in range(0, written, 500):
                record.withdraw([f"{self._job.id}-{number}" for number in range(start, min(start + 500, written))])
