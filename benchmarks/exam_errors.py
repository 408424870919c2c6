"""The kinds of error that the exam injects: how each is made, and which Findings tell of it."""

from __future__ import annotations

import exam_numbers
import exam_people
import exam_rows
import exam_texts
from exam_common import Error

ODD_NUMBERS = ("outl", "scale", "unit", "impossible", "magnitude", "rare_number")
"""A number that is wrong by its size may be called by any of these: one value says no more than that."""

ERRORS: dict[str, Error] = {
    "scale": Error(exam_numbers.scale, ODD_NUMBERS),
    "unit": Error(exam_numbers.unit, ODD_NUMBERS),
    "outliers": Error(exam_numbers.outliers, ODD_NUMBERS),
    "impossible": Error(exam_numbers.impossible, ODD_NUMBERS),
    "disguised_missing": Error(exam_numbers.disguised_missing, ("missing", *ODD_NUMBERS)),
    "mixed_types": Error(exam_numbers.mixed_types, ("mixed_types", "disguised", "missing")),
    "numbers_as_text": Error(exam_numbers.numbers_as_text, ("disguised_numbers", "mixed_types", "unit")),
    "category_variants": Error(exam_texts.category_variants, ("variant", "categor", "spelling", "typo")),
    "category_typos": Error(exam_texts.category_typos, ("typo", "spelling", "categor", "variant", "depend")),
    "date_formats": Error(exam_texts.date_formats, ("date", "mixed_types", "format", "pattern")),
    "dependency": Error(exam_rows.dependency, ("depend", "contradict")),
    "pattern": Error(exam_texts.pattern, ("pattern", "format", "typo")),
    "contradiction": Error(exam_rows.contradiction, ("contradict", "order", "total", "sum", "impossible")),
    "encoding": Error(exam_texts.encoding, ("encoding",)),
    "exact_duplicates": Error(exam_rows.exact_duplicates, ("duplicate",)),
    "near_duplicates": Error(exam_rows.near_duplicates, ("near_dup", "near_cop", "duplicate")),
    "conflicting_labels": Error(exam_rows.conflicting_labels, ("conflict",)),
    "constant_column": Error(exam_rows.constant_column, ("constant",)),
    "duplicated_column": Error(exam_rows.duplicated_column, ("duplicate_col", "duplicated_col", "column_cop")),
    "telling_gaps": Error(exam_rows.telling_gaps, ("missing", "gaps")),
    "sorted_rows": Error(exam_rows.sorted_rows, ("sorted", "row_order")),
    "personal_data": Error(exam_people.personal_data, ("personal",)),
    "leak": Error(exam_rows.leak, ("target_copy", "target_proxy", "post_event", "tells_target")),
    "imbalance": Error(exam_rows.imbalance, ("imbalance", "few_rows_of_class", "rare_class", "single_row")),
}
"""In the order in which they are told."""
