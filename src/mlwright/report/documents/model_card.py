"""The model card: the sections of Mitchell et al., "Model cards for model reporting", FAT* 2019, in their order."""

from __future__ import annotations

from mlwright.report.documents import columns, facts
from mlwright.report.documents.point import Part, Plan, Point
from mlwright.report.sections import verdict

MODEL_CARD = Plan(
    "model-card",
    "Model card",
    "What this model is, for what it was made, and how well it serves whom.",
    "the sections of Mitchell et al., “Model cards for model reporting” (2019)",
    (
        Part(
            "details",
            "Model details",
            "What the model is, who made it, and when.",
            (
                Point("Name, version and date", facts.identity, ("provider.name", "provider.contact")),
                Point("Kind of model, and how it was trained", facts.logic),
                Point("Licence and citation", asks=("provider.licence",)),
            ),
        ),
        Part(
            "use",
            "Intended use",
            "What the model was made for, by whom it is to be used, and what it was not made for.",
            (
                Point("Primary intended uses", columns.target, ("purpose.intended",)),
                Point("Primary intended users", asks=("purpose.users",)),
                Point("Uses that are out of scope", facts.limits, ("purpose.not_for",)),
            ),
        ),
        Part(
            "factors",
            "Factors",
            "On what it may depend how well the model answers, such as who a row is about.",
            (
                Point("Relevant factors", columns.sensitive, ("purpose.people",)),
                Point("Factors that were looked at", facts.importance),
            ),
        ),
        Part(
            "metrics",
            "Metrics",
            "In which numbers it was measured how good the model is, and why in these.",
            (
                Point("Measures of performance", facts.deciding, ("development.metrics",)),
                Point("Thresholds of decisions", facts.decision),
                Point("How sure the numbers are", facts.uncertainty),
            ),
        ),
        Part(
            "evaluation",
            "Evaluation data",
            "On which rows the model was judged: rows that it had not learned from.",
            (
                Point("Rows that judged it", columns.splits),
                Point("What was done with them beforehand", facts.repairs),
            ),
        ),
        Part(
            "training",
            "Training data",
            "From which rows the model learned; the data sheet says more of them.",
            (
                Point("The table", columns.origin),
                Point("Its rows", columns.size),
                Point("Its columns", columns.described),
            ),
        ),
        Part(
            "results",
            "Quantitative analyses",
            "How good the model is: for all rows, and for each group apart.",
            (
                Point("All rows", facts.measures),
                Point("Beside the simplest rules", facts.quality),
                Point("Groups of people, one by one and crossed", columns.groups),
                Point("Kinds of rows where it is worse", columns.worst_rows),
            ),
        ),
        Part(
            "ethics",
            "Ethical considerations",
            "Whom an answer can harm, and what was done about it.",
            (
                Point("Personal and sensitive data", columns.personal),
                Point("Harms", asks=("risks.harms",)),
                Point("Rights and equal treatment", asks=("risks.rights",)),
            ),
        ),
        Part(
            "caveats",
            "Caveats and recommendations",
            "What else to know before the model is used.",
            (
                Point("What should be looked at first", facts.worries),
                Point("Looking after it in use", facts.later, ("after_release.outcomes",)),
            ),
        ),
    ),
    first=verdict.section,
)
