"""The detectors, in the order in which their findings are told: a new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Collection

from mlwright.clean.base import Context, Detection, Detector
from mlwright.clean.detectors.constant_columns import ConstantColumns
from mlwright.clean.detectors.duplicate_rows import DuplicateRows
from mlwright.clean.detectors.encoding_damage import EncodingDamage
from mlwright.clean.detectors.few_rows import FewRows
from mlwright.clean.detectors.id_columns import IdColumns
from mlwright.clean.detectors.mostly_missing import MostlyMissing
from mlwright.clean.detectors.target_missing import TargetMissing
from mlwright.table import Table

__all__ = ["DETECTORS", "detect"]

DETECTORS: dict[str, Detector] = {
    each.name: each
    for each in (
        DuplicateRows(),
        ConstantColumns(),
        IdColumns(),
        MostlyMissing(),
        TargetMissing(),
        FewRows(),
        EncodingDamage(),
    )
}  # fmt: skip


def detect(table: Table, context: Context, *, only: Collection[str] = ()) -> list[Detection]:
    """Return what all detectors find, or those named in `only`; none begins once the context says to stop."""
    found: list[Detection] = []
    for name, detector in DETECTORS.items():
        if only and name not in only:
            continue
        if context.stop():
            break
        found += detector.detect(table, context)
    return found
