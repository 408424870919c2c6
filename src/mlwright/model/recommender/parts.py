"""What a model that recommends is made of, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlwright.errors import ModelError
from mlwright.model.checked import Checked, damaged
from mlwright.model.parts import Parts
from mlwright.model.recommender.files import WITHIN, from_files, to_files
from mlwright.model.recommender.recommend import Answering
from mlwright.schema import Column
from mlwright.tasks.recommend.request import ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommenderParts(Parts):
    """What a model that recommends knows; `target` is the log's column of items, `decision` names its other columns.

    The schema tells what requests are like (`request.ASKED`): that is what a monitor watches.
    """

    answering: Answering
    golden: tuple[dict[str, Any], ...] = ()
    """Requests that are answered the same wherever the model is loaded."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What a request is like, in columns: see `request.ASKED`."""
        return tuple(self.schema[column.name] for column in ASKED)


def recommender_files(parts: RecommenderParts) -> dict[str, bytes]:
    """Return the files that only such a model has, by their names in its folder."""
    return to_files(parts.answering, parts.golden)


def read_recommender(files: Checked, known: Mapping[str, Any]) -> RecommenderParts:
    """Return the parts of such a model, checked; `known` is what all models have. Raises ModelError."""
    with damaged(files.where):
        if missing := [column.name for column in ASKED if column.name not in known["schema"]]:
            raise ModelError(f"The model's schema lacks {missing[0]!r}, which tells of a request.", where=files.where)
        answering = from_files(files)
        golden = tuple(dict(request) for request in files.json(f"{WITHIN}golden.json")["requests"])
        files.check_rest()
        return RecommenderParts(**known, answering=answering, golden=golden)
