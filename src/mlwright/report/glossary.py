"""What the words mean, for somebody who has never heard of machine learning: one place for page, card and twins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from mlwright.report.format import glued, tidy

FLAG: Final = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
"""An option of the command line, which must not be broken at its hyphens."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, other spellings of it, and what it means."""

    name: str
    meaning: str
    also: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The id of its explanation on the page."""
        return "term-" + (re.sub(r"[^a-z0-9]+", "-", self.name.casefold()).strip("-") or "x")


TERMS: Final = (
    Term(
        "baseline",
        "A very simple way to answer that any model should beat, for instance always giving the most "
        "frequent answer, or the average.",
        ("baselines",),
    ),
    Term(
        "95 % interval",
        "The range in which the true value very probably lies. Other rows would have given a slightly "
        "different number; in 95 of 100 such repetitions an interval made this way holds the true value.",
        ("interval", "intervals"),
    ),
    Term(
        "held out",
        "Set aside before learning and looked at only once, at the end, so that the score is that of rows "
        "the model has never seen.",
        ("holdout",),
    ),
    Term(
        "cross-validation",
        "The rows are cut into parts; each part in turn is predicted by a model that learned from "
        "the others. So every row is judged by a model that has not seen it.",
        ("folds", "fold"),
    ),
    Term("learner", "A method that finds a rule in rows whose answer is known, such as boosted trees.", ("learners",)),
    Term(
        "ensemble",
        "Several models whose answers are averaged; their errors partly cancel.",
    ),
    Term(
        "weight in the ensemble",
        "How much of the final answer comes from this model: 40 % means that 40 % of the average is its.",
        ("weight",),
    ),
    Term("trial", "One learner tried with one choice of settings.", ("trials",)),
    Term("rounds", "How many small steps (such as trees) a learner took before it stopped getting better."),
    Term("leaderboard", "All models that were tried, best first."),
    Term("confusion matrix", "A table that counts, for each true answer, which answers the model gave."),
    Term(
        "calibration",
        "Whether probabilities can be taken at their word: of 100 rows that are given 30 %, about 30 "
        "should turn out yes.",
        ("calibrated",),
    ),
    Term(
        "beta calibration",
        "A way to make probabilities truer: a few numbers, learned on rows the models had not learned from, that turn "
        "each stated probability into the one it should have been.",
        ("temperature scaling", "vector scaling"),
    ),
    Term(
        "threshold",
        "The probability from which on the answer is yes. A lower one misses fewer cases and raises more false alarms.",
    ),
    Term("precision", "Of the rows that were called yes, the share that really are."),
    Term("recall", "Of the rows that really are yes, the share that was found."),
    Term("false alarm", "A row that was called yes and is no.", ("false alarms", "false positive", "false positives")),
    Term("missed case", "A row that was called no and is yes.", ("missed cases", "false negative", "false negatives")),
    Term("residual", "The true number minus the predicted one: how far off, and in which direction.", ("residuals",)),
    Term(
        "importance",
        "How much worse the model gets when a column's values are shuffled among the rows, so that they "
        "say nothing any more.",
    ),
    Term(
        "effect of a column",
        "How the model's answer changes, on average, when one column changes and all others stay as they "
        "are. It describes the model; it does not prove a cause.",
    ),
    Term(
        "learning curve",
        "The score when the model learns from fewer rows: still climbing at the end means that more rows would help.",
    ),
    Term("finding", "Something in the data that is wrong, or worth knowing.", ("findings",)),
    Term("target", "The column whose value is to be predicted."),
    Term("seed", "The number from which all chance choices follow; the same seed gives the same model."),
    Term("data hash", "A fingerprint of the data: the same data give the same one, and any change gives another."),
    Term("role", "What a column is for: a feature is looked at, the target is predicted, an ignored one is left out."),
    Term("distinct", "How many different values there are in a column."),
    Term(
        "association",
        "How much one column tells of another, from 0 (nothing) to 1 (everything). It does not say that one causes the "
        "other. Of two numbers it is Spearman's rank correlation without its sign, of a number and a category the "
        "correlation ratio of its ranks, of two categories Cramer's V, each corrected for chance where it can be.",
        ("associations",),
    ),
    Term(
        "median",
        "The value in the middle: as many rows are below it as above. A few huge values do not move it, as they move "
        "the average.",
    ),
    Term(
        "deviation",
        "How far values typically lie from their average (the standard deviation).",
    ),
    Term(
        "quartiles",
        "Three values that cut the rows into four parts of the same size: a quarter of the rows is below the first, "
        "half below the second (the median), a quarter above the third.",
        ("quartile",),
    ),
    Term("histogram", "A picture of how values spread: the higher a bar, the more rows have such values."),
    Term(
        "ROC AUC",
        "Take one yes row and one no row by chance: how often the model gives the yes row the higher "
        "probability. 0.5 is a coin toss, 1 is perfect.",
    ),
    Term("log loss", "How badly probabilities miss the truth; being sure and wrong costs most. 0 is perfect."),
    Term("Brier score", "The average squared gap between probability and truth. 0 is perfect."),
    Term("accuracy", "The share of rows that were answered rightly."),
    Term("F1", "One number for precision and recall together (their harmonic mean). 1 is perfect."),
    Term("RMSE", "The typical size of an error in the target's own unit; large errors count more."),
    Term("MAE", "The average size of an error in the target's own unit."),
    Term(
        "R²",
        "The share of the ups and downs of the target that the model explains. 0 is no better than the average.",
        ("R2",),
    ),
)


class Terms:
    """Marks the terms in a page's texts and remembers which ones it met.

    `meanings` (label -> sentence) come from the evidence and go before the glossary's own.
    """

    def __init__(self, meanings: Mapping[str, str]) -> None:
        said = {tidy(name).casefold(): Term(tidy(name), tidy(meaning)) for name, meaning in meanings.items() if meaning}
        known = [said.pop(term.name.casefold(), term) for term in TERMS]
        self._terms: dict[str, Term] = {}
        for term in [*known, *said.values()]:
            original = next((own for own in TERMS if own.name.casefold() == term.name.casefold()), term)
            for name in (term.name, *original.also):
                self._terms[str(escape(name)).casefold()] = term
        names = sorted(self._terms, key=len, reverse=True)
        spellings = "|".join(re.escape(name).replace(r"\ ", r"[ \u00a0]") for name in names)
        # Not inside a quoted name: a column may be called 'weight'.
        before = r"(?<!&#39;)(?<!&#34;)(?<!&lt;)(?<![\w“‘&/-])"
        self._pattern = re.compile(f"{before}({spellings})(?![\\w-])", re.IGNORECASE)
        self.used: dict[str, Term] = {}

    def mark(self, text: object, seen: set[str]) -> Markup:
        """Return the text as HTML in which each term not yet `seen` is a button that opens its explanation."""

        def button(match: re.Match[str]) -> str:
            term = self._terms[_plain(match.group(1))]
            if term.anchor in seen:
                return match.group(1)
            seen.add(term.anchor)
            self.used[term.anchor] = term
            return f'<button type="button" class="term" popovertarget="{term.anchor}">{match.group(1)}</button>'

        marked = self._pattern.sub(button, FLAG.sub(r"<code>\1</code>", str(escape(glued(text)))))
        return Markup(marked)  # noqa: S704 - escaped on the line above

    def find(self, text: str) -> list[Term]:
        """Return the terms that stand in a text, by name."""
        met = {self._terms[_plain(name)] for name in self._pattern.findall(text)}
        return sorted(met, key=lambda term: term.name.casefold())

    @staticmethod
    def fresh() -> set[str]:
        """Return what a new section has seen of the terms: none."""
        return set()

    def listed(self) -> list[Term]:
        """Return the terms that were marked, by name."""
        return sorted(self.used.values(), key=lambda term: term.name.casefold())


def _plain(name: str) -> str:
    return name.replace("\u00a0", " ").casefold()
