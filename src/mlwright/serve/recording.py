"""What the service hands to the record: every answer it gives, and what shadows would have said."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlwright.errors import MlwrightError, OptionError, nearest
from mlwright.serve.answers import Answer
from mlwright.serve.checking import Raw
from mlwright.serve.endpoint import Endpoint
from mlwright.serve.http import Request
from mlwright.serve.metrics import Metrics
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.problems import Problem
from mlwright.serve.record import Answered, Private, Recorder, private_key, record_place
from mlwright.serve.record.record import KEY_FILE
from mlwright.serve.serving import Serving
from mlwright.serve.settings import Settings
from mlwright.serve.shelf import Shelf
from mlwright.values import as_text

logger = logging.getLogger("mlwright.serve")
CLOSE_S = 10.0
"""So long the record is waited for when the service ends: whoever stops it seldom waits for more than 30 s in all."""
SHADOW_S, SHADOW_ROWS, BREATH_S = 0.05, 50, 0.0005
"""So long rows are gathered for their shadows, so many are answered at once, and so long a pause follows."""
MOST_SHADOWS = 1_000
"""So many requests may wait for their shadows; what comes then is not shadowed, and counted."""


@dataclass(slots=True)
class Held:
    """Answers of a request whose response is to be kept first: what is not given is neither recorded nor counted."""

    lines: list[Answered] = field(default_factory=list)
    then: list[Callable[[], None]] = field(default_factory=list)
    """What is done when the response is kept."""

    @property
    def subjects(self) -> set[str]:
        """Whom the answers are about."""
        return {line.subject for line in self.lines if line.subject}


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A row that was answered, and waits for what a shadow would have said."""

    row: Raw
    of: str
    """The id of the answer that was given."""
    request: str


class Recording:
    """The record of all models of one process, and the thread that lets shadows answer."""

    def __init__(self, settings: Settings, shelf: Shelf, metrics: Metrics) -> None:
        self.metrics = metrics
        self.durability = settings.record.durability
        self.recorder = Recorder(
            record_place(shelf.workspace.path, settings.record.place),
            durability=settings.record.durability,
            private=private_of({name: shelf.endpoint(name).main.policy for name in shelf.names}, shelf.workspace.path),
            keep_s=settings.record.keep_days * 86_400 if settings.record.keep_days else None,
        )
        self._shadows: deque[tuple[Endpoint, Sequence[tuple[int, Shadowed]]]] = deque()
        self._wake = threading.Event()
        self._ends = False
        self.shadows_left_out = 0
        self._thread = threading.Thread(target=self._shadowing, name="shadows", daemon=True)
        self._thread.start()

    def lines(
        self, request: Request, served: Serving, rows: Sequence[Raw], answers: Sequence[Answer],
        propensity: float | None,
    ) -> list[Answered]:  # fmt: skip
        """Return what is recorded of answers."""
        now = time.time_ns() // 1_000
        latency = int((time.perf_counter() - request.started) * 1e6)
        return [
            line_of(answer, row, served, now, latency, request.id, propensity)
            for row, answer in zip(rows, answers, strict=True)
        ]

    async def keep(self, lines: Sequence[Answered]) -> None:
        """Record answers: soon, or before they go out, as the durability says. Raises Problem where that fails."""
        if self.durability == "batch":
            for each in lines:
                self.recorder.put(each)
        elif self.durability == "request":
            try:
                await asyncio.wrap_future(self.recorder.promised(lines))
            except MlwrightError as error:
                raise Problem("not-recorded", error.message, hint=error.hint, retry_after=1) from error

    def shadow(
        self, endpoint: Endpoint, rows: Sequence[Raw], answers: Sequence[Answer], request: Request, *, by: int
    ) -> None:
        """Let the shadows of an endpoint answer too, later; `by`: the version that gave the answers that name none."""
        if self.durability == "off":
            return
        if len(self._shadows) >= MOST_SHADOWS:
            self.shadows_left_out += 1
            return
        asked = [
            (answer.version or by, Shadowed(row, answer.id, request.id))
            for row, answer in zip(rows, answers, strict=True)
        ]
        self._shadows.append((endpoint, asked))
        self._wake.set()

    def _shadowing(self) -> None:
        """Let shadows answer now and then, the rows of many requests together: that costs a fraction of one by one."""
        while True:
            self._wake.wait()
            if not self._ends:
                time.sleep(SHADOW_S)
            self._wake.clear()
            for served, asked in self._gathered():
                for start in range(0, len(asked), SHADOW_ROWS):
                    self._shadow(served, asked[start : start + SHADOW_ROWS])
                    time.sleep(BREATH_S)
            if self._ends and not self._shadows:
                return

    def _gathered(self) -> list[tuple[Serving, list[Shadowed]]]:
        """Return the rows that wait, by the version that is to answer them: each but the one that was heard."""
        found: dict[tuple[str, int], tuple[Serving, list[Shadowed]]] = {}
        while self._shadows:
            endpoint, answered = self._shadows.popleft()
            for served in endpoint.shadows:
                asked = found.setdefault((served.name, served.version), (served, []))[1]
                asked += [each for version, each in answered if version != served.version]
        return list(found.values())

    def _shadow(self, served: Serving, asked: Sequence[Shadowed]) -> None:
        own = [f"{each.of}~{served.version}" for each in asked]
        started = time.perf_counter()
        try:
            answers = served.answer([each.row for each in asked], own)
        except Problem as problem:  # the shadow refuses what the champion takes: that too is worth knowing
            if len(asked) > 1:
                for each in asked:
                    self._shadow(served, [each])
                return
            answers = [Answer(own[0], None, [], "refer", text=problem.detail)]
        except Exception:
            logger.exception("a shadow cannot answer", extra={"model": served.name, "version": served.version})
            return
        latency, now = int((time.perf_counter() - started) / len(asked) * 1e6), time.time_ns() // 1_000
        for each, answer in zip(asked, answers, strict=True):
            self.recorder.put(line_of(answer, each.row, served, now, latency, each.request, None, each.of))

    def note(self) -> None:
        """Bring the gauges up to date."""
        self.metrics.recorded.set(self.recorder.written)
        self.metrics.dropped.set(self.recorder.drops)
        self.metrics.pending.set(self.recorder.pending)
        self.metrics.unshadowed.set(self.shadows_left_out)

    def close(self) -> None:
        """Let the last shadows answer, and write everything down."""
        self._ends = True
        self._wake.set()
        self._thread.join(10)
        if not self.recorder.close(CLOSE_S):
            said = "%d answers could not be recorded before the service ended. %s"
            logger.error(said, self.recorder.pending, self.recorder.problem or "")


