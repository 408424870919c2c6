"""The tables of the monitor's store. The migrations make them; a test holds the two together.

They lie in the registry's database, and know nothing of its tables: either may be there without the other. Moments are
text in UTC by ISO 8601; those of leases, which are compared and added to, are microseconds since 1970.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

STATES = sa.Table(
    "monitor_states",
    METADATA,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.BigInteger, nullable=False),  # grows by one with each save
    sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False),  # JSON
    sa.Column("saved", sa.String(40), nullable=False),
)

POINTS = sa.Table(
    "monitor_points",
    METADATA,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("series", sa.String(200), primary_key=True),
    sa.Column("at", sa.String(40), primary_key=True),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("lower", sa.Double),
    sa.Column("upper", sa.Double),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Index("monitor_points_by_time", "name", "version", "at"),
)

ALARMS = sa.Table(
    "alarms",
    METADATA,
    sa.Column("id", sa.String(400), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("ended", sa.String(40)),
    sa.Column("alarm", sa.Text, nullable=False),  # JSON, as it was raised
    sa.Column("acknowledged", sa.String(40)),
    sa.Column("who", sa.String(200)),
    sa.Column("why", sa.Text),
    sa.Index("alarms_of_name", "name", "at"),
)
"""Alarms, and who has taken note of them."""

DELIVERIES = sa.Table(
    "alarm_deliveries",
    METADATA,
    sa.Column("alarm", sa.String(400), sa.ForeignKey("alarms.id"), primary_key=True),
    sa.Column("channel", sa.String(200), primary_key=True),
    sa.Column("at", sa.String(40), nullable=False),
)
"""Which channel was told of which alarm."""

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("token", sa.BigInteger, nullable=False),  # of the last that was given; it never falls
    sa.Column("holder", sa.String(200)),  # none: it was given back
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("lasts", sa.BigInteger, nullable=False),  # microseconds that it was last given for
)

ADAPTATIONS = sa.Table(
    "adaptations",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("stage", sa.String(50), nullable=False),
    sa.Column("champion", sa.Integer, nullable=False),
    sa.Column("challenger", sa.Integer),
    sa.Column("trigger", sa.Text, nullable=False),  # JSON
    sa.Column("state", sa.Text, nullable=False),  # JSON
    sa.Column("begun", sa.String(40), nullable=False),
    sa.Column("changed", sa.String(40), nullable=False),
    sa.Column("ended", sa.String(40)),
    sa.Column("verdict", sa.String(50)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    sa.Index("adaptations_of_name", "name", "begun"),
)
_OPEN = ADAPTATIONS.c.ended.is_(None)
sa.Index("one_adaptation_at_a_time", ADAPTATIONS.c.name, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)

TRAIL = sa.Table(
    "adaptation_trail",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("adaptation", sa.String(200), sa.ForeignKey("adaptations.id"), nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),  # JSON
    sa.Index("adaptation_trail_of_adaptation", "adaptation", "id"),
)
"""Who or what decided what about an adaptation, on which evidence; rows are only ever added."""
