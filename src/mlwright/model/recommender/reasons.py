"""Why an item is on the list, in words: what of the history speaks for it, what they share, that it is popular."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlwright.model.recommender.known import Catalogue
from mlwright.values import as_text

NEW_DAYS = 30.0
DAY = 86_400.0
MOST_COMMON = 2
LAST = 50
SOME = 0.2
"""What a person takes is what at least this share of the last entries have."""
LONGEST_NAME = 80
_OF_ALL = frozenset({"popular", "any"})
VERBS: Mapping[str, tuple[str, ...]] = {
    "watched": ("movie", "film", "video", "episode", "series", "show", "watch", "anime"),
    "listened to": ("track", "song", "artist", "album", "music", "podcast", "audio", "band"),
    "read": ("book", "article", "news", "story", "isbn", "paper", "post", "page"),
    "bought": ("product", "sku", "asin", "purchase", "order", "basket", "invoice", "gtin", "ean", "stock"),
    "played": ("game",),
    "cooked": ("recipe",),
    "visited": ("hotel", "restaurant", "venue", "poi", "business", "destination"),
}
"""What people do with the things whose columns have such words in their names."""
CHOSE = "chose"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is recommended."""

    kind: str
    """because, like, popular, new, any or pinned."""
    text: str
    item: int | None = None
    """The item of the history that speaks for it, by position."""


def propose_verb(names: Iterable[str]) -> str:
    """Return what people do with the items, as a past form, by the names of columns and files.

    >>> propose_verb(["user_id", "movie_id"]), propose_verb(["userId", "item"])
    ('watched', 'chose')
    """
    words = {word for name in names for word in _words(name)}
    found = (verb for verb, things in VERBS.items() if words & {form for one in things for form in (one, f"{one}s")})
    return next(found, CHOSE)


def _words(name: str) -> set[str]:
    """Return the words of a name: "movieTitle", "movie_title" and "movie title" have the same."""
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    cut = "".join(letter if letter.isalpha() else " " for letter in spaced)
    joined = "".join(letter if letter.isalpha() else " " for letter in name)
    return {word.casefold() for word in (*cut.split(), *joined.split())}


@dataclass(frozen=True, slots=True)
class Reasons:
    """Finds the reasons for a list."""

    catalogue: Catalogue
    verb: str
    moment: float
    history: Sequence[int]
    """The items of the history, oldest first."""

    def of(self, items: Sequence[int], levels: Sequence[str], because: Sequence[int]) -> list[Reason]:
        """Return the reason for each item; `because` are positions in the history, -1 where nothing speaks."""
        shared = bool(self.history) and any(level in _OF_ALL for level in levels)
        usual = self._usual() if shared else {}
        return [
            self._reason(item, level, entry, usual) for item, level, entry in zip(items, levels, because, strict=True)
        ]

    def _reason(self, item: int, level: str, entry: int, usual: Mapping[str, Mapping[int, float]]) -> Reason:
        if level == "pinned":
            return Reason("pinned", "Chosen for this place.")
        if level == "personal" and 0 <= entry < len(self.history):
            source = self.history[entry]
            common = self._common(item, {name: self._rare(name, source) for name in self.catalogue.telling})
            both = f" (both: {common})" if common else ""
            return Reason("because", f"Because you {self.verb} {self._name(source)}{both}.", source)
        kind, text = self._of_all(item, level)
        if common := self._common(item, usual):
            return Reason("like", f"{text}, and like what you {self.verb}: {common}.")
        return Reason(kind, f"{text}.")

    def _of_all(self, item: int, level: str) -> tuple[str, str]:
        """Return what speaks for an item whoever asks."""
        if self._is_new(item):
            return "new", "New"
        if level == "any":
            return "any", "Often chosen over the years" if self._is_known(item) else "Not yet chosen by many"
        return ("popular", "Popular now") if self._is_known(item) else ("any", "Not yet chosen by many")

    def _name(self, item: int) -> str:
        name = self.catalogue.name(item)
        return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"

    def _is_known(self, item: int) -> bool:
        """Tell whether an item is taken as often as half of them."""
        counts, standing = self.catalogue.counts, self.catalogue.standing
        return bool(counts[item] >= counts[standing[len(standing) // 2]])

    def _is_new(self, item: int) -> bool:
        """Tell whether an item came in the last days before the moment, while most were there long before."""
        since = self.moment - self.catalogue.first[item]
        most_are_older = self.catalogue.usual_first < self.moment - 2 * NEW_DAYS * DAY
        return most_are_older and math.isfinite(since) and 0 <= since <= NEW_DAYS * DAY

    def _usual(self) -> dict[str, dict[int, float]]:
        """Return for each column what the history has of it: its values, the frequent and rare ones weighing more."""
        found = {}
        recent = self.history[-LAST:]
        for name in self.catalogue.telling:
            counts: dict[int, int] = {}
            for item in recent:
                for value in self._values(name, item):
                    counts[value] = counts.get(value, 0) + 1
            found[name] = {
                value: count / len(recent) * self._rarity(name, value)
                for value, count in counts.items()
                if count >= SOME * len(recent)
            }
        return found

    def _rare(self, name: str, item: int) -> dict[int, float]:
        return {value: self._rarity(name, value) for value in self._values(name, item)}

    def _rarity(self, name: str, value: int) -> float:
        often = self.catalogue.columns[name].links.of_starts
        return math.log(len(self.catalogue) / float(often[value + 1] - often[value]))

    def _values(self, name: str, item: int) -> list[int]:
        found: list[int] = self.catalogue.columns[name].links.values(item).tolist()
        return found

    def _common(self, item: int, weights: Mapping[str, Mapping[int, float]]) -> str:
        """Return the few values that an item has in common with what these weights are of, in words."""
        ranked = [
            (-weight, name, value)
            for name, known in weights.items()
            for value in self._values(name, item)
            if (weight := known.get(value, 0.0)) > 0
        ]
        columns = self.catalogue.columns
        return ", ".join(columns[name].parts[value] for _, name, value in sorted(ranked)[:MOST_COMMON])


def title_of(catalogue: Catalogue, item: int) -> str | None:
    """Return what people call an item; None where its table does not say it."""
    return None if catalogue.title is None else as_text(catalogue.columns[catalogue.title].values[item])
