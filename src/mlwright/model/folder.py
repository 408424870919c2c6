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

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlwright.errors import ModelError
from mlwright.evaluate.reference import Reference
from mlwright.evaluate.reference_sample import ReferenceSample
from mlwright.learn.damage import MOST_OUTPUTS
from mlwright.model.archive import MANIFEST, MAX_TOTAL, Store, opened, safe_name, write_files
from mlwright.model.arrays import write_arrays
from mlwright.model.checked import Checked, damaged, sha256
from mlwright.model.evidence import Evidence
from mlwright.model.evidence_shapes import RUN
from mlwright.model.forms import form_of
from mlwright.model.parts import Parts
from mlwright.model.text import plain, read_json, write_json
from mlwright.model.timings import join, split
from mlwright.schema import Schema
from mlwright.tasks import TASKS

FORMAT = "mlwright-model"
FORMAT_VERSION = 1
MAX_MANIFEST = 4 << 20
REQUIRES = ("numpy",)


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
                "decision": plain(dict(parts.decision)),
            }
        ),
        "evaluation.json": write_json(evidence, sort=False),
        **_reference_files(parts),
        **form_of(parts.task).files(parts),
    }
    table = {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in files.items()}
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": plain(parts.name),
        "task": parts.task,
        "target": parts.target,
        "classes": plain(parts.classes),
        "requires": [*REQUIRES, *parts.packages],
        "files": table,
        "digest": _digest(table),
        "run": plain({**parts.run, "timings": timings}),
    }
    return {**files, MANIFEST: write_json(manifest)}


def _reference_files(parts: Parts) -> dict[str, bytes]:
    if parts.reference is None:
        return {}
    names, arrays = parts.reference.sample.state()
    state = {**parts.reference.to_dict(), "sample": names}
    return {"reference.json": write_json(plain(state)), "reference.npz": write_arrays(arrays)}


def read_evidence(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a model's manifest and evidence without reading what predicts. Raises ModelError."""
    with opened(path) as store:
        manifest = _manifest(store, str(path))
        return manifest, _evidence(Checked(store, manifest, str(path)), manifest)


def read(path: Path) -> Parts:
    """Return a model's parts; runs nothing that a file says, and parses no booster's own file. Raises ModelError."""
    where = str(path)
    with opened(path) as store, damaged(where), np.errstate(all="ignore"):
        manifest = _manifest(store, where)
        files = Checked(store, manifest, where)
        files.check_names()
        decision = files.json("decision.json")
        schema = Schema.from_dict(files.json("schema.json"))
        task, classes = _known_task(decision["task"], where), _labels(decision["classes"])
        known = {
            "name": str(manifest["name"]),
            "task": task,
            "target": str(decision["target"]),
            "classes": classes,
            "schema": schema,
            "decision": dict(decision["decision"]),
            "evidence": _evidence(files, manifest),
            "run": dict(manifest["run"]),
            "reference": _reference(files, schema, task, classes),
        }
        said = (manifest.get("task"), manifest.get("target"), manifest.get("classes"))
        if said != (task, known["target"], list(classes)):
            raise ModelError("The model has a manifest that contradicts its files.", where=where)
        return form_of(task).read(files, known)


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


def _reference(files: Checked, schema: Schema, task: str, classes: tuple[Any, ...]) -> Reference | None:
    """Return what a monitor compares with; none where the model has none."""
    if "reference.json" not in files.table:
        return None
    with damaged(f"{files.where}/reference.json"):
        found, arrays = files.json("reference.json"), files.arrays("reference.npz")
        sample = ReferenceSample.from_state(found["sample"], arrays, schema, task=task, classes=len(classes))
        return Reference.from_dict(found, sample, schema=schema, task=task, classes=classes)


def _evidence(files: Checked, manifest: dict[str, Any]) -> dict[str, Any]:
    with damaged(f"{files.where}/evaluation.json"):
        evidence = join(files.json("evaluation.json"), manifest["run"].get("timings"))
        Evidence(evidence).check()
        if (fault := RUN(manifest["run"])) is not None:
            raise TypeError(f"the run's {fault.removeprefix('.')[:200]} is not what a model holds there.")
        return evidence


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


def _digest(table: Mapping[str, Any]) -> str:
    return sha256(write_json(dict(table)))
