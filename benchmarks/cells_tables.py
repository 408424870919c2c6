"""Dirty tables with known truth for cells.py: real tables with errors put in, and made ones of the usual kinds.

Every maker returns (dirty, clean): frames of texts of the same shape. What is put in is told by name in KINDS.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

Pair = tuple[pl.DataFrame, pl.DataFrame]
LETTERS = list("abcdefghijklmnopqrstuvwxyz")
STAND_INS = ("N/A", "?", "unknown", "-", "null", "n.a.")


def texts(path: Path, rows: int, seed: int = 0) -> pl.DataFrame:
    """Return rows of a table as texts, as a CSV file holds them, in their order."""
    frame = pl.read_csv(path, infer_schema=False, n_rows=200_000).with_columns(pl.all().fill_null(""))
    if frame.height <= rows:
        return frame
    kept = np.sort(np.random.default_rng(seed).choice(frame.height, rows, replace=False))
    return frame[kept]


def typo(text: str, rng: np.random.Generator) -> str:
    """Return a text with one letter changed, added, taken away or swapped with the next."""
    places = [at for at, sign in enumerate(text) if sign.isalpha()]
    if len(text) < 4 or not places:
        return text
    at = int(rng.choice(places))
    letter = str(rng.choice(LETTERS))
    how = int(rng.integers(4))
    if how == 0:
        return text[:at] + letter + text[at + 1 :]
    if how == 1:
        return text[:at] + letter + text[at:]
    if how == 2:
        return text[:at] + text[at + 1 :]
    return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]


def other_form(text: str, rng: np.random.Generator) -> str:
    """Return the same value written in another way."""
    if not text:
        return text
    if text.replace(".", "", 1).isdigit():
        return text + str(rng.choice([" units", "%", " USD"]))
    if len(text) == 10 and text[4] == "-" and text[7] == "-":
        return f"{text[8:]}/{text[5:7]}/{text[:4]}"
    return str(
        rng.choice([text.upper(), text + " ", f"'{text}'", text.replace(" ", "_") if " " in text else text + "."])
    )


def typos(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    words = [n for n in frame.columns if frame[n].str.contains(r"^[\p{L} .&'_-]{4,60}$").mean() > 0.8]  # type: ignore[operator]
    return _changed(frame, words, share, lambda text, _column: typo(text, rng), rng)


def stand_ins(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    word = {name: str(rng.choice(STAND_INS)) for name in frame.columns}
    return _changed(frame, frame.columns, share, lambda _text, column: word[column], rng)


def formats(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    return _changed(frame, frame.columns, share, lambda text, _column: other_form(text, rng), rng)


def misplaced(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Put in values of one column in another one."""
    names = frame.columns
    beside = {name: frame[names[(at + 1) % len(names)]].to_list() for at, name in enumerate(names)}
    return _changed(frame, names, share, lambda _text, column: str(rng.choice(beside[column])), rng)


