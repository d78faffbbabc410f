"""The tables of what placement looks at anew and of who places; a part of the schema."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_text, an_instant

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
