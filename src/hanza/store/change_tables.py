"""The tables of what is to be looked at, when, and by whom; a part of the schema."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_text, an_instant

host_changes = sa.Table(
    "host_changes",
    METADATA,
    sa.Column(
        "serial",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    a_text("kind"),
    a_text("ref"),
    sqlite_autoincrement=True,
)

roles = sa.Table(
    "roles",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    a_text("holder"),
    an_instant("until"),
)

work = sa.Table(
    "work",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("ref", sa.Text, primary_key=True),
    an_instant("due_at"),
    a_count("hint", 1),
    a_text("token", nullable=True),
    an_instant("leased_until", nullable=True),
    a_count("failures", 0),
    sa.Index("ix_work_kind_due_at", "kind", "due_at"),
)
