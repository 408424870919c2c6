"""Whom a kept response is about, so that it is found when a person is forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("idempotency", sa.Column("subjects", sa.Text))
