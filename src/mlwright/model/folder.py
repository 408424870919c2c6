"""The model's folder: which files there are, what stands in them, and how they are read back without trusting them.

    manifest.json          what it is; size and sha256 of every other file; facts of the run that made it
    schema.json            the columns
    decision.json          task, target, classes, and the step from probabilities or numbers to answers
    recipes/<variant>.json, .npz
    ensemble.json          members, weights and what of a predictor is no array
    members/<i>.npz        a predictor's arrays, for NumPy alone
    members/<i>.<file>.gz  the same in the booster's own format, for other programs to read
    policy.json            thresholds by group, where there are some; policy/ holds the second head, as above
    cases.json, .npz       a few of the rows that taught, where they were to be kept
    reference.json, .npz   counts of the rows that judged, with which a monitor compares, and a sample of them
    evaluation.json        the evidence
    golden.json            raw rows and what the model answers to them

Two builds that are the same write the same bytes; what may differ between them stands in the manifest under "run".
"""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import InputError, ModelError
from mlwright.evaluate.reference import Reference
from mlwright.evaluate.reference_sample import ReferenceSample
from mlwright.explain.cases import Cases
from mlwright.fairness.mitigation.policy import Policy
from mlwright.features.recipe import Recipe
from mlwright.learn.calibration import from_state, to_state
from mlwright.learn.damage import MOST_OUTPUTS
from mlwright.learn.ensemble import PACKED, Ensemble, Member
from mlwright.learn.plugins import predictor_kind, predictor_package
from mlwright.model.archive import MANIFEST, MAX_TOTAL, Store, opened, safe_name, write_files
from mlwright.model.arrays import read_arrays, unpacked_limit, write_arrays
from mlwright.model.evidence import Evidence
from mlwright.model.evidence_shapes import RUN
from mlwright.model.parts import (
    Parts,
    answers,
    check_answers,
    check_cases,
    check_decision,
    check_policy,
    policy_thresholds,
)
from mlwright.model.text import MAX_JSON, plain, read_json, write_json
from mlwright.model.timings import join, split
from mlwright.schema import Schema
from mlwright.tasks import TASKS

FORMAT = "mlwright-model"
FORMAT_VERSION = 1
MAX_MANIFEST = 4 << 20
MAX_MEMBERS = 1_000
REQUIRES = ("numpy",)
POLICY = "policy/"


def write(parts: Parts, path: Path) -> None:
    """Write a model as a folder, or as a zip where the path ends in .zip. Raises OutputError."""
    write_files(to_files(parts), path)


def to_files(parts: Parts) -> dict[str, bytes]:
    """Return the files of a model by their names in its folder."""
    evidence, timings = split(plain(dict(parts.evidence)))
    files = {
        "schema.json": write_json(plain(parts.schema.to_dict())),
        "decision.json": write_json(
            {
                "task": parts.task,
                "target": parts.target,
                "classes": plain(parts.classes),
                "prior": plain(parts.prior),
                "decision": plain(dict(parts.decision)),
            }
        ),
        "evaluation.json": write_json(evidence, sort=False),
        "golden.json": write_json(
            {"rows": list(parts.golden), "predictions": answers(parts, parts.golden).tolist() if parts.golden else []}
        ),
        **_ensemble_files(parts.ensemble),
        **_policy_files(parts),
        **_case_files(parts),
        **_reference_files(parts),
    }
    table = {name: {"sha256": _sha256(data), "bytes": len(data)} for name, data in files.items()}
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": plain(parts.name),
        "task": parts.task,
        "target": parts.target,
        "classes": plain(parts.classes),
        "requires": [*REQUIRES, *_plugins(parts.ensemble)],
        "files": table,
        "digest": _digest(table),
        "run": plain({**parts.run, "timings": timings}),
    }
    return {**files, MANIFEST: write_json(manifest)}


