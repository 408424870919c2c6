"""The words of the pages and what they mean, in words that ask for no other: one place for pages and twins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


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
        "different number; in 95 of 100 such repetitions a range made this way holds the true value.",
        ("interval", "intervals"),
    ),
    Term(
        "held out",
        "Set aside before learning and looked at only once, at the end, so that the score is that of rows "
        "the model has never seen.",
        ("held-out", "holdout"),
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
    Term("seed", "The number from which all chance choices follow; the same number gives the same model."),
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
        "How far values typically lie from their average.",
    ),
    Term(
        "quartiles",
        "Three values that cut the rows into four parts of the same size: a quarter of the rows is below the first, "
        "half below the second (the median), a quarter above the third.",
        ("quartile",),
    ),
    Term("histogram", "A picture of how values spread: the higher a bar, the more rows have such values."),
    Term(
        "sensitive column",
        "A column that tells groups of people whom a model might treat worse than others, such as sex, age or origin.",
        ("sensitive columns",),
    ),
    Term(
        "proxy",
        "A column that gives away another one: even where a model may not look at sex, a first name tells it.",
        ("proxies",),
    ),
    Term(
        "selection rate",
        "Of all rows of a group, the share that gets the answer yes, whether rightly or not.",
        ("selection rates",),
    ),
    Term(
        "true positive rate",
        "Of the rows of a group that really are yes, the share that was found (its recall).",
        ("true positive rates", "TPR"),
    ),
    Term(
        "false positive rate",
        "Of the rows of a group that really are no, the share that was called yes all the same.",
        ("false positive rates", "FPR"),
    ),
    Term(
        "equalised odds",
        "Groups are treated alike where those who deserve a yes get it equally often in each of them, and so do those "
        "who do not deserve it. The gap is how far the groups are apart in the worse of the two.",
        ("equalized odds", "equalised-odds"),
    ),
    Term(
        "equal opportunity",
        "Groups are treated alike where those who deserve a yes get it equally often in each of them.",
    ),
    Term(
        "demographic parity",
        "Groups are treated alike where the same share of each gets the answer yes, whatever is true of them.",
        ("statistical parity",),
    ),
    Term(
        "intersection",
        "A group by several columns at once, such as women over 60. It can fare worse than women do, and "
        "than those over 60 do.",
        ("intersections",),
    ),
    Term(
        "mitigation",
        "A change to a model that makes it treat groups more alike; it often costs some accuracy.",
    ),
    Term(
        "reweighing",
        "Rows of some groups count more while the model learns, so that group and answer no longer go together.",
    ),
    Term(
        "slice",
        "Rows that have a few things in common, such as new customers who pay by cheque.",
        ("slices",),
    ),
    Term(
        "behaviour test",
        "One thing about many rows is changed on purpose, to see whether the answers change as they should, or stay.",
        ("behaviour tests",),
    ),
    Term("invariance", "What should not matter does not: the answer stays when it is changed."),
    Term(
        "monotone",
        "More of something may move the answer in one direction only: with more income never a higher risk.",
    ),
    Term(
        "gate",
        "A condition that a model has to meet before it may be used: a claim, a limit, and a verdict of pass or fail.",
        ("gates",),
    ),
    Term(
        "p-value",
        "How often chance alone would show a difference as large as this. Small values speak against chance.",
        ("p-values",),
    ),
    Term(
        "Holm's correction",
        "Whoever looks at many differences finds some by chance; this asks more of each, the more were looked at.",
        ("Holm",),
    ),
    Term(
        "contribution",
        "How much one column of a row moves its answer, up or down, from what is answered on average. All of them "
        "together make the answer.",
        ("contributions",),
    ),
    Term(
        "Shapley value",
        "A fair way to share an answer among the columns: what each adds, averaged over all orders in which they could "
        "have been told.",
        ("Shapley values",),
    ),
    Term(
        "log-odds",
        "Another way to write a probability, in which effects can be added: 0 is 50 %, 1 is 73 %, 2 is 88 %, and less "
        "than 0 is less than 50 %.",
    ),
    Term(
        "counterfactual",
        "What would have to be different about a row for it to get another answer, with as few changes as possible.",
        ("counterfactuals",),
    ),
    Term(
        "interaction",
        "Two columns that mean more together than each by itself: the effect of one depends on the other.",
        ("interactions",),
    ),
    Term(
        "provider",
        "Whoever develops a system, or has it developed, and puts it into the world under their own name.",
        ("providers",),
    ),
    Term("deployer", "Whoever uses a system under their own responsibility.", ("deployers",)),
    Term(
        "high-risk",
        "The AI Act calls a system so where a wrong answer can harm health, safety or rights, such as in hiring or "
        "lending (Article 6).",
    ),
    Term(
        "harmonised standard",
        "A technical rule that a European standards body wrote on request of the European Commission; whoever follows "
        "it is presumed to meet the law.",
        ("harmonised standards",),
    ),
    Term(
        "declaration of conformity",
        "A paper in which the provider declares, and answers for it, that a system meets the law.",
    ),
    Term(
        "post-market monitoring",
        "Watching, once a system is in use, whether it is still as good as it was.",
    ),
    Term(
        "human oversight",
        "That people understand what a system answers, can leave it aside, and can stop it.",
    ),
    Term(
        "personal data",
        "Whatever tells something about a person who is known, or can be found out.",
    ),
    Term(
        "data protection impact assessment",
        "Thinking through, before personal data are processed, what that could do to people, and writing it down.",
    ),
    Term(
        "fingerprint",
        "A number worked out from a file: the same file gives the same one, and any change gives another.",
        ("SHA-256",),
    ),
    Term("schema", "The list of columns with what each holds, written once when the model was built."),
    Term("recipe", "The fixed steps that turn a raw row into the numbers that a model reads."),
    Term(
        "golden rows",
        "Rows that a model carries with it, and its answers to them, to see that it still says the same.",
    ),
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
