"""The record of a workspace: one door to its answers, outcomes and idempotency keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from mlwright.registry import database
from mlwright.serve.record import forgetting, histories, keys, reading, status
from mlwright.serve.record.answered import storable
from mlwright.serve.record.histories import Event
from mlwright.serve.record.outcomes import Outcome, keep_outcomes, unanswered
from mlwright.serve.record.private import Private
from mlwright.serve.record.reading import Wanted, pages

if TYPE_CHECKING:
    import polars as pl

MIGRATIONS = Path(__file__).parent / "migrations"
FILE, KEY_FILE = "record.db", "record.key"


def record_place(workspace: Path, place: str | None = None) -> str | Path:
    """Return where a workspace's record is: a URL or path as given, else `record.db` in the workspace."""
    return place or workspace / FILE


class Record:
    """What was answered, to which row, by which version, and later the outcome.

    Nothing is opened before it is used; then the database is brought to the newest form. Every method may raise
    OutputError, where the database cannot be used.

    Parameters
    ----------
    place
        The path of an SQLite file, or a URL (PostgreSQL).
    private
        How subjects are hashed, where they are.
    synchronous
        SQLite's: with "FULL", what was committed survives that the power goes.
    wait_s
        So long it is waited for another process that writes to the SQLite file.
    """

    def __init__(
        self,
        place: str | Path,
        *,
        private: Private | None = None,
        synchronous: database.Synchronous = "NORMAL",
        wait_s: float = database.WAIT_S,
    ) -> None:
        self.private = Private() if private is None else private
        self._engine = database.connect(place, synchronous=synchronous)
        self._lock, self._ready = threading.Lock(), False
        if self._engine.dialect.name == "sqlite":

            @sa.event.listens_for(self._engine, "connect")
            def _opened(connection: Any, _: object) -> None:
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")

    @property
    def engine(self) -> sa.Engine:
        """The engine, with all tables there."""
        with self._lock:
            if not self._ready:
                database.migrate(self._engine, MIGRATIONS)
                self._ready = True
        return self._engine

    def reopen(self) -> None:
        """Trust nothing that was known of the database: it failed, and may be another one when it is back."""
        self.close()
        self._ready = False

    def vanished(self) -> bool:
        """Tell whether the file of an open SQLite database was taken away."""
        place = self._engine.url.database
        return self._ready and self._engine.dialect.name == "sqlite" and not Path(place or "").exists()

    def close(self) -> None:
        """Close all connections; what is used afterwards opens them again."""
        self._engine.dispose()

    def outcomes(self, model: str, outcomes: Iterable[Outcome]) -> dict[str, int]:
        """Keep what came of answers; return counts: accepted, repeated, corrected, late, and unknown among them.

        See `outcomes.keep_outcomes`. Raises DataError for an outcome that is no class and no number, that comes from
        the future, or whose id belongs to another model.
        """
        return keep_outcomes(self.engine, model, outcomes)

    def unanswered(self, model: str, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that no recorded answer of a model has (yet)."""
        return unanswered(self.engine, model, ids)

    def keep_events(self, model: str, events: Sequence[Event]) -> dict[str, int]:
        """Keep who took what; return counts: accepted, repeated. Subjects are hashed where the model's are."""
        own = self.private.of(model)
        hidden = [msgspec.structs.replace(each, subject=own.subject(each.subject) or "") for each in events]
        return histories.keep_events(self.engine, model, hidden)

    def take_outcomes(self, model: str, ids: Iterable[str]) -> None:
        """Let what came of the answers of a recommender be events of whom they were for."""
        histories.take_outcomes(self.engine, model, ids)

    def histories(self, model: str, subjects: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """Return what each person took, the oldest first: {"item", "at" in seconds since 1970, "rating" if known}."""
        own = self.private.of(model)
        forms = {subject: storable(own.subject(subject)) or "" for subject in subjects}
        found = histories.histories(self.engine, model, set(forms.values()))
        return {subject: found[form] for subject, form in forms.items()}

    def answers(
        self,
        model: str,
        *,
        since: datetime | int | None = None,
        until: datetime | int | None = None,
        version: int | None = None,
        kind: str | None = "answer",
        limit: int | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Give a model's answers from `since` to before `until`, oldest first, in frames of up to 10,000.

        The columns `row`, `answer` and `flags` hold JSON: see `unpacked`. `kind` None gives answers and shadows.
        """
        yield from pages(self.engine, Wanted(model, since, until, version, kind, limit))

    def matured(
        self,
        model: str,
        *,
        since: datetime | int | None = None,
        until: datetime | int | None = None,
        version: int | None = None,
        kind: str | None = "answer",
        limit: int | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Give those answers whose outcome is known, as `answers` does, with `outcome` (JSON) and `outcome_at`."""
        yield from pages(self.engine, Wanted(model, since, until, version, kind, limit), outcomes="known")

    def status(self, model: str) -> dict[str, Any]:
        """Return how much is recorded of a model, by version and kind, and how much of it has an outcome."""
        return status.status(self.engine, model)

    def claim(self, key: str, digest: str, *, request: str | None = None) -> bytes | None:
        """Return the response kept under an idempotency key, or None: then answer, and `keep` or `release` it.

        `request` is the id that the answers get too, so that `forget` finds the response. Raises KeyReusedError,
        KeyBusyError.
        """
        return keys.claim_key(self.engine, key, digest, storable(request))

    def keep(self, key: str, digest: str, response: bytes, *, subjects: Collection[str] = ()) -> None:
        """Keep the response of a claimed key for a day; `subjects`: whom it is about, so that `forget` finds it."""
        keys.keep_response(self.engine, key, digest, response, subjects=[storable(each) or "" for each in subjects])

    def release(self, key: str, digest: str) -> None:
        """Give a claimed key back, where the request failed."""
        keys.release_key(self.engine, key, digest)

    def forget(self, subject: str) -> dict[str, int]:
        """Delete all about a subject, also where it is recorded as a hash; return how much.

        Answers that a running service has not written yet (up to 200 ms) are not seen: `flush` it first, or run it
        twice.
        """
        forms = {storable(subject) or "", *([self.private.hash(subject) or ""] if self.private.key else [])}
        return forgetting.forget_subject(self.engine, sorted(forms - {""}))

    def knows_subjects(self) -> bool:
        """Tell whether any answer was recorded with a subject, by which `forget` could find it."""
        return forgetting.knows_subjects(self.engine)

    def withdraw(self, ids: Sequence[str]) -> None:
        """Delete answers that were recorded, and then not given; up to some thousand at a time."""
        forgetting.withdraw(self.engine, ids)

    def prune(self, older_than: float, *, model: str | None = None) -> dict[str, int]:
        """Delete what is older than so many seconds, in small transactions; return how much."""
        return forgetting.prune_old(self.engine, time.time_ns() // 1000 - round(older_than * 1e6), model)

    def frame(self, model: str) -> pl.DataFrame:
        """Return all answers and shadows of a model in one frame, with their outcomes where these are known."""
        import polars as pl

        found = pages(self.engine, Wanted(model, kind=None), outcomes="all")
        return pl.concat([reading.empty("all"), *found])

    def models(self) -> list[str]:
        """Return the names of the models of which anything is recorded, sorted."""
        return status.models(self.engine)