def _policy_files(parts: Parts) -> dict[str, bytes]:
    if (policy := parts.policy) is None:
        return {}
    head = {} if policy.head is None else _ensemble_files(policy.head.ensemble, POLICY)
    return {"policy.json": write_json({**plain(policy.state()), "golden": policy_thresholds(parts)}), **head}


def _case_files(parts: Parts) -> dict[str, bytes]:
    if parts.cases is None:
        return {}
    state, arrays = parts.cases.state()
    return {"cases.json": write_json(plain(state)), "cases.npz": write_arrays(arrays)}


def _reference_files(parts: Parts) -> dict[str, bytes]:
    if parts.reference is None:
        return {}
    names, arrays = parts.reference.sample.state()
    state = {**parts.reference.to_dict(), "sample": names}
    return {"reference.json": write_json(plain(state)), "reference.npz": write_arrays(arrays)}


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


def _plugins(ensemble: Ensemble) -> list[str]:
    """Return the packages that bring the predictors which are not built in."""
    return sorted({package for member in ensemble.members if (package := predictor_package(member.predictor.kind))})


def _packed(name: str, data: bytes) -> tuple[str, bytes]:
    """Gzip a library's own file: text is ten times larger than the arrays that say the same."""
    return (name, data) if name.endswith(PACKED) else (name + PACKED, gzip.compress(data, 6, mtime=0))


