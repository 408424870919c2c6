"""What to tell somebody who asks "should I use it?": read off the evidence by rules that stand here and nowhere else.

The advice is never better than its weakest part: a model that beats the simple rules and treats a group worse, or whose
data hold a leak, is not simply "worth using".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.fairness.telling import first_of_each, in_order
from mlwright.report import format as words
from mlwright.report.document import Tone

Evidence = Mapping[str, Any]
UNLOOKED_FOR = "not_looked_for"
"""The kind of the finding that there was no time to look for everything."""
SURELY = "almost surely"
"""How a proxy is told of that leaves hardly a doubt: see `fairness.proxies`."""
MOST = 3
"""So many sentences of a kind stand on the first page; the section that they come from has all."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something to look at before the model is used, and the section that says more."""

    sentence: str
    anchor: str
    stops: bool = False
    """Whether the scores cannot be believed, or the model may not be used, before it has been looked at."""
    weighs: bool = True
    """Whether it is more than a remark."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer in a few words, with a tone and an icon that say the same, and what it rests on."""

    tone: Tone
    icon: str
    word: str
    concerns: tuple[Concern, ...]


def advice(evidence: Evidence) -> Advice:
    """Return whether to use the model, as far as the evidence tells."""
    found = tuple(concerns(evidence))
    beaten = evidence["verdict"]["beats_baseline"]
    if beaten == "no":
        return Advice("bad", "✖", "Not worth using: a simple rule is as good", found)
    if any(concern.stops for concern in found):
        return Advice("bad", "✖", "Do not use it before its data have been looked at", found)
    if beaten != "yes":
        return Advice("unclear", "?", "Not shown to be worth using: a simple rule may be as good", found)
    if any(concern.weighs for concern in found):
        return Advice("unclear", "!", "Worth using, with care", found)
    return Advice("good", "✔", "Worth using, within its limits", found)


def concerns(evidence: Evidence) -> Iterator[Concern]:
    """Yield what stands between the model and its use, the gravest first."""
    for finding in evidence["findings"]:
        if finding["severity"] == "error" and not finding["applied"]:
            yield Concern(words.clipped(finding["message"], 400), "data", stops=True)
    yield from (Concern(sentence, "people") for sentence in people_served_worse(evidence))
    yield from (Concern(sentence, "mitigation") for sentence in doubts_of_thresholds(evidence))
    yield from (Concern(sentence, "people") for sentence in people_given_away(evidence))
    yield from (Concern(sentence, "behaviour") for sentence in failed_tests(evidence))
    yield from (Concern(sentence, "groups") for sentence in rows_served_worse(evidence))
    for finding in evidence["findings"]:
        if finding["severity"] == "warning" and not finding["applied"] and finding["kind"] != UNLOOKED_FOR:
            yield Concern(words.clipped(finding["message"], 400), "data")
    # A leak that nobody looked for makes every score doubtful; other errors do harm that the score shows.
    yield from (Concern(sentence, "data", weighs="leak" in sentence) for sentence in unlooked(evidence))


def unlooked(evidence: Evidence) -> list[str]:
    """Return what nobody looked for in the data, in sentences; empty where all of it was looked for."""
    told = [words.tidy(each["message"]) for each in evidence["findings"] if each["kind"] == UNLOOKED_FOR]
    if not evidence["data"].get("looked_over", True):
        told.append("Nobody looked for errors, leaks or personal data in the rows (--no-clean).")
    return told


def people_served_worse(evidence: Evidence) -> list[str]:
    """Return a sentence for each group of people for whom the model is clearly worse: the surest one of each."""
    worse = [gap for gap in _sure_gaps(evidence) if gap["verdict"] == "worse"]
    return [words.tidy(gap["sentence"]) for gap in first_of_each(worse, "column", "worst")]


def people_treated_otherwise(evidence: Evidence) -> list[str]:
    """Return a sentence for each column whose groups get other answers, which may be right: the surest one of each."""
    alone = _columns(evidence)
    gaps = [gap for gap in _sure_gaps(evidence) if gap["verdict"] == "differs" and gap.get("column") in alone]
    return [words.tidy(gap["sentence"]) for gap in first_of_each(gaps, "column")]


def people_given_away(evidence: Evidence) -> list[str]:
    """Return a sentence for each column that the model may not look at and knows all the same, almost surely."""
    hidden = {name for name, column in _columns(evidence).items()
              if column["role"] == "ignored" or column.get("excluded")}  # fmt: skip
    found = []
    for each in (evidence.get("people") or {}).get("proxies") or ():
        name, together = words.clipped(each["column"], 60), each.get("together")
        by = next((one["column"] for one in each["columns"] if one["read"] and one["told"] == SURELY), None)
        opening = f"The model does not look at “{name}”, but"
        if each["column"] not in hidden:
            continue
        if by is not None:
            found.append(f"{opening} “{words.clipped(by, 60)}”, which it reads, tells it {SURELY}.")
        elif together and together["told"] == SURELY:
            found.append(f"{opening} the columns that it reads tell it together {SURELY}.")
    return found


def _sure_gaps(evidence: Evidence) -> list[Evidence]:
    return in_order((evidence.get("people") or {}).get("gaps") or (), _columns(evidence))


def _columns(evidence: Evidence) -> dict[str, Evidence]:
    """Return the columns by name; groups by two of them together have the name of none."""
    return {str(column["name"]): column for column in evidence["data"]["columns"]}


def people_looked_at(evidence: Evidence) -> list[str]:
    """Return the columns about people whose groups were compared."""
    return list(dict.fromkeys(str(group["column"]) for group in evidence.get("fairness") or ()))


def rows_served_worse(evidence: Evidence) -> list[str]:
    """Return a sentence for each kind of rows for which the model is clearly worse."""
    found = evidence.get("slices") or ()
    return [words.tidy(each["sentence"]) for each in found if each.get("sentence")]


def doubts_of_thresholds(evidence: Evidence) -> list[str]:
    """Return why thresholds by group may do more harm than good."""
    return [words.tidy(doubt) for doubt in (evidence.get("mitigation") or {}).get("doubts") or ()]


def failed_tests(evidence: Evidence) -> list[str]:
    """Return a sentence for each behaviour that was tested and not kept."""
    return [words.tidy(test["sentence"]) for test in evidence.get("behaviour") or () if test["verdict"] == "fail"]


def shortened(sentences: Sequence[str], many: str) -> tuple[str, ...]:
    """Return the first sentences, and how many more there are; a single one more is told itself.

    >>> shortened(["A.", "B.", "C.", "D.", "E."], "such groups")
    ('A.', 'B.', 'C.', 'There are 2 more such groups.')
    >>> shortened(["A.", "B.", "C.", "D."], "such groups")
    ('A.', 'B.', 'C.', 'D.')
    """
    more = len(sentences) - MOST
    if more <= 1:
        return tuple(sentences)
    return (*sentences[:MOST], f"There are {words.count(more)} more {many}.")
