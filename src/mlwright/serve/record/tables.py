"""The tables of the record."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

ANSWERS = sa.Table(
    "answers",
    METADATA,
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
    sa.Index("answers_by_time", "model", "at"),
)
_SUBJECT, _OF = ANSWERS.c.subject.is_not(None), ANSWERS.c.of.is_not(None)
sa.Index("answers_by_subject", ANSWERS.c.subject, sqlite_where=_SUBJECT, postgresql_where=_SUBJECT)
sa.Index("answers_by_of", ANSWERS.c.of, sqlite_where=_OF, postgresql_where=_OF)

OUTCOMES = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Index("outcomes_by_receipt", "received"),
)
"""The newest outcome of each answer."""

OUTCOME_HISTORY = sa.Table(
    "outcome_history",
    METADATA,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Index("history_by_receipt", "model", "received", "id"),
)
"""Every outcome that was ever told of an answer, once."""

KEYS = sa.Table(
    "idempotency",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("made", sa.BigInteger, nullable=False),
    sa.Column("request", sa.Text),
    sa.Column("response", sa.LargeBinary),
    sa.Column("subjects", sa.Text),
    sa.Index("idempotency_by_time", "made"),
    sa.Index("idempotency_by_request", "request"),
)

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("rating", sa.Double),
    sa.Column("answer", sa.Text),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Index("events_by_receipt", "received"),
    sa.Index("events_by_subject", "subject"),
)
"""Who took what when: the histories that a service keeps for a recommender. `answer`: of which outcome it is."""
