"""Leases: who may act. Of many processes one holds a lease, and one that ends without a word loses it after a while.

A process can be asleep while its lease runs out, and a clock can be set anew at any moment. So time only decides when
another one may take a lease over, and never who may write: each lease has a token, greater than all before it, and a
write that names a token is refused once a greater one was given (Kleppmann, "How to do distributed locking", 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from mlwright.errors import MlwrightError
from mlwright.monitor.store.tables import LEASES
from mlwright.serve.record.upsert import insert

Clock = Callable[[sa.Connection], int]
"""Microseconds since 1970."""


class LeaseLostError(MlwrightError):
    """Another process acts by now: what this one was about to change is as it was."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The lease under which something is written."""

    key: str
    token: int


def take(connection: sa.Connection, key: str, holder: str, seconds: float, clock: Clock) -> int | None:
    """Return the token of a new lease; None where another holds it."""
    nobody = {"key": key, "token": 0, "holder": None, "until": 0, "lasts": 0}
    connection.execute(insert(connection, LEASES).values(**nobody).on_conflict_do_nothing())
    row = connection.execute(sa.select(LEASES).where(LEASES.c.key == key).with_for_update()).one()
    now, lasts = clock(connection), _microseconds(seconds)  # asked when nobody else can change the row any more
    # It was given for `lasts`, so that it cannot end later than that: else the clock was put back since. From then on
    # it has its whole time once more, which is never too short, and not as much more as the clock was put back by.
    until = min(row.until, now + row.lasts)
    if row.holder not in {None, holder} and now < until:
        if until != row.until:
            connection.execute(sa.update(LEASES).where(LEASES.c.key == key).values(until=until))
        return None
    token = int(row.token) + 1
    given = {"token": token, "holder": holder, "until": now + lasts, "lasts": lasts}
    connection.execute(sa.update(LEASES).where(LEASES.c.key == key).values(**given))
    return token


def renew(connection: sa.Connection, fence: Fence, seconds: float, clock: Clock) -> bool:
    """Let a lease last so long from now; False where it was given back, or another has taken it over."""
    if not holds(connection, fence):
        return False
    lasts = _microseconds(seconds)
    change = sa.update(LEASES).where(LEASES.c.key == fence.key)
    connection.execute(change.values(until=clock(connection) + lasts, lasts=lasts))
    return True


def release(connection: sa.Connection, fence: Fence) -> bool:
    """Give a lease back; False where it was, or another has taken it over."""
    mine = (LEASES.c.key == fence.key) & (LEASES.c.token == fence.token) & LEASES.c.holder.is_not(None)
    return connection.execute(sa.update(LEASES).where(mine).values(holder=None)).rowcount == 1


def holds(connection: sa.Connection, fence: Fence) -> bool:
    """Tell whether nobody has taken a lease over, and see that nobody does before this transaction ends.

    One whose time has run out counts, as long as nobody has asked for it: no other can have acted under it.
    """
    mine = (LEASES.c.key == fence.key) & (LEASES.c.token == fence.token) & LEASES.c.holder.is_not(None)
    return connection.execute(sa.select(LEASES.c.token).where(mine).with_for_update()).first() is not None


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
