"""How the requests of one model are shared among its versions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlwright.errors import OptionError


@dataclass(frozen=True, slots=True)
class Traffic:
    """Which share of a model's requests which version answers, and who answers besides without being heard."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """Shares between 0 and 1 by alias or number; what they leave goes to what the bare name means."""
    sticky: str | None = None
    """A column whose value decides: the same customer always gets the same version. None: each request anew."""
    shadow: tuple[str, ...] = ()
    """Aliases or numbers that answer too; their answers are recorded and never returned."""

    def check(self) -> None:
        """Raise OptionError where the shares cannot be."""
        for target, share in self.weights.items():
            if not 0 < share <= 1:  # also where it is NaN
                raise OptionError(
                    f"{target!r:.60} cannot answer {100 * share:.6g} % of the requests.",
                    hint="give more than 0 and at most 100 %, which is a weight of 1.",
                )
        if (total := math.fsum(self.weights.values())) > 1 + 1e-9:
            raise OptionError(f"The shares sum to {100 * total:.6g} %, more than all requests.")
        if self.sticky is not None and not self.sticky:
            raise OptionError("The column whose value decides has no name.")
        if len(set(self.shadow)) < len(self.shadow):
            raise OptionError("A version cannot answer twice beside the one that is heard.")

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it.

        >>> Traffic({"challenger": 0.05}).to_dict()
        {'weights': {'challenger': 0.05}, 'sticky': None, 'shadow': []}
        """
        return {"weights": dict(self.weights), "sticky": self.sticky, "shadow": list(self.shadow)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Traffic:
        """Return what `to_dict` has written."""
        return cls(dict(plain["weights"]), plain["sticky"], tuple(plain["shadow"]))
