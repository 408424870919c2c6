"""Policies: what a service does with values that a model has not seen the like of, and when it does not answer itself.

An odd value is taken and flagged, refused, or replaced by a usual one; each kind of oddness by its own rule, for all
columns or for one. Rules of humility are for whole answers: where the model is unsure, or the row is unlike all that
taught it, a stated answer is given instead, or a person is asked.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Treatment = Literal["flag", "refuse", "default"]
Step = Literal["flag", "refuse", "default", "refer"]
Scalar = str | int | float | bool | None


class Treatments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with one column's odd values; None: what is done with all columns'."""

    unknown_category: Treatment | None = None
    missing: Treatment | None = None
    out_of_range: Treatment | None = None
    unreadable: Treatment | None = None
    default: Scalar = None
    """What takes the place of a value; None: the column's middle value or commonest category."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with odd values.

    `missing` is about columns that were never missing when the model learned; a value that cannot be read as the
    column's kind is a client's mistake, and refused unless something else is said.
    """

    unknown_category: Treatment = "flag"
    missing: Treatment = "flag"
    out_of_range: Treatment = "flag"
    unreadable: Treatment = "refuse"
    columns: dict[str, Treatments] = {}

    def of(self, column: str, kind: str) -> Treatment:
        """Return what is done with one kind of odd value in one column."""
        own: Treatment | None = getattr(self.columns.get(column, Treatments()), kind)
        return getattr(self, kind) if own is None else own


class Humility(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the model's own answer is not given.

    `uncertain_below`: the probability of the likeliest class that is too little. `wider_than`: the width of a number's
    interval that is too much. `unlike`: what is done with rows unlike all that taught the model; asking that takes half
    a millisecond a row. `then`: what an uncertain row gets: "refer" gives no answer and asks for a person, "default"
    gives `default_answer`.
    """

    uncertain_below: float | None = None
    wider_than: float | None = None
    unlike: Step | None = None
    then: Literal["default", "refer", "flag"] = "refer"
    default_answer: Scalar = None


class ModelPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one model's service is told."""

    policy: Policy | None = None
    humility: Humility = Humility()
    subject: str | None = None
    """The field of a row that says whom it is about, for deletion; it need not be a column of the model."""
    private: dict[str, Literal["hash", "omit"]] = {}
    """Fields whose values are not kept as they are in the record."""
    recommend: dict[str, Any] = {}
    """Of a recommender: fields of a request that hold for all of them, such as filters, caps and explore."""
    histories: Literal["given", "kept"] = "given"
    """Of a recommender: whether histories come in requests alone, or are kept by the service, by `user`."""


def plain(policy: ModelPolicy) -> dict[str, Any]:
    """Return a policy as JSON tells it."""
    told: dict[str, Any] = msgspec.to_builtins(policy)
    return told