def dependencies(frame: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Put in other values of the same column, where another column decides which one it has to be."""
    decided = [name for name in frame.columns if any(_decides(frame, other, name) for other in frame.columns)]
    pools = {name: frame[name].unique().sort().to_list() for name in decided}
    return _changed(frame, decided, share, lambda _text, column: str(rng.choice(pools[column])), rng)


KINDS: dict[str, Callable[[pl.DataFrame, float, np.random.Generator], pl.DataFrame]] = {
    "typos": typos, "stand_ins": stand_ins, "formats": formats, "misplaced": misplaced, "dependencies": dependencies,
}  # fmt: skip


def injected(clean: pl.DataFrame, kinds: list[str], share: float, seed: int) -> Pair:
    """Put errors of these kinds into a clean table, so many cells of each."""
    rng = np.random.default_rng(seed)
    dirty = clean
    for kind in kinds:
        dirty = KINDS[kind](dirty, share, rng)
    return dirty, clean


def _decides(frame: pl.DataFrame, other: str, name: str) -> bool:
    """Tell whether a column that repeats itself decides another one, which has several values."""
    groups = frame.group_by(other).agg(pl.col(name).n_unique().alias("kinds"), pl.len().alias("rows"))
    repeated = groups.filter(pl.col("rows") > 3)
    varied = frame[name].n_unique() > 2 and int(frame[name].value_counts()["count"].max()) < 0.8 * frame.height  # type: ignore[arg-type]
    covered = int(repeated["rows"].sum()) > 0.5 * frame.height
    return name != other and varied and covered and bool((repeated["kinds"] == 1).all())


def _changed(
    frame: pl.DataFrame,
    names: list[str],
    share: float,
    change: Callable[[str, str], str],
    rng: np.random.Generator,
) -> pl.DataFrame:
    made = {}
    for name in names:
        values = frame[name].to_list()
        for row in np.flatnonzero(rng.random(len(values)) < share).tolist():
            if values[row]:
                values[row] = change(values[row], name)
        made[name] = pl.Series(name, values, dtype=pl.String)
    return frame.with_columns(list(made.values()))


def words(rng: np.random.Generator, count: int, *, syllables: int = 3) -> list[str]:
    """Return made-up words that differ from each other."""
    parts = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(parts, int(rng.integers(2, syllables + 1)))).capitalize()] = None
    return list(found)


def flights(seed: int = 0) -> Pair:
    """Return what 24 web pages say of 100 flights: times that are missing, wrong by minutes, or behind a day."""
    rng = np.random.default_rng(seed)

    def clock(minutes: int) -> str:
        hour = minutes // 60 % 24
        return f"{(hour - 1) % 12 + 1}:{minutes % 60:02d} {'a.m.' if hour < 12 else 'p.m.'}"

    sources, quality = words(rng, 24), rng.uniform(0.02, 0.35, 24)
    carriers = ["AA", "UA", "CO", "DL"]
    rows, truth, number = [], [], 0
    for _ in range(100):
        flight = f"{rng.choice(carriers)}-{rng.integers(100, 4999)}-ORD-PHX"
        start = int(rng.integers(0, 1440))
        times = [start, start + int(rng.integers(-5, 40)), start + 180, start + 180 + int(rng.integers(-5, 60))]
        for source, bad in zip(sources, quality, strict=True):
            number += 1
            right = [str(number), source, flight, *map(clock, times)]
            held = list(right)
            for at in range(3, 7):
                luck = rng.random()
                if luck < 0.4 * bad:
                    held[at] = ""
                elif luck < bad:
                    held[at] = clock(times[at - 3] + int(rng.choice([-20, -9, -3, 4, 7, 15])))
                elif luck < 1.3 * bad:
                    held[at] = f"12/{rng.integers(1, 29):02d}/2011 {held[at]}"
            rows.append(held)
            truth.append(right)
    names = ["tuple_id", "src", "flight", "sched_dep_time", "act_dep_time", "sched_arr_time", "act_arr_time"]
    return pl.DataFrame(rows, names, orient="row"), pl.DataFrame(truth, names, orient="row")


def articles(seed: int = 0, count: int = 1000) -> Pair:
    """Return articles of journals: dates, pages and ISSNs in other forms, missing journals and languages, typos."""
    rng = np.random.default_rng(seed)
    journals = [" ".join(rng.choice(words(rng, 30), int(rng.integers(2, 5)))) for _ in range(80)]
    vocabulary = [word.lower() for word in words(rng, 600)]
    issn = [f"{rng.integers(1000, 9999)}-{rng.integers(1000, 9999)}" for _ in journals]
    short = [" ".join(word[:4] + "." for word in name.split()) for name in journals]
    rows, truth = [], []
    for number in range(count):
        at = int(rng.zipf(1.6)) % len(journals)
        first = int(rng.integers(1, 900))
        right = [
            str(number + 1), " ".join(rng.choice(vocabulary, int(rng.integers(5, 12)))).capitalize(),
            str(rng.choice(["eng", "eng", "eng", "eng", "spa", "fre", "ger"])), journals[at], short[at], issn[at],
            str(rng.integers(1, 60)), str(rng.integers(1, 13)),
            f"{rng.integers(1, 13)}/{rng.integers(1, 29)}/{rng.integers(0, 16):02d}",
            f"{first}-{first + int(rng.integers(2, 20))}", ", ".join(rng.choice(vocabulary, 3)),
        ]  # fmt: skip
        held = list(right)
        if rng.random() < 0.12:
            month, day, year = held[8].split("/")
            held[8] = f"20{year}-{int(month):02d}-{int(day):02d}"
        if rng.random() < 0.1:
            held[9] = held[9].replace("-", "")
        if rng.random() < 0.08:
            held[5] = held[5].replace("-", "")
        for column, share in ((2, 0.06), (3, 0.04), (4, 0.05), (5, 0.05)):
            held[column] = "" if rng.random() < share else held[column]
        for column in (3, 4):
            held[column] = typo(held[column], rng) if rng.random() < 0.03 else held[column]
        rows.append(held)
        truth.append(right)
    names = [
        "id", "article_title", "language", "journal_title", "journal_abbreviation", "journal_issn", "volume", "issue",
        "created_at", "pagination", "author_list",
    ]  # fmt: skip
    return pl.DataFrame(rows, names, orient="row"), pl.DataFrame(truth, names, orient="row")


def films(seed: int = 0, count: int = 3000) -> Pair:
    """Return films: durations, ratings and counts written in two ways, countries and genres missing or misspelt."""
    rng = np.random.default_rng(seed)
    people, vocabulary = words(rng, 400), words(rng, 500)
    genres, countries = ["Drama", "Comedy", "Action", "Thriller", "Horror", "Romance"], ["USA", "UK", "France", "India"]
    rows, truth = [], []
    for number in range(count):
        minutes, votes = int(rng.integers(75, 190)), int(rng.lognormal(9, 2)) + 5
        right = [
            f"tt{number:07d}", " ".join(rng.choice(vocabulary, int(rng.integers(1, 4)))), str(rng.integers(1950, 2016)),
            " ".join(rng.choice(people, 2)), str(rng.choice(countries)), str(rng.choice(genres)), f"{minutes} min",
            f"{rng.uniform(2, 9.5):.1f}", f"{votes:,}",
        ]  # fmt: skip
        held = list(right)
        if rng.random() < 0.1:
            held[6] = f"{minutes // 60} h {minutes % 60} min"
        if rng.random() < 0.07:
            held[7] += "/10"
        if rng.random() < 0.06:
            held[8] = held[8].replace(",", "")
        if rng.random() < 0.02:
            held[5] = typo(held[5], rng)
        if rng.random() < 0.02:
            held[4] = {"USA": "United States", "UK": "United Kingdom"}.get(held[4], held[4])
        rows.append(held)
        truth.append(right)
    names = ["id", "name", "year", "director", "country", "genre", "duration", "rating_value", "rating_count"]
    return pl.DataFrame(rows, names, orient="row"), pl.DataFrame(truth, names, orient="row")


def taxes(seed: int = 0, count: int = 5000) -> Pair:
    """Return people and their taxes: postcodes that decide towns and states, with swaps and typos."""
    rng = np.random.default_rng(seed)
    towns, names, last = words(rng, 300), words(rng, 200), words(rng, 800)
    states = [a + b for a in "ACMNOTW" for b in "AEIOY"]
    places = [(f"{rng.integers(10000, 99999)}", str(rng.choice(towns)), str(rng.choice(states))) for _ in range(500)]
    rows = []
    for _ in range(count):
        postcode, town, state = places[int(rng.zipf(1.3)) % len(places)]
        salary = int(rng.lognormal(10.5, 0.6)) // 500 * 500
        person = [str(rng.choice(names)), str(rng.choice(last)), str(rng.choice(["M", "F"]))]
        rows.append([*person, town, state, postcode, str(rng.choice(["S", "M"])), str(salary), f"{salary / 40000:.2f}"])
    columns = ["f_name", "l_name", "gender", "city", "state", "zip", "marital_status", "salary", "rate"]
    clean = pl.DataFrame(rows, columns, orient="row")
    return injected(clean, ["typos", "dependencies", "stand_ins"], 0.01, seed)


MADE: dict[str, Callable[[int], Pair]] = {
    "flights-like": flights, "articles-like": articles, "films-like": films, "taxes-like": taxes,
}  # fmt: skip
