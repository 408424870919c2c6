"""Terms: each explained once in a section, never inside a quoted name, all words of the page known."""

from __future__ import annotations

from mlwright.report.glossary import TERMS, Terms


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
