"""The detectors, in the order in which their findings are told: a new one is one file and one line here."""

from __future__ import annotations

from collections.abc import Collection

from mlwright.clean.base import Context, Detection, Detector
from mlwright.clean.detectors.category_variants import CategoryVariants
from mlwright.clean.detectors.class_imbalance import ClassImbalance
from mlwright.clean.detectors.conflicting_labels import ConflictingLabels
from mlwright.clean.detectors.constant_columns import ConstantColumns
from mlwright.clean.detectors.contradictions import Contradictions
from mlwright.clean.detectors.disguised_missing import DisguisedMissing
from mlwright.clean.detectors.duplicate_rows import DuplicateRows
from mlwright.clean.detectors.encoding_damage import EncodingDamage
from mlwright.clean.detectors.few_rows import FewRows
from mlwright.clean.detectors.few_rows_per_class import FewRowsPerClass
from mlwright.clean.detectors.functional_dependencies import FunctionalDependencies
from mlwright.clean.detectors.id_columns import IdColumns
from mlwright.clean.detectors.impossible_values import ImpossibleValues
from mlwright.clean.detectors.label_errors import LabelErrors
from mlwright.clean.detectors.leak_copied_rows import LeakCopiedRows
from mlwright.clean.detectors.leak_copy import LeakCopy
from mlwright.clean.detectors.leak_group import LeakGroup
from mlwright.clean.detectors.leak_id import LeakId
from mlwright.clean.detectors.leak_post_event import LeakPostEvent
from mlwright.clean.detectors.leak_proxy import LeakProxy
from mlwright.clean.detectors.leak_row_order import LeakRowOrder
from mlwright.clean.detectors.leak_time import LeakTime
from mlwright.clean.detectors.missing_pattern import MissingPattern
from mlwright.clean.detectors.missingness_predicts import MissingnessPredicts
from mlwright.clean.detectors.mixed_dates import MixedDates
from mlwright.clean.detectors.mixed_kinds import MixedKinds
from mlwright.clean.detectors.mostly_missing import MostlyMissing
from mlwright.clean.detectors.near_duplicates import NearDuplicates
from mlwright.clean.detectors.order_not_random import OrderNotRandom
from mlwright.clean.detectors.outliers import Outliers
from mlwright.clean.detectors.pattern_violations import PatternViolations
from mlwright.clean.detectors.personal_data import PersonalData
from mlwright.clean.detectors.target_missing import TargetMissing
from mlwright.clean.detectors.unit_errors import UnitErrors
from mlwright.clean.measures.expectation import one_thread
from mlwright.table import Table

__all__ = ["DETECTORS", "OF_ALL_ROWS", "detect"]

DETECTORS: dict[str, Detector] = {
    each.name: each
    for each in (
        DuplicateRows(),
        ConstantColumns(),
        IdColumns(),
        MostlyMissing(),
        TargetMissing(),
        FewRows(),
        LeakCopy(),
        LeakPostEvent(),
        LeakProxy(),
        LeakId(),
        LeakTime(),
        LeakGroup(),
        LeakRowOrder(),
        LeakCopiedRows(),
        OrderNotRandom(),
        MissingnessPredicts(),
        LabelErrors(),
        FewRowsPerClass(),
        ConflictingLabels(),
        ClassImbalance(),
        NearDuplicates(),
        FunctionalDependencies(),
        CategoryVariants(),
        PatternViolations(),
        MixedKinds(),
        EncodingDamage(),
        PersonalData(),
        UnitErrors(),
        ImpossibleValues(),
        Contradictions(),
        Outliers(),
        DisguisedMissing(),
        MixedDates(),
        MissingPattern(),
    )
}  # fmt: skip


OF_ALL_ROWS = (
    "duplicate_rows",
    "constant_columns",
    "id_columns",
    "mostly_missing",
    "target_missing",
    "few_rows",
    "few_rows_per_class",
    "class_imbalance",
)
"""Those that count rows, or read the schema or the target only: cheap, and asked about all rows, however many."""


def detect(table: Table, context: Context, *, only: Collection[str] = ()) -> list[Detection]:
    """Return what all detectors find, or those named in `only`; none begins once the context says to stop."""
    found: list[Detection] = []
    for name, detector in DETECTORS.items():
        if only and name not in only:
            continue
        if context.stop():
            break
        with one_thread():
            found += detector.detect(table, context)
    return found
