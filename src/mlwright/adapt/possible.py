"""What a policy names has to be there: the metric, the column, the gates. It is looked at before anything is begun."""

from __future__ import annotations

from mlwright.adapt.forms import learning
from mlwright.adapt.losses import deciding, is_bounded
from mlwright.adapt.policy import Policy
from mlwright.adapt.rows import matured
from mlwright.errors import ColumnError, OptionError
from mlwright.model import Model
from mlwright.serve.record import Record


def check_possible(policy: Policy, champion: Model, name: str, record: Record | None, *, until: int) -> None:
    """Raise OptionError, ColumnError or SourceError where a policy cannot be that of a model.

    `name`: what the champion is called in `record`; `until`: up to when rows are looked at, in microseconds since 1970.
    """
    policy.check()
    metric = deciding(champion, policy.loss)
    if is_bounded(metric) and policy.margin >= 1.0:
        raise OptionError(f"No challenger can lose {policy.margin:g} less: a loss is at most 1.", hint="lower margin.")
    own = learning(champion)
    own.check_policy(champion, policy)
    known = [column.name for column in champion.schema]
    if policy.sticky is None or own.knows(champion, policy.sticky):
        return
    # The column need not be one that the model knows: the requests may name it alone, such as that of a session.
    rows = () if record is None else matured(record, name, delay=0, after=0, until=until).rows
    asked = dict.fromkeys(key for row in rows for key in row)
    if policy.sticky not in asked:
        raise ColumnError.missing(policy.sticky, list(dict.fromkeys([*known, *asked])), what="column of sticky")
