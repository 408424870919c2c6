"""The monitor's store as it began: states, points, alarms and their deliveries, leases, adaptations and their trail."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "monitor_states",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("saved", sa.String(40), nullable=False),
    )
    op.create_table(
        "monitor_points",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("series", sa.String(200), primary_key=True),
        sa.Column("at", sa.String(40), primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("lower", sa.Double),
        sa.Column("upper", sa.Double),
        sa.Column("rows", sa.BigInteger, nullable=False),
    )
    op.create_index("monitor_points_by_time", "monitor_points", ["name", "version", "at"])
    op.create_table(
        "leases",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(200)),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("lasts", sa.BigInteger, nullable=False),
    )
    _alarms()
    _adaptations()


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.String(400), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("ended", sa.String(40)),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("acknowledged", sa.String(40)),
        sa.Column("who", sa.String(200)),
        sa.Column("why", sa.Text),
    )
    op.create_index("alarms_of_name", "alarms", ["name", "at"])
    op.create_table(
        "alarm_deliveries",
        sa.Column("alarm", sa.String(400), sa.ForeignKey("alarms.id"), primary_key=True),
        sa.Column("channel", sa.String(200), primary_key=True),
        sa.Column("at", sa.String(40), nullable=False),
    )


def _adaptations() -> None:
    op.create_table(
        "adaptations",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("stage", sa.String(50), nullable=False),
        sa.Column("champion", sa.Integer, nullable=False),
        sa.Column("challenger", sa.Integer),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("begun", sa.String(40), nullable=False),
        sa.Column("changed", sa.String(40), nullable=False),
        sa.Column("ended", sa.String(40)),
        sa.Column("verdict", sa.String(50)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
    )
    op.create_index("adaptations_of_name", "adaptations", ["name", "begun"])
    is_open = sa.column("ended").is_(None)
    op.create_index(
        "one_adaptation_at_a_time",
        "adaptations",
        ["name"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "adaptation_trail",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("adaptation", sa.String(200), sa.ForeignKey("adaptations.id"), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
    )
    op.create_index("adaptation_trail_of_adaptation", "adaptation_trail", ["adaptation", "id"])
