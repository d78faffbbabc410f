"""The tables of who is known, what they were given, and who vouches for them.

Roles and role assignments of the standard are resources and are kept with them.
"""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_text, an_instant


def _a_key(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=True)


users = sa.Table(
    "users",
    METADATA,
    _a_key("tenant"),
    _a_key("subject"),
    an_instant("created_at"),
    sa.ForeignKeyConstraint(["tenant"], ["tenants.name"]),
)

grants = sa.Table(
    "grants",
    METADATA,
    _a_key("tenant"),
    _a_key("subject"),
    _a_key("role"),
    _a_key("workspace"),
    sa.Column("is_creators", sa.Boolean, primary_key=True, server_default=sa.false()),
    an_instant("created_at"),
    sa.Index("ix_grants_tenant_workspace", "tenant", "workspace"),
)

issuers = sa.Table(
    "issuers",
    METADATA,
    _a_key("name"),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    a_text("audience"),
    a_text("client", nullable=True),
    a_text("tenant", nullable=True),
    a_text("claim", nullable=True),
    an_instant("created_at"),
    an_instant("removed_at", nullable=True),
)
"""One that was removed keeps name and URL: nobody else comes to bear its people's names."""

signing_keys = sa.Table(
    "signing_keys",
    METADATA,
    _a_key("kid"),
    a_text("jwk"),
    an_instant("created_at"),
    an_instant("signs_from"),
    an_instant("tokens_until", nullable=True),
    an_instant("retired_at", nullable=True),
)

access_generation = sa.Table(
    "access_generation",
    METADATA,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    a_count("value"),
)
"""One row, which every change of who may do what counts up."""
