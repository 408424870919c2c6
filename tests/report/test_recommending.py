"""What a report tells of lists: only of recommenders, all of what is known, and nothing of what is not."""

from __future__ import annotations

from typing import Any

from mlwright.model.evidence_shapes import RECOMMENDING
from mlwright.report.document import Facts, Paragraph, Table
from mlwright.report.sections import recommending

LISTS = {
    **dict.fromkeys(("coverage", "evenness", "alikeness"), 0.25),
    "novelty": 2.5,
    "head_share": 0.9,
    "head_share_taken": 0.6,
    "popularity": 0.95,
    "popularity_taken": 0.8,
}
TOLD: dict[str, Any] = {
    "people": {"asked": 120, "warm": 100, "cold": 20},
    "chosen": {"warm": "blend", "cold": "Popularity of late"},
    "cold": {
        "people": 20,
        "score": 0.4,
        "interval": [0.3, 0.5],
        "rule": {"label": "Popularity", "score": 0.35},
        "difference": [0.05, -0.02, 0.12],
    },
    "single": {"label": "EASE", "score": 0.2, "interval": [0.1, 0.3], "difference": [0.05, 0.01, 0.09]},
    "random": {"score": 0.44, "interval": [0.42, 0.46]},
    "metric_label": "NDCG@10",
    "lists": {"model": LISTS, "rule": LISTS},
    "rule": "Popularity of late",
    "fresh": {"people": 3, "taken": 4},
    "log": {"entries": 5_000, "users": 300, "items": 80, "first": None, "last": None, "density": 0.2},
    "samples": [
        {
            "who": "somebody new",
            "history": [],
            "items": [{"item": 7, "title": None, "reason": "New.", "level": "popular"}],
        },
        {
            "who": "a person with 9 entries",
            "history": ["Alien"],
            "items": [{"item": 8, "title": "Aliens", "reason": "Because you watched Alien.", "level": "personal"}],
        },
    ],
}


def test_other_models_have_no_such_section() -> None:
    assert recommending.section({}) is None
    assert recommending.section({"recommending": None}) is None


def test_all_that_is_known_is_told() -> None:
    assert RECOMMENDING(TOLD) is None
    section = recommending.section({"recommending": TOLD})
    assert section is not None
    (facts,) = (block for block in section.blocks if isinstance(block, Facts))
    told = dict(facts.pairs)
    assert list(told) == [
        *("The log", "Who was asked", "Who has a history", "Who has none", "Newcomers"),
        *("The best learner by itself", "On the usual random split", "New items"),
    ]
    assert told["Who was asked"] == "100 people with a history, 20 newcomers without one"
    assert "0.35" in told["Newcomers"]
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [cell.text for cell in tables[0].rows[0]] == ["Coverage", "0.250", "0.250", ""]
    assert [[cell.text for cell in row] for row in tables[1].rows] == [["7", "New."]]
    assert [[cell.text for cell in row] for row in tables[2].rows] == [["Aliens", "Because you watched Alien."]]
    said = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    assert said == [
        "For somebody new. Nothing is known of them.",
        "For a person with 9 entries. What they took last: Alien.",
    ]


def test_what_is_not_known_is_left_out() -> None:
    bare = {**TOLD, "cold": None, "single": None, "random": None, "samples": [], "fresh": {"people": 0, "taken": 0}}
    assert RECOMMENDING(bare) is None
    section = recommending.section({"recommending": {**bare, "lists": {"model": LISTS}, "rule": None}})
    assert section is not None
    (facts,) = (block for block in section.blocks if isinstance(block, Facts))
    assert list(dict(facts.pairs)) == ["The log", "Who was asked", "Who has a history", "Who has none"]


def test_damaged_evidence_is_told() -> None:
    for damage in ({"people": 3}, {"samples": "none"}, {"lists": {}}, {"log": None}):
        assert RECOMMENDING({**TOLD, **damage}) is not None
