"""The recommender: a chain of rankers over one catalogue, and the way from a request to an answer."""

from mlwright.model.recommender.known import Catalogue, ItemColumn
from mlwright.model.recommender.reasons import Reason, propose_verb
from mlwright.model.recommender.recommend import Answer, Answering, Recommended
from mlwright.model.recommender.rules import Note

__all__ = [
    "Answer",
    "Answering",
    "Catalogue",
    "ItemColumn",
    "Note",
    "Reason",
    "Recommended",
    "propose_verb",
]
