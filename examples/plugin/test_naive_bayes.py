"""Every promise that a learner makes, one test each."""

import pytest
from mlwright_naive_bayes.learner import NaiveBayes

from mlwright.testing import LearnerCheck, learner_checks


@pytest.mark.parametrize("check", learner_checks(NaiveBayes()), ids=str)
def test_learner(check: LearnerCheck) -> None:
    check()