def line_of(
    answer: Answer,
    row: Raw,
    served: Serving,
    now: int,
    latency: int,
    request: str,
    propensity: float | None,
    of: str | None = None,
) -> Answered:
    """Return what is recorded of one answer; `of` is the answer that a shadow belongs to."""
    subject = served.policy.subject
    kept, told = served.recorded(row, answer)
    return Answered(
        answer.id, now, served.name, served.version, kept, told, "answer" if of is None else "shadow", answer.flags,
        latency, request, as_text(row.get(subject)) if subject is not None else None, propensity, of,
    )  # fmt: skip


def private_of(policies: Mapping[str, ModelPolicy], workspace: Path) -> Private | None:
    """Return what the record may not hold as it is, of each model what its own policy names. Raises OutputError."""
    hiding = {name: policy for name, policy in policies.items() if policy.private}
    if not hiding:
        return None
    key = private_key(workspace / KEY_FILE)
    models = {
        name: Private(policy.private, key=key, hash_subjects=policy.subject in policy.private)
        for name, policy in hiding.items()
    }
    return Private(key=key, models=models)


def check_private(endpoint: Endpoint) -> None:
    """Raise OptionError for a private field that is no column of the model but nearly one; warn of any other.

    Rows may hold fields that are no columns: a name that is like none of them may be one of those.
    """
    columns = endpoint.main.fields
    for name in endpoint.main.policy.private:
        if name in columns:
            continue
        if near := nearest(name, columns):
            raise OptionError(
                f"The settings of {endpoint.name!r} keep {name!r} private, which is no column of the model.",
                where=f"models.{endpoint.name}.private",
                hint=f"did you mean {near!r}?",
            )
        logger.warning("private names %r, which is no column of the model %r", name, endpoint.name)