def read_evidence(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a model's manifest and evidence without reading what predicts. Raises ModelError."""
    with opened(path) as store:
        manifest = _manifest(store, str(path))
        return manifest, _evidence(_Checked(store, manifest, str(path)), manifest)


def read(path: Path) -> Parts:
    """Return a model's parts; runs nothing that a file says, and parses no booster's own file. Raises ModelError."""
    where = str(path)
    with opened(path) as store, damaged(where), np.errstate(all="ignore"):
        manifest = _manifest(store, where)
        files = _Checked(store, manifest, where)
        files.check_names()
        decision, golden = files.json("decision.json"), files.json("golden.json")
        policy, thresholds = _policy(files)
        schema = Schema.from_dict(files.json("schema.json"))
        task, classes = _known_task(decision["task"], where), _labels(decision["classes"])
        parts = Parts(
            name=str(manifest["name"]),
            task=task,
            target=str(decision["target"]),
            classes=classes,
            schema=schema,
            ensemble=_ensemble(files),
            decision=dict(decision["decision"]),
            prior=tuple(_number(value) for value in decision["prior"]),
            evidence=_evidence(files, manifest),
            run=dict(manifest["run"]),
            golden=tuple(dict(row) for row in golden["rows"]),
            policy=policy,
            cases=_cases(files, schema),
            reference=_reference(files, schema, task, classes),
        )
        _check(parts, manifest, where)
        files.check_rest()
        width = max(parts.ensemble.classes, 1)
        check_answers(
            parts, parts.golden, np.asarray(golden["predictions"], dtype=np.float64).reshape(-1, width), where
        )
        check_policy(parts, thresholds, where)
    return parts


@contextmanager
def damaged(where: str) -> Iterator[None]:
    """Turn whatever wrong content leads to into one ModelError; what reads it may then stay plain."""
    try:
        yield
    except ModelError as error:
        raise ModelError(error.message, where=error.where or where, hint=error.hint) from error
    except (InputError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"The model is damaged: {str(error)[:300]}", where=where) from error
    except MemoryError as error:
        raise ModelError("The model asks for more memory than there is.", where=where) from error


class _Checked:
    """The files of a model that the manifest names, each compared with its size and hash when it is read."""

    def __init__(self, store: Store, manifest: dict[str, Any], where: str) -> None:
        self.store = store
        self.table: dict[str, dict[str, Any]] = manifest["files"]
        self.where = where
        self.seen: set[str] = set()
        self.json_left = MAX_JSON
        self.arrays_left = unpacked_limit(sum(facts["bytes"] for facts in self.table.values()))

    def bytes(self, name: str) -> bytes:
        """Return a file's bytes."""
        facts = self.table.get(name)
        if facts is None or name not in self.store.sizes:
            raise ModelError(f"The file {name!r} is missing.", where=self.where)
        data = self.store.read(name, facts["bytes"])
        if len(data) != facts["bytes"] or _sha256(data) != facts["sha256"]:
            raise ModelError(f"The file {name!r} is not the one that was saved: its hash differs.", where=self.where)
        self.seen.add(name)
        return data

    def json(self, name: str) -> dict[str, Any]:
        """Return the object that a JSON file holds."""
        data = self.bytes(name)
        found = read_json(data, f"{self.where}/{name}", limit=self.json_left)
        self.json_left -= len(data)
        if not isinstance(found, dict):
            raise ModelError(
                "The file is damaged: it is not the JSON that a model holds.", where=f"{self.where}/{name}"
            )
        return found

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays that an npz holds; all of a model's together stay within its bounds."""
        found = read_arrays(self.bytes(name), f"{self.where}/{name}", limit=self.arrays_left)
        self.arrays_left -= sum(array.nbytes for array in found.values())
        return found

    def check_names(self) -> None:
        """Refuse a model with files too few or too many."""
        there, said = set(self.store.sizes) - {MANIFEST}, set(self.table)
        if missing := sorted(said - there):
            raise ModelError(f"The file {missing[0]!r} is missing.", where=self.where)
        if extra := sorted(there - said):
            raise ModelError(f"The file {extra[0]!r:.200} does not belong to the model.", where=self.where)

    def check_rest(self) -> None:
        """Refuse a model with files that nothing speaks of."""
        if unused := sorted(set(self.table) - self.seen):
            raise ModelError(f"The file {unused[0]!r} does not belong to the model.", where=self.where)


def _manifest(store: Store, where: str) -> dict[str, Any]:
    if MANIFEST not in store.sizes:
        raise ModelError("This is not a model: it holds no manifest.json.", where=where)
    found = read_json(store.read(MANIFEST, MAX_MANIFEST), f"{where}/{MANIFEST}")
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ModelError("This is not a model of mlwright.", where=where)
    version = found.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ModelError("The model has a manifest without a version.", where=where)
    if version > FORMAT_VERSION:
        raise ModelError(
            f"The model was written by a newer mlwright (format {version}; this one reads up to {FORMAT_VERSION}).",
            where=where,
            hint="pip install --upgrade mlwright",
        )
    if not _is_table(found.get("files")) or not isinstance(found.get("run"), dict):
        raise ModelError("The model has a damaged manifest.", where=where)
    if found.get("digest") != _digest(found["files"]):
        raise ModelError("The model has a manifest whose digest does not match its files.", where=where)
    return found


def _is_table(table: object) -> bool:
    if not isinstance(table, dict) or not all(safe_name(name) and name != MANIFEST for name in table):
        return False
    total = 0
    for facts in table.values():
        if not isinstance(facts, dict) or set(facts) != {"sha256", "bytes"} or type(facts["bytes"]) is not int:
            return False
        if not isinstance(facts["sha256"], str) or facts["bytes"] < 0:
            return False
        total += facts["bytes"]
    return total <= MAX_TOTAL


def _policy(files: _Checked) -> tuple[Policy | None, list[Any]]:
    """Return the thresholds by group and what they are for the golden rows; none where the model has none."""
    if "policy.json" not in files.table:
        return None, []
    with damaged(f"{files.where}/policy.json"):
        found = files.json("policy.json")
        head = None if found["edges"] is None else _ensemble(files, POLICY)
        return Policy.from_state(found, head), found["golden"]


def _cases(files: _Checked, schema: Schema) -> Cases | None:
    """Return the rows that are kept; none where the model keeps none."""
    if "cases.json" not in files.table:
        return None
    with damaged(f"{files.where}/cases.json"):
        return Cases.from_state(files.json("cases.json"), files.arrays("cases.npz"), schema)


def _reference(files: _Checked, schema: Schema, task: str, classes: tuple[Any, ...]) -> Reference | None:
    """Return what a monitor compares with; none where the model has none."""
    if "reference.json" not in files.table:
        return None
    with damaged(f"{files.where}/reference.json"):
        found, arrays = files.json("reference.json"), files.arrays("reference.npz")
        sample = ReferenceSample.from_state(found["sample"], arrays, schema, classes=len(classes))
        return Reference.from_dict(found, sample, schema=schema, task=task, classes=classes)


def _ensemble(files: _Checked, within: str = "") -> Ensemble:
    found = files.json(f"{within}ensemble.json")
    recipes = {str(variant): _recipe(files, str(variant), within) for variant in found["variants"]}
    if not 1 <= len(found["members"]) <= MAX_MEMBERS:
        raise ModelError("The model has no members, or too many.")
    members = tuple(_member(files, place, facts, within) for place, facts in enumerate(found["members"]))
    if {member.variant for member in members} != set(recipes):
        raise ModelError("The model's members and recipes do not belong together.")
    if not math.isclose(sum(member.weight for member in members), 1.0, abs_tol=1e-6):
        raise ModelError("The weights of the model's members do not sum to 1.")
    classes, scale = found["classes"], _number(found["scale"])
    if type(classes) is not int or classes < 0 or scale <= 0:
        raise ModelError("The model's number of classes or its scale cannot be.")
    floor = None if found.get("floor") is None else _number(found["floor"])
    calibration = from_state(found.get("calibration"), classes)
    return Ensemble(recipes, members, classes, _number(found["center"]), scale, floor, calibration)


def _recipe(files: _Checked, variant: str, within: str) -> Recipe:
    where = f"{files.where}/{within}recipes/{variant}"
    with damaged(where):
        arrays = files.arrays(f"{within}recipes/{variant}.npz")
        return Recipe.from_dict(files.json(f"{within}recipes/{variant}.json"), arrays)


def _member(files: _Checked, place: int, facts: Mapping[str, Any], within: str) -> Member:
    where = f"{files.where}/{within}members/{place}"
    with damaged(where):
        arrays = files.arrays(f"{within}members/{place}.npz")
        weight = _number(facts["weight"])
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


def _evidence(files: _Checked, manifest: dict[str, Any]) -> dict[str, Any]:
    with damaged(f"{files.where}/evaluation.json"):
        evidence = join(files.json("evaluation.json"), manifest["run"].get("timings"))
        Evidence(evidence).check()
        if (fault := RUN(manifest["run"])) is not None:
            raise TypeError(f"the run's {fault.removeprefix('.')[:200]} is not what a model holds there.")
        return evidence


def _check(parts: Parts, manifest: dict[str, Any], where: str) -> None:
    """Refuse parts that do not belong together; what the manifest repeats has to be what the hashed files say."""
    if (manifest.get("task"), manifest.get("target")) != (parts.task, parts.target):
        raise ModelError("The model has a manifest that contradicts its files.", where=where)
    if manifest.get("classes") != list(parts.classes) or parts.ensemble.classes != len(parts.classes):
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


def _known_task(name: object, where: str) -> str:
    if name not in TASKS:
        raise ModelError(
            f"The model answers a question of a kind ({name!r:.100}) that this mlwright does not know.", where=where
        )
    return str(name)


def _labels(found: object) -> tuple[Any, ...]:
    if not isinstance(found, list) or not all(isinstance(label, (str, int, float)) for label in found):
        raise ModelError("The model's classes are not labels.")
    if len(found) > MOST_OUTPUTS:
        raise ModelError(f"The model has {len(found):,} classes; more than {MOST_OUTPUTS:,} cannot be.")
    if len(set(found)) != len(found):
        raise ModelError("The model has a class twice.")
    return tuple(found)


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ModelError(f"{value!r:.100} is not the number that a model holds.")
    return float(value)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest(table: Mapping[str, Any]) -> str:
    return _sha256(write_json(dict(table)))
