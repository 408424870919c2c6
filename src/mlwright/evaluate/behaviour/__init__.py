"""Behaviour tests: what a model must and must not do when one thing about a row changes.

Ribeiro, Wu, Guestrin and Singh, "Beyond accuracy: behavioral testing of NLP models with CheckList", ACL 2020, carried
over to tables.
"""

from __future__ import annotations

from mlwright.evaluate.behaviour.asking import Asking
from mlwright.evaluate.behaviour.base import BehaviourTest
from mlwright.evaluate.behaviour.generating import generated
from mlwright.evaluate.behaviour.kinds import KINDS
from mlwright.evaluate.behaviour.reading import read_tests
from mlwright.evaluate.behaviour.running import clopper_pearson, run
from mlwright.evaluate.behaviour.writing import starting_file

__all__ = ["KINDS", "Asking", "BehaviourTest", "clopper_pearson", "generated", "read_tests", "run", "starting_file"]
