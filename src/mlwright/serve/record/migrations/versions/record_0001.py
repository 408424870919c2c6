"""The tables of the record as they were first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "answers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("request", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("of", sa.Text),
        sa.Column("propensity", sa.Double),
        sa.Column("latency_us", sa.BigInteger),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("flags", sa.Text),
    )
    op.create_index("answers_by_time", "answers", ["model", "at"])
    for name, column in (("answers_by_subject", "subject"), ("answers_by_of", "of")):
        filled = sa.column(column).is_not(None)
        op.create_index(name, "answers", [column], sqlite_where=filled, postgresql_where=filled)
    op.create_table(
        "outcomes",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
    )
    op.create_index("outcomes_by_receipt", "outcomes", ["received"])
    op.create_table(
        "outcome_history",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("request", sa.Text),
        sa.Column("response", sa.LargeBinary),
    )
    op.create_index("idempotency_by_time", "idempotency", ["made"])
    op.create_index("idempotency_by_request", "idempotency", ["request"])
