"""Histories that a service keeps: who took what when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "events",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("item", sa.Text, primary_key=True),
        sa.Column("rating", sa.Double),
        sa.Column("answer", sa.Text),
        sa.Column("received", sa.BigInteger, nullable=False),
    )
    op.create_index("events_by_receipt", "events", ["received"])
    op.create_index("events_by_subject", "events", ["subject"])
