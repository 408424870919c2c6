"""The technical file: the nine points of Annex IV of Regulation (EU) 2024/1689 (the AI Act), in their order.

The titles say in short what the Annex asks for under the same number; the Annex itself is what counts. Nothing here
says that a system conforms to the Act: that is for its provider to see to, and to declare.
"""

from __future__ import annotations

from mlwright.report.documents import columns, facts
from mlwright.report.documents.point import Part, Plan, Point

ANNEX = "Annex IV, point {}, of Regulation (EU) 2024/1689."
NOTICE = (
    (
        "This is a draft for the technical documentation that Article 11(1) of Regulation (EU) 2024/1689 (the AI Act) "
        "asks for where an AI system is high-risk (Article 6). It follows the points of Annex IV; their titles are "
        "shortened, and the text of the Annex is what counts."
    ),
    (
        "It is no legal advice, and it does not say that the system conforms to the Act. Whether the Act applies, and "
        "whether what stands here is enough, a person has to decide. mlwright knows of the model, not of the system "
        "around it."
    ),
)

TECHNICAL_FILE = Plan(
    "technical-file",
    "Technical file",
    "What an authority wants to know of this model, in the order in which it asks.",
    "the points of Annex IV of Regulation (EU) 2024/1689",
    (
        Part(
            "general",
            "General description",
            "What the system is for, who is responsible for it, and in which form people meet it.",
            (
                Point(
                    "Intended purpose, provider, version",
                    facts.identity,
                    ("purpose.intended", "provider.name", "provider.versions"),
                    "1(a)",
                ),
                Point("Hardware and software it interacts with", asks=("system.surroundings",), number="1(b)"),
                Point("Versions of software, and updates", facts.software, ("system.updates",), "1(c)"),
                Point("Forms in which it is handed over", facts.forms, ("system.forms",), "1(d)"),
                Point("Hardware it is meant to run on", facts.hardware, ("system.hardware",), "1(e)"),
                Point("The product it is a component of", asks=("system.product",), number="1(f)"),
                Point("User interface for the deployer", asks=("system.interface",), number="1(g)"),
                Point("Instructions for use", facts.calls, ("system.instructions",), "1(h)"),
            ),
            ANNEX.format(1),
        ),
        Part(
            "elements",
            "Elements and development",
            "How the model was made, from which rows, which choices were made on the way, and how it was tested.",
            (
                Point("Methods and steps, tools of third parties", facts.steps, ("development.third_party",), "2(a)"),
                Point("General logic and algorithms", facts.logic, number="2(b)"),
                Point(
                    "Key design choices and assumptions",
                    facts.assumptions,
                    ("development.choices", "purpose.people"),
                    "2(b)",
                ),
                Point("Main classification choices", facts.question, number="2(b)"),
                Point("What it optimises, and what counts", facts.optimised, number="2(b)"),
                Point("Expected output and its quality", facts.output, number="2(b)"),
                Point("Trade-offs", facts.trade_offs, ("development.trade_offs",), "2(b)"),
                Point("Architecture and computing resources", facts.architecture, number="2(c)"),
                Point("Data: general description", columns.described, ("data.row",), "2(d)"),
                Point(
                    "Data: provenance, scope, selection",
                    columns.origin,
                    ("data.purpose", "data.collection", "data.sample", "data.period"),
                    "2(d)",
                ),
                Point("Data: labelling", columns.target, ("data.labels",), "2(d)"),
                Point("Data: cleaning", facts.findings, number="2(d)"),
                Point(
                    "Human oversight that is needed (Article 14)",
                    facts.reading,
                    ("oversight.who", "oversight.reading"),
                    "2(e)",
                ),
                Point("Changes that are determined beforehand", asks=("lifecycle.planned",), number="2(f)"),
                Point("Validation and testing: procedure and rows", columns.splits, number="2(g)"),
                Point("Validation and testing: accuracy", facts.measures, number="2(g)"),
                Point("Validation and testing: robustness", columns.behaviour, number="2(g)"),
                Point("Validation and testing: discriminatory impacts", columns.groups, number="2(g)"),
                Point("Test logs and reports, dated and signed", asks=("legal.signed",), number="2(g)"),
                Point("Cybersecurity", facts.security, ("risks.security",), "2(h)"),
            ),
            ANNEX.format(2),
        ),
        Part(
            "control",
            "Monitoring, functioning and control",
            "What the model can and cannot do, for whom it is less accurate, and who watches over it.",
            (
                Point("Capabilities, and overall level of accuracy", facts.quality, number="3"),
                Point("Limitations", facts.limits, ("purpose.not_for",), "3"),
                Point("How it errs", facts.mistakes, number="3"),
                Point("Kinds of rows for which it is less accurate", columns.worst_rows, number="3"),
                Point(
                    "Unintended outcomes and sources of risk that can be foreseen",
                    facts.worries,
                    ("risks.harms", "risks.rights"),
                    "3",
                ),
                Point("Human oversight that is in place (Article 14)", asks=("oversight.override",), number="3"),
                Point("Specifications of input data", columns.wanted, number="3"),
            ),
            ANNEX.format(3),
        ),
        Part(
            "metrics",
            "Appropriateness of the performance metrics",
            "Why it was measured in these numbers and not in others.",
            (Point("Measures, and why these", facts.deciding, ("development.metrics",), "4"),),
            ANNEX.format(4),
        ),
        Part(
            "risks",
            "Risk management system",
            "How risks are found, judged and brought down, over the whole life of the system (Article 9).",
            (Point("Risk management system", facts.worries, ("risks.management",), "5"),),
            ANNEX.format(5),
        ),
        Part(
            "changes",
            "Relevant changes through the lifecycle",
            "What was changed since the system was first there.",
            (Point("Changes", asks=("lifecycle.changes",), number="6"),),
            ANNEX.format(6),
        ),
        Part(
            "standards",
            "Harmonised standards",
            "Which standards were followed, or what was done in their place.",
            (Point("Standards applied in full or in part, or other solutions", asks=("legal.standards",), number="7"),),
            ANNEX.format(7),
        ),
        Part(
            "declaration",
            "EU declaration of conformity",
            "The paper in which the provider declares that the system conforms to the Act (Article 47).",
            (Point("Copy of the declaration", asks=("legal.declaration",), number="8"),),
            ANNEX.format(8),
        ),
        Part(
            "post-market",
            "Performance after release",
            "How it is noticed that the system gets worse once it is in use (Article 72).",
            (
                Point(
                    "Post-market monitoring and its plan",
                    facts.later,
                    ("after_release.monitoring", "after_release.outcomes"),
                    "9",
                ),
                Point("Records of what it did (Article 12)", asks=("after_release.logs",), number="9"),
            ),
            ANNEX.format(9),
        ),
    ),
    NOTICE,
)
