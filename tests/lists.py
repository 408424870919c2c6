"""A little town in which people of a few tastes take things, as long as a test likes; nothing changes by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from mlwright.building.log.referring import reference
from mlwright.collect import collect
from mlwright.learn.base import Effort
from mlwright.learn.recommenders import RECOMMENDERS, Taught
from mlwright.model.recommender import Answering, Catalogue
from mlwright.model.recommender.files import golden_requests
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.recommender import Recommender
from mlwright.schema import Schema
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import read_log
from mlwright.tasks.recommend.request import ASKED
from mlwright.tasks.recommend.split import time_cut

ITEMS, TASTES, SLOTS, LIFE = 60, 4, 40, 12
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=20)
NAMES = Names(user="person", item="thing", time="when", rating="none")


@dataclass
class Person:
    """Somebody, and what they took so far, with the moments."""

    name: str
    taste: int
    taken: list[tuple[str, float]] = field(default_factory=list)


@dataclass
class Asked:
    """A request, and what is taken next whatever is listed."""

    row: dict[str, Any]
    takes: str
    at: datetime


class Town:
    """Some people at a time; who has taken twelve things leaves, and somebody new comes."""

    def __init__(self, seed: int = 0, *, slots: int = SLOTS, begun: datetime = BEGUN) -> None:
        self._random = np.random.default_rng(seed)
        self._made, self._step, self._slots, self._begun = 0, 0, slots, begun
        self.prefix = "i"
        self.likes = self._random.permutation(ITEMS).reshape(TASTES, -1)
        """(tastes, items of each), the favourite first."""
        self._people = [self._person() for _ in range(slots)]
        for person in self._people:
            for _ in range(int(self._random.integers(LIFE))):
                self._take(person, self.now)

    @property
    def now(self) -> datetime:
        """The present moment of the town."""
        return self._begun + self._step * STEP

    def change(self) -> None:
        """Let everybody like other things than before."""
        self.likes = self._random.permutation(self.likes.ravel()).reshape(TASTES, -1)

    def another(self, seed: int) -> None:
        """Let chance go another way from here on."""
        self._random = np.random.default_rng(seed)

    def ask(self, *, history: bool = True) -> Asked:
        """Let somebody ask, and then take something."""
        self._step += 1
        place = int(self._random.integers(self._slots))
        if len(self._people[place].taken) >= LIFE:
            self._people[place] = self._person()
        person, at = self._people[place], self.now
        told = [{"item": item, "at": moment} for item, moment in person.taken]
        return Asked(
            {"user": person.name, "history": told if history else [], "k": 10, "at": at.timestamp()},
            self._take(person, at),
            at,
        )

    def log(self, steps: int) -> pl.DataFrame:
        """Return who took what in so many steps."""
        asked = [self.ask() for _ in range(steps)]
        return pl.DataFrame(
            {
                "person": [each.row["user"] for each in asked],
                "thing": [each.takes for each in asked],
                "when": [each.at.replace(tzinfo=None) for each in asked],
            }
        )

    def _person(self) -> Person:
        self._made += 1
        return Person(f"p{self._made:05d}", int(self._random.integers(TASTES)))

    def _take(self, person: Person, at: datetime) -> str:
        had = {item for item, _ in person.taken}
        liked = [f"{self.prefix}{place:03d}" for place in self.likes[person.taste]]
        weight = np.array([0.0 if name in had else 0.75**place for place, name in enumerate(liked)])
        item = liked[int(self._random.choice(len(liked), p=weight / weight.sum()))]
        person.taken.append((item, at.timestamp()))
        return item


def interactions_of(seed: int, steps: int) -> Interactions:
    """Return the log of a town as it is learned from."""
    return read_log(collect(Town(seed).log(steps)), NAMES).interactions


def model_of(log: pl.DataFrame, name: str = "things") -> Recommender:
    """Return a recommender by neighbours that learned from a log, judged as the build judges, in a second."""
    read = read_log(collect(log), NAMES)
    every = read.interactions
    cut = time_cut(every)
    reference_ = reference(answering_of(cut.taught), every, cut)
    schema = Schema((*ASKED, *(column for column in read.schema if column.role in {"target", "group"})), rows=100)
    answering = answering_of(every)
    return Recommender(
        RecommenderParts(
            name=name,
            task="recommend",
            target="thing",
            classes=(),
            schema=schema,
            decision={"user": "person", "time": "when", "rating": None},
            answering=answering,
            golden=tuple(golden_requests(every, answering.catalogue)),
            reference=reference_,
        )
    )


def answering_of(log: Interactions) -> Answering:
    """Return what recommends by neighbours that a log has taught, and by what is popular of late."""
    taught = Taught(log, float(log.time[-1]) + 1.0)
    chain = tuple(
        (level, RECOMMENDERS[name].fit(taught, RECOMMENDERS[name].configurations[0], Effort()))
        for level, name in (("personal", "neighbours"), ("popular", "decayed_popularity"))
    )
    return Answering(chain, Catalogue.of(log), "took")
