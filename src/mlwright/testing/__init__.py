"""What whoever writes a plug-in for mlwright tests it with."""

from __future__ import annotations

from mlwright.testing.learners import LearnerCheck, check_learner, learner_checks

__all__ = ["LearnerCheck", "check_learner", "learner_checks"]
