"""The tables of the mesh: who answers, what sites measured to each other, and tenants' clients."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_ref, a_text, an_instant

answerers = sa.Table(
    "answerers",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    a_text("host"),  # where the plane saw it speak from, and never its word
    a_count("port"),
    sa.Column("key", sa.LargeBinary, nullable=False),
    an_instant("at"),
)

meetings = sa.Table(
    "meetings",
    METADATA,
    sa.Column("site_id", sa.Text, sa.ForeignKey("sites.id"), primary_key=True),
    sa.Column("other_id", sa.Text, sa.ForeignKey("sites.id"), primary_key=True),
    sa.Column("ms", sa.Float, nullable=False),
    an_instant("at"),
    a_ref("agent_id", "agents"),
)

fits = sa.Table(
    "fits",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    a_text("told"),
    an_instant("at"),
)
"""One row: where sites and probes are, as the last plane that looked has found it."""

clients = sa.Table(
    "clients",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    a_text("host"),
    a_count("port"),
    a_text("place"),
    sa.Column("latitude", sa.Float, nullable=False),
    sa.Column("longitude", sa.Float, nullable=False),
    an_instant("asked_at"),
)
