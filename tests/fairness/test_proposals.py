"""Proposed columns: what names and values say in several languages, and all that only sounds like it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.fairness.proposals import AUDITED, Proposal, propose, sentence
from mlwright.schema import Column, Schema

GROWN_UP = (18.0, 25.0, 40.0, 60.0, 80.0)
AGES: dict[str, Any] = {"kind": "integer", "quantiles": GROWN_UP, "low": 17.0, "high": 90.0, "distinct": 60}
YEARS: dict[str, Any] = {"kind": "integer", "low": 1940.0, "high": 2004.0, "distinct": 60}
FLAG: dict[str, Any] = {"kind": "boolean", "distinct": 2}
DATE: dict[str, Any] = {"kind": "datetime", "distinct": 900}


def values(*categories: str) -> dict[str, Any]:
    return {"kind": "category", "distinct": len(categories), "categories": categories}


CODES = values("a", "b", "c", "d")
ANCHOR = Column(name="gender", **values("male", "female"))
"""A column that is about people: weak hints are told beside one."""

CLEAR = [
    *[(name, AGES, "age") for name in ("age", "Age", "customer_age", "customerAge", "customerage", "age_at_diagnosis")],
    *[(name, AGES, "age") for name in ("Alter", "âge", "edad", "idade", "età", "leeftijd", "ålder", "возраст", "年龄")],
    ("age_group", values("18-24", "25-34", "35-44", "65+"), "age"),
    ("AgeBand", values("Less than 25", "25 - 45", "Greater than 45"), "age"),
    ("age_range", values("child", "adult", "senior"), "age"),
    ("SeniorCitizen", FLAG, "age"),
    ("dob", DATE, "age"),
    ("date_of_birth", DATE, "age"),
    ("Geburtsdatum", DATE, "age"),
    ("Year_Birth", YEARS, "age"),
    ("sex", values("M", "F"), "sex"),
    ("gender", {"kind": "integer", "distinct": 2, "low": 1.0, "high": 2.0}, "sex"),
    ("CODE_GENDER", values("M", "F", "XNA"), "sex"),
    ("Geschlecht", values("m", "w", "d"), "sex"),
    ("sexe", values("H", "F"), "sex"),
    ("Género", values("Masculino", "Femenino"), "sex"),
    ("płeć", values("K", "M"), "sex"),
    ("is_male", FLAG, "sex"),
    ("who", values("man", "woman", "child"), "sex"),
    ("personal_status", values("male single", "female div/dep/mar", "male div/sep"), "sex"),
    ("salutation", values("Herr", "Frau"), "sex"),
    ("race", values("White", "Black", "Asian", "Hispanic", "Other"), "race or ethnic origin"),
    ("race", FLAG, "race or ethnic origin"),
    ("ethnic_group", CODES, "race or ethnic origin"),
    ("hispanic", FLAG, "race or ethnic origin"),
    ("racePctWhite", {"kind": "number", "distinct": 900}, "race or ethnic origin, as shares of an area"),
    ("native-country", values("Italy", "Peru"), "nationality or national origin"),
    ("Staatsangehörigkeit", CODES, "nationality or national origin"),
    ("nationality", {"kind": "text", "distinct": 150}, "nationality or national origin"),
    ("foreign_worker", FLAG, "nationality or national origin"),
    ("placeOfBirth", {"kind": "text", "distinct": 900}, "nationality or national origin"),
    ("mother_tongue", CODES, "language"),
    ("religion", CODES, "religion or belief"),
    ("faith", values("Christian", "Muslim", "Jewish", "none"), "religion or belief"),
    ("marital", CODES, "marital or family status"),
    ("maritalstatus", CODES, "marital or family status"),
    ("Familienstand", values("ledig", "verheiratet", "geschieden"), "marital or family status"),
    ("état_civil", CODES, "marital or family status"),
    ("role", values("Husband", "Wife", "Own-child", "Unmarried"), "marital or family status"),
    ("is_disabled", FLAG, "disability"),
    ("pregnant", FLAG, "pregnancy or maternity"),
    ("Pregnancies", {"kind": "integer", "distinct": 17}, "pregnancy or maternity"),
    ("sexual_orientation", CODES, "sexual orientation or gender identity"),
    ("political_affiliation", CODES, "political opinion"),
    ("public_assistance", FLAG, "public assistance"),
]  # fmt: skip

SOUNDS_LIKE = (
    "average page stage sexagesimal racetrack racecar agency address_line engine_age car_age account_age ageOfVehicle "
    "package message manage mileage percentage mortgage voltage usage coverage image village dosage bandage hostage "
    "vintage storage_age houseAge average_age min_age age_gap age_restriction race_time raceId trace grace embrace "
    "unisex essex sex_ratio gender_gap gender_of_noun connector_gender birth_weight birth_rate births country "
    "product_origin origin color title language religion_books marriage_date nationality_count disability_insurance "
    "family_size civil_works status partner altertum edadismo polish"
)


def found(name: str, **column: Any) -> Proposal | None:
    schema = Schema((Column(name=name, **column), *([] if name == ANCHOR.name else [ANCHOR])))
    return next((each for each in propose(schema) if each.column == name), None)


@pytest.mark.parametrize(("name", "column", "about"), CLEAR)
def test_columns_about_people_are_found(name: str, column: dict[str, Any], about: str) -> None:
    told = found(name, **column)
    assert told is not None
    assert (told.about, told.audited) == (about, True)
    assert told.protected_by
    assert about in told.reason


@pytest.mark.parametrize("name", SOUNDS_LIKE.split())
def test_names_that_only_sound_like_it_are_not(name: str) -> None:
    for column in (AGES, YEARS, FLAG, DATE, CODES, values("M", "F"), {"kind": "text", "distinct": 900}):
        told = found(name, **column)
        # A title of nothing but "M" and "F" is one of people.
        assert told is None or (name == "title" and "M" in told.reason), (name, column)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("age", {**AGES, "quantiles": (1.0, 14.0, 28.0, 90.0, 365.0), "high": 365.0}),  # of concrete, in days
        ("age", {**AGES, "quantiles": (-4.0, 1.0, 2.0, 3.0, 4.0), "low": -5.0}),
        ("race", values("Ascot", "Epsom", "York", "Derby")),
        ("race", {"kind": "integer", "distinct": 900}),
        ("color", values("white", "red")),
        ("genre", values("rock", "pop")),
        ("connector", values("male", "female")),
        ("cuisine", values("Italian", "Asian", "African", "Mexican")),
        ("handicap", {"kind": "integer", "distinct": 36}),
        ("married_year", YEARS),
    ],
)
def test_values_that_no_person_has_are_not(name: str, column: dict[str, Any]) -> None:
    assert found(name, **column) is None


def test_hints_are_told_beside_a_column_about_people_only() -> None:
    postcode = Column(name="zip_code", **CODES)
    young = Column(name="age", **{**AGES, "quantiles": (1.0, 2.0, 5.0, 9.0, 12.0)})
    assert propose(Schema((postcode, young))) == ()
    told = {each.column: each for each in propose(Schema((postcode, young, ANCHOR)))}
    assert list(told) == ["gender", "age", "zip_code"]
    assert told["age"].audited
    assert not told["zip_code"].audited
    assert told["zip_code"].confidence < AUDITED


def test_named_columns_the_target_and_what_names_rows_are_not_proposed() -> None:
    for role in ("sensitive", "target", "weight", "group", "time"):
        assert propose(Schema((Column(name="sex", role=role, **values("male", "female")),))) == ()  # type: ignore[arg-type]
    assert propose(Schema((Column(name="sex", kind="constant", role="ignored"),))) == ()
    left_out = Column(name="sex", role="ignored", **values("male", "female"))
    assert [each.column for each in propose(Schema((left_out,)))] == ["sex"]


def test_one_sentence_names_them_all() -> None:
    told = propose(Schema((ANCHOR, Column(name="age", **AGES))))
    assert sentence(told) == (
        "These columns may describe groups of people: 'gender', 'age'. Name them with --sensitive to see who is "
        "treated worse."
    )
    assert sentence(told[:1]).startswith("This column may describe groups of people: 'gender'. Name it")
    assert sentence(()) == ""


@given(st.text("bcdfghjklmnpqrtvwxz", min_size=1, max_size=8), st.sampled_from(["age", "sex", "religion", "marital"]))
def test_an_unknown_word_beside_it_makes_it_something_else(word: str, said: str) -> None:
    from mlwright.fairness.characteristics import BESIDE

    if word not in BESIDE:
        assert found(f"{said}_{word}", **AGES) is None
        assert found(f"{word}_{said}", **CODES) is None


@given(st.sampled_from("_- ."), st.sampled_from([str.lower, str.upper, str.title]))
def test_case_and_signs_between_words_do_not_matter(sign: str, written: Any) -> None:
    told = found(written(f"customer{sign}age"), **AGES)
    assert told is not None
    assert told.about == "age"


@pytest.mark.shared_data
def test_real_tables(shared_data: Path) -> None:
    """All that are named as sensitive in the manifest but two of cryptic names, and only columns about people."""
    others = {
        "adult": {"age", "marital-status", "relationship"},
        "titanic": {"Age"},
        "fertility_1980": {"gender1", "gender2", "age"},
        "communities_crime": {"racePctAsian", "racePctHisp"},
        "gbsg2": {"age"},
        "rossi": {"age", "race"},
        "penguins": {"sex"},
        "movielens_100k_users": {"age", "gender"},
    }
    cryptic = {"afam", "other"}
    for entry in json.loads((shared_data / "MANIFEST.json").read_text()):
        frame = pl.read_csv(shared_data / entry["file"], n_rows=1_500, infer_schema=False)
        target = entry["target"] if entry["target"] in frame.columns else frame.columns[-1]
        schema, _ = infer_schema(collect(frame), Question(target=target))
        told = {each.column for each in propose(schema) if each.audited}
        named = set(entry["sensitive_columns"]) - cryptic
        assert named <= told, entry["name"]
        assert told <= named | others.get(entry["name"], set()), entry["name"]
