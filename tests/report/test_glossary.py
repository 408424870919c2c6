"""Terms: each explained once in a section, never inside a quoted name, all words of the page known."""

from __future__ import annotations

import pytest

from mlwright.report.glossary import Terms
from mlwright.report.terms import TERMS


def test_terms_have_anchors_of_their_own():
    anchors = [term.anchor for term in TERMS]
    assert len(set(anchors)) == len(anchors)


def test_term_is_marked_once_in_a_section():
    terms = Terms({})
    seen = terms.fresh()
    first, again = terms.mark("A baseline.", seen), terms.mark("Baselines.", seen)
    assert 'popovertarget="term-baseline">baseline</button>' in first
    assert again == "Baselines."
    assert "button" in terms.mark("Baselines.", terms.fresh())


def test_quoted_names_are_left_alone():
    terms = Terms({})
    assert "button" not in terms.mark("'weight', \"weight\", “weight”, weight-ed, my_weight, <weight>", terms.fresh())


def test_metrics_of_the_evidence_are_explained_by_the_evidence():
    terms = Terms({"ROC AUC": "What the task says.", "gain <b>": "Another."})
    terms.mark("ROC AUC and gain <b>", terms.fresh())
    assert [(term.name, term.meaning) for term in terms.listed()] == [
        ("gain <b>", "Another."),
        ("ROC AUC", "What the task says."),
    ]


def test_options_are_kept_in_one_piece():
    assert Terms({}).mark("use --cost-fp 5, a--b", set()) == "use <code>--cost-fp</code> 5, a--b"


def test_text_is_escaped_before_it_is_marked():
    assert Terms({}).mark("<b>threshold</b> & x", set()).startswith("&lt;b&gt;")


# Words of the audits and the law that no reader can be expected to know.
WANTED = (
    "equalised odds, selection rate, calibration, log-odds, contribution, counterfactual, slice, gate, proxy, "
    "baseline, true positive rate, false positive rate, demographic parity, intersection, behaviour test, monotone, "
    "p-value, interaction, provider, deployer, harmonised standard, post-market monitoring, threshold, held out, "
    "ensemble"
)


@pytest.mark.parametrize("word", WANTED.split(", "))
def test_word_is_explained_where_it_first_stands(word):
    terms = Terms({})
    assert f">{word}</button>" in terms.mark(f"It is a {word} of some kind; the {word} again.", terms.fresh())
    assert [term.name for term in terms.find(f"A {word}.")] == [word]


def test_meanings_ask_for_no_word_that_is_harder_than_the_word_itself():
    """A meaning does not use the word, and what it uses of the others leads to no circle."""
    uses = {term.name: {used.name for used in Terms({}).find(term.meaning)} for term in TERMS}
    assert [name for name, used in uses.items() if name in used] == []
    graph = {name: set(used) for name, used in uses.items()}
    while graph and (settled := [name for name, used in graph.items() if not used & graph.keys()]):
        for name in settled:
            del graph[name]
    assert graph == {}
