"""Outcomes in the order in which they were received, for whoever follows them."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the index."""
    op.create_index("history_by_receipt", "outcome_history", ["model", "received", "id"])
