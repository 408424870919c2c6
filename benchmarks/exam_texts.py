"""Errors in texts: variants and typos of categories, formats of dates, broken patterns, damaged encodings.

When an error is visible: a variant or a typo is a text that the clean column does not hold, beside the right one that
stands in at least 20 rows; a typo is in few rows, changes one letter of at least five and is no level of its own. A
date in another format is one that no single format reads together with the others. A broken pattern leaves the one
shape that all clean values share. Spaces at the ends are no error here: whoever reads the table drops them.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date, timedelta

import polars as pl
from exam_common import Injected, Rng, categories, changed, planted, shuffled, some_rows
from exam_tables import Clean

FREQUENT = 20
"""The right text stands in at least so many rows."""
CITIES = (
    "München", "Zürich", "São Paulo", "Århus", "Córdoba", "Kraków", "Málaga", "Besançon", "Düsseldorf", "Oslo",
    "Bergen", "London", "Genève", "Göteborg", "Łódź", "Madrid", "Nîmes", "Québec", "Tromsø", "Würzburg", "Paris",
)  # fmt: skip
DATES = ("start_date", "created", "visited_on", "date_of_entry", "signed")
FORMATS = ("%d/%m/%Y", "%b %d, %Y", "%d.%m.%Y", "%d-%b-%y", "%Y/%m/%d", "%m-%d-%Y")
ISO = r"^\d{4}-\d{2}-\d{2}$"


def category_variants(table: Clean, rng: Rng) -> Injected | None:
    """Write one category in other case, or with spaces or dashes otherwise, in 2 to 10 % of the cells."""
    ways: list[Callable[[str], str]] = [
        str.upper,
        str.lower,
        str.title,
        lambda text: text.replace(" ", "  "),
        lambda text: text.replace(" ", "_"),
        lambda text: text.replace("-", " "),
        lambda text: text.replace("_", " "),
        lambda text: f"{text}.",
    ]
    found = {name: counted for name, counted in categories(table).items() if not _yes_no(counted["text"])}
    for name in shuffled(rng, list(found)):
        taken = set(found[name]["text"])
        frequent = found[name].filter(pl.col("count") >= FREQUENT)["text"].to_list()
        for level in shuffled(rng, frequent):
            for way in shuffled(rng, ways):
                new = way(level)
                if new in taken or new == level:
                    continue
                mask = (table.frame[name] == level).fill_null(value=False).to_numpy()
                filled = int(table.frame[name].is_not_null().sum())
                most = 0.4 * mask.sum() / filled
                rows = some_rows(rng, mask, min(0.02, most), min(0.1, most), filled)
                if rows is not None:
                    return changed(table, name, rows, [new] * len(rows))
    return None


def _yes_no(texts: pl.Series) -> bool:
    """Tell whether the texts are truths, which are read in any case."""
    return bool(texts.str.to_lowercase().is_in(["yes", "no", "true", "false", "y", "n", "t", "f"]).all())


def category_typos(table: Clean, rng: Rng) -> Injected | None:
    """Get one letter wrong in 0.3 to 2 % of the cells of a column of categories."""
    found = categories(table, letters=5)
    for name in shuffled(rng, list(found)):
        taken = {text.strip().casefold() for text in found[name]["text"]}
        long = pl.col("text").str.contains(r"\p{L}{5,}") & (pl.col("count") >= FREQUENT)
        levels = found[name].filter(long)["text"].to_list()
        rows = some_rows(rng, table.frame[name].is_in(levels).fill_null(value=False).to_numpy(), 0.003, 0.02)
        if rows is None:
            continue
        new = [_typo(table.frame[name][int(row)], taken, rng) for row in rows]
        wrong = [place for place, text in enumerate(new) if text]
        if len(wrong) >= 0.8 * len(rows):
            return changed(table, name, rows[wrong], [new[place] for place in wrong])
    return None


def _typo(text: str, taken: set[str], rng: Rng) -> str | None:
    """Change one letter inside a word so that no other level comes out; None where that fails."""
    places = [place for place in range(1, len(text)) if text[place].isalpha() and text[place - 1].isalpha()]
    for _ in range(8):
        place, letter = int(rng.choice(places)), str(rng.choice(list(string.ascii_lowercase)))
        before, here, after = text[:place], text[place], text[place + 1 :]
        swapped = before[:-1] + here + before[-1] + after
        new = (before + letter + after, before + after, before + here + here + after, swapped)[int(rng.integers(4))]
        near = {new.casefold()[:at] + new.casefold()[at + 1 :] for at in range(len(new))}
        if new.casefold() not in taken and not near & taken - {text.strip().casefold()}:
            return new
    return None


def date_formats(table: Clean, rng: Rng) -> Injected | None:
    """Write 3 to 30 % of the dates in another format; a column of dates is planted where there is none."""
    name = next((name for name in table.frame.columns if _iso(table.frame[name])), None)
    if name is None:
        name = str(rng.choice(DATES))
        table = planted(table, {name: random_dates(rng, table.frame.height)})
        name = table.frame.columns[-1]
    rows = some_rows(rng, table.frame[name].is_not_null().to_numpy(), 0.03, 0.3)
    if rows is None:
        return None
    form = str(rng.choice(FORMATS))
    days = (date.fromisoformat(text[:10]) for text in table.frame[name].gather(rows).to_list())
    return changed(table, name, rows, [day.strftime(form) for day in days])


def _iso(texts: pl.Series) -> bool:
    present = texts.drop_nulls()
    return len(present) >= 50 and present.n_unique() >= 20 and bool(present.str.contains(ISO).all())


def random_dates(rng: Rng, count: int) -> list[str]:
    """Return so many dates of some years."""
    first = date(int(rng.integers(1995, 2022)), 1, 1)
    return [(first + timedelta(days=int(day))).isoformat() for day in rng.integers(0, 1200, count)]


def pattern(table: Clean, rng: Rng) -> Injected | None:
    """Let 0.3 to 2 % of codes leave their pattern; a column of codes is planted where there is none, or by chance."""
    coded = [name for name in table.frame.columns if name != table.target and _shape(table.frame[name])]
    if coded and rng.random() < 0.5:
        name = str(rng.choice(coded))
    else:
        table = planted(
            table, {str(rng.choice(["code", "sku", "policy", "reference"])): _codes(rng, table.frame.height)}
        )
        name = table.frame.columns[-1]
    shape = _shape(table.frame[name])
    texts = table.frame[name]
    slips: list[Callable[[str], str]] = [
        lambda text: text[:-1],
        lambda text: text + text[-1],
        lambda text: text.lower() if text.lower() != text else text.upper(),
        lambda text: "".join(c for c in text if c.isalnum()),
        lambda text: text[:-1] + "O",
        lambda text: text[0] + " " + text[1:],
    ]
    for slip in shuffled(rng, slips):
        rows = some_rows(rng, texts.is_not_null().to_numpy(), 0.003, 0.02)
        if rows is None:
            return None
        new = [slip(text.strip()) for text in texts.gather(rows).to_list()]
        if shape and all(shape_of(text) != shape for text in new):
            return changed(table, name, rows, new)
    return None


def _codes(rng: Rng, count: int) -> list[str]:
    """Return codes of one of some shapes, each of its own letters and digits."""
    forms: list[Callable[[], str]] = [
        lambda: f"{_letters(rng, 2)}-{rng.integers(10_000):04d}",
        lambda: f"{_letters(rng, 1)}{rng.integers(1_000_000):06d}",
        lambda: f"{rng.integers(100, 1000)}-{rng.integers(10, 100)}-{rng.integers(1000, 10_000)}",
        lambda: f"{_letters(rng, 3)}/{rng.integers(2000, 2030)}/{rng.integers(100):02d}",
    ]
    form = forms[int(rng.integers(len(forms)))]
    return [form() for _ in range(count)]


def _letters(rng: Rng, count: int) -> str:
    return "".join(rng.choice(list("ABCDEFGHKLMNPRST"), count))


def shape_of(text: str) -> str:
    """Return the shape of a text: A for capitals, a for small letters, 9 for digits."""
    return "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.islower() else c for c in text)


def _shape(texts: pl.Series) -> str | None:
    """Return the one shape of a column of codes: letters or marks beside digits, hardly ever the same code twice."""
    present = texts.drop_nulls().str.strip_chars()
    if len(present) < 50 or present.n_unique() < 50 or not present.str.contains(r"[A-Za-z/-]").all():
        return None
    shapes = {shape_of(text) for text in present.unique().to_list()}
    shape = shapes.pop()
    return shape if not shapes and "9" in shape and not _iso(texts) else None


def encoding(table: Clean, rng: Rng) -> Injected | None:
    """Read 5 to 40 % of the texts beyond ASCII as something else than UTF-8; planted where there are none."""
    beyond = [name for name in table.frame.columns if table.frame[name].str.contains(r"[À-ž]").sum() >= FREQUENT]
    if beyond:
        name = str(rng.choice(beyond))
    else:
        table = planted(table, {"city": [str(city) for city in rng.choice(CITIES, table.frame.height)]})
        name = table.frame.columns[-1]
    mask = table.frame[name].str.contains(r"[À-ž]").fill_null(value=False).to_numpy()
    rows = some_rows(rng, mask, 0.05, 0.4)
    if rows is None:
        return None
    codec = str(rng.choice(["cp1252", "latin-1", "lost"]))
    return changed(table, name, rows, [damaged(text, codec) for text in table.frame[name].gather(rows).to_list()])


def damaged(text: str, codec: str) -> str:
    """Return what a text becomes that is read in another encoding, or whose letters are lost."""
    if codec == "lost":
        return "".join("\ufffd" if ord(c) > 127 else c for c in text)
    return text.encode().decode(codec, errors="replace")
