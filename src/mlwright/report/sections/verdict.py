"""The first page: whether to use the model, for what, and for whom it is worse; no more than one needs to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlwright.report import advice as advised
from mlwright.report import format as words
from mlwright.report.document import Replies, Reply, Section, Tile, Tiles, Tone, Verdict
from mlwright.report.sections.scoring import Scoring

Evidence = Mapping[str, Any]
PART = "In short"
MOST_NAMED = 4
"""So many possible answers are named."""


def section(evidence: Evidence) -> Section:
    """Return the section."""
    told = advised.advice(evidence)
    verdict = Verdict(told.tone, told.icon, told.word, evidence["verdict"]["sentence"], ())
    blocks = (verdict, Replies(tuple(_replies(evidence, told))), Tiles(tiles(evidence)))
    return Section(
        "verdict", "Should you use it?", _opening(evidence), blocks, part=PART, numbered=False, explains=True
    )


def card(evidence: Evidence) -> Verdict:
    """Return the verdict with its numbers, as a notebook shows it."""
    told = advised.advice(evidence)
    return Verdict(told.tone, told.icon, told.word, evidence["verdict"]["sentence"], tiles(evidence))


def tiles(evidence: Evidence) -> tuple[Tile, ...]:
    """Return the score of the model, that of the best simple rule, and the difference, each with its interval."""
    scoring, score = Scoring.of(evidence), evidence["score"]
    value, note = scoring.split(score["value"], score["interval"])
    found = [Tile(f"{scoring.label} of the model", value, note)]
    if evidence["baselines"]:
        best = evidence["baselines"][0]
        value, note = scoring.split(best["score"], best["interval"])
        found.append(Tile(f"{scoring.label} of the best baseline: {words.tidy(best['label'])}", value, note))
        gain, _, bounds = words.difference(best["difference"], percent=scoring.percent).partition(" (")
        note = "95 % interval " + bounds.rstrip(")") if bounds else ""
        found.append(Tile("Gain over it (more is better)", gain, note))
    return tuple(found)


def _opening(evidence: Evidence) -> str:
    question = evidence["question"]
    source = words.clipped(_file(question["source"]), 80)
    if evidence.get("recommending"):
        return (
            f"For somebody with a history like those of “{source}”, this model says what they will likeliest take next."
            " This page says whether to rely on it; what follows is for those who look closer."
        )
    return (
        f"For a row like those of “{source}”, this model says {_says(question)}, before anybody knows. This page says "
        "whether to rely on it; what follows is for those who look closer."
    )


def _file(source: object) -> str:
    return str(source).rstrip("/").rpartition("/")[2] or str(source)


def _says(question: Evidence) -> str:
    """Return what is said of the target: one of a few answers, or a number."""
    target, classes = f"“{words.clipped(question['target'], 80)}”", question.get("classes") or []
    named = [f"“{words.clipped(label, 40)}”" for label in classes]
    if not named:
        return f"what {target} will be"
    if len(named) <= MOST_NAMED:
        return f"whether {target} will be {', '.join(named[:-1])} or {named[-1]}"
    return f"which of {words.count(len(named))} answers {target} will have"


def _replies(evidence: Evidence, told: advised.Advice) -> Iterator[Reply]:
    yield Reply("What can you use it for?", "info", "→", tuple(_use(evidence)), "errors")
    limits = advised.shortened([words.tidy(limit) for limit in evidence["limits"]], "limits")
    yield Reply(
        "What should you not use it for?",
        "info",
        "⊘",
        limits or ("No limit of its own was written down; what it never saw, it cannot know.",),
        "limits",
    )
    yield _for_whom(evidence)
    yield Reply("How often is it wrong?", "info", "≈", tuple(_wrong(evidence)), "errors")
    yield _first(evidence, told)
    yield Reply("How is all this known?", "info", "i", (_known(evidence),), "question")


def _known(evidence: Evidence) -> str:
    """Return how the score was measured, without the names of methods."""
    held_out = evidence["question"].get("rows_held_out")
    if held_out:
        return (
            f"The model was tried on {words.counted(held_out, 'row')} that it had never seen, and its answers were "
            "held against what is true of them. Nothing about the model was chosen by these rows."
        )
    return (
        f"There were too few rows to set some aside, so each of {words.counted(evidence['score']['rows'], 'row')} was "
        "answered by a model that had not seen it, and the answers were held against what is true."
    )


def _use(evidence: Evidence) -> Iterator[str]:
    """Yield what answers are good for, and how they are to be taken."""
    question = evidence["question"]
    target, learned = words.clipped(question["target"], 60), question.get("rows_learned")
    rows = words.counted(learned, "row") if words.known(learned) is not None else "rows"
    if evidence["verdict"]["beats_baseline"] != "yes":
        yield f"For nothing that a simple rule could not do as well, as far as {rows} can tell. More rows may help."
        return
    if evidence.get("recommending"):
        yield "To show people what they will likely take next, as long as people and items are like those of the log."
        return
    yield f"To estimate “{target}” for new rows that come about as the {rows} did from which it learned."
    for form in ("threshold", "calibration", "interval"):
        yield from _said(evidence, form)


def _wrong(evidence: Evidence) -> Iterator[str]:
    """Yield how the answers miss: in the words of the curve that counts them, else by the score."""
    told = [*_said(evidence, "confusion"), *_said(evidence, "residuals")]
    if told:
        yield from told
        return
    scoring, score = Scoring.of(evidence), evidence["score"]
    if words.known(score["value"]) is None:
        yield "This was not measured, so nobody can say."
        return
    meaning = (evidence["metrics"].get(evidence["question"]["metric"]) or {}).get("meaning") or ""
    yield f"{scoring.label} is {scoring.interval(score['value'], score['interval'])}. {words.tidy(meaning)}"


def _said(evidence: Evidence, form: str) -> list[str]:
    return [
        words.tidy(curve["sentence"])
        for curve in evidence["curves"].values()
        if curve["form"] == form and curve.get("sentence")
    ]


def _for_whom(evidence: Evidence) -> Reply:
    """Return for whom the model is worse; where nobody looked, that is said, and how to look."""
    people, rows = advised.people_served_worse(evidence), advised.rows_served_worse(evidence)
    looked = advised.people_looked_at(evidence)
    told = list(advised.shortened(people, "such groups of people"))
    tone: Tone = "unclear" if people or rows else "info"
    if looked and not people:
        told.append(
            f"No group of people by {words.listed(looked, 4)} is clearly served worse than another; with more rows, "
            "smaller differences could show."
        )
    if differing := advised.people_treated_otherwise(evidence):
        told += [*advised.shortened(differing, "such differences"), "Whether that is right is for people to judge."]
    if given_away := advised.people_given_away(evidence):
        told += advised.shortened(given_away, "such columns")
        tone = "unclear"
    if proposal := (evidence.get("people") or {}).get("proposal"):
        told.append(words.tidy(proposal))
        tone = "unclear"
    mitigated = evidence.get("mitigation")
    if mitigated:
        told.append(words.tidy(mitigated["sentence"]))
    elif not looked:
        tone = "unclear"
        told.append(_unknown(evidence))
    told += advised.shortened(rows, "such kinds of rows")
    return Reply("For whom is it worse?", tone, "!" if tone == "unclear" else "✔", tuple(told), _where(evidence))


def _unknown(evidence: Evidence) -> str:
    """Return what to do where groups of people were not compared."""
    named = [column["name"] for column in evidence["data"]["columns"] if column["role"] == "sensitive"]
    if named:
        return (
            f"Groups of people by {words.listed(named, 4)} were not compared when the model was built; mlwright "
            "evaluate compares them on rows whose answer is known. Have that done before the model is used."
        )
    return (
        "Groups of people were not compared. Where rows are about people, name the columns that tell groups "
        "(--sensitive) and build again before the model is used."
    )


def _where(evidence: Evidence) -> str:
    """Return the section that says more of groups: there is none where none was looked at."""
    if evidence.get("fairness") or evidence.get("people"):
        return "people"
    return "groups" if evidence.get("slices") else ""


def _first(evidence: Evidence, told: advised.Advice) -> Reply:
    """Return what to look at before use that was not told above."""
    question = "What should be looked at first?"
    rest = [concern for concern in told.concerns if concern.anchor not in {"people", "groups"}]
    simple = _simple(evidence)
    if not rest and not simple:
        return Reply(question, "good", "✔", ("Nothing was found that stands in the way.",), "data")
    sentences = advised.shortened([concern.sentence for concern in rest], "points")
    stops = any(concern.stops for concern in rest)
    anchor = rest[0].anchor if rest else "score"
    return Reply(question, "bad" if stops else "unclear", "✖" if stops else "!", (*sentences, *simple), anchor)


def _simple(evidence: Evidence) -> tuple[str, ...]:
    """Return that a simple rule may do as well, where the model was not shown to be better."""
    if evidence["verdict"]["beats_baseline"] == "yes" or not evidence["baselines"]:
        return ()
    rule = words.tidy(evidence["baselines"][0]["label"])
    return (f"A simple rule may do as well: “{rule}”. Rules are easier to explain, to check and to keep.",)
