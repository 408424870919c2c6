"""An evaluation as a person in a terminal reads it: verdict, gates, scores, and for whom they are worse."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.cli.console import is_plain, styled, table
from mlwright.fairness.telling import in_order

Result = Mapping[str, Any]

STYLES: Final = {"pass": "green", "fail": "red", "unknown": "bold"}
WORST: Final = ("fail", "unknown", "pass")
GROUP_METRICS = 4
"""So many scores of groups stand side by side, or more where sentences cite more."""
SHOWN = 10
"""So many slices, tests and gaps are told; `--json` holds all."""


def told(result: Result) -> str:
    """Return what is printed of an evaluation."""
    parts = [_verdict(result), _gates(result), _scores(result), _people(result), _slices(result), _behaviour(result)]
    return "\n\n".join(part for part in parts if part)


def _verdict(result: Result) -> str:
    verdict = str(result["verdict"])
    left_out = result["rows_without_target"]
    rows = f"On {_many(result['rows'], 'labelled row')}"
    rows += f"; {left_out:,} without a known target left out." if left_out else "."
    if known := result.get("known"):
        rows += f"\nnote: {known['sentence']} Bring labelled rows that it has not seen."
    return f"verdict: {styled(verdict, STYLES[verdict], sys.stdout)}. {_meaning(result)}\n{rows}"


def _meaning(result: Result) -> str:
    """Return what the verdict means for whoever wants to use the model, and which gates stand against it."""
    gates: Sequence[Result] = result["gates"]
    failed, unknown = (sum(gate["verdict"] == word for gate in gates) for word in ("fail", "unknown"))
    if not failed and not unknown:
        return "The gate holds." if len(gates) == 1 else f"All {len(gates)} gates hold."
    reasons = [f"{failed} {'fails' if failed == 1 else 'fail'}"] if failed else []
    reasons += [f"{unknown} cannot be told from these rows"] if unknown else []
    said = f"of {_many(len(gates), 'gate')} {' and '.join(reasons)}."
    if result["blocked"]:
        return f"Do not release it: {said}"
    why = "the gates allow for that" if result["gates_given"] else "without --gates FILE that does not stop a release"
    return f"{said[:1].upper()}{said[1:-1]}; {why}."


def _gates(result: Result) -> str:
    gates = sorted(result["gates"], key=lambda gate: WORST.index(gate["verdict"]))
    rows = [
        [
            gate["verdict"],
            gate["name"],
            gate["claim"],
            gate["shown"]["statistic"] or "-",
            gate["shown"]["interval"] or "-",
        ]
        for gate in gates
    ]
    shown = table(["gate", "name", "claim", "measured", "95 % interval"], rows)
    sentences = [
        _line(gate["verdict"], f"{gate['name']}: {gate['sentence']}") for gate in gates if gate["verdict"] != "pass"
    ]
    return "\n".join([_coloured(shown), *([""] if sentences else []), *sentences])


def _coloured(shown: str) -> str:
    """Return a table with its verdicts in colour, where colour is wanted."""
    if is_plain(sys.stdout):
        return shown
    lines = []
    for line in shown.splitlines():
        word = line.partition(" ")[0]
        lines.append(styled(word, STYLES[word], sys.stdout) + line[len(word) :] if word in STYLES else line)
    return "\n".join(lines)


def _line(word: str, text: str) -> str:
    return f"{styled(word, STYLES[word], sys.stdout)}: {text}"


def _scores(result: Result) -> str:
    from mlwright.model.evidence import number

    rows = [[facts["label"] or name, number(facts["score"]), _ends(facts)] for name, facts in result["metrics"].items()]
    shown = table(["metric", "score", "95 % interval"], rows, right=[1])
    stated = (result.get("calibration") or {}).get("sentence")
    return f"{shown}\n\n{stated}" if stated else shown


def _ends(facts: Result, key: str = "interval") -> str:
    from mlwright.model.evidence import number

    return " to ".join(number(end) for end in facts.get(key) or ())


def _people(result: Result) -> str:
    """Return the scores of each group of people, and the differences that are certain."""
    groups: Sequence[Result] = result["fairness"]
    if not groups:
        return ""
    gaps = in_order(result.get("gaps") or [], result["sensitive"])
    names, left_out = _metrics_of(groups, gaps[:SHOWN])
    alone = [group for group in groups if group["column"] in result["sensitive"]] or groups
    more = len(groups) - len(alone)
    rows = [
        [str(group["column"]), str(group["group"]), f"{group['rows']:,}", *(_of_group(group, name) for name in names)]
        for group in alone
    ]
    head = ["people", "group", "rows", *(name.replace("_", " ") for name in names)]
    sentences = [str(gap["sentence"]) for gap in gaps[:SHOWN]]
    if len(gaps) > SHOWN:
        sentences.append(f"And {_many(len(gaps) - SHOWN, 'more difference')}: --json tells all.")
    told = [table(head, rows, right=[2])]
    if left_out:
        told.append(f"Not shown: {', '.join(name.replace('_', ' ') for name in left_out)}; --json tells all.")
    if more:
        told.append(f"{_many(more, 'group')} by two columns together: see --json.")
    return "\n".join([*told, *([""] if sentences else []), *sentences])


def _metrics_of(groups: Sequence[Result], gaps: Sequence[Result]) -> tuple[list[str], list[str]]:
    """Return the scores of groups that are shown, all that sentences cite among them, and those that are not."""
    every = list(dict.fromkeys(name for group in groups for name in group["metrics"]))
    cited = {str(gap["metric"]) for gap in gaps}
    more = [name for name in every if name not in cited][: max(0, GROUP_METRICS - len(cited))]
    shown = [name for name in every if name in cited or name in more]
    return shown, [name for name in every if name not in shown]


def _of_group(group: Result, name: str) -> str:
    from mlwright.model.evidence import number

    facts = group["metrics"].get(name)
    if not facts or facts.get("value") is None:
        return "-"
    ends = _ends(facts)
    return number(facts["value"]) + (f" ({ends})" if ends else "")


def _slices(result: Result) -> str:
    slices: Sequence[Result] = result["slices"] or []
    if not slices:
        return ""
    return "\n".join(["Where it is worse:", *(f"  {each['sentence']}" for each in slices[:SHOWN])])


def _behaviour(result: Result) -> str:
    tests: Sequence[Result] = result.get("behaviour") or []
    if not tests:
        return ""
    kept = sum(test["verdict"] == "pass" for test in tests)
    lines = [f"Behaviour: {kept} of {_many(len(tests), 'test')} passed."]
    others = sorted((t for t in tests if t["verdict"] != "pass"), key=lambda test: WORST.index(test["verdict"]))
    return "\n".join(lines + [f"  {_line(test['verdict'], test['sentence'])}" for test in others[:SHOWN]])


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
