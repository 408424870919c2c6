"""The files of a model that answers about rows: its members and recipes, thresholds by group, cases, golden rows."""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlwright.errors import ModelError
from mlwright.explain.cases import Cases
from mlwright.fairness.mitigation.policy import Policy
from mlwright.features.recipe import Recipe
from mlwright.learn.calibration import from_state, to_state
from mlwright.learn.ensemble import PACKED, Ensemble, Member
from mlwright.learn.plugins import predictor_kind, predictor_package
from mlwright.model.arrays import write_arrays
from mlwright.model.checked import Checked, damaged, number
from mlwright.model.parts import (
    RowParts,
    answers,
    check_answers,
    check_cases,
    check_decision,
    check_policy,
    policy_thresholds,
)
from mlwright.model.text import plain, write_json
from mlwright.schema import Schema

MAX_MEMBERS = 1_000
POLICY = "policy/"


def row_files(parts: RowParts) -> dict[str, bytes]:
    """Return the files that only such a model has, by their names in its folder."""
    predictions = answers(parts, parts.golden).tolist() if parts.golden else []
    return {
        "golden.json": write_json(
            {"prior": plain(parts.prior), "rows": list(parts.golden), "predictions": predictions}
        ),
        **_ensemble_files(parts.ensemble),
        **_policy_files(parts),
        **_case_files(parts),
    }


def read_rows_model(files: Checked, known: Mapping[str, Any]) -> RowParts:
    """Return the parts of such a model, checked; `known` is what all models have. Raises ModelError."""
    golden = files.json("golden.json")
    policy, thresholds = _policy(files)
    parts = RowParts(
        **known,
        ensemble=_ensemble(files),
        prior=tuple(number(value) for value in golden["prior"]),
        golden=tuple(dict(row) for row in golden["rows"]),
        policy=policy,
        cases=_cases(files, known["schema"]),
    )
    where = files.where
    _check(parts, where)
    files.check_rest()
    width = max(parts.ensemble.classes, 1)
    check_answers(parts, parts.golden, np.asarray(golden["predictions"], dtype=np.float64).reshape(-1, width), where)
    check_policy(parts, thresholds, where)
    return parts


def _policy_files(parts: RowParts) -> dict[str, bytes]:
    if (policy := parts.policy) is None:
        return {}
    head = {} if policy.head is None else _ensemble_files(policy.head.ensemble, POLICY)
    return {"policy.json": write_json({**plain(policy.state()), "golden": policy_thresholds(parts)}), **head}


def _case_files(parts: RowParts) -> dict[str, bytes]:
    if parts.cases is None:
        return {}
    state, arrays = parts.cases.state()
    return {"cases.json": write_json(plain(state)), "cases.npz": write_arrays(arrays)}


def _ensemble_files(ensemble: Ensemble, within: str = "") -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    variants = sorted({member.variant for member in ensemble.members})
    for variant in variants:
        recipe = ensemble.recipes[variant]
        files[f"{within}recipes/{variant}.json"] = write_json(recipe.to_dict())
        files[f"{within}recipes/{variant}.npz"] = write_arrays(recipe.arrays())
    members = []
    for place, member in enumerate(ensemble.members):
        state, arrays = member.predictor.state()
        files[f"{within}members/{place}.npz"] = write_arrays(arrays)
        native = dict(_packed(name, data) for name, data in member.native.items())
        files.update({f"{within}members/{place}.{name}": data for name, data in native.items()})
        members.append(
            {
                "learner": member.learner,
                "label": member.label,
                "configuration": plain(dict(member.configuration)),
                "variant": member.variant,
                "weight": member.weight,
                "kind": member.predictor.kind,
                **({"package": package} if (package := predictor_package(member.predictor.kind)) else {}),
                "state": state,
                "native": sorted(native),
            }
        )
    files[f"{within}ensemble.json"] = write_json(
        {
            "classes": ensemble.classes,
            "center": ensemble.center,
            "scale": ensemble.scale,
            "floor": ensemble.floor,
            "calibration": to_state(ensemble.calibration),
            "variants": variants,
            "members": members,
        }
    )
    return files


