"""The registry as it began: models, versions, aliases and their history, tags, traffic, keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, and the one row that counts changes."""
    changes = op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(changes, [{"id": 1, "number": 0}])
    op.create_table(
        "models",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
    )
    _versions()
    _aliases()
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), sa.ForeignKey("models.name"), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["name", "version"], ["versions.name", "versions.version"], name="tag_has_version"),
    )
    op.create_index("tags_once", "tags", ["name", sa.text("coalesce(version, 0)"), "key"], unique=True)
    op.create_table(
        "traffic",
        sa.Column("name", sa.String(100), sa.ForeignKey("models.name"), primary_key=True),
        sa.Column("traffic", sa.Text, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("label", sa.String(100), primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("expires", sa.String(40)),
        sa.Column("revoked", sa.String(40)),
        sa.Column("who", sa.String(200), nullable=False),
    )


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("name", sa.String(100), sa.ForeignKey("models.name"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("registered", sa.String(40), nullable=False),
        sa.Column("created", sa.String(40)),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("parent", sa.String(120)),
        sa.Column("data_hash", sa.String(200)),
        sa.Column("code_version", sa.String(50)),
        sa.Column("seed", sa.BigInteger),
        sa.Column("task", sa.String(50)),
        sa.Column("target", sa.Text),
        sa.Column("metric", sa.String(100)),
        sa.Column("score", sa.Float),
        sa.Column("lower", sa.Float),
        sa.Column("upper", sa.Float),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.CheckConstraint("version > 0", name="version_counts_from_1"),
        sa.CheckConstraint("state IN ('ready', 'archived')", name="state_is_known"),
    )


def _aliases() -> None:
    op.create_table(
        "aliases",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("alias", sa.String(50), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("since", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["name", "version"], ["versions.name", "versions.version"], name="alias_has_version"),
    )
    op.create_table(
        "alias_history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("alias", sa.String(50), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("before", sa.Integer),
        sa.Column("after", sa.Integer, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("alias_history_of_name", "alias_history", ["name", "alias", "id"])
