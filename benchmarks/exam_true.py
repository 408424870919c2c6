"""Alarms about the clean tables of the exam that are true: real data are not spotless. Each was looked at by eye."""

from __future__ import annotations

from mlwright.findings import Finding

RARE = "the class does stand in so few rows"
TRUE: dict[tuple[str, str, str], str] = {
    ("Stat2Data_Hawks", "mixed_types", "CaptureTime"): "'9.12' stands among times such as '9:12'",
    ("Stat2Data_Hawks", "outlier_cells", "Wing"): "37.2 among wings of 372 mm and the like: the decimal point slipped",
    ("Stat2Data_Hawks", "outlier_cells", "Hallux"): "341.4 among claws of 34 mm and the like: the point slipped",
    ("Stat2Data_Hawks", "pattern_violation", "BandNumber"): "the dash of a band number slipped, or is missing",
    ("diamonds", "outlier_cells", "z"): "31.8 mm for 3.18: a known fault of this table",
    (
        "openintro_loans_full_schema",
        "category_variants",
        "emp_title",
    ): "'driver/' and the like: free text",
    (
        "openintro_loans_full_schema",
        "category_typos",
        "emp_title",
    ): "'superviser' and the like: free text",
    ("ames_housing", "dependency_violation", ""): "the code of the basement's type, but for one row",
    ("communities_crime", "outlier_cells", "LemasSwFTFieldOps"): "14 of 129 officers, elsewhere nine in ten",
    ("beers_clean", "dependency_violation", ""): "Marquette, where that brewery is, lies in Michigan",
    ("beers_clean", "category_variants", "brewery_name"): "'Against The Grain' and 'Against the Grain' are one brewery",
    ("beers_clean", "category_variants", "city"): "'St Paul' and 'St. Paul' are one city",
    ("dplyr_storms", "post_event_column", "category"): "only hurricanes have one: it says the status",
    ("openintro_hfi", "target_proxy", "hf_rank"): "the rank of the target",
    ("rossi", "post_event_column", "week"): "the week of the arrest, 52 where there was none",
    ("penguins", "sorted_by_target", ""): "the file is sorted by species",
    ("hospital_clean", "personal_data", "address_1"): "street addresses",
    ("hospital_clean", "personal_data", "phone"): "phone numbers",
    ("medicaldata_covid_testing", "personal_data", "fake_first_name"): "names of people, made up as they are",
    ("medicaldata_covid_testing", "personal_data", "fake_last_name"): "names of people, made up as they are",
    ("openintro_london_murders", "personal_data", "forename"): "names of people",
    ("titanic", "personal_data", "Name"): "names of people",
    ("nycflights13_planes", "category_variants", "model"): "'FALCON-XP' and 'FALCON XP' are one aircraft",
    ("wine_quality", "duplicate_rows", ""): "a known fault of this table: eleven measured amounts agree to every digit",
    ("soybean", "duplicate_rows", ""): "35 answers agree: a known fault of this table",
    ("survival_flchain", "post_event_column", "chapter"): "the cause of death is known of the dead alone",
    ("survival_flchain", "target_proxy", "chapter"): "the cause of death is known of the dead alone",
    ("openintro_loans_full_schema", "group_tells_target", "sub_grade"): "the lender sets the rate by the sub-grade",
    ("openintro_loans_full_schema", "target_proxy", "sub_grade"): "the lender sets the rate by the sub-grade",
    ("nycflights13_planes", "rare_class", ""): RARE,
    ("beers_clean", "rare_class", ""): RARE,
    ("beers_clean", "single_row_class", ""): RARE,
    ("openintro_london_murders", "rare_class", ""): RARE,
    ("openintro_london_murders", "single_row_class", ""): RARE,
    ("vega_airports", "rare_class", ""): RARE,
    ("vega_airports", "single_row_class", ""): RARE,
}
"""(table, kind, column or "" for any): why it is true."""


def is_true(table: str, finding: Finding) -> str:
    """Return why an alarm is true, or "" where it is not known to be."""
    reasons = [TRUE.get((table, finding.kind, column), "") for column in finding.columns]
    return TRUE.get((table, finding.kind, ""), "") or (reasons[0] if reasons and all(reasons) else "")
