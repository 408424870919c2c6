"""What the evidence tells in the documents: each function answers one thing with blocks, or with none.

Nothing is computed here but what is counted or written: every number stands in the evidence, the facts of the build or
the schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report import sections
from mlwright.report.advice import concerns, unlooked
from mlwright.report.document import Block, Bullets, Cell, Code, Facts, Header, Paragraph, Table, cut
from mlwright.report.documents.point import Known
from mlwright.report.sections import data, errors, reproduce
from mlwright.report.sections.scoring import Scoring

Blocks = Sequence[Block]
LISTED: Final = 60
"""So many columns are listed in a table."""


def identity(known: Known) -> Blocks:
    """Tell what the model is called, when it was made and from what, so that another file cannot be taken for it."""
    evidence, run = known.evidence, known.run
    version = run.get("version")
    facts = [
        ("Name", words.tidy(known.name) if known.name else ""),
        ("Version", str(version) if version is not None else ""),
        ("What it predicts", f"{words.tidy(evidence['question']['target'])} ({evidence['question']['task_label']})"),
        ("Made", words.moment(run["created"]) if run.get("created") else ""),
        ("Made with", f"mlwright {(run.get('versions') or {}).get('mlwright', '')}".strip()),
        ("Fingerprint of the data", str(run.get("data_hash") or evidence["data"].get("hash") or "")),
    ]
    return (Facts(tuple(pair for pair in facts if pair[1])),)


def software(known: Known) -> Blocks:
    """Tell the versions of all software that had a part in it."""
    versions = known.run.get("versions") or {}
    return (Facts(tuple((name, str(version)) for name, version in sorted(versions.items()))),) if versions else ()


def forms(known: Known) -> Blocks:
    """Tell in which form the model is there."""
    size = known.evidence["size"].get("model_bytes")
    large = f" of {words.size(size)}" if size else ""
    return (
        Paragraph(
            f"The model is one folder{large}, or the same as one zip file, in open formats. It answers in Python "
            "(mlwright.load), on the command line (mlwright predict), and from its files without the learners that "
            "made it."
        ),
    )


def hardware(known: Known) -> Blocks:
    """Tell where it was made and what it costs to run."""
    size = known.evidence["size"]
    facts = [
        ("Made on", reproduce.machine(known.run)),
        ("Size of the model", words.size(size["model_bytes"]) if size.get("model_bytes") else ""),
        ("Time for one row there", words.milliseconds(size["row_ms"]) if size.get("row_ms") else ""),
        ("Special hardware needed", "none: an ordinary processor"),
    ]
    return (Facts(tuple(pair for pair in facts if pair[1])),)


def calls(_known: Known) -> Blocks:
    """Tell how the model is asked."""
    return (
        Code("mlwright predict MODEL NEW_ROWS.csv --out answers.csv", "To answer new rows"),
        Code("mlwright check NEW_ROWS.csv --schema MODEL", "To see whether rows are as they were"),
    )


def question(known: Known) -> Blocks:
    """Tell what is asked, and of which rows."""
    section = sections.question.section(known.evidence)
    return tuple(block for block in section.blocks if isinstance(block, Facts))


def assumptions(known: Known) -> Blocks:
    """Tell what was taken for granted, in the words of the build."""
    found = known.evidence["question"]["assumptions"]
    return (Bullets(tuple(words.tidy(each) for each in found)),) if found else ()


def steps(known: Known) -> Blocks:
    """Tell how the model came about, step by step, and the command that does it again."""
    evidence, run = known.evidence, known.run
    calibration = (evidence.get("calibration") or {}).get("sentence")
    told = (
        "The table was read, and the kind of each column found from its values.",
        "The rows were looked over for errors; what was repaired, and on which ground, is listed with the data.",
        f"The rows that judge were set aside first ({_split(evidence)}).",
        (
            "Learners with several settings were tried on the other rows, each on the same parts of them, against "
            "simple rules; whatever is fitted was fitted anew inside each part, so that no row helped to judge itself."
        ),
        "The best were averaged, each with the weight that made the average best.",
        *([words.tidy(calibration)] if calibration else []),
        words.tidy(evidence["score"]["method"]),
    )
    command = run.get("command")
    return (Bullets(told), *([Code(str(command), "The command that does it again")] if command else []))


def _split(evidence: Mapping[str, Any]) -> str:
    split = evidence["question"]["split"]
    by = f" by “{words.clipped(split['column'], 60)}”" if split.get("column") else ""
    return f"{split['kind']}{by}: {words.tidy(split['reason']).rstrip('.')}"


def logic(known: Known) -> Blocks:
    """Tell which models make up the answer."""
    used = [entry for entry in known.evidence["leaderboard"] if words.known(entry.get("weight"))]
    if not used:
        return ()
    rows = tuple(
        (
            Cell(words.clipped(entry["label"], 60), sections.leaderboard.settings(entry.get("configuration") or {})),
            Cell(f"{words.fixed(100 * entry['weight'], 0)} %"),
        )
        for entry in used[:LISTED]
    )
    sentence = (
        "Each of these models answers the row, and the answer given is their average, weighted as below. The settings "
        "were found by trying, not by hand."
    )
    head = (Header("Model"), Header("Weight in the answer", numeric=True))
    return (Paragraph(sentence), Table("Models in the answer", head, rows, cut(len(used), len(rows))))


def optimised(known: Known) -> Blocks:
    """Tell what the search tried to make best, and which columns the answers rest on."""
    scoring, asked = Scoring.of(known.evidence), known.evidence["question"]
    meaning = (known.evidence["metrics"].get(asked["metric"]) or {}).get("meaning") or ""
    better = "more" if scoring.greater_is_better else "less"
    first = Paragraph(f"Settings and weights were chosen for {scoring.label} ({better} is better). {meaning}".strip())
    return (first, *importance(known))


def importance(known: Known) -> Blocks:
    """Tell the columns that the answers rest on, with what is lost without each."""
    scoring, entries = Scoring.of(known.evidence), known.evidence["importance"]
    if not entries:
        return ()
    like = entries[0]["value"]
    rows = tuple(
        (
            Cell(words.clipped(one["column"], 80)),
            Cell(scoring.interval(one["value"], one["interval"], like=like)),
        )
        for one in entries[:LISTED]
    )
    head = (Header("Column"), Header(f"{scoring.label} lost when it is shuffled, and 95 % interval", numeric=True))
    return (Table("Importance of the columns", head, rows, cut(len(entries), len(rows)), short=20),)


def output(known: Known) -> Blocks:
    """Tell what an answer is, and how good answers are."""
    classes = known.evidence["question"].get("classes") or []
    kind = (
        f"An answer is one of {words.counted(len(classes), 'class', 'classes')} and a probability for each."
        if classes
        else "An answer is a number, with the ends of an interval that is meant to hold the true one."
    )
    return (Paragraph(kind), *decision(known), *quality(known))


def decision(known: Known) -> Blocks:
    """Tell from which probability on an answer is given, or how wide intervals are."""
    told = [
        words.tidy(curve["sentence"])
        for curve in known.evidence["curves"].values()
        if curve["form"] in {"threshold", "interval", "calibration"} and curve.get("sentence")
    ]
    return (Bullets(tuple(told)),) if told else ()


def quality(known: Known) -> Blocks:
    """Tell how good it is beside the simplest rules."""
    written = sections.found(known.evidence, "score")
    verdict = Paragraph(words.tidy(known.evidence["verdict"]["sentence"]))
    return (verdict, *(written.blocks if written else ()))


def measures(known: Known) -> Blocks:
    """Tell all measures with their intervals."""
    return (errors.metrics(known.evidence),) if known.evidence["metrics"] else ()


def mistakes(known: Known) -> Blocks:
    """Tell how it errs, in a sentence for each curve; the report draws them."""
    told = [words.tidy(each["sentence"]) for each in known.evidence["curves"].values() if each.get("sentence")]
    return (Bullets(tuple(told)),) if told else ()


def deciding(known: Known) -> Blocks:
    """Tell by which measure the model was chosen, and what that measure says."""
    scoring, score = Scoring.of(known.evidence), known.evidence["score"]
    meaning = (known.evidence["metrics"].get(known.evidence["question"]["metric"]) or {}).get("meaning") or ""
    facts = [
        ("Chosen by", scoring.label),
        ("What it says", words.tidy(meaning) if meaning else ""),
        ("Reached, and 95 % interval", scoring.interval(score["value"], score["interval"])),
        ("All that were measured", ", ".join(words.tidy(m["label"]) for m in known.evidence["metrics"].values())),
    ]
    return (Facts(tuple(pair for pair in facts if pair[1])),)


def uncertainty(known: Known) -> Blocks:
    """Tell how scores were measured and how sure they are."""
    return (
        Paragraph(words.tidy(known.evidence["score"]["method"])),
        Paragraph(
            "Each score is given with a 95 % interval: other rows would have given a slightly different one. A "
            "difference whose interval holds zero is called noise, here and everywhere."
        ),
    )


def resources(known: Known) -> Blocks:
    """Tell what making it took."""
    wanted = {"It took", "Budget", "Seed", "Machine"}
    facts = [pair for pair in reproduce.facts(known.evidence, known.run) if pair[0] in wanted]
    return (Facts(tuple(facts)),) if facts else ()


def architecture(known: Known) -> Blocks:
    """Tell how the parts build on each other."""
    return (
        Bullets(
            (
                "The schema reads a raw row: it knows the kind of each column, and what stands for a missing value.",
                "The recipe turns the row into numbers, with values learned from the rows that teach.",
                "Each model of the answer gives its own from those numbers; they are averaged by weight.",
                (
                    "Where classes are predicted, a calibration makes probabilities truer, and a threshold turns them "
                    "into an answer."
                ),
                (
                    "Batch, single row and service run through the same parts, and golden rows that lie in the model "
                    "are answered again whenever it is loaded, to see that it still says the same."
                ),
            )
        ),
        *resources(known),
    )


def limits(known: Known) -> Blocks:
    """Tell for what it should not be used, as far as the data tells."""
    found = known.evidence["limits"]
    return (Bullets(tuple(words.tidy(limit) for limit in found)),) if found else ()


def worries(known: Known) -> Blocks:
    """Tell what stands between the model and its use."""
    found = list(dict.fromkeys(concern.sentence for concern in concerns(known.evidence)))
    if not found:
        return (Paragraph("Nothing was found in the data or in the tests that stands in the way."),)
    return (Bullets(tuple(found[:LISTED]), cut(len(found), min(len(found), LISTED))),)


def trade_offs(known: Known) -> Blocks:
    """Tell what was given up for what, where thresholds by group were set."""
    written = sections.found(known.evidence, "mitigation")
    return () if written is None else (Paragraph(written.sentence), *written.blocks)


def security(_known: Known) -> Blocks:
    """Tell what the format of the model does against tampering."""
    return (
        Bullets(
            (
                "The files hold numbers and texts only: loading them runs no code that somebody could have put there.",
                "The manifest holds the fingerprint (SHA-256) of every other file; one that was changed is refused.",
                "What is read is checked for its shape and size before anything is made of it.",
            )
        ),
    )


def reading(_known: Known) -> Blocks:
    """Tell what helps people to read an answer."""
    return (
        Bullets(
            (
                "With each answer come its probabilities or its interval.",
                (
                    "Reasons can be asked for with each answer (mlwright predict --explain): what each column of the "
                    "row adds to it, in a sentence."
                ),
                "The report tells in plain words whether to use the model, for what, and for whom it is worse.",
            )
        ),
    )


def later(known: Known) -> Blocks:
    """Tell what there is to compare its later performance with, and what does so."""
    scoring, score = Scoring.of(known.evidence), known.evidence["score"]
    reached = scoring.interval(score["value"], score["interval"])
    return (
        Paragraph(f"When it was built it reached {scoring.label} {reached}; later performance is held against that."),
        Code("mlwright evaluate MODEL LABELLED_ROWS.csv", "Once the true answers are known"),
        Code("mlwright check NEW_ROWS.csv --schema MODEL", "For every new batch of rows, before it is answered"),
    )


def findings(known: Known) -> Blocks:
    """Tell all that was found in the data, and what was done about it."""
    found = known.evidence["findings"]
    severities = [severity for severity in data.GROUPS if any(each["severity"] == severity for each in found)]
    missed = tuple(Paragraph(sentence) for sentence in unlooked(known.evidence))
    if not severities and not missed:
        return (Paragraph("Nothing was found in the data that stands in the way of a good answer."),)
    return (*missed, *(data.notes(severity, found) for severity in severities))


def repairs(known: Known) -> Blocks:
    """Tell what was changed in the data before learning."""
    found = [each for each in known.evidence["findings"] if each["applied"]]
    if not found:
        return (Paragraph("No value was repaired; what is missing is read as missing."),)
    told = tuple(
        words.clipped(f"{words.tidy(each['message']).rstrip('.')}: {words.tidy(each.get('repair') or 'repaired')}", 500)
        for each in found[:LISTED]
    )
    return (Bullets(told, cut(len(found), len(told))),)
