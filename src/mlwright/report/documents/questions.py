"""What only a person can say of a model: each thing is asked once, under one key, for whichever documents want it.

The order is that of the file to fill in. Articles and annexes are those of Regulation (EU) 2024/1689 (the AI Act).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to be said: its key, "topic.name", and the questions that help to say it."""

    key: str
    asks: tuple[str, ...]

    @property
    def topic(self) -> str:
        """The table of the file that it stands in."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Its name in that table."""
        return self.key.partition(".")[2]


TOPICS: Final = {
    "purpose": "What the model is for",
    "provider": "Who answers for it",
    "system": "What it is part of",
    "development": "Decisions that were made on the way",
    "data": "Where the rows come from",
    "oversight": "Who looks after its answers",
    "risks": "What can go wrong, and for whom",
    "lifecycle": "What changed and what will change",
    "legal": "Standards, declaration, signatures",
    "after_release": "What happens once it is in use",
}

QUESTIONS: Final = tuple(
    Question(key, tuple(asks))
    for key, *asks in (
        (
            "purpose.intended",
            "What is decided or done with an answer of this model, and by whom?",
            "What happened before there was a model, and what should be better with it?",
        ),
        ("purpose.users", "Who reads the answers?", "What must they know or be trained in to read them rightly?"),
        (
            "purpose.people",
            "Which persons or groups of persons do the answers concern?",
            "Is anybody among them in a weak position (children, patients, applicants)?",
        ),
        (
            "purpose.not_for",
            "For what must it not be used, though somebody might be tempted to?",
            "Which misuse can be foreseen?",
        ),
        (
            "provider.name",
            "Which person or organisation is the provider of the model?",
            "Under which name and address?",
        ),
        ("provider.contact", "Where do questions, complaints and corrections go?"),
        ("provider.licence", "Under which licence or terms may it be used?", "How is it to be cited?"),
        (
            "provider.versions",
            "Which versions were there before this one?",
            "What is different in this one, and why was it made?",
        ),
        (
            "system.surroundings",
            "Which hardware and software does it work with that is no part of it, other AI systems among them?",
            "Where do its rows come from, and what reads its answers?",
        ),
        ("system.updates", "What is required before software around it, or the model itself, may be updated?"),
        ("system.forms", "In which forms is it handed over: a package, a download, a service with an API, a device?"),
        ("system.hardware", "On which machines is it meant to run?"),
        (
            "system.product",
            (
                "Is it a component of a product? If so: which photographs or illustrations show its outside, "
                "marking and inner layout? If not, say so."
            ),
        ),
        ("system.interface", "What does the person who uses it see and do? Describe the screens or the request."),
        ("system.instructions", "Where are the instructions for use, and who gets them?"),
        (
            "development.third_party",
            "Which pre-trained systems or tools of third parties were used besides mlwright?",
            "How were they used, integrated or changed?",
        ),
        (
            "development.choices",
            "Why is this target the right one for the purpose, and these columns the right ones to look at?",
            "What was assumed about the persons it will be used on?",
        ),
        (
            "development.trade_offs",
            "Which trade-offs were made, such as accuracy against equal treatment or against being readable?",
            "Who decided, and why so?",
        ),
        (
            "development.metrics",
            "Why are these the right measures for the purpose?",
            "What does each kind of error cost, and whom?",
            "From which value on is the model good enough?",
        ),
        ("data.purpose", "For what were the rows collected in the first place?", "By whom, and who paid for it?"),
        ("data.row", "What does one row stand for: a person, a visit, a contract, a day?"),
        (
            "data.sample",
            "Are these all rows there are, or a sample?",
            "Of what, drawn how, and whom does it leave out?",
        ),
        (
            "data.collection",
            "How was each value obtained: measured, observed, said by the person, derived from something else?",
            "With which devices, forms or programs, by whom, and how were these checked?",
        ),
        ("data.period", "From when to when were the rows collected?", "Are they older than what they tell of?"),
        (
            "data.labels",
            "Who or what decided the value of the target in each row, and by which rules?",
            "How often would two people decide differently?",
        ),
        ("data.missing", "Why are values missing where they are?"),
        (
            "data.consent",
            "Were the persons told that their data are used for this, and did they agree?",
            "On which legal ground are they processed, and how can somebody take the consent back?",
        ),
        (
            "data.confidential",
            "Is anything in them confidential, offensive or dangerous to make known?",
            "Can single persons be recognised, alone or together with other data?",
        ),
        (
            "data.review",
            "Was there an ethical review, or a data protection impact assessment?",
            "When, by whom, and with which result?",
        ),
        ("data.raw", "Is the raw table kept, where, and who may see it?"),
        ("data.external", "Do the rows rely on anything outside that can change or vanish?"),
        (
            "data.uses",
            "For what else have these rows been used, or could they be?",
            "For what should they not be used?",
        ),
        (
            "data.distribution",
            "Will the rows be given to others? When, how, under which licence?",
            "Do rights of third parties or export rules restrict that?",
        ),
        (
            "data.maintenance",
            "Who looks after the rows, and how can that person be reached?",
            "How are errors corrected and rows added or deleted, and who is told?",
            "How long may they be kept?",
        ),
        (
            "oversight.who",
            "Who looks at answers before something is done with them?",
            "With which training, time and authority (Article 14)?",
        ),
        (
            "oversight.override",
            (
                "How can that person leave an answer aside, reverse what was done with it, or stop the system "
                "(Article 14(4))?"
            ),
        ),
        (
            "oversight.reading",
            "What helps those who use it to read an answer rightly (Article 13(3), point (d))?",
            "Do they see reasons, and how sure the answer is?",
        ),
        (
            "risks.management",
            "Who keeps the risk management system (Article 9), and how often is it gone through?",
            "Which risks were identified, how are they rated, and what was done about each?",
            "Which remaining risk is accepted, and by whom?",
        ),
        (
            "risks.harms",
            "Who is harmed by a wrong answer, in which way, and how badly?",
            "Is a wrong yes worse than a wrong no? For whom?",
            "Which outcomes did nobody intend, and can still be foreseen?",
        ),
        (
            "risks.rights",
            "Which fundamental rights can the answers touch?",
            "Which difference between groups is accepted, who decided, and why?",
        ),
        (
            "risks.security",
            "What protects the model and its data against manipulation and theft (Article 15(5))?",
            "Who may change them, and would it be noticed?",
        ),
        (
            "lifecycle.planned",
            "Which changes are planned from the start, such as learning again every month?",
            "What makes sure that the model stays as good after each of them?",
        ),
        ("lifecycle.changes", "What was changed since the first version, when, and why?"),
        (
            "legal.standards",
            "Which harmonised standards were applied, in full or in part?",
            "Where none were: which other standards and solutions meet the requirements?",
        ),
        ("legal.declaration", "Where is the copy of the EU declaration of conformity (Article 47)?"),
        ("legal.signed", "Who is responsible for the tests and their reports, and signed them on which date?"),
        (
            "after_release.monitoring",
            "How will its performance in use be collected and judged (Article 72)?",
            "Where is the post-market monitoring plan (Article 72(3))?",
        ),
        (
            "after_release.outcomes",
            "How and when does the true answer become known?",
            "Below which value is the model taken out of use, and who decides that?",
        ),
        (
            "after_release.logs",
            "Which events are recorded while it is in use (Article 12), where, and for how long?",
        ),
    )
)

BY_KEY: Final = {question.key: question for question in QUESTIONS}
