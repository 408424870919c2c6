"""What every recommender is asked, in the same words: learn from a log, make lists of ten, say what that took.

Read by the Python of each peer's environment, so it needs NumPy and SciPy alone. Ids are whole numbers.
"""

from __future__ import annotations

import csv
import json
import resource
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Codes = NDArray[np.int64]
WARM_UP = 10
TIMED = 500
"""How many single answers are timed."""


@dataclass(frozen=True)
class Job:
    """What a peer is asked to do, and where everything lies."""

    peer: str
    log: str
    queries: str
    folder: str
    k: int
    threads: int
    seed: int
    budget: float
    """Seconds that a search may take, where the peer documents one."""

    @classmethod
    def read(cls, path: str) -> Job:
        """Return the job that a file describes."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Query:
    """Somebody who asks: who they are in the log, and what they took before, oldest first, each item once."""

    user: int
    history: list[int]
    times: list[float]
    """When they took each, seconds since 1970; empty where nobody knows."""
    at: float | None
    """When they ask."""


@dataclass(frozen=True)
class Log:
    """Who took what when; positions in `users` and `items`, which hold the ids in rising order."""

    users: Codes
    items: Codes
    user: Codes
    item: Codes
    time: NDArray[np.float64] | None

    @classmethod
    def read(cls, path: str) -> Log:
        """Read a file with the columns user, item and, where times are known, time."""
        with Path(path).open(encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        users, user = np.unique(np.array([int(row["user"]) for row in rows]), return_inverse=True)
        items, item = np.unique(np.array([int(row["item"]) for row in rows]), return_inverse=True)
        known = "time" in rows[0]
        moments = np.array([float(row["time"]) for row in rows]) if known else None
        return cls(users.astype(np.int64), items.astype(np.int64), user.ravel(), item.ravel(), moments)

    def matrix(self) -> Any:
        """Return (users, items) with 1 where somebody took something."""
        ones = np.ones(len(self.user), dtype=np.float32)
        taken = csr_matrix((ones, (self.user, self.item)), shape=(len(self.users), len(self.items)))
        taken.data[:] = 1.0
        return taken

    def row(self, query: Query) -> Any:
        """Return (1, items) with 1 where the query's history has the item."""
        return self.rows([query])

    def rows(self, queries: list[Query]) -> Any:
        """Return (queries, items) with 1 where a history has the item."""
        places = [np.searchsorted(self.items, np.array(query.history, dtype=np.int64)) for query in queries]
        starts = np.concatenate([[0], np.cumsum([len(each) for each in places])])
        flat = np.concatenate(places).astype(np.int32)
        shape = (len(queries), len(self.items))
        return csr_matrix((np.ones(len(flat), dtype=np.float32), flat, starts.astype(np.int32)), shape=shape)


def read_queries(path: str) -> list[Query]:
    """Return who asks."""
    return [Query(**each) for each in json.loads(Path(path).read_text(encoding="utf-8"))]


class Peer:
    """A recommender as its users run it. The methods are called in the order in which they stand here."""

    package: ClassVar[str]
    fresh: ClassVar[bool] = True
    """Whether it answers somebody from their history alone; else only those it learned from, by their id."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.log: Log
        self.model: Any = None
        self.chosen: dict[str, Any] = {}
        """What its search chose, where it has one."""

    def fit(self, log: Log) -> None:
        """Learn; timed."""
        raise NotImplementedError

    def one(self, query: Query) -> list[int]:
        """Return the ids of the list for one query, what is in the history left out; timed."""
        raise NotImplementedError

    def lists(self, queries: list[Query]) -> list[list[int]]:
        """Return the lists for all queries; timed."""
        return [self.one(query) for query in queries]

    def best(self, scores: NDArray[Any], query: Query) -> list[int]:
        """Return the ids of the highest scores (items,) without the history."""
        scores = np.array(scores, dtype=np.float64)
        scores[np.searchsorted(self.log.items, np.array(query.history, dtype=np.int64))] = -np.inf
        top = np.argsort(-scores, kind="stable")[: self.job.k]
        return [int(each) for each in self.log.items[top]]


def measure(peer: Peer) -> None:
    """Fit, answer, and leave the lists and the facts in the job's folder."""
    job, folder = peer.job, Path(peer.job.folder)
    log, queries = Log.read(job.log), read_queries(job.queries)
    peer.log = log
    begun, busy = time.perf_counter(), time.process_time()
    peer.fit(log)
    fitted, worked = time.perf_counter(), time.process_time() - busy
    lists = peer.lists(queries)
    answered = time.perf_counter()
    facts: dict[str, Any] = {
        "version": version(peer.package),
        "fit_s": fitted - begun,
        "fit_cpu_s": worked,
        "answer_s": answered - fitted,
        "fresh": peer.fresh,
        "chosen": peer.chosen,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    facts |= _waits(peer, queries)
    (folder / "lists.json").write_text(json.dumps(lists), encoding="utf-8")
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def _waits(peer: Peer, queries: list[Query]) -> dict[str, float]:
    """Return the median and the 99th percentile of one answer in milliseconds: by the clock, and of work alone.

    On a machine that does other things meanwhile, the clock tells more of those than of the peer.
    """
    for query in queries[:WARM_UP]:
        peer.one(query)
    waits = np.empty((2, TIMED))
    for place in range(TIMED):
        begun, busy = time.perf_counter(), time.process_time()
        peer.one(queries[place % len(queries)])
        waits[:, place] = time.perf_counter() - begun, time.process_time() - busy
    (p50, cpu50), (p99, cpu99) = np.percentile(1000 * waits, [50, 99], axis=1)
    return {"p50_ms": p50, "p99_ms": p99, "p50_cpu_ms": cpu50, "p99_cpu_ms": cpu99}
