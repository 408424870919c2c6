"""The page of a recommender: what was picked, what was looked for, and the list with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.recommender import recommender
from mlwright.serve.answers import Recommendation
from mlwright.serve.http import FORM
from mlwright.serve.pages import render
from mlwright.serve.pages.models import Links, path_of, verdict_of
from mlwright.serve.problems import Problem
from mlwright.serve.serving import Serving
from mlwright.tasks.base import Label
from mlwright.values import as_text

MOST_PICKED = 50
MOST_FOUND = 12
MOST_OFFERED = 1_000
"""So many items, those taken most, are offered while one types; all of them are found."""
POPULAR = 8
"""So many are offered to begin with."""
LONGEST_ASKED = 200
K = 10


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the page shows it."""

    id: str
    name: str
    about: str = ""
    """What else is known of it, in a few words."""


@dataclass(frozen=True, slots=True)
class State:
    """What the page is about: all of it travels with the form, nothing is kept."""

    picked: tuple[Label, ...] = ()
    text: str = ""
    """What was looked for."""
    found: tuple[int, ...] = ()
    """Items that it may mean, by position; where it means one alone, that is picked at once."""
    said: str = ""
    """What was done, for whoever does not see the page."""

    def request(self) -> dict[str, Any]:
        """Return the request that the page asks."""
        return {"history": list(self.picked), "k": K}


@dataclass(frozen=True, slots=True)
class Shown:
    """A list that was recommended, and which version did."""

    answer: Recommendation
    version: int
    is_kept: bool = field(kw_only=True)


def state_sent(body: bytes, media_type: str, served: Serving) -> State:
    """Return what a browser asks for. Raises Problem where that is no form of this page."""
    if media_type != FORM:
        raise Problem("unknown-media-type", f"This page takes {FORM}.", hint="programs ask /v1/models/NAME/recommend.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PICKED + 5)
    except ValueError as error:
        raise Problem("malformed-request", "The form cannot be read.") from error
    catalogue = catalogue_of(served)
    codes = [catalogue.find(value) for name, value in pairs if name == "item"]
    picked = list(dict.fromkeys(code for code in codes if code >= 0))
    sent = dict(pairs)
    removed, added = catalogue.find(sent.get("remove")), catalogue.find(sent.get("add"))
    text = sent.get("text", "").strip()[:LONGEST_ASKED]
    found: tuple[int, ...] = ()
    said = ""
    if removed in picked:
        picked.remove(removed)
        said = f"{catalogue.name(removed)} was taken out."
    elif added >= 0:
        said, text = _pick(picked, added, catalogue), ""
    elif text:
        found = tuple(code for code in search(catalogue, text) if code not in picked)
        if len(found) == 1 or (found and catalogue.name(found[0]).casefold() == text.casefold()):
            said, text, found = _pick(picked, found[0], catalogue), "", ()
        else:
            said = _said(len(found), text)
    return State(tuple(catalogue.ids[code] for code in picked), text, found[:MOST_FOUND], said)


def _pick(picked: list[int], code: int, catalogue: Catalogue) -> str:
    if code not in picked:
        if len(picked) >= MOST_PICKED:
            return f"{MOST_PICKED} items are enough: take one out first."
        picked.append(code)
    return f"{catalogue.name(code)} was added."


def _said(found: int, text: str) -> str:
    if not found:
        return f"No item is called “{text}”."
    more = f"; the likeliest {MOST_FOUND} are shown" if found > MOST_FOUND else ""
    return f"{found:,} items have “{text}” in their name{more}."


def search(catalogue: Catalogue, text: str) -> list[int]:
    """Return the items whose name or id a text means, the likeliest first: the same, begins so, has it; taken most."""
    wanted = text.casefold()
    ranked = []
    for place, code in enumerate(catalogue.standing.tolist()):
        name = catalogue.name(code).casefold()
        if name == wanted or as_text(catalogue.ids[code]) == text:
            ranked.append((0, place, code))
        elif name.startswith(wanted):
            ranked.append((1, place, code))
        elif all(word in name for word in wanted.split()):
            ranked.append((2, place, code))
    return [code for _, _, code in sorted(ranked)]


def catalogue_of(served: Serving) -> Catalogue:
    """Return the items that a recommender knows."""
    return recommender(served.model).parts.answering.catalogue


def recommend_page(
    served: Serving, reference: str, state: State, *, shown: Shown | None = None, problem: Problem | None = None,
    has_list: bool = False, links: Links = (),
) -> bytes:  # fmt: skip
    """Return the page of a recommender; `shown` is the list, `problem` why there is none."""
    catalogue = catalogue_of(served)
    picked = [catalogue.find(item) for item in state.picked]
    often = [code for code in catalogue.standing[: POPULAR + len(picked)].tolist() if code not in picked][:POPULAR]
    return render(
        "recommend.html",
        {
            "name": reference,
            "path": path_of(reference),
            "version": served.version,
            "says": served.says(),
            "verdict": verdict_of(served),
            "state": state,
            "picked": _items(catalogue, picked),
            "found": _items(catalogue, state.found),
            "often": [] if state.found else _items(catalogue, often),
            "offered": list(dict.fromkeys(catalogue.name(code) for code in catalogue.standing[:MOST_OFFERED].tolist())),
            "shown": shown,
            "places": [] if shown is None else [_place(catalogue, place.item) for place in shown.answer.items],
            "problem": problem,
            "by": "name" if catalogue.title else "id",
            "json": msgspec.json.format(msgspec.json.encode(state.request()), indent=2).decode(),
            "has_list": has_list,
            "links": links,
        },
    )


def _items(catalogue: Catalogue, codes: Sequence[int]) -> list[Item]:
    return [_item(catalogue, code) for code in codes]


def _place(catalogue: Catalogue, item: Label) -> Item:
    code = catalogue.find(item)  # another version may recommend what this one does not know
    return _item(catalogue, code) if code >= 0 else Item(as_text(item) or "", as_text(item) or "")


def _item(catalogue: Catalogue, code: int) -> Item:
    return Item(as_text(catalogue.ids[code]) or "", catalogue.name(code), _about(catalogue, code))


def _about(catalogue: Catalogue, code: int) -> str:
    """Return what the columns with few values say of an item, such as its kinds."""
    told: list[str] = []
    for name, column in catalogue.columns.items():
        if name != catalogue.title and 2 * len(column.parts) < len(catalogue):
            told += column.of_item(code)[:3]
    return ", ".join(text for text in told[:4] if len(text) <= 30)
