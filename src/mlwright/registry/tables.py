"""The tables of the registry. The migrations make them; a test holds the two together.

Moments are text in UTC by ISO 8601, which sorts as time does and is the same in every database.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

changes = sa.Table(
    "changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row: a number that grows with every change. Whoever changes anything takes this row first, one after another."""

models = sa.Table(
    "models",
    METADATA,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("created", sa.String(40), nullable=False),
    sa.Column("last_version", sa.Integer, nullable=False),  # the highest number that was ever given away
)

versions = sa.Table(
    "versions",
    METADATA,
    sa.Column("name", sa.String(100), sa.ForeignKey("models.name"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),  # ready or archived
    sa.Column("registered", sa.String(40), nullable=False),
    sa.Column("created", sa.String(40)),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("parent", sa.String(120)),  # name@version
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

aliases = sa.Table(
    "aliases",
    METADATA,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("alias", sa.String(50), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("since", sa.String(40), nullable=False),
    sa.ForeignKeyConstraint(["name", "version"], ["versions.name", "versions.version"], name="alias_has_version"),
)

alias_history = sa.Table(
    "alias_history",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("alias", sa.String(50), nullable=False),
    sa.Column("action", sa.String(10), nullable=False),  # promote or rollback
    sa.Column("before", sa.Integer),
    sa.Column("after", sa.Integer, nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("alias_history_of_name", "name", "alias", "id"),
)
"""What aliases pointed to, when, by whom and why; rows are only ever added."""

tags = sa.Table(
    "tags",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), sa.ForeignKey("models.name"), nullable=False),
    sa.Column("version", sa.Integer),  # none: the tag is of the whole name
    sa.Column("key", sa.String(100), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["name", "version"], ["versions.name", "versions.version"], name="tag_has_version"),
)
sa.Index("tags_once", tags.c.name, sa.func.coalesce(tags.c.version, 0), tags.c.key, unique=True)

traffic = sa.Table(
    "traffic",
    METADATA,
    sa.Column("name", sa.String(100), sa.ForeignKey("models.name"), primary_key=True),
    sa.Column("traffic", sa.Text, nullable=False),  # JSON
)

keys = sa.Table(
    "keys",
    METADATA,
    sa.Column("label", sa.String(100), primary_key=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.Text, nullable=False),  # JSON
    sa.Column("created", sa.String(40), nullable=False),
    sa.Column("expires", sa.String(40)),
    sa.Column("revoked", sa.String(40)),
    sa.Column("who", sa.String(200), nullable=False),
)
