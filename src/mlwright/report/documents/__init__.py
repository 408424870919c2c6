"""The documents of a model: model card, data sheet, technical file, each from the same evidence as the report.

What only a person can know is asked for, stays visibly open until it is answered, and is kept when the documents are
written anew.
"""

from mlwright.report.documents.answers import Answers, read_answers
from mlwright.report.documents.draw import Drawn
from mlwright.report.documents.point import Known
from mlwright.report.documents.write import PLANS, Folder, WrittenDocument, write_documents

__all__ = ["PLANS", "Answers", "Drawn", "Folder", "Known", "WrittenDocument", "read_answers", "write_documents"]
