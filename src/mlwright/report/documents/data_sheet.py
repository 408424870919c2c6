"""The data sheet: the questions of Gebru et al., "Datasheets for datasets", Communications of the ACM 64, 2021."""

from __future__ import annotations

from mlwright.report.documents import columns, facts
from mlwright.report.documents.point import Part, Plan, Point

DATA_SHEET = Plan(
    "data-sheet",
    "Data sheet",
    "Where the rows come from that the model learned from, what is in them, and what was done with them.",
    "the questions of Gebru et al., “Datasheets for datasets” (2021)",
    (
        Part(
            "motivation",
            "Motivation",
            "Why these rows were collected, and by whom.",
            (Point("Purpose, makers and money", asks=("data.purpose",)),),
        ),
        Part(
            "composition",
            "Composition",
            "What a row is, how many there are, and what stands in them.",
            (
                Point("Which table it is", columns.origin),
                Point("What a row stands for", asks=("data.row",)),
                Point("How many rows and columns", columns.size),
                Point("All there are, or a sample", asks=("data.sample",)),
                Point("Columns, and what each is for", columns.described),
                Point("What stands in each column", columns.values),
                Point("The value to be predicted", columns.target),
                Point("What is missing", columns.missing, ("data.missing",)),
                Point("Rows that belong together", columns.related),
                Point("Rows that judge", columns.splits),
                Point("Errors, noise and redundancies", facts.findings),
                Point("What the rows rely on outside", asks=("data.external",)),
                Point("Groups of people", columns.sensitive),
                Point("Personal data, and who can be recognised", columns.personal, ("data.confidential",)),
            ),
        ),
        Part(
            "collection",
            "Collection process",
            "How the values came into the table, when, and with whose consent.",
            (
                Point("How values were obtained", asks=("data.collection",)),
                Point("When", asks=("data.period",)),
                Point("Review and impact assessment", asks=("data.review",)),
                Point("Notice and consent", asks=("data.consent",)),
            ),
        ),
        Part(
            "preparation",
            "Preprocessing, cleaning and labelling",
            "What was changed in the rows before the model learned from them.",
            (
                Point("What was repaired", facts.repairs),
                Point("How the true answers came about", asks=("data.labels",)),
                Point("The raw rows", asks=("data.raw",)),
                Point("The software that did it", facts.software),
            ),
        ),
        Part(
            "uses",
            "Uses",
            "What the rows were used for, and what they should not be used for.",
            (
                Point("This use", facts.question),
                Point("Other uses", asks=("data.uses",)),
            ),
        ),
        Part(
            "distribution",
            "Distribution",
            "Whether the rows are given to others, and under which terms.",
            (Point("To whom, how and under which terms", asks=("data.distribution",)),),
        ),
        Part(
            "maintenance",
            "Maintenance",
            "Who looks after the rows, and what happens when one is wrong or has to go.",
            (Point("Keeping, correcting, deleting", asks=("data.maintenance",)),),
        ),
    ),
)