def _packed(name: str, data: bytes) -> tuple[str, bytes]:
    """Gzip a library's own file: text is ten times larger than the arrays that say the same."""
    return (name, data) if name.endswith(PACKED) else (name + PACKED, gzip.compress(data, 6, mtime=0))


def _policy(files: Checked) -> tuple[Policy | None, list[Any]]:
    """Return the thresholds by group and what they are for the golden rows; none where the model has none."""
    if "policy.json" not in files.table:
        return None, []
    with damaged(f"{files.where}/policy.json"):
        found = files.json("policy.json")
        head = None if found["edges"] is None else _ensemble(files, POLICY)
        return Policy.from_state(found, head), found["golden"]


def _cases(files: Checked, schema: Schema) -> Cases | None:
    """Return the rows that are kept; none where the model keeps none."""
    if "cases.json" not in files.table:
        return None
    with damaged(f"{files.where}/cases.json"):
        return Cases.from_state(files.json("cases.json"), files.arrays("cases.npz"), schema)


def _ensemble(files: Checked, within: str = "") -> Ensemble:
    found = files.json(f"{within}ensemble.json")
    recipes = {str(variant): _recipe(files, str(variant), within) for variant in found["variants"]}
    if not 1 <= len(found["members"]) <= MAX_MEMBERS:
        raise ModelError("The model has no members, or too many.")
    members = tuple(_member(files, place, facts, within) for place, facts in enumerate(found["members"]))
    if {member.variant for member in members} != set(recipes):
        raise ModelError("The model's members and recipes do not belong together.")
    if not math.isclose(sum(member.weight for member in members), 1.0, abs_tol=1e-6):
        raise ModelError("The weights of the model's members do not sum to 1.")
    classes, scale = found["classes"], number(found["scale"])
    if type(classes) is not int or classes < 0 or scale <= 0:
        raise ModelError("The model's number of classes or its scale cannot be.")
    floor = None if found.get("floor") is None else number(found["floor"])
    calibration = from_state(found.get("calibration"), classes)
    return Ensemble(recipes, members, classes, number(found["center"]), scale, floor, calibration)


def _recipe(files: Checked, variant: str, within: str) -> Recipe:
    where = f"{files.where}/{within}recipes/{variant}"
    with damaged(where):
        arrays = files.arrays(f"{within}recipes/{variant}.npz")
        return Recipe.from_dict(files.json(f"{within}recipes/{variant}.json"), arrays)


def _member(files: Checked, place: int, facts: Mapping[str, Any], within: str) -> Member:
    where = f"{files.where}/{within}members/{place}"
    with damaged(where):
        arrays = files.arrays(f"{within}members/{place}.npz")
        weight = number(facts["weight"])
        if not 0 < weight <= 1 + 1e-9:
            raise ModelError("The member has a weight that cannot be.", where=where)
        return Member(
            learner=str(facts["learner"]),
            label=str(facts["label"]),
            configuration=dict(facts["configuration"]),
            variant=str(facts["variant"]),
            weight=weight,
            predictor=predictor_kind(facts["kind"], facts.get("package")).from_state(facts["state"], arrays),
            native={str(name): files.bytes(f"{within}members/{place}.{name}") for name in facts["native"]},
        )


def _check(parts: RowParts, where: str) -> None:
    """Refuse parts that do not belong together."""
    if parts.ensemble.classes != len(parts.classes):
        raise ModelError("The model has classes that contradict one another.", where=where)
    if len(parts.prior) != max(len(parts.classes), 1):
        raise ModelError("The model has a prior of the wrong length.", where=where)
    for name in parts.ensemble.sources:
        if name not in parts.schema:
            raise ModelError(f"The model reads the column {name!r:.200} that its schema does not know.", where=where)
    features = {column.name for column in parts.schema.features}
    for recipe in parts.ensemble.recipes.values():
        for repair in recipe.repairs:
            if not features.issuperset((repair.column, *repair.reads)):
                raise ModelError(
                    f"The model mends {repair.column!r:.200}, which is nothing it learned from.", where=where
                )
    check_decision(parts, where)
    check_cases(parts, where)
